"""Fetches Cloud Build builds: the newest of a location, and everything queued or working there.

Builds carry no labels and no creator: `gcp.labels`, `gcp.jobs` and `gcp.mine` do not apply to them, and nobody knows
whose they are.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from google.cloud.devtools.cloudbuild_v1 import CloudBuildAsyncClient
from google.cloud.devtools.cloudbuild_v1.types import Build, BuildOptions, GetBuildRequest, ListBuildsRequest

from fetchers.api_reasons import STATUSES, said
from fetchers.base import Calls
from fetchers.gcp import PAGE_SIZE, GoogleFetcher, Session
from fetchers.gcp_errors import Api
from fetchers.gcp_fields import enum_name, filled, last_part, linked, log_page, seconds_of, time_of
from fetchers.gcp_sweep import Kind, Requests, sweep
from fetchers.messages import Fetch
from fetchers.records import Reason, Record, Scalar, State
from fetchers.settings import Settings

API = Api(table="builds", service="cloudbuild.googleapis.com", role="roles/cloudbuild.builds.viewer")
HOST = "cloudbuild.googleapis.com"
"""One host for all locations: the client says which in a routing header."""

STATES: dict[int, State] = {
    Build.Status.STATUS_UNKNOWN: State.UNKNOWN,
    Build.Status.PENDING: State.QUEUED,
    Build.Status.QUEUED: State.QUEUED,
    Build.Status.WORKING: State.RUNNING,
    Build.Status.SUCCESS: State.SUCCEEDED,
    Build.Status.FAILURE: State.FAILED,
    Build.Status.INTERNAL_ERROR: State.FAILED,
    Build.Status.TIMEOUT: State.FAILED,
    Build.Status.CANCELLED: State.CANCELLED,
    Build.Status.EXPIRED: State.FAILED,  # it waited longer than its queue allows and never ran
}
"""Complete: a test compares it with the SDK."""

_STATUSES = {int(member): member.name for member in Build.Status}
_FAILURES = {int(member): member.name for member in Build.FailureInfo.FailureType}
_MACHINES = {int(member): member.name for member in BuildOptions.MachineType if member}
_PENDING = " OR ".join(f'status="{_STATUSES[status]}"' for status, state in STATES.items() if state.pending)


class BuildsFetcher(GoogleFetcher):
    """Builds of `global` and of each region."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, API, CloudBuildAsyncClient, HOST)

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield pages of builds of one location, newest first. Raises `FetchError`."""
        async with self.session(fetch, scope, calls) as session:
            requests = _requests(session, fetch.limit)
            async with aclosing(sweep(session, fetch, KIND, requests, lambda _: True)) as pages:
                async for records in pages:
                    yield records


def _requests(session: Session, limit: int) -> Requests:
    def listing(size: int, words: str) -> ListBuildsRequest:
        return ListBuildsRequest(parent=session.parent, project_id=session.project, page_size=size, filter=words)

    def named(id_: str) -> GetBuildRequest:
        return GetBuildRequest(name=f"{session.parent}/builds/{id_}", project_id=session.project, id=id_)

    return Requests(listing(min(limit, PAGE_SIZE), ""), listing(PAGE_SIZE, _PENDING), named)


def record_of(message: Any, project: str, scope: str) -> Record:
    """The record of one `Build`, whatever is in it."""
    build = Build.pb(message)
    state = STATES.get(build.status, State.UNKNOWN)
    return Record(
        table="builds",
        id=build.id or last_part(build.name),
        name=_name(build),
        state=state,
        raw_state=enum_name(_STATUSES, build.status, "STATUS"),
        scope=scope,
        created=time_of(build, "create_time"),
        started=time_of(build, "start_time"),
        finished=time_of(build, "finish_time"),
        reason=_reason(build, state, {"project": project, "region": scope}),
        url=f"https://console.cloud.google.com/cloud-build/builds;region={scope}/{build.id}?project={project}",
        links=linked(build=build.id, image=_image(build)),
        detail=_detail(build, project),
    )


def _image(build: Any) -> str:
    pushed = [image.name for image in build.results.images if image.name]
    return str(next(iter([*pushed, *build.images]), ""))


def _name(build: Any) -> str:
    """What people call a build: the image it makes, else its trigger, else a tag, else the start of its id."""
    image = last_part(_image(build)).partition("@")[0]
    trigger = build.substitutions.get("TRIGGER_NAME", "")
    return image or trigger or next(iter(build.tags), "") or build.id[:8]


def _reason(build: Any, state: State, place: Mapping[str, str]) -> Reason | None:
    if state not in {State.FAILED, State.CANCELLED}:
        return None
    words = build.failure_info.detail or build.status_detail
    if state is State.CANCELLED and not words.strip():
        return None
    step, code = _failed_step(build)
    kind = build.failure_info.type_
    status = enum_name(_STATUSES, build.status, "STATUS")
    if kind and status not in STATUSES:
        status = enum_name(_FAILURES, kind, "FAILURE")
    words = words or (step and f"step {step} failed")
    facts = {**place, "image": _image(build)}
    return said(words, "gcp", status=status, exit_code=code, facts=facts)


def _failed_step(build: Any) -> tuple[str, int]:
    """Number and name of the first step that failed, and the status it exited with; nothing where none did."""
    bad = next(((at, step) for at, step in enumerate(build.steps) if STATES.get(step.status) is State.FAILED), None)
    return (f"{bad[0]} {bad[1].id or bad[1].name}", int(bad[1].exit_code)) if bad is not None else ("", 0)


_LOG = {"resource.type": "build"}
_BUILD_ID = "resource.labels.build_id"


def _detail(build: Any, project: str) -> dict[str, Scalar]:
    options = build.options
    found: dict[str, Scalar] = {
        "resource": build.name,
        "image": _image(build),
        "images": ", ".join(build.images),
        "digest": next((image.digest for image in build.results.images), ""),
        "machine_type": _MACHINES.get(options.machine_type, "") or _unknown_machine(options.machine_type),
        "worker_pool": options.pool.name or options.worker_pool,
        "disk_gb": int(options.disk_size_gb) or None,
        "trigger": build.substitutions.get("TRIGGER_NAME", "") or build.build_trigger_id,
        "commit": build.substitutions.get("COMMIT_SHA", ""),
        "branch": build.substitutions.get("BRANCH_NAME", ""),
        "repository": build.substitutions.get("REPO_FULL_NAME", "") or build.substitutions.get("REPO_NAME", ""),
        "tags": ", ".join(build.tags),
        "timeout_s": seconds_of(build, "timeout"),
        "queue_ttl_s": seconds_of(build, "queue_ttl"),
        "service_account": last_part(build.service_account),
        "status_detail": build.status_detail,
        "failure_type": enum_name(_FAILURES, build.failure_info.type_, "FAILURE") if build.failure_info.type_ else "",
        "warning": next((warning.text for warning in build.warnings), ""),
        "log_uri": build.log_url,
        "log_url": build.log_url or log_page(project, _LOG | {_BUILD_ID: build.id}, time_of(build, "create_time")),
        "logs_bucket": build.logs_bucket,
    }
    return filled(found | _steps(build))


def _unknown_machine(value: int) -> str:
    return f"MACHINE_{value}" if value else ""


def _steps(build: Any) -> dict[str, Scalar]:
    done = sum(STATES.get(step.status) is State.SUCCEEDED for step in build.steps)
    found: dict[str, Scalar] = {"steps": len(build.steps) or None, "steps_done": done if build.steps else None}
    step, code = _failed_step(build)
    return found | {"failed_step": step, "exit_code": code or None}


KIND = Kind("ListBuilds", "builds", "GetBuild", record_of)
