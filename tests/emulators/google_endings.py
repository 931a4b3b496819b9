"""How the logs of a working day's records go and end, in words like those that real programs print.

Failures stand by the rule that explains each; which one a record has follows from its id.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from datetime import datetime

from tests.emulators.google_logs import Course, Line, Log, build_log, ending, execution_log, job_log, structured

Ending = tuple[Line, ...]


def _errors(*texts: str) -> Ending:
    return tuple(("ERROR", text) for text in texts)


def _raised(*last: str) -> Ending:
    """A traceback as a program prints it: each line an entry of its own."""
    frames = ('  File "/app/train.py", line 118, in <module>', "    main()", '  File "/app/train.py", line 71, in main')
    return _errors("Traceback (most recent call last):", *frames, "    trainer.fit()", *last)


def _replica(*texts: str) -> Ending:
    return tuple(structured("ERROR", text) for text in texts)


AGENTS: dict[str, Ending] = {
    "machine_type_unsupported": _raised(
        'google.api_core.exceptions.InvalidArgument: 400 Machine type "a2-highgpu-8g" is not supported in region'
        " us-central1.",
        "wandb: launch: Shutting down, active jobs: 0",
    ),
    "permission_denied": _raised(
        "google.api_core.exceptions.PermissionDenied: 403 Permission 'aiplatform.customJobs.create' denied on resource"
        " '//aiplatform.googleapis.com/projects/acme-ml/locations/us-central1' (or it may not exist).",
        "wandb: launch: Shutting down, active jobs: 0",
    ),
    "quota_exceeded": _raised(
        "google.api_core.exceptions.ResourceExhausted: 429 The following quota metrics exceed quota limits:"
        " aiplatform.googleapis.com/custom_model_training_nvidia_a100_gpus",
    ),
}
"""Launch agents."""

JOBS: dict[str, Ending] = {
    "out_of_memory": _replica(
        "Traceback (most recent call last):",
        '  File "/app/train.py", line 203, in step',
        "    loss.backward()",
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of"
        " 39.39 GiB of which 1.12 GiB is free.",
    ),
    "disk_full": _replica("OSError: [Errno 28] No space left on device: '/tmp/checkpoint/step_12000.pt'"),
    "python_exception": _replica(
        "Traceback (most recent call last):",
        '  File "/app/data.py", line 41, in __getitem__',
        '    return self.rows[index]["tokens"]',
        "KeyError: 'tokens'",
    ),
}
"""Custom jobs."""

BUILDS: dict[str, Ending] = {
    "pip_install_failed": _errors(
        "Step #0: ERROR: Could not find a version that satisfies the requirement torch==9.9.9 (from versions: 2.7.1)",
        "Step #0: ERROR: No matching distribution found for torch==9.9.9",
        'ERROR: build step 0 "gcr.io/kaniko-project/executor:latest" failed: step exited with non-zero status: 1',
    ),
    "permission_denied": _errors(
        'Step #0: error pushing image: denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on'
        ' resource "projects/acme-ml/locations/us/repositories/launch" (or it may not exist)',
        'ERROR: build step 0 "gcr.io/kaniko-project/executor:latest" failed: step exited with non-zero status: 1',
    ),
}
"""Builds."""


def rule_of(id_: str, endings: dict[str, Ending]) -> str:
    """Which failure the record with this id had."""
    return sorted(endings)[zlib.crc32(id_.encode()) % len(endings)]


def _polls(number: int) -> Line:
    return "INFO", f"wandb: launch: agent polling on queues vertex, running {number % 2} out of a maximum of 1 jobs"


def _steps(number: int) -> Line:
    return structured("INFO", f"step {number * 10}: loss {1.2 + 8 / (number + 1):.4f}, 0 skipped")


def _layers(number: int) -> Line:
    return "INFO", f"Step #0: Downloading layer {number} of the base image"


Span = tuple[datetime, datetime]
"""Begin and end."""


def agent_log(region: str, name: str, span: Span, jobs: int | None) -> Log:
    """The log of a launch agent that has run so many jobs, or failed."""
    last = AGENTS[rule_of(name, AGENTS)] if jobs is None else (("INFO", f"wandb: launch: Runs: {jobs}"),)
    return execution_log(region, name, _course(name, span, last, _polls))


def failed_job_log(id_: str, span: Span) -> Log:
    """The log of a custom job that has failed."""
    return job_log(id_, _course(id_, span, JOBS[rule_of(id_, JOBS)], _steps))


def failed_build_log(id_: str, span: Span) -> Log:
    """The log of a build that has failed."""
    return build_log(id_, _course(id_, span, BUILDS[rule_of(id_, BUILDS)], _layers))


def _course(id_: str, span: Span, last: Sequence[Line], middle: Callable[[int], Line]) -> Course:
    count = 20 + zlib.crc32(id_.encode()) % 380
    return Course(*span, count, ending(count, last, middle))
