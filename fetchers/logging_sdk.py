"""The part of Google's Cloud Logging client that reads entries, without what writes and configures them."""

from __future__ import annotations

from fetchers.on_demand import import_on_demand

_SDK = "google.cloud.logging_v2"
import_on_demand(_SDK, f"{_SDK}.services", f"{_SDK}.types")

# ruff: noqa: E402 - only now do these import no more than they name
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2AsyncClient
from google.cloud.logging_v2.types.log_entry import LogEntry
from google.cloud.logging_v2.types.logging import ListLogEntriesRequest, ListLogEntriesResponse
from google.logging.type.log_severity_pb2 import LogSeverity

__all__ = [
    "ListLogEntriesRequest",
    "ListLogEntriesResponse",
    "LogEntry",
    "LogSeverity",
    "LoggingServiceV2AsyncClient",
]
