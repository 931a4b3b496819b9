"""The part of Google's Vertex AI client that is about jobs: 0.3 s and 40 MB, where the whole takes 0.7 s and 86 MB."""

from __future__ import annotations

from fetchers.on_demand import import_on_demand

_SDK = "google.cloud.aiplatform_v1"
import_on_demand(_SDK, f"{_SDK}.services", f"{_SDK}.types")

# ruff: noqa: E402 - only now do these import no more than they name
from google.cloud.aiplatform_v1.services.job_service import JobServiceAsyncClient
from google.cloud.aiplatform_v1.types.accelerator_type import AcceleratorType
from google.cloud.aiplatform_v1.types.custom_job import CustomJob, Scheduling
from google.cloud.aiplatform_v1.types.job_service import GetCustomJobRequest, ListCustomJobsRequest
from google.cloud.aiplatform_v1.types.job_state import JobState

__all__ = [
    "AcceleratorType",
    "CustomJob",
    "GetCustomJobRequest",
    "JobServiceAsyncClient",
    "JobState",
    "ListCustomJobsRequest",
    "Scheduling",
]
