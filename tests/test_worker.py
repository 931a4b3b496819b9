"""The worker's part: whatever a fetcher does, each scope's end is on the wire by the soft deadline."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from fetchers.base import Calls
from fetchers.errors import BadAnswer, FetchError, NotAllowed, Rejected, Throttled, Unreachable
from fetchers.messages import (
    CallEnded,
    CallStarted,
    Event,
    Fetch,
    FetchEnded,
    Message,
    Note,
    Page,
    ScopeComplete,
    ScopeFailed,
    ScopeStarted,
    from_worker,
)
from fetchers.records import Record
from fetchers.worker import RECORDS_A_FRAME, SCOPES_AT_ONCE, Outbox, Worker
from tests.support.records import record

Source = Callable[[Fetch, str, Calls], AsyncGenerator[Sequence[Record]]]


class ScriptedFetcher:
    """A fetcher whose scopes do what a test says."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.hangs = False

    def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        return self.source(fetch, scope, calls)

    def stuck(self) -> bool:
        return self.hangs


class Wire:
    """The engine's end of a worker's socket."""

    def __init__(self) -> None:
        self._engine, worker = socket.socketpair()
        self._engine.setblocking(False)
        self.outbox = Outbox(worker)
        self._worker = worker
        self._frames = from_worker()

    async def until_the_end(self) -> list[Message]:
        """Every message up to the fetch's end; five seconds are more than any test takes."""
        heard: list[Message] = []
        async with asyncio.timeout(5):
            while not any(isinstance(message, FetchEnded) for message in heard):
                heard += self._frames.feed(await asyncio.get_running_loop().sock_recv(self._engine, 1 << 20))
        return heard

    def close(self) -> None:
        self._engine.close()
        self._worker.close()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A socket pair."""
    made = Wire()
    yield made
    made.close()


async def run(wire: Wire, source: Source, scopes: Sequence[str] = ("a",), soft_deadline_s: float = 0.2) -> Any:
    """All that a worker says during one fetch."""
    fetch = Fetch(table="runner", generation=1, scopes=tuple(scopes), soft_deadline_s=soft_deadline_s)
    Worker(ScriptedFetcher(source), wire.outbox).start(fetch)
    return await wire.until_the_end()


def failures(heard: Sequence[Message]) -> dict[str, tuple[str, str]]:
    """Scope → kind and text of its failure."""
    found = [message for message in heard if isinstance(message, ScopeFailed)]
    return {message.scope: (message.failure.kind, message.failure.text) for message in found}


async def test_pages_leave_as_they_come_and_the_scope_completes(wire: Wire) -> None:
    """A page is on the wire before the next is asked for."""
    first_is_out = asyncio.Event()

    async def source(_fetch: Fetch, scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        yield [record("1", scope=scope)]
        await first_is_out.wait()
        yield [record("2", scope=scope)]

    fetch = Fetch(table="runner", generation=1, scopes=("a",), soft_deadline_s=2)
    Worker(ScriptedFetcher(source), wire.outbox).start(fetch)
    loop, frames, heard = asyncio.get_running_loop(), from_worker(), list[Message]()
    async with asyncio.timeout(5):
        while not any(isinstance(message, Page) for message in heard):
            heard += frames.feed(await loop.sock_recv(wire._engine, 1 << 20))
    first_is_out.set()
    rest = await wire.until_the_end()
    assert [type(message) for message in rest] == [Page, ScopeComplete, FetchEnded]


async def test_a_scope_that_hangs_fails_at_the_soft_deadline_and_the_others_complete(wire: Wire) -> None:
    """The error names the call that was open; what the scope gave before stays given."""

    async def source(_fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        yield [record(scope, scope=scope)]
        if scope == "hangs":
            with calls.open("ListExecutions", scope, 2):
                await asyncio.Event().wait()

    heard = await run(wire, source, ["hangs", "answers"])
    assert failures(heard) == {"hangs": ("timeout", "ListExecutions hangs page 2: no answer in 0.2 s")}
    assert [message.scope for message in heard if isinstance(message, ScopeComplete)] == ["answers"]
    assert {message.scope for message in heard if isinstance(message, Page)} == {"hangs", "answers"}


async def test_a_call_that_is_given_up_is_ended_on_the_wire(wire: Wire) -> None:
    """Every call that begins ends, so that the log of calls is whole."""

    async def source(_fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        with calls.open("ListExecutions", scope):
            await asyncio.Event().wait()
        yield []

    heard = await run(wire, source)
    begun = [message.id for message in heard if isinstance(message, CallStarted)]
    assert begun == [message.id for message in heard if isinstance(message, CallEnded)]


async def test_an_error_of_the_tree_is_told_as_it_is(wire: Wire) -> None:
    """A fetcher's own words reach the screen unchanged."""

    async def source(_fetch: Fetch, _scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        raise NotAllowed("ListExecutions a page 1: PERMISSION_DENIED; needs roles/run.viewer on acme-ml")
        yield []

    assert failures(await run(wire, source)) == {
        "a": ("permission", "ListExecutions a page 1: PERMISSION_DENIED; needs roles/run.viewer on acme-ml")
    }


async def test_any_other_error_fails_its_scope_alone_and_its_traceback_goes_to_the_log(wire: Wire) -> None:
    """A bug in one scope costs one scope."""

    async def source(_fetch: Fetch, scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        if scope == "bug":
            raise ZeroDivisionError("by zero")
        yield [record(scope, scope=scope)]

    heard = await run(wire, source, ["bug", "fine"])
    assert failures(heard) == {
        "bug": ("error", "runner bug: ZeroDivisionError: by zero; its traceback is in monitor.log")
    }
    assert any(isinstance(message, Note) and "Traceback" in message.text for message in heard)
    assert [message.scope for message in heard if isinstance(message, ScopeComplete)] == ["fine"]


async def test_scopes_are_asked_together_but_not_all_at_once(wire: Wire) -> None:
    """Forty regions are asked sixteen at a time."""
    inside = most = 0

    async def source(_fetch: Fetch, _scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        inside -= 1
        yield []

    heard = await run(wire, source, [f"region-{n}" for n in range(40)], soft_deadline_s=5)
    assert most == SCOPES_AT_ONCE
    assert len([message for message in heard if isinstance(message, ScopeComplete)]) == 40


async def test_a_huge_page_travels_in_several_frames(wire: Wire) -> None:
    """No page, however large, comes near the frame limit."""
    many = [record(str(n)) for n in range(2 * RECORDS_A_FRAME + 1)]

    async def source(_fetch: Fetch, _scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        yield many

    heard = await run(wire, source, soft_deadline_s=5)
    pages = [message for message in heard if isinstance(message, Page)]
    assert [len(page.records) for page in pages] == [RECORDS_A_FRAME, RECORDS_A_FRAME, 1]


async def test_a_fetcher_that_is_stuck_is_reported_with_the_end_of_the_fetch(wire: Wire) -> None:
    """The engine then replaces the worker."""

    async def source(_fetch: Fetch, _scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        yield []

    fetcher = ScriptedFetcher(source)
    fetcher.hangs = True
    fetch = Fetch(table="runner", generation=1, scopes=("a",), soft_deadline_s=1)
    Worker(fetcher, wire.outbox).start(fetch)
    assert (await wire.until_the_end())[-1] == FetchEnded(table="runner", generation=1, stuck=True)


async def test_every_event_carries_table_and_generation(wire: Wire) -> None:
    """The accumulator needs nothing but the frame itself."""

    async def source(_fetch: Fetch, scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        yield [record(scope, scope=scope)]

    events = [message for message in await run(wire, source) if isinstance(message, Event)]
    assert {(event.table, event.generation, event.scope) for event in events} == {("runner", 1, "a")}


# --- a second try --------------------------------------------------------------------------------------------------


def failing(
    times: int, error: FetchError, then: Callable[[], Awaitable[object]] | None = None
) -> tuple[Source, list[str]]:
    """A scope that gives one row and fails so many times before it completes; and the list of its attempts."""
    attempts: list[str] = []

    async def source(_fetch: Fetch, scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        attempts.append(scope)
        yield [record(f"try{len(attempts)}", scope=scope)]
        if len(attempts) <= times:
            raise error
        if then is not None:
            await then()

    return source, attempts


async def test_a_failure_that_may_be_over_is_tried_once_more(wire: Wire) -> None:
    """One blip of a service costs half a second and no error; what the first try gave counts."""
    source, attempts = failing(1, Unreachable("UNAVAILABLE"))
    heard = await run(wire, source, soft_deadline_s=5)
    assert len(attempts) == 2
    assert failures(heard) == {}
    assert [type(message) for message in heard] == [ScopeStarted, Page, Page, ScopeComplete, FetchEnded]


async def test_a_failure_that_stays_is_told_after_the_second_try(wire: Wire) -> None:
    """Two tries, never three."""
    source, attempts = failing(9, Unreachable("UNAVAILABLE"))
    heard = await run(wire, source, soft_deadline_s=5)
    assert len(attempts) == 2
    assert failures(heard) == {"a": ("unreachable", "UNAVAILABLE")}


@pytest.mark.parametrize("error", [NotAllowed("403"), Throttled("429"), BadAnswer("html"), Rejected("400")], ids=str)
async def test_what_a_second_try_cannot_mend_is_told_at_once(wire: Wire, error: FetchError) -> None:
    """No permission comes from asking twice, and a service that is asked too much is not asked more."""
    source, attempts = failing(9, error)
    heard = await run(wire, source, soft_deadline_s=5)
    assert len(attempts) == 1
    assert failures(heard)["a"][1] == str(error)


async def test_a_service_that_says_when_to_come_back_is_believed(wire: Wire) -> None:
    """Where there is time for it; the wait is the service's, not ours."""
    source, attempts = failing(1, Throttled("429", retry_after_s=0.05))
    heard = await run(wire, source, soft_deadline_s=5)
    assert len(attempts) == 2
    assert failures(heard) == {}


async def test_without_time_for_it_there_is_no_second_try(wire: Wire) -> None:
    """The deadline is the fetch's, whatever happens in it."""
    source, attempts = failing(1, Throttled("429", retry_after_s=60))
    heard = await run(wire, source, soft_deadline_s=0.5)
    assert len(attempts) == 1
    assert failures(heard) == {"a": ("throttled", "429")}


async def test_a_second_try_that_hangs_ends_at_the_deadline_with_the_first_ones_cause(wire: Wire) -> None:
    """What went wrong is not hidden behind `no answer`."""
    source, attempts = failing(1, Throttled("429 too many", retry_after_s=0.01), asyncio.Event().wait)
    heard = await run(wire, source, soft_deadline_s=0.3)
    assert len(attempts) == 2
    assert failures(heard) == {"a": ("throttled", "429 too many; asked again: no answer in 0.3 s")}
