"""A Google Cloud project as plain data: builds, executions, custom jobs and their logs, by region.

`default_world` fills one the way a team's project looks on a working day; the same seed gives the same world.
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from google.api.monitored_resource_pb2 import MonitoredResource
from google.cloud.aiplatform_v1.types import (
    AcceleratorType,
    ContainerSpec,
    CustomJob,
    CustomJobSpec,
    JobState,
    MachineSpec,
    WorkerPoolSpec,
)
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.cloud.logging_v2.types import LogEntry
from google.cloud.run_v2.types import Condition, Container, Execution, Job, ResourceRequirements, TaskTemplate
from google.logging.type import log_severity_pb2
from google.rpc.status_pb2 import Status

from tests.emulators import google_logs
from tests.emulators.google_endings import agent_log, failed_build_log, failed_job_log
from tests.emulators.google_logs import Log

PROJECT = google_logs.PROJECT
JOB = "vertex-ai-launcher"
NINE_DAYS = "nine-day-sweep"
"""Display name of the job that has been running for nine days behind 500 newer ones."""
NEWER = 500


def _lists() -> defaultdict[str, list[Any]]:
    return defaultdict(list)


@dataclass
class World:
    """What there is; the order of the lists does not matter, answers are sorted."""

    project: str = PROJECT
    regions: tuple[str, ...] = ()
    """Locations that exist; empty: all that are asked for."""
    builds: defaultdict[str, list[Build]] = field(default_factory=_lists)
    executions: defaultdict[str, list[Execution]] = field(default_factory=_lists)
    jobs: defaultdict[str, list[Job]] = field(default_factory=_lists)
    custom_jobs: defaultdict[str, list[CustomJob]] = field(default_factory=_lists)
    logs: list[LogEntry] = field(default_factory=list)
    """Single entries."""
    written: list[Log] = field(default_factory=list)
    """Whole logs."""

    def clear(self) -> None:
        """Take everything away."""
        for kind in (self.builds, self.executions, self.jobs, self.custom_jobs):
            kind.clear()
        self.logs.clear()
        self.written.clear()


# --- one of each -------------------------------------------------------------------------------------------------


def build(
    region: str, created: datetime, status: Build.Status = Build.Status.SUCCESS, id_: str | None = None, **more: Any
) -> Build:
    """A build as Cloud Build tells it; `more` are fields of the message."""
    id_ = id_ or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{region}/{created}"))
    image = f"us-docker.pkg.dev/{PROJECT}/launch/arr:{id_[:8]}"
    fields: dict[str, Any] = {
        "name": f"projects/{PROJECT}/locations/{region}/builds/{id_}",
        "id": id_,
        "project_id": PROJECT,
        "status": status,
        "create_time": created,
        "images": [image],
        "steps": [{"name": "gcr.io/kaniko-project/executor:latest", "args": ["--destination", image]}],
        "service_account": f"projects/{PROJECT}/serviceAccounts/builder@{PROJECT}.iam.gserviceaccount.com",
        "log_url": f"https://console.cloud.google.com/cloud-build/builds;region={region}/{id_}?project={PROJECT}",
        "logs_bucket": f"gs://{PROJECT}_cloudbuild",
    }
    return Build(**(fields | more))


def execution(
    region: str, created: datetime, condition: dict[str, Any], id_: str | None = None, **more: Any
) -> Execution:
    """An execution as Cloud Run tells it; `condition` is the one of type `Completed`."""
    suffix = "".join(random.Random(f"{region}/{created}").choices("bcdfghjklmnpqrstvwxz2456789", k=5))
    id_ = id_ or f"{JOB}-{suffix}"
    job = id_.rpartition("-")[0]
    name = f"projects/{PROJECT}/locations/{region}/jobs/{job}/executions/{id_}"
    fields: dict[str, Any] = {
        "name": name,
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        "job": job,
        "creator": "launcher@acme.example",
        "create_time": created,
        "task_count": 1,
        "parallelism": 1,
        "labels": {"team": "vision"},
        "conditions": [Condition(type_="Completed", **condition), Condition(type_="ResourcesAvailable", state=4)],
        "template": TaskTemplate(
            containers=[
                Container(
                    image=f"us-docker.pkg.dev/{PROJECT}/launch/agent:v7",
                    resources=ResourceRequirements(limits={"cpu": "2", "memory": "4Gi"}),
                )
            ],
            service_account=f"launcher@{PROJECT}.iam.gserviceaccount.com",
            timeout=timedelta(hours=24),
            max_retries=0,
        ),
        "log_uri": f"https://console.cloud.google.com/logs/viewer?project={PROJECT}&advancedFilter={id_}",
    }
    return Execution(**(fields | more))


def custom_job(
    region: str, created: datetime, state: JobState = JobState.JOB_STATE_SUCCEEDED, id_: str | None = None, **more: Any
) -> CustomJob:
    """A custom job as Vertex AI tells it."""
    id_ = id_ or str(random.Random(f"{region}/{created}").randrange(10**18, 9 * 10**18))
    run = "".join(random.Random(id_).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=8))
    fields: dict[str, Any] = {
        "name": f"projects/{PROJECT}/locations/{region}/customJobs/{id_}",
        "display_name": f"train-{run}",
        "state": state,
        "create_time": created,
        "labels": {"wandb-run-id": run, "team": "vision"},
        "job_spec": CustomJobSpec(
            worker_pool_specs=[
                WorkerPoolSpec(
                    machine_spec=MachineSpec(
                        machine_type="a2-highgpu-1g",
                        accelerator_type=AcceleratorType.NVIDIA_TESLA_A100,
                        accelerator_count=1,
                    ),
                    replica_count=1,
                    container_spec=ContainerSpec(image_uri=f"us-docker.pkg.dev/{PROJECT}/launch/arr:4f1c2a90"),
                )
            ],
            service_account=f"trainer@{PROJECT}.iam.gserviceaccount.com",
        ),
    }
    return CustomJob(**(fields | more))


def log(at: datetime, text: str, resource: str, severity: str = "INFO", **labels: str) -> LogEntry:
    """A log line; labels are the resource's, those with a slash or a dot the entry's own."""
    own = {key: value for key, value in labels.items() if "/" in key or "." in key}
    return LogEntry(
        log_name=f"projects/{PROJECT}/logs/stdout",
        insert_id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{at}{text}{labels}")),
        timestamp=at,
        severity=log_severity_pb2.LogSeverity.Value(severity),
        text_payload=text,
        resource=MonitoredResource(type=resource, labels={key: labels[key] for key in labels.keys() - own.keys()}),
        labels=own,
    )


# --- a working day -----------------------------------------------------------------------------------------------

SUCCEEDED = {"state": Condition.State.CONDITION_SUCCEEDED, "message": "Execution completed successfully."}
RUNNING = {"state": Condition.State.CONDITION_RECONCILING, "message": "Waiting for execution to complete."}
FAILED = {
    "state": Condition.State.CONDITION_FAILED,
    "execution_reason": Condition.ExecutionReason.NON_ZERO_EXIT_CODE,
    "message": f"Task {JOB}-task0 failed with message: The container exited with an error.",
}
CANCELLED = {
    "state": Condition.State.CONDITION_FAILED,
    "execution_reason": Condition.ExecutionReason.CANCELLED,
    "message": "Execution was cancelled.",
}

_MIX = "sssssfssrsfsscsq"
"""States of a region's rows from the newest on: succeeded, failed, running, cancelled, queued."""


def default_world(regions: Sequence[str], now: datetime, rows: int = 24) -> World:
    """A project with something in every third region, and nothing in the others."""
    world = World(regions=("global", *regions))
    for region in ("global", *regions[:2]):
        _fill(world.builds[region], region, now, rows, _a_build)
    for region in regions[::3]:
        _fill(world.executions[region], region, now, rows, _an_execution)
        _fill(world.custom_jobs[region], region, now, rows, _a_custom_job)
        world.jobs[region] = [Job(name=f"projects/{PROJECT}/locations/{region}/jobs/{JOB}")]
    _join(world.custom_jobs[regions[0]])
    world.written = list(_logs(world))
    world.custom_jobs[regions[0]] += behind_newer(regions[0], now)
    return world


def _logs(world: World) -> Iterator[Log]:
    """Yield a log for each launch agent that has ended, and for whatever else has failed."""
    for region, executions in world.executions.items():
        for agent in executions:
            if agent.failed_count or agent.succeeded_count:
                name, jobs = agent.name.rpartition("/")[2], None if agent.failed_count else 1
                yield agent_log(region, name, (agent.create_time, agent.completion_time), jobs)
    for job in (job for jobs in world.custom_jobs.values() for job in jobs):
        if job.state is JobState.JOB_STATE_FAILED:
            yield failed_job_log(job.name.rpartition("/")[2], (job.create_time, job.end_time))
    for found in (found for builds in world.builds.values() for found in builds):
        if found.status is Build.Status.FAILURE:
            yield failed_build_log(found.id, (found.create_time, found.finish_time))


_RUNS = {
    JobState.JOB_STATE_RUNNING: ["run0000", "run0001"],
    JobState.JOB_STATE_PENDING: ["run0002"],
    JobState.JOB_STATE_SUCCEEDED: ["run0003", "run0004"],
    JobState.JOB_STATE_FAILED: ["run0005", "run0006"],
    JobState.JOB_STATE_CANCELLED: ["run0007"],
}
"""The runs that the W&B emulator begins with, by the state of the job each belongs to."""


def _join(jobs: Sequence[CustomJob]) -> None:
    left = {state: iter(runs) for state, runs in _RUNS.items()}
    for job in jobs:
        run = next(left.get(job.state, iter(())), None)
        if run is not None:
            job.labels["wandb-run-id"] = run


def behind_newer(region: str, now: datetime) -> list[CustomJob]:
    """A job that has been running for nine days, and the 500 that came after it."""
    start = now - timedelta(days=9)
    jobs = [custom_job(region, start, JobState.JOB_STATE_RUNNING, display_name=NINE_DAYS, start_time=start)]
    for number in range(NEWER):
        created = start + timedelta(hours=1, minutes=20 * number)
        end = created + timedelta(minutes=15)
        jobs.append(custom_job(region, created, start_time=created, end_time=end))
    return jobs


Maker = Callable[[str, datetime, datetime, str], Any]
"""From region, creation, end, and a letter of `_MIX`."""


def _fill(rows: list[Any], region: str, now: datetime, number: int, make: Maker) -> None:
    dice = random.Random(f"{make.__name__}/{region}")
    at = now - timedelta(minutes=dice.randrange(1, 20))
    for index in range(number):
        length = timedelta(seconds=dice.randrange(90, 2_400))
        rows.append(make(region, at, min(at + length, now), _MIX[index % len(_MIX)]))
        at -= timedelta(minutes=dice.randrange(10, 90), seconds=dice.randrange(60))


def _times(created: datetime, end: datetime, letter: str, last: str) -> dict[str, datetime]:
    started = {} if letter == "q" else {"start_time": created + timedelta(seconds=20)}
    return started if letter in "qr" else started | {last: end}


_BUILD = {
    "s": Build.Status.SUCCESS,
    "f": Build.Status.FAILURE,
    "r": Build.Status.WORKING,
    "c": Build.Status.CANCELLED,
    "q": Build.Status.QUEUED,
}


def _a_build(region: str, created: datetime, end: datetime, letter: str) -> Build:
    more: dict[str, Any] = _times(created, end, letter, "finish_time")
    if letter == "f":
        detail = 'Build step failure: build step 0 "gcr.io/kaniko-project/executor:latest" failed: exit status 1'
        more["failure_info"] = Build.FailureInfo(type_=Build.FailureInfo.FailureType.USER_BUILD_STEP, detail=detail)
        more["status_detail"] = detail
    return build(region, created, _BUILD[letter], **more)


_CONDITION = {
    "s": (SUCCEEDED, {"succeeded_count": 1}),
    "f": (FAILED, {"failed_count": 1}),
    "r": (RUNNING, {"running_count": 1}),
    "c": (CANCELLED, {"cancelled_count": 1}),
    "q": ({"state": Condition.State.CONDITION_PENDING}, {}),
}


def _an_execution(region: str, created: datetime, end: datetime, letter: str) -> Execution:
    condition, counts = _CONDITION[letter]
    more: dict[str, Any] = {**_times(created, end, letter, "completion_time"), **counts}
    return execution(region, created, condition, **more)


_JOB_STATE = {
    "s": JobState.JOB_STATE_SUCCEEDED,
    "f": JobState.JOB_STATE_FAILED,
    "r": JobState.JOB_STATE_RUNNING,
    "c": JobState.JOB_STATE_CANCELLED,
    "q": JobState.JOB_STATE_PENDING,
}


def _a_custom_job(region: str, created: datetime, end: datetime, letter: str) -> CustomJob:
    more: dict[str, Any] = _times(created, end, letter, "end_time")
    if letter == "f":
        more["error"] = Status(
            code=9, message="The replica workerpool0-0 exited with a non-zero status of 1. Termination reason: Error."
        )
    if letter == "c":
        more["error"] = Status(code=1, message="CANCELED")
    return custom_job(region, created, _JOB_STATE[letter], **more)
