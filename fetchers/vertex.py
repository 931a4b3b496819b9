"""Fetches Vertex AI custom jobs: the newest of a region, and everything queued or running there.

Custom jobs carry no creator: `gcp.mine` does not apply to them, and nobody knows whose they are.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import grpc

from fetchers.api_reasons import GUARDED, said
from fetchers.base import Calls
from fetchers.gcp import PAGE_SIZE, GoogleFetcher, Session
from fetchers.gcp_errors import Api
from fetchers.gcp_fields import enum_name, filled, labels_of, last_part, linked, log_page, seconds_of, time_of
from fetchers.gcp_sweep import Kind, Requests, sweep
from fetchers.messages import Fetch
from fetchers.records import Reason, Record, Scalar, State
from fetchers.settings import Settings
from fetchers.vertex_sdk import (
    AcceleratorType,
    CustomJob,
    GetCustomJobRequest,
    JobServiceAsyncClient,
    JobState,
    ListCustomJobsRequest,
    Scheduling,
)

API = Api(table="vertex", service="aiplatform.googleapis.com", role="roles/aiplatform.viewer")
HOST = "{scope}-aiplatform.googleapis.com"
RUN_LABEL = "wandb-run-id"
"""Label by which W&B Launch marks the run that a job belongs to."""

STATES: dict[int, State] = {
    JobState.JOB_STATE_UNSPECIFIED: State.UNKNOWN,
    JobState.JOB_STATE_QUEUED: State.QUEUED,
    JobState.JOB_STATE_PENDING: State.QUEUED,
    JobState.JOB_STATE_RUNNING: State.RUNNING,
    JobState.JOB_STATE_SUCCEEDED: State.SUCCEEDED,
    JobState.JOB_STATE_FAILED: State.FAILED,
    JobState.JOB_STATE_CANCELLING: State.RUNNING,  # it holds its machines until it is cancelled
    JobState.JOB_STATE_CANCELLED: State.CANCELLED,
    JobState.JOB_STATE_PAUSED: State.QUEUED,  # stopped, and can be resumed
    JobState.JOB_STATE_EXPIRED: State.FAILED,
    JobState.JOB_STATE_UPDATING: State.RUNNING,  # only running jobs are updated, and run on
    JobState.JOB_STATE_PARTIALLY_SUCCEEDED: State.FAILED,  # results are missing: never claim more than was done
}
"""Complete: a test compares it with the SDK."""

_JOB_STATES = {int(member): member.name for member in JobState}
_ACCELERATORS = {int(member): member.name for member in AcceleratorType}
_STRATEGIES = {int(member): member.name for member in Scheduling.Strategy}
_PENDING = " OR ".join(f'state="{_JOB_STATES[value]}"' for value, state in STATES.items() if state.pending)


class VertexFetcher(GoogleFetcher):
    """Custom jobs of each region."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, API, JobServiceAsyncClient, HOST)
        self._labels = settings.gcp.labels

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield pages of custom jobs of one region, newest first. Raises `FetchError`."""
        async with self.session(fetch, scope, calls) as session:
            requests = _requests(session, fetch.limit, self._labels)
            async with aclosing(sweep(session, fetch, KIND, requests, self._wanted)) as pages:
                async for records in pages:
                    yield records

    def _wanted(self, record: Record) -> bool:
        return all(record.detail.get(f"label.{key}") == value for key, value in self._labels.items())


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _requests(session: Session, limit: int, labels: Mapping[str, str]) -> Requests:
    def listing(size: int, words: str) -> ListCustomJobsRequest:
        return ListCustomJobsRequest(parent=session.parent, page_size=size, filter=words)

    def named(id_: str) -> GetCustomJobRequest:
        return GetCustomJobRequest(name=f"{session.parent}/customJobs/{id_}")

    # Labels are not joined to the states: how AND and OR bind in such a filter is not documented.
    labelled = " AND ".join(f"labels.{key}={_quoted(value)}" for key, value in labels.items())
    return Requests(listing(min(limit, PAGE_SIZE), labelled), listing(PAGE_SIZE, _PENDING), named)


def record_of(message: Any, project: str, scope: str) -> Record:
    """The record of one `CustomJob`, whatever is in it."""
    job = CustomJob.pb(message)
    state = STATES.get(job.state, State.UNKNOWN)
    id_ = last_part(job.name)
    return Record(
        table="vertex",
        id=id_,
        name=job.display_name or id_,
        state=state,
        raw_state=enum_name(_JOB_STATES, job.state, "JOB_STATE"),
        scope=scope,
        created=time_of(job, "create_time"),
        started=time_of(job, "start_time"),
        finished=time_of(job, "end_time"),
        reason=_reason(job, state, {"project": project, "region": scope}),
        url=f"https://console.cloud.google.com/agent-platform/locations/{scope}/training/{id_}?project={project}",
        links=linked(vertex_job=id_, wandb_run=job.labels.get(RUN_LABEL, ""), image=_image(job)),
        detail=_detail(job, project),
    )


def _image(job: Any) -> str:
    for pool in job.job_spec.worker_pool_specs:
        image = pool.container_spec.image_uri or pool.python_package_spec.executor_image_uri
        if image:
            return str(image)
    return ""


def _reason(job: Any, state: State, place: Mapping[str, str]) -> Reason | None:
    if state not in {State.FAILED, State.CANCELLED} or not job.error.message.strip():
        return None
    pools = {key: str(value) for key, value in _pools(job.job_spec.worker_pool_specs).items() if value}
    facts = {**place, **pools, "image": _image(job)}
    status = _CODES.get(job.error.code, "")
    return said(job.error.message, "gcp", status=status, exits=GUARDED, facts=facts)


_LOG = {"resource.type": "ml_job"}
_JOB_ID = "resource.labels.job_id"
_CODES = {code.value[0]: code.name for code in grpc.StatusCode}


def _detail(job: Any, project: str) -> dict[str, Scalar]:
    spec = job.job_spec
    found: dict[str, Scalar] = {
        "resource": job.name,
        "image": _image(job),
        "error_code": enum_name(_CODES, job.error.code, "CODE") if job.error.code else "",
        "service_account": spec.service_account,
        "network": spec.network,
        "output": spec.base_output_directory.output_uri_prefix,
        "tensorboard": spec.tensorboard,
        "persistent_resource": spec.persistent_resource_id,
        "timeout_s": seconds_of(spec.scheduling, "timeout"),
        "strategy": _strategy(spec.scheduling.strategy),
        "log_url": log_page(project, _LOG | {_JOB_ID: last_part(job.name)}, time_of(job, "create_time")),
    }
    return filled(found | _pools(spec.worker_pool_specs) | labels_of(job.labels))


def _strategy(value: int) -> str:
    return enum_name(_STRATEGIES, value, "STRATEGY") if value else ""


def _pools(pools: Sequence[Any]) -> dict[str, Scalar]:
    """What the job runs on: the first pool, and how many machines all pools have."""
    if not pools:
        return {}
    machine, disk = pools[0].machine_spec, pools[0].disk_spec
    kind = machine.accelerator_type
    return {
        "machine_type": machine.machine_type,
        "accelerator": enum_name(_ACCELERATORS, kind, "ACCELERATOR") if kind else "",
        "accelerator_count": int(machine.accelerator_count) or None,
        "tpu_topology": machine.tpu_topology,
        "replicas": sum(int(pool.replica_count) for pool in pools),
        "pools": len(pools) if len(pools) > 1 else None,
        "disk_gb": int(disk.boot_disk_size_gb) or None,
    }


KIND = Kind("ListCustomJobs", "custom_jobs", "GetCustomJob", record_of)
