"""How every Google API is asked: endpoint, channel, credentials, and one noted call after another.

Nothing here retries and nothing waits without a deadline: when and how often to ask is the schedule's business.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.api_core.exceptions import GoogleAPICallError

from fetchers.base import Calls, describe_call
from fetchers.errors import BadAnswer, FetchError, NoAnswer, NotAuthenticated, Rejected, Unreachable
from fetchers.gcp_auth import CALL, Access, Headers
from fetchers.gcp_errors import Api, explain
from fetchers.messages import Fetch
from fetchers.settings import Settings

PAGE_SIZE = 100
"""Records a page: what all three services give at once."""
PAGE_CAP = 50
"""Pages of one listing after which a server is taken to have no end."""
GETS_AT_ONCE = 8
"""Calls by name in flight for one scope."""
CALL_SHARE = 0.9
"""Share of a fetch's deadline that one call may take, so that the call's own error arrives before the deadline."""

_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5_000),  # the default is two minutes of failing fast
    ("grpc.use_local_subchannel_pool", 1),  # a new channel is a new connection, not the old one's backoff
    ("grpc.enable_retries", 0),
)


# --- endpoints ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens, and whether it gets TLS and credentials."""

    address: str
    """`host:port`."""
    tls: bool


_PORTS = {"http": 80, "https": 443}


def endpoint_of(url: str | None, host: str, setting: str) -> Endpoint:
    """The endpoint that a setting names, else Google's own `host`. Raises `Rejected` for what is no such URL."""
    if url is None:
        return Endpoint(f"{host}:443", tls=True)
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        good = (
            bool(parts.hostname) and parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username)
        )
    except (ValueError, KeyError):
        good = False
    if not good:
        raise Rejected(
            f'gcp.endpoints.{setting} = "{url}" is no address; write http://HOST:PORT or https://HOST[:PORT]'
        )
    name = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    return Endpoint(f"{name}:{port}", tls=parts.scheme == "https")


def _channel(endpoint: Endpoint, largest_answer: int) -> Any:
    options = (*_OPTIONS, ("grpc.max_receive_message_length", largest_answer))
    if endpoint.tls:
        return grpc.aio.secure_channel(endpoint.address, grpc.ssl_channel_credentials(), options=options)
    # A plaintext server is an emulator or a neighbour: no proxy stands before it.
    return grpc.aio.insecure_channel(endpoint.address, options=(*options, ("grpc.enable_http_proxy", 0)))


# --- lines -------------------------------------------------------------------------------------------------------


@dataclass
class _Line:
    client: Any
    users: int = 0
    retired: bool = False


_SPOILED = (Unreachable, NoAnswer, BadAnswer, asyncio.CancelledError)
"""After these a connection may be dead or backing off: the next fetch gets a new one."""


class Lines:
    """One client with its channel for each address, kept between fetches and replaced after trouble."""

    def __init__(self, client_class: Any, largest_answer: int) -> None:
        self._client_class = client_class
        self._largest_answer = largest_answer
        self._lines: dict[Endpoint, _Line] = {}

    @contextlib.asynccontextmanager
    async def client(self, endpoint: Endpoint) -> AsyncIterator[Any]:
        """Lend the client for `endpoint`; one that has failed is closed when its last user leaves."""
        line = self._lines.get(endpoint)
        if line is None:
            line = self._lines[endpoint] = _Line(self._connect(endpoint))
        line.users += 1
        try:
            yield line.client
        except _SPOILED:
            self._retire(endpoint, line)
            raise
        finally:
            line.users -= 1
            if line.retired and not line.users:
                await line.client.transport.close()

    def _connect(self, endpoint: Endpoint) -> Any:
        transport = self._client_class.get_transport_class("grpc_asyncio")
        return self._client_class(transport=transport(channel=_channel(endpoint, self._largest_answer)))

    def _retire(self, endpoint: Endpoint, line: _Line) -> None:
        line.retired = True
        if self._lines.get(endpoint) is line:
            del self._lines[endpoint]

    async def close(self) -> None:
        """Close every channel; calls in flight end as cancelled."""
        lines = [*self._lines.values()]
        self._lines.clear()
        for line in lines:
            await line.client.transport.close()


# --- calls -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """One page of a listing."""

    items: list[Any]
    more: bool
    """Whether the server has further pages."""


@dataclass(frozen=True)
class Session:
    """The calls of one fetch to one scope: each is noted, has a deadline, and explains its failure."""

    api: Api
    client: Any
    project: str
    scope: str
    calls: Calls
    timeout_s: float
    """Seconds for each call."""
    headers: Headers = ()
    account: str | None = None
    """E-mail address of who asks; null where nobody knows."""

    @property
    def parent(self) -> str:
        """Full name of the location."""
        return f"projects/{self.project}/locations/{self.scope}"

    async def call(self, method: str, request: Any, page: int = 1) -> Any:
        """Make one call, e.g. `ListBuilds`. Raises `FetchError`."""
        rpc = getattr(self.client, _snake(method))
        with self.calls.open(method, self.scope, page):
            try:
                answer = await rpc(request=request, retry=None, timeout=self.timeout_s, metadata=self.headers)
            except GoogleAPICallError as error:
                raise self._explained(error, method, page) from error
            except ValueError as error:  # status details or a request that do not encode
                raise BadAnswer(
                    f"{describe_call(method, self.scope, page)}: {error}; it will be asked again"
                ) from error
        if _is_garbage(answer):
            raise BadAnswer(
                f"{describe_call(method, self.scope, page)}: bytes that are no {method} answer;"
                f" check gcp.endpoints.{self.api.table} and proxies"
            )
        return answer

    def _explained(self, error: GoogleAPICallError, method: str, page: int) -> FetchError:
        call = describe_call(method, self.scope, page)
        if error.grpc_status_code is grpc.StatusCode.DEADLINE_EXCEEDED:
            error.message = f"no answer in {self.timeout_s:g} s"
        return explain(error, call, self.api, project=self.project, scope=self.scope)

    async def pages(self, method: str, request: Any, items: str) -> AsyncGenerator[Answer]:
        """Yield the pages of a listing as they arrive. Raises `BadAnswer` for one that has no end."""
        tokens: set[str] = set()
        for page in range(1, PAGE_CAP + 1):
            answer = await self.call(method, request, page)
            token = answer.next_page_token
            yield Answer(list(getattr(answer, items)), more=bool(token))
            if not token:
                return
            if token in tokens:
                raise self._endless(method, page, "the same page token came twice")
            tokens.add(token)
            request.page_token = token
        raise self._endless(method, PAGE_CAP, f"no end after {PAGE_CAP} pages")

    def _endless(self, method: str, page: int, what: str) -> BadAnswer:
        call = describe_call(method, self.scope, page)
        return BadAnswer(
            f"{call}: {what}; check gcp.endpoints.{self.api.table}, or lower tables.{self.api.table}.limit"
        )

    async def get_all(self, method: str, requests: Iterable[Any]) -> list[Any]:
        """Ask for resources by name; one that exists no more gives null, one that failed its `FetchError`."""
        gate = asyncio.Semaphore(GETS_AT_ONCE)

        async def get(request: Any) -> Any:
            async with gate:
                try:
                    return await self.call(method, request)
                except FetchError as error:
                    return None if is_absent(error) else error

        return await asyncio.gather(*map(get, requests))


def is_absent(error: FetchError) -> bool:
    """Whether the service said that the resource does not exist."""
    cause = error.__cause__
    return isinstance(cause, GoogleAPICallError) and cause.grpc_status_code is grpc.StatusCode.NOT_FOUND


def _is_garbage(answer: Any) -> bool:
    """Whether the bytes did not parse: gRPC then hands out None, and a pager wraps it unseen."""
    return answer is None or getattr(answer, "_response", answer) is None


def _snake(method: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method).lstrip("_")


# --- sources -----------------------------------------------------------------------------------------------------


class GoogleFetcher:
    """One Google API as the settings have it: where it is, who asks, and its open channels."""

    def __init__(self, settings: Settings, api: Api, client_class: Any, host: str) -> None:
        self._settings = settings
        self._api = api
        self._host = host
        self._lines = Lines(client_class, api.largest_answer)
        self._access = Access()

    @contextlib.asynccontextmanager
    async def session(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncIterator[Session]:
        """Open what one scope of one fetch needs. Raises `FetchError`."""
        gcp = self._settings.gcp
        if not gcp.project:
            raise Rejected("no Google Cloud project: set gcp.project")
        endpoint = endpoint_of(getattr(gcp.endpoints, self._api.table), self._host.format(scope=scope), self._api.table)
        timeout_s = fetch.soft_deadline_s * CALL_SHARE
        headers, account = await self._authorize(scope, calls, timeout_s) if endpoint.tls else ((), None)
        async with self._lines.client(endpoint) as client:
            who = account or gcp.account
            session = Session(self._api, client, gcp.project, scope, calls, timeout_s, headers, who)
            try:
                yield session
            except NotAuthenticated:
                self._access.forget()
                raise

    async def _authorize(self, scope: str, calls: Calls, timeout_s: float) -> tuple[Headers, str | None]:
        grant = self._access.held()
        if grant is None:
            with calls.open(CALL, scope):
                grant = await self._access.grant(timeout_s, f"{CALL} {scope}")
        return grant.headers, grant.account

    def stuck(self) -> bool:
        """Whether a thread hangs in `google.auth`."""
        return self._access.stuck()

    async def close(self) -> None:
        """Close the channels."""
        await self._lines.close()
