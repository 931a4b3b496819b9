"""Google's list and get calls on 127.0.0.1, over the real messages: what the real clients are tested against.

The world it answers from is plain data that a test fills; how it misbehaves is set on its switchboard, while it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn, Self

import grpc
from google.cloud.aiplatform_v1.types import (
    CustomJob,
    GetCustomJobRequest,
    JobState,
    ListCustomJobsRequest,
    ListCustomJobsResponse,
)
from google.cloud.devtools.cloudbuild_v1.types import Build, GetBuildRequest, ListBuildsRequest, ListBuildsResponse
from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse
from google.cloud.run_v2.types import (
    Execution,
    GetExecutionRequest,
    ListExecutionsRequest,
    ListExecutionsResponse,
    ListJobsRequest,
    ListJobsResponse,
)
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status  # type: ignore[import-untyped]

from tests.emulators import google_logs
from tests.emulators.faults import Fault, Switchboard
from tests.emulators.google_filter import FilterError, Ranked, parse
from tests.emulators.google_world import World
from tests.emulators.listeners import LOCAL, Proxy

RETRY_AFTER_S = 7
"""What a `RESOURCE_EXHAUSTED` asks callers to wait."""

_WORDS = {
    Fault.PERMISSION_DENIED: "Permission denied on resource 'projects/{project}' (or it may not exist).",
    Fault.RESOURCE_EXHAUSTED: "Quota exceeded for quota metric 'Read requests' of consumer 'projects/{project}'.",
    Fault.UNAUTHENTICATED: "Request had invalid authentication credentials.",
    Fault.UNAVAILABLE: "The service is currently unavailable.",
    Fault.INTERNAL: "Internal error encountered.",
}
"""What the services say with a status."""


# --- fields that filters may name --------------------------------------------------------------------------------


def _path(message: Any, path: str, fields: dict[str, Callable[[Any], Any]]) -> Any:
    if path.startswith("labels.") and hasattr(message, "labels"):
        return message.labels.get(path.removeprefix("labels."))
    if path not in fields:
        raise FilterError(f"unknown field {path}")
    return fields[path](message)


_BUILD_STATUS = {member.name: int(member) for member in Build.Status}
_JOB_STATE = {member.name: int(member) for member in JobState}

_BUILD_FIELDS: dict[str, Callable[[Any], Any]] = {
    "status": lambda build: Ranked.of(Build.pb(build).status, _BUILD_STATUS),
    "create_time": lambda build: build.create_time,
    "finish_time": lambda build: build.finish_time,
    "build_trigger_id": lambda build: build.build_trigger_id,
    "tags": lambda build: " ".join(build.tags),
}
_VERTEX_FIELDS: dict[str, Callable[[Any], Any]] = {
    "state": lambda job: Ranked.of(CustomJob.pb(job).state, _JOB_STATE),
    "display_name": lambda job: job.display_name,
    "create_time": lambda job: job.create_time,
}


# --- what each method is -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listing:
    """A list call: its messages, where its resources are, and how they are filtered."""

    request: Any
    response: Any
    items: str
    find: Callable[[World, Any], list[Any]]
    time: Callable[[Any], Any]
    """Raw timestamp by which the newest comes first."""
    lookup: Callable[[Any, str], Any] | None = None
    largest_page: int = 100


@dataclass(frozen=True)
class Getting:
    """A get call: its messages and where its resources are."""

    request: Any
    response: Any
    find: Callable[[World, Any], list[Any]]


@dataclass(frozen=True)
class Searching:
    """A search in logs: its messages, and how many entries it gives at once."""

    request: Any
    response: Any
    largest_page: int


Method = Listing | Getting | Searching


def _region(request: Any) -> str:
    """The location in a request's parent or name; empty where it has none."""
    parts = (getattr(request, "parent", "") or getattr(request, "name", "")).split("/")
    return parts[3] if len(parts) > 3 and parts[2] == "locations" else ""


def _executions(world: World, request: Any) -> list[Any]:
    job = request.parent.rpartition("/")[2]
    found = world.executions[_region(request)]
    return [one for one in found if job in ("-", one.job.rpartition("/")[2])]


def _created(message: Any) -> Any:
    return type(message).pb(message).create_time


METHODS: dict[str, dict[str, Method]] = {
    "google.devtools.cloudbuild.v1.CloudBuild": {
        "ListBuilds": Listing(
            ListBuildsRequest,
            ListBuildsResponse,
            "builds",
            lambda world, request: world.builds[_region(request)],
            _created,
            lambda build, path: _path(build, path, _BUILD_FIELDS),
        ),
        "GetBuild": Getting(GetBuildRequest, Build, lambda world, request: world.builds[_region(request)]),
    },
    "google.cloud.run.v2.Executions": {
        "ListExecutions": Listing(ListExecutionsRequest, ListExecutionsResponse, "executions", _executions, _created),
        "GetExecution": Getting(
            GetExecutionRequest, Execution, lambda world, request: world.executions[_region(request)]
        ),
    },
    "google.cloud.run.v2.Jobs": {
        "ListJobs": Listing(
            ListJobsRequest, ListJobsResponse, "jobs", lambda world, request: world.jobs[_region(request)], _created
        ),
    },
    "google.cloud.aiplatform.v1.JobService": {
        "ListCustomJobs": Listing(
            ListCustomJobsRequest,
            ListCustomJobsResponse,
            "custom_jobs",
            lambda world, request: world.custom_jobs[_region(request)],
            _created,
            lambda job, path: _path(job, path, _VERTEX_FIELDS),
        ),
        "GetCustomJob": Getting(
            GetCustomJobRequest, CustomJob, lambda world, request: world.custom_jobs[_region(request)]
        ),
    },
    "google.logging.v2.LoggingServiceV2": {
        "ListLogEntries": Searching(ListLogEntriesRequest, ListLogEntriesResponse, largest_page=1000),
    },
}
"""Service → method → what it is."""

_BLANK = "blank-"
"""How the token of an empty page begins."""
LONGEST_FILTER = 20_000
"""Characters."""


# --- the server --------------------------------------------------------------------------------------------------


class _Refused(Exception):
    def __init__(self, code: grpc.StatusCode, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


def _sorted(listing: Listing, items: Iterable[Any]) -> list[Any]:
    def moment(item: Any) -> tuple[int, int]:
        stamp = listing.time(item)
        return (stamp.seconds, stamp.nanos)

    return sorted(items, key=moment, reverse=True)


def _filtered(listing: Listing, request: Any, items: list[Any]) -> list[Any]:
    text = getattr(request, "filter", "")
    if not text or listing.lookup is None:
        return items
    _check_length(text)
    lookup = listing.lookup
    try:
        holds = parse(text)
        return [item for item in items if holds(partial(lookup, item))]
    except FilterError as error:
        raise _Refused(grpc.StatusCode.INVALID_ARGUMENT, f"invalid filter: {error}") from error


def _check_length(text: str) -> None:
    if len(text) > LONGEST_FILTER:
        raise _Refused(grpc.StatusCode.INVALID_ARGUMENT, f"filter is longer than {LONGEST_FILTER} characters")


def _offset(token: str) -> int:
    try:
        return int(token.removeprefix("at-")) if token else 0
    except ValueError as error:
        raise _Refused(grpc.StatusCode.INVALID_ARGUMENT, "invalid page token") from error


@dataclass
class GoogleEmulator:
    """One port that answers for all the services; `tls` holds a private key and a certificate chain, PEM."""

    world: World = field(default_factory=World)
    board: Switchboard = field(default_factory=Switchboard)
    tls: tuple[bytes, bytes] | None = None
    blank_pages: int = 0
    """Empty pages, each with a token for the next, that a search in logs begins with."""
    goes_round: bool = False
    """Whether the token of an empty page leads to itself."""
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Method and metadata of every call, in order."""
    requests: list[Any] = field(default_factory=list)
    """Every request, in order."""

    def __post_init__(self) -> None:
        self.proxy = Proxy()
        self._server: Any = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.proxy.port

    @property
    def endpoint(self) -> str:
        """What to write into `gcp.endpoints`."""
        return f"https://localhost:{self.port}" if self.tls else f"http://{LOCAL}:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen on this port, or on a free one."""
        self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        for service, methods in METHODS.items():
            handlers = {name: self._handler(name, method) for name, method in methods.items()}
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        await self.proxy.start(self._bind(), port)
        await self._server.start()

    def _bind(self) -> int:
        if self.tls is None:
            port: int = self._server.add_insecure_port(f"{LOCAL}:0")
        else:
            port = self._server.add_secure_port(f"{LOCAL}:0", grpc.ssl_server_credentials([self.tls]))
        return port

    async def stop(self) -> None:
        """Close the port; calls that hang end."""
        await self.proxy.stop()
        await self._server.stop(grace=0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _handler(self, name: str, method: Method) -> Any:
        async def answer(request: Any, context: Any) -> Any:
            return await self._answer(name, method, request, context)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=method.request.deserialize,
            response_serializer=lambda message: (
                message if isinstance(message, bytes) else type(message).serialize(message)
            ),
        )

    async def _answer(self, name: str, method: Method, request: Any, context: Any) -> Any:
        self.seen.append((name, {str(key): str(value) for key, value in context.invocation_metadata()}))
        self.requests.append(request)
        fault = await self.board.begin(name, _region(request))
        if fault is not None:
            spoiled = await self._misbehave(fault, method, context)
            if spoiled is not None:
                return spoiled
        try:
            self._check(request)
            if isinstance(method, Getting):
                return self._get(method, request)
            largest_page = 1 if fault is Fault.DRIP else method.largest_page
            if isinstance(method, Searching):
                return self._search(request, largest_page)
            return self._list(method, request, largest_page)
        except _Refused as refusal:
            await context.abort(refusal.code, refusal.words)

    async def _misbehave(self, fault: Fault, method: Method, context: Any) -> Any:
        if fault.is_status:
            await self._abort(fault, context)
        if fault is Fault.GARBAGE:
            return b"\xff\xff\xff\xff no message"
        if fault is Fault.DRIP:
            await asyncio.sleep(self.board.drip_s)
            return None
        if fault is Fault.ENDLESS:
            return self._endless(method)
        if fault is Fault.HEADERS:
            await context.send_initial_metadata(())
        if fault is Fault.RESET:
            self.proxy.reset(context.peer())
        return await asyncio.Event().wait()

    def _endless(self, method: Method) -> Any:
        return method.response(next_page_token=f"more-{len(self.seen)}") if not isinstance(method, Getting) else None

    async def _abort(self, fault: Fault, context: Any) -> NoReturn:
        code = grpc.StatusCode[fault.value]
        words = _WORDS.get(fault, f"{fault.value.lower()} as asked").format(project=self.world.project)
        status = status_pb2.Status(code=code.value[0], message=words)
        if fault is Fault.RESOURCE_EXHAUSTED:
            detail = any_pb2.Any()
            detail.Pack(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=RETRY_AFTER_S)))
            status.details.append(detail)
        rich = rpc_status.to_status(status)
        context.set_trailing_metadata(rich.trailing_metadata)
        await context.abort(code, words)
        raise AssertionError("abort raises")

    def _check(self, request: Any) -> None:
        name = getattr(request, "parent", "") or getattr(request, "name", "") or next(iter(request.resource_names), "")
        region = _region(request)
        if not f"{name}/".startswith(f"projects/{self.world.project}/"):
            raise _Refused(grpc.StatusCode.PERMISSION_DENIED, f"Permission denied on {name}.")
        if region and self.world.regions and region not in self.world.regions:
            raise _Refused(grpc.StatusCode.NOT_FOUND, f"Location {region} is not found or access is unauthorized.")

    def _get(self, method: Getting, request: Any) -> Any:
        for found in method.find(self.world, request):
            if found.name == request.name:
                return found
        raise _Refused(grpc.StatusCode.NOT_FOUND, f"{request.name} was not found.")

    def _search(self, request: Any, largest_page: int) -> bytes:
        _check_length(request.filter)
        size = min(request.page_size or largest_page, largest_page)
        blank, token = request.page_token.startswith(_BLANK), request.page_token.removeprefix(_BLANK)
        if self.blank_pages and (blank or not token) and int(token or 0) < self.blank_pages:
            return google_logs.nothing(f"{_BLANK}{1 if self.goes_round else int(token or 0) + 1}")
        start = 0 if blank else _offset(token)
        try:
            return google_logs.page(self.world.written, self.world.logs, request, start, size)
        except FilterError as error:
            raise _Refused(grpc.StatusCode.INVALID_ARGUMENT, f"invalid filter: {error}") from error

    def _list(self, method: Listing, request: Any, largest_page: int) -> Any:
        items = _sorted(method, _filtered(method, request, method.find(self.world, request)))
        start = _offset(request.page_token)
        end = start + min(request.page_size or largest_page, largest_page)
        token = f"at-{end}" if end < len(items) else ""
        return method.response(**{method.items: items[start:end], "next_page_token": token})
