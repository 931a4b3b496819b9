"""An SDK of which a part is wanted: the rest is not imported, and is there for whoever asks for it."""

from __future__ import annotations

import subprocess
import sys

ONLY_JOBS = """
import sys
import fetchers.vertex
print([name for name in sys.modules if "pipeline" in name or "dataset_service" in name])
"""

THE_REST = """
import fetchers.vertex as ours
import google.cloud.aiplatform_v1 as whole
from google.cloud.aiplatform_v1.types import CustomJob, PipelineJob
print(whole.PipelineServiceClient.__name__, whole.__version__ != "", PipelineJob.__name__)
print(CustomJob is ours.CustomJob, whole.JobServiceAsyncClient is ours.JobServiceAsyncClient)
print(hasattr(whole, "NoSuchClient"), hasattr(whole.types, "NoSuchType"))
"""

THE_WHOLE_FIRST = """
from google.cloud.aiplatform_v1.types import CustomJob
import fetchers.vertex as ours
print(CustomJob is ours.CustomJob)
"""


def printed(program: str) -> list[str]:
    """What a new interpreter prints that runs the program."""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.split("\n")[:-1]


def test_the_worker_of_vertex_imports_what_is_about_jobs() -> None:
    """None of the other services, which would double its memory and the time until its first answer."""
    assert printed(ONLY_JOBS) == ["[]"]


def test_the_other_services_are_there_for_whoever_asks() -> None:
    """Under their public names, once and the same everywhere; what does not exist still does not."""
    assert printed(THE_REST) == ["PipelineServiceClient True PipelineJob", "True True", "False False"]


def test_a_package_that_is_imported_already_stays_as_it_is() -> None:
    """Its classes are not made a second time."""
    assert printed(THE_WHOLE_FIRST) == ["True"]
