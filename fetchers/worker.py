"""Main of a worker process: imports one source's SDK, then runs its fetches until the engine is gone.

Started as `python -P -m fetchers.worker SOURCE FD PARENT_PID`. It must never outlive its engine, never write to a
terminal, and never let one scope hold up another: whatever a scope does, its end is on the wire by the soft deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import random
import socket
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from fetchers import lifeline
from fetchers.base import Calls, Fetcher, LogText, Yielded
from fetchers.errors import Failure, FetchError, FrameError, NoAnswer
from fetchers.messages import (
    Configure,
    Event,
    Extracted,
    Fetch,
    FetchEnded,
    LogPage,
    Message,
    Note,
    Outcome,
    Page,
    Ready,
    ScopeComplete,
    ScopeFailed,
    ScopeStarted,
    ToWorker,
    pack,
    to_worker,
)
from fetchers.records import Record
from fetchers.redact import redact, redacted

SOURCES = {
    "builds": "fetchers.builds:BuildsFetcher",
    "runner": "fetchers.runner:RunnerFetcher",
    "vertex": "fetchers.vertex:VertexFetcher",
    "wandb": "fetchers.runs:RunsFetcher",
    "logs": "fetchers.log_extraction:LogsFetcher",
}
"""Source → the class that fetches it; the module imports the SDK."""

DEMO = "fetchers.demo:DemoFetcher"
"""Stands in for every source in the demo."""

SCOPES_AT_ONCE = 16
"""Scopes asked at the same time; 16 in flight answered 18 regions as fast as more did."""

RECORDS_A_FRAME = 500
"""Records of one page that travel together, so that no frame comes near the limit."""

PAUSED_S = 1.0
"""A deadline that was noticed so many seconds late: the program had been stopped meanwhile."""

RETRY_S = (0.4, 0.6)
"""Seconds, from and to, after which a scope whose failure may be over is asked once more, within its deadline."""

_READ = 256 * 1024


class Outbox:
    """Puts frames on the socket, whole and in order, from any thread; returns when the kernel has them."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send one frame. An engine that is gone ends the process."""
        frame = pack(message)
        with self._lock:
            try:
                self._wire.sendall(frame)
            except OSError:
                os._exit(0)


class Worker:
    """The fetches of one source."""

    def __init__(self, fetcher: Fetcher, outbox: Outbox) -> None:
        self._fetcher = fetcher
        self._outbox = outbox
        self._gate = asyncio.Semaphore(SCOPES_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()

    def start(self, fetch: Fetch) -> None:
        """Begin a fetch; returns at once."""
        task = asyncio.create_task(self._run(fetch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, fetch: Fetch) -> None:
        calls = Calls(fetch, self._outbox.send)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + fetch.soft_deadline_s
        await asyncio.gather(*(self._scope(fetch, scope, calls, deadline) for scope in fetch.scopes))
        stopped = loop.time() - deadline > PAUSED_S
        stuck = self._fetcher.stuck() and not stopped  # a call that was stopped with us may return yet
        self._outbox.send(FetchEnded(table=fetch.table, generation=fetch.generation, stuck=stuck))

    async def _scope(self, fetch: Fetch, scope: str, calls: Calls, deadline: float) -> None:
        def tell(kind: type[Event], **more: Any) -> None:
            self._outbox.send(kind(table=fetch.table, generation=fetch.generation, scope=scope, at=_now(), **more))

        async def read() -> None:
            async with contextlib.aclosing(self._fetcher.fetch(fetch, scope, calls)) as pages:
                async for part in pages:
                    for kind, content in _framed(part):
                        tell(kind, **content)

        first: list[FetchError] = []
        try:
            async with asyncio.timeout_at(deadline), self._gate:
                tell(ScopeStarted)
                await _with_a_second_try(read, deadline, first.append)
            tell(ScopeComplete)
        except Exception as error:  # noqa: BLE001 - the border: no scope's end may be lost
            failure = self._failure(error, fetch, scope, calls)
            if first and isinstance(error, TimeoutError):
                failure = _first_failure(first[0], fetch)
            tell(ScopeFailed, failure=failure)

    def _failure(self, error: Exception, fetch: Fetch, scope: str, calls: Calls) -> Failure:
        if isinstance(error, FetchError):
            return Failure.of(error)
        what = calls.last(scope) or f"{fetch.table} {scope}"
        if isinstance(error, TimeoutError):
            return Failure.of(NoAnswer(f"{what}: no answer in {fetch.soft_deadline_s:g} s"))
        self._outbox.send(Note(level="error", text="".join(traceback.format_exception(error))))
        return Failure.of(FetchError(f"{what}: {type(error).__name__}: {error}; its traceback is in monitor.log"))


def _framed(part: Yielded) -> Iterator[tuple[type[Event], dict[str, Any]]]:
    """Yield the events that carry what a fetcher has given, in pieces that fit into a frame."""
    if isinstance(part, LogText):
        yield LogPage, {"entries": part.entries, "token": part.token}
        return
    for start in range(0, len(part), RECORDS_A_FRAME):
        piece = part[start : start + RECORDS_A_FRAME]
        outcomes = tuple(item for item in piece if isinstance(item, Outcome))
        if outcomes:
            yield Extracted, {"outcomes": outcomes}
        else:
            yield Page, {"records": tuple(redacted(item) for item in piece if isinstance(item, Record))}


async def _with_a_second_try(
    read: Callable[[], Awaitable[None]], deadline: float, failed: Callable[[FetchError], None]
) -> None:
    """Read a scope, and once more where what went wrong may be over in a moment; `failed` is told of it."""
    try:
        await read()
    except FetchError as error:
        pause = _pause(error)
        if pause is None or pause > (deadline - asyncio.get_running_loop().time()) / 2:
            raise
        failed(error)
        await asyncio.sleep(pause)
        await read()


def _pause(error: FetchError) -> float | None:
    """Return the seconds until a second try: as the source says, else a short while; null where it is no use."""
    if error.retry_after_s is not None:
        return error.retry_after_s
    return random.uniform(*RETRY_S) if error.passing else None  # noqa: S311 - jitter needs no cryptography


def _first_failure(error: FetchError, fetch: Fetch) -> Failure:
    """What is said where the second try was still waiting at the deadline: the cause is in the first."""
    failure = Failure.of(error)
    return msgspec.structs.replace(
        failure, text=f"{failure.text}; asked again: no answer in {fetch.soft_deadline_s:g} s"
    )


def _now() -> datetime:
    return datetime.now(UTC)


def make_fetcher(configure: Configure) -> Fetcher:
    """Import the source's module, which imports its SDK, and make its fetcher."""
    module, name = (DEMO if configure.settings.demo else SOURCES[configure.source]).split(":")
    fetcher: Fetcher = getattr(importlib.import_module(module), name)(configure.settings)
    return fetcher


class Inbox:
    """Reads the engine's frames without ever blocking the loop, though the socket itself blocks for `Outbox`."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._frames = to_worker()

    def first(self) -> Configure:
        """Wait for the frame that says who we are. Raises `FrameError` for any other."""
        while data := self._wire.recv(_READ):
            for message in self._frames.feed(data):
                if isinstance(message, Configure):
                    return message
                raise FrameError(f"the first frame is {type(message).__name__}, not Configure")
        os._exit(0)

    def read(self) -> list[ToWorker]:
        """Return what has arrived; end the process where the engine is gone."""
        try:
            data = self._wire.recv(_READ, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            os._exit(0)
        return list(self._frames.feed(data))


async def serve(fetcher: Fetcher, inbox: Inbox, outbox: Outbox, wire: socket.socket) -> None:
    """Answer fetches until the engine closes the socket, which ends the process."""
    worker = Worker(fetcher, outbox)
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def readable() -> None:
        try:
            for message in inbox.read():
                if isinstance(message, Fetch):
                    worker.start(message)
        except FrameError as error:
            over.set_exception(error)

    asyncio.get_running_loop().add_reader(wire.fileno(), readable)
    await over


def main(source: str, fd: int, parent: int) -> None:
    """Run one worker on the socket `fd`."""
    os.set_inheritable(fd, False)
    lifeline.tie(parent)
    lifeline.answer_with_stacks()
    lifeline.bound_memory()
    wire = socket.socket(fileno=fd)
    outbox = Outbox(wire)
    try:
        inbox = Inbox(wire)
        configure = inbox.first()
        began = time.monotonic()

        async def live() -> None:
            fetcher = make_fetcher(configure)
            outbox.send(Ready(source=source, pid=os.getpid(), import_s=time.monotonic() - began))
            await serve(fetcher, inbox, outbox, wire)

        asyncio.run(live())
    except BaseException as error:  # noqa: BLE001 - the border: whatever ends a worker is said before it ends
        outbox.send(Note(level="fatal", text=redact(f"{type(error).__name__}: {error}")))
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
