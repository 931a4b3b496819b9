"""Fetches Cloud Run job executions: the launch agents.

The API has neither a filter nor an order: what runs behind newer executions is found by walking once (cold), and by
asking for each execution last seen running (warm, when `Fetch.first` does not name the scope).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud.run_v2 import ExecutionsAsyncClient
from google.cloud.run_v2.types import Condition, Execution, GetExecutionRequest, ListExecutionsRequest

from fetchers.api_reasons import GUARDED, said
from fetchers.base import Calls
from fetchers.errors import Rejected
from fetchers.gcp import PAGE_SIZE, GoogleFetcher, Session, is_absent
from fetchers.gcp_errors import Api
from fetchers.gcp_fields import enum_name, filled, labels_of, last_part, linked, log_page, one_line, seconds_of, time_of
from fetchers.gcp_sweep import Harvest, Kind, recall
from fetchers.messages import Fetch
from fetchers.records import Reason, Record, Scalar, State
from fetchers.settings import Settings

API = Api(table="runner", service="run.googleapis.com", role="roles/run.viewer")
HOST = "run.googleapis.com"
"""One host for all regions: the client says which in a routing header."""

ANY_JOB = "-"
EXECUTION_LABEL = "run.googleapis.com/execution_name"
"""Label of the log entries of an execution that holds its short name."""
WALK_RECORDS = 2_000
"""Executions looked through for running ones; the service keeps the last 1,000 of a job."""
WALK_AGE = timedelta(days=30)
"""No execution runs longer: a task may take 7 days, and is retried a few times."""


class RunnerFetcher(GoogleFetcher):
    """Executions of each region."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(settings, API, ExecutionsAsyncClient, HOST)
        self._gcp = settings.gcp
        self._now = now

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield pages of executions of one region, newest first. Raises `FetchError`."""
        async with self.session(fetch, scope, calls) as session:
            seen: set[str] = set()
            for job in self._gcp.jobs or (ANY_JOB,):
                harvest = Harvest(fetch.limit, self._wanted(), seen)
                async with aclosing(self._walk(session, job, harvest, self._depth(fetch, scope))) as pages:
                    async for records in pages:
                        yield records
            harvest = Harvest(fetch.limit, self._wanted(), seen)
            names = [_named(session, id_) for id_ in harvest.missing(fetch.known.get(scope, ()))]
            async with aclosing(recall(session, KIND, names, harvest)) as named:
                async for records in named:
                    yield records

    def _depth(self, fetch: Fetch, scope: str) -> int:
        """How many executions to look through for running ones: none where all that run are known by name."""
        return WALK_RECORDS if scope in fetch.first else 0

    async def _walk(self, session: Session, job: str, harvest: Harvest, depth: int) -> AsyncGenerator[list[Record]]:
        """Yield the newest of a job, then only what runs among the `depth` newest; a job that is not there is empty."""
        request = ListExecutionsRequest(parent=f"{session.parent}/jobs/{job}", page_size=PAGE_SIZE)
        looked = 0
        try:
            async with aclosing(session.pages(KIND.list_method, request, KIND.items)) as pages:
                async for answer in pages:
                    records = KIND.records(session, answer.items)
                    given = harvest.take(records)
                    if given:
                        yield given
                    looked += len(records)
                    if looked >= WALK_RECORDS or (harvest.full and (looked >= depth or self._old(records))):
                        return
        except Rejected as error:
            if job == ANY_JOB or not is_absent(error):
                raise

    def _old(self, records: Sequence[Record]) -> bool:
        created = records[-1].created if records else None
        return created is not None and self._now() - created > WALK_AGE

    def _wanted(self) -> Callable[[Record], bool]:
        labels = {f"label.{key}": value for key, value in self._gcp.labels.items()}
        jobs = self._gcp.jobs
        mine = self._gcp.mine

        def wanted(record: Record) -> bool:
            detail = record.detail
            return (
                all(detail.get(key) == value for key, value in labels.items())
                and (not jobs or detail.get("job") in jobs)
                and not (mine and detail.get("mine") is False)  # whose it is nobody knows: it stays visible
            )

        return wanted


def _named(session: Session, id_: str) -> GetExecutionRequest:
    """Ask for an execution by its short name: that of its job, a dash and five letters."""
    job = id_.rpartition("-")[0] or ANY_JOB
    return GetExecutionRequest(name=f"{session.parent}/jobs/{job}/executions/{id_}")


# --- state -------------------------------------------------------------------------------------------------------

FAILED_AS: dict[int, State] = {
    Condition.ExecutionReason.EXECUTION_REASON_UNDEFINED: State.FAILED,
    Condition.ExecutionReason.JOB_STATUS_SERVICE_POLLING_ERROR: State.FAILED,
    Condition.ExecutionReason.NON_ZERO_EXIT_CODE: State.FAILED,
    Condition.ExecutionReason.CANCELLED: State.CANCELLED,
    Condition.ExecutionReason.CANCELLING: State.CANCELLED,
    Condition.ExecutionReason.DELETED: State.CANCELLED,
    Condition.ExecutionReason.DELAYED_START_PENDING: State.FAILED,
}
"""What a failed condition means by its reason; one that is newer than the SDK is a failure."""


def _started(execution: Any) -> State:
    """Of what has not ended: running once a task runs or ran, queued before."""
    busy = execution.running_count or execution.succeeded_count or execution.failed_count or execution.retried_count
    return State.RUNNING if busy or execution.HasField("start_time") else State.QUEUED


def _counted(execution: Any) -> State:
    """By times and counts, where the condition is open or missing; it may lag behind an end written already."""
    if not execution.HasField("completion_time"):
        return _started(execution)
    if execution.failed_count:
        return State.FAILED
    if execution.cancelled_count:
        return State.CANCELLED
    return State.SUCCEEDED if execution.succeeded_count >= max(1, execution.task_count) else State.UNKNOWN


def _failed(execution: Any) -> State:
    return FAILED_AS.get(_completed(execution).execution_reason, State.FAILED)


def _succeeded(_: Any) -> State:
    return State.SUCCEEDED


CONDITIONS: dict[int, Callable[[Any], State]] = {
    Condition.State.STATE_UNSPECIFIED: _counted,
    Condition.State.CONDITION_PENDING: _counted,
    Condition.State.CONDITION_RECONCILING: _counted,
    Condition.State.CONDITION_FAILED: _failed,
    Condition.State.CONDITION_SUCCEEDED: _succeeded,
}
"""What the state of the `Completed` condition says; complete: a test compares it with the SDK."""

_CONDITION_STATES = {int(member): member.name for member in Condition.State}
_EXECUTION_REASONS = {int(member): member.name for member in Condition.ExecutionReason}
_COMMON_REASONS = {int(member): member.name for member in Condition.CommonReason}
_NO_CONDITION = Condition.pb(Condition())


def _completed(execution: Any) -> Any:
    """The condition that tells whether the execution has ended, or an empty one."""
    return next((found for found in execution.conditions if found.type_ == "Completed"), _NO_CONDITION)


def state_of(execution: Any) -> State:
    """The state of one raw `Execution` message."""
    derive = CONDITIONS.get(_completed(execution).state)
    return derive(execution) if derive else State.UNKNOWN


# --- record ------------------------------------------------------------------------------------------------------


def record_of(message: Any, project: str, scope: str) -> Record:
    """The record of one `Execution`, whatever is in it."""
    execution = Execution.pb(message)
    state = state_of(execution)
    id_ = last_part(execution.name)
    return Record(
        table="runner",
        id=id_,
        name=id_,
        state=state,
        raw_state=enum_name(_CONDITION_STATES, _completed(execution).state, "CONDITION"),
        scope=scope,
        created=time_of(execution, "create_time"),
        started=time_of(execution, "start_time"),
        finished=time_of(execution, "completion_time"),
        reason=_reason(execution, state, {"project": project, "region": scope}),
        url=f"https://console.cloud.google.com/run/jobs/executions/details/{scope}/{id_}?project={project}",
        links=linked(execution=id_, image=_image(execution), wandb_run=execution.labels.get("wandb-run-id", "")),
        detail=_detail(execution, project),
    )


def _image(execution: Any) -> str:
    return next((str(container.image) for container in execution.template.containers if container.image), "")


def _reason(execution: Any, state: State, place: Mapping[str, str]) -> Reason | None:
    condition = _completed(execution)
    words = condition.message
    if state not in {State.FAILED, State.CANCELLED} or not words.strip():
        return None
    status = _word(_EXECUTION_REASONS, condition.execution_reason, "") or _word(_COMMON_REASONS, condition.reason, "")
    facts = {**place, "job": last_part(execution.job), "image": _image(execution)}
    return said(words, "gcp", status=status, exits=GUARDED, facts=facts)


def _log_page(execution: Any, project: str) -> str:
    named = {"resource.type": "cloud_run_job", f'labels."{EXECUTION_LABEL}"': last_part(execution.name)}
    return log_page(project, named, time_of(execution, "create_time"))


def _detail(execution: Any, project: str) -> dict[str, Scalar]:
    template, condition = execution.template, _completed(execution)
    found: dict[str, Scalar] = {
        "resource": execution.name,
        "job": last_part(execution.job) or execution.name.rpartition("/executions/")[0].rpartition("/")[2],
        "image": _image(execution),
        "creator": execution.creator,
        "service_account": template.service_account,
        "condition_reason": _word(_EXECUTION_REASONS, condition.execution_reason, "EXECUTION_REASON")
        or _word(_COMMON_REASONS, condition.reason, "REASON"),
        "message": one_line(condition.message),
        "timeout_s": seconds_of(template, "timeout"),
        "max_retries": int(template.max_retries),
        "uid": execution.uid,
        "log_uri": execution.log_uri,
        "log_url": execution.log_uri or _log_page(execution, project),
    }
    return filled(found | _counts(execution) | _machine(template) | labels_of(execution.labels))


def _word(names: dict[int, str], value: int, prefix: str) -> str:
    return enum_name(names, value, prefix) if value else ""


def _counts(execution: Any) -> dict[str, Scalar]:
    return {
        "tasks": int(execution.task_count),
        "parallelism": int(execution.parallelism),
        "running": int(execution.running_count),
        "succeeded": int(execution.succeeded_count),
        "failed": int(execution.failed_count),
        "cancelled": int(execution.cancelled_count),
        "retried": int(execution.retried_count),
    }


def _machine(template: Any) -> dict[str, Scalar]:
    limits: Mapping[str, str] = next((container.resources.limits for container in template.containers), {})
    return {
        "cpu": limits.get("cpu", ""),
        "memory": limits.get("memory", ""),
        "accelerator": template.node_selector.accelerator,
        "accelerator_count": limits.get("nvidia.com/gpu", ""),
    }


KIND = Kind("ListExecutions", "executions", "GetExecution", record_of, owner="creator")
