"""A W&B server on 127.0.0.1 for the real SDK: GraphQL over HTTP/1.1 with keep-alive, and faults to order.

emulator = WandbEmulator(default_world(now))
await emulator.start()
emulator.set_fault("Runs", Fault.HANG)      # or "*" for every operation
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.emulators import wandb_printed
from tests.emulators.wandb_graphql import GraphQLError, execute, parse
from tests.emulators.wandb_world import World, default_world

DOWNLOAD = "Download"
"""Stands for the download of a file of a run, where an operation is named."""
EVERY = "*"
"""Stands for every operation."""


class Fault(enum.StrEnum):
    """What can go wrong with an answer."""

    HANG = "hang"
    """Nothing is ever answered; the connection stays open."""
    STALL = "stall"
    """The head of the answer comes, its body never does."""
    DRIP = "drip"
    """One byte of the body every tenth of a second."""
    RESET = "reset"
    """The connection is reset instead of an answer."""
    UNAUTHENTICATED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    THROTTLED = "429"
    """With `Retry-After`, see `retry_after_s`."""
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    HTML = "html"
    """A proxy's page, with status 200."""
    GARBAGE = "garbage"
    """Bytes that are no HTTP."""
    TRUNCATED = "truncated"
    """JSON that ends in the middle, with the length it really has."""
    GRAPHQL_ERROR = "graphql-error"
    """An answer of status 200 that holds errors and no data."""
    PERMISSION = "permission"
    """An answer of status 200 whose error is `permission denied`."""


_STATUS = {
    Fault.UNAUTHENTICATED: (401, "user is not logged in"),
    Fault.FORBIDDEN: (403, "permission denied"),
    Fault.NOT_FOUND: (404, "not found"),
    Fault.THROTTLED: (429, "rate limit exceeded"),
    Fault.SERVER_ERROR: (500, "internal server error"),
    Fault.UNAVAILABLE: (503, "upstream connect error"),
}
_HTML = b"<!doctype html><html><head><title>Sign in</title></head><body>Corporate proxy</body></html>"
_DRIP_S = 0.1
_MAX_BODY = 16 * 1024 * 1024


@dataclass
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class _Answer:
    status: int = 200
    body: bytes = b"{}"
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def head(self) -> bytes:
        fields = (("Content-Type", self.kind), ("Content-Length", str(len(self.body))), *self.headers)
        lines = [f"HTTP/1.1 {self.status} Status", *(f"{name}: {value}" for name, value in fields), "", ""]
        return "\r\n".join(lines).encode()


def _json(status: int, content: Any, *headers: tuple[str, str]) -> _Answer:
    return _Answer(status, json.dumps(content).encode(), headers=headers)


class WandbEmulator:
    """One server and the world it tells of."""

    name = "wandb"
    faults = tuple(fault.value for fault in Fault)
    """The names that `set_fault` takes."""

    def __init__(self, world: World | None = None, *, api_key: str | None = None) -> None:
        self.world = world or default_world(datetime.now(UTC))
        self.api_key = api_key
        """The only key that is accepted; null accepts any."""
        self.url = ""
        """Base URL, once started."""
        self.requests: list[tuple[str, dict[str, Any]]] = []
        """Every operation asked and its variables, in order."""
        self.retry_after_s = 7
        """What a throttled client is told to wait, seconds."""
        self.ranges = True
        """Whether a part of a file can be had; else all of it is sent."""
        self._faults: dict[str, Fault] = {}
        self._latency: dict[str, float] = {}
        self._counts: Counter[str] = Counter()
        self._asked = asyncio.Condition()
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        """Listen on an ephemeral port of 127.0.0.1, or on `port`."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close every connection, also those that a fault holds."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    # --- what tests turn -----------------------------------------------------------------------------------------

    def set_fault(self, operation: str, mode: str | None) -> None:
        """Answer `operation` (or `*`: every one) with this fault from now on; null: properly again."""
        if mode is None:
            self._faults.pop(operation, None)
        else:
            self._faults[operation] = Fault(mode)

    def set_latency(self, operation: str, seconds: float) -> None:
        """Wait so long before answering `operation` (or `*`)."""
        self._latency[operation] = seconds

    def counts(self) -> dict[str, int]:
        """How often each operation was asked."""
        return dict(self._counts)

    async def asked(self, operation: str, times: int = 1) -> None:
        """Return once `operation` has been asked that often."""
        async with self._asked:
            await self._asked.wait_for(lambda: self._counts[operation] >= times)

    # --- HTTP ----------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while (request := await _read(reader)) is not None:
                await self._serve(request, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError):
            pass
        except asyncio.CancelledError:
            pass  # `stop`: the streams of this Python would report it as an error of theirs
        finally:
            self._open.discard(task)
            with contextlib.suppress(OSError):
                writer.close()

    async def _serve(self, request: _Request, writer: asyncio.StreamWriter) -> None:
        path = request.path.partition("?")[0]
        if path.startswith(("/files/", "/bucket/")):
            await self._answered(DOWNLOAD, {"path": request.path, **request.headers}, self._file(path, request), writer)
            return
        if path != "/graphql":
            await _send(writer, _json(200, {}))
            return
        try:
            asked = json.loads(request.body)
            operation = str(asked.get("operationName") or parse(asked["query"]).name)
        except (ValueError, KeyError, GraphQLError) as error:
            await _send(writer, _json(400, {"errors": [{"message": str(error)}]}))
            return
        answer = self._answer(asked, request.headers.get("authorization"))
        await self._answered(operation, asked.get("variables") or {}, answer, writer)

    async def _answered(
        self, operation: str, variables: dict[str, Any], answer: _Answer, writer: asyncio.StreamWriter
    ) -> None:
        """Note an operation, and answer it in its time and as its fault will have it."""
        await self._note(operation, variables)
        await asyncio.sleep(self._latency.get(operation, self._latency.get(EVERY, 0)))
        fault = self._faults.get(operation, self._faults.get(EVERY))
        await (_FAULTY.get(fault, _send) if fault else _send)(writer, _spoiled(answer, fault, self.retry_after_s))

    def _file(self, path: str, request: _Request) -> _Answer:
        """A file of a run: below `/files` for who has the key, in `/bucket` for who has the address."""
        kind, entity, project, run, name = [*path.strip("/").split("/"), "", "", "", ""][:5]
        if kind == "files" and not self._accepts(request.headers.get("authorization")):
            return _json(401, {"errors": [{"message": "user is not logged in"}]})
        found = self.world.run(entity, project, run)
        if found is None or not found.printed.file or name != wandb_printed.OUTPUT:
            return _json(404, {"errors": [{"message": "not found"}]})
        headers = request.headers if self.ranges else {}
        status, body, fields = wandb_printed.part(found.printed.text.encode(), headers)
        return _Answer(status, body, "text/plain", fields)

    async def _note(self, operation: str, variables: dict[str, Any]) -> None:
        async with self._asked:
            self._counts[operation] += 1
            self.requests.append((operation, variables))
            self._asked.notify_all()

    def _answer(self, asked: dict[str, Any], authorization: str | None) -> _Answer:
        if not self._accepts(authorization):
            return _json(401, {"errors": [{"message": "user is not logged in"}]})
        try:
            data = execute(parse(asked["query"]), asked.get("variables") or {}, self.world.root(self.url))
        except GraphQLError as error:
            return _json(200, {"errors": [{"message": str(error)}], "data": None})
        return _json(200, {"data": data})

    def _accepts(self, authorization: str | None) -> bool:
        if authorization is None:
            return False
        return self.api_key is None or authorization == "Basic " + _basic(self.api_key)


def _basic(key: str) -> str:
    import base64  # noqa: PLC0415 - only where a key is checked

    return base64.b64encode(f"api:{key}".encode()).decode()


async def _read(reader: asyncio.StreamReader) -> _Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    fields = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    size = int(headers.get("content-length", "0"))
    if size > _MAX_BODY:
        raise ValueError(f"a request of {size} bytes")
    return _Request(method, path, headers, await reader.readexactly(size))


async def _send(writer: asyncio.StreamWriter, answer: _Answer) -> None:
    writer.write(answer.head() + answer.body)
    await writer.drain()


# --- faults ------------------------------------------------------------------------------------------------------


def _spoiled(answer: _Answer, fault: Fault | None, retry_after_s: int) -> _Answer:
    """What is sent instead of the answer."""
    if fault in _STATUS:
        status, text = _STATUS[fault]
        headers = (("Retry-After", str(retry_after_s)),) if fault is Fault.THROTTLED else ()
        return _json(status, {"errors": [{"message": text}]}, *headers)
    if fault is Fault.TRUNCATED:
        return _Answer(answer.status, answer.body[: len(answer.body) // 2], answer.kind)
    return _INSTEAD.get(fault, answer) if fault else answer


_INSTEAD = {
    Fault.HTML: _Answer(200, _HTML, "text/html"),
    Fault.GRAPHQL_ERROR: _json(200, {"errors": [{"message": "column does not exist"}], "data": None}),
    Fault.PERMISSION: _json(200, {"errors": [{"message": "permission denied"}], "data": {"project": None}}),
}


async def _hang(_: asyncio.StreamWriter, __: _Answer) -> None:
    await asyncio.Event().wait()


async def _stall(writer: asyncio.StreamWriter, answer: _Answer) -> None:
    writer.write(answer.head())
    await writer.drain()
    await asyncio.Event().wait()


async def _drip(writer: asyncio.StreamWriter, answer: _Answer) -> None:
    writer.write(answer.head())
    for byte in answer.body:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(_DRIP_S)


async def _garbage(writer: asyncio.StreamWriter, _: _Answer) -> None:
    writer.write(bytes(range(256)) * 16)
    await writer.drain()
    writer.transport.abort()
    raise ConnectionResetError


async def _reset(writer: asyncio.StreamWriter, _: _Answer) -> None:
    writer.transport.abort()
    raise ConnectionResetError


_FAULTY: dict[Fault, Callable[[asyncio.StreamWriter, _Answer], Awaitable[None]]] = {
    Fault.HANG: _hang,
    Fault.STALL: _stall,
    Fault.DRIP: _drip,
    Fault.RESET: _reset,
    Fault.GARBAGE: _garbage,
}
