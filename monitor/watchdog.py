"""Keeps one worker per source alive and sees that every fetch ends.

Whatever a worker does, each scope of each fetch ends in `ScopeComplete` or `ScopeFailed` no later than its hard
deadline: the worker's own (soft) deadline plus half a second. At the hard one the evidence is secured (all stacks,
the last API call that began and did not end), the worker and everything below it is killed, and a new one started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from fetchers.base import describe_call
from fetchers.errors import Failure, FrameError, NoAnswer, WorkerDied
from fetchers.lifeline import STACKS_SIGNAL
from fetchers.messages import (
    CallEnded,
    CallStarted,
    Configure,
    Event,
    Fetch,
    FetchEnded,
    FromWorker,
    Note,
    Ready,
    ScopeComplete,
    ScopeFailed,
    from_worker,
    pack,
)
from fetchers.settings import Settings
from monitor.clock import Clock, Timer
from monitor.launch import Child, Launch

HARD_AFTER_SOFT_S = 0.5
"""Seconds a worker has, after its own deadline, to say so."""

EVIDENCE_S = 0.1
"""Seconds a condemned worker has to write its stacks."""

READY_S = 60.0
"""Seconds a worker may take to import its SDK; 14 s is the slowest measured, without byte code."""

READY_TIMES = 4.0
"""Times what the last worker of this source took, which is what the next one may take."""

READY_LEAST_S = 10.0
"""Seconds it may take however quick the last one was."""

AUTOPSY_S = 0.05
"""Seconds after a worker's socket closed until its last words and its status are read."""

PAUSED_S = 1.0
"""A deadline noticed this many seconds late was missed by us, not by the worker: the program had been stopped."""

RESPAWN_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each new start in a row; a fetch that ends well sets it back to the first."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One fetch, from the first frame to the last, for the schedule and the session log."""

    fetch: Fetch
    outcomes: dict[str, Failure | None]
    """Scope → its failure; null where it answered in full."""
    took_s: float
    """Seconds since it was sent; 0 where no worker ever became ready for it."""
    kills: int
    """Workers killed to end it."""


@dataclass(frozen=True)
class Hearing:
    """Who is told what comes out of the workers; called in the engine's loop, in order."""

    event: Callable[[Event], None]
    ended: Callable[[Ended], None]
    called: Callable[[str], None]
    """An API call of this table begins."""
    call: Callable[[CallStarted, CallEnded | None, str | None], None]
    """An API call, its end, and what became of it where its end was never heard."""
    note: Callable[[str, str, str], None]
    """Source, level, text."""


@dataclass
class _Flight:
    fetch: Fetch
    sent: float | None = None
    """Monotonic seconds when it went to a worker that was ready."""
    timer: Timer | None = None
    outcomes: dict[str, Failure | None] = field(default_factory=dict)

    @property
    def open_scopes(self) -> list[str]:
        return [scope for scope in self.fetch.scopes if scope not in self.outcomes]


class Watchdog:
    """One worker and the fetches that are in it."""

    def __init__(self, source: str, settings: Settings, launch: Launch, clock: Clock, hearing: Hearing) -> None:
        self._source = source
        self._configure = Configure(source=source, settings=settings)
        self._launch = launch
        self._clock = clock
        self._hearing = hearing
        self._child: Child | None = None
        self._life = 0
        """Number of the present worker; callbacks of an earlier one do nothing."""
        self._frames = from_worker()
        self._ready = False
        self._ready_s = READY_S
        """Seconds that the next worker may take to become ready."""
        self._flights: dict[str, _Flight] = {}
        self._calls: dict[int, CallStarted] = {}
        self._timer: Timer | None = None
        """Start-up limit, or the time of the next start."""
        self._starting: asyncio.Task[None] | None = None
        self._deaths = 0
        self._stuck = False
        self._last_words = ""
        self._closed = False

    # --- what the engine asks ------------------------------------------------------------------------------------

    def fetch(self, fetch: Fetch) -> None:
        """Run a fetch; one at a time per table. A worker is started where there is none."""
        flight = self._flights[fetch.table] = _Flight(fetch)
        if self._ready:
            self._send(flight)
        elif self._child is None and self._starting is None and self._timer is None:
            self._start()

    def busy(self, table: str) -> bool:
        """Whether a fetch of `table` has not ended yet."""
        return table in self._flights

    def give_up(self, why: str) -> None:
        """Fail whatever is still open and end the worker: for who has to answer now."""
        words = why if self._ready else f"its client was still loading; {why}"
        self._condemn(lambda fetch, scope: f"{self._where(fetch, scope)}: {words}")

    def close(self) -> None:
        """End the worker; nothing is heard of it afterwards."""
        self._closed = True
        self._life += 1
        for flight in self._flights.values():
            _cancel(flight.timer)
        _cancel(self._timer)
        if self._starting is not None:
            self._starting.cancel()
        self._bury()

    # --- a worker's life -----------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._timer = None
        self._life += 1
        self._frames = from_worker()
        self._starting = asyncio.create_task(self._bring_up(self._life))

    async def _bring_up(self, life: int) -> None:
        try:
            child = await self._launch(self._source, lambda data: self._heard(life, data), lambda: self._gone(life))
            if life != self._life:  # given up, or closed, while it was being started
                child.kill()
                return
            self._child = child
            child.write(pack(self._configure))
        except Exception as error:  # noqa: BLE001 - the root of a task: whatever it is, the fetches must hear of it
            if life == self._life:
                self._starting = None
                self._died(f"it could not be started: {error}")
            return
        self._starting = None
        self._timer = _Judgement(self._clock, self._clock.monotonic() + self._ready_s, self._never_ready)

    def _never_ready(self) -> None:
        self._condemn(lambda fetch, scope: f"{fetch.table} {scope}: worker not ready in {self._ready_s:g} s; killed")

    def _heard(self, life: int, data: bytes) -> None:
        if life != self._life:
            return
        try:
            for message in self._frames.feed(data):
                self._message(message)
                if life != self._life:
                    return
        except FrameError as error:
            self._died(str(error))

    def _gone(self, life: int) -> None:
        """Take note that the worker has left; what it said last is still on its way."""
        if life == self._life:
            self._ready = False
            _cancel(self._timer)
            self._timer = self._clock.call_at(self._clock.monotonic() + AUTOPSY_S, lambda: self._autopsy(life))

    def _autopsy(self, life: int) -> None:
        if life == self._life and self._child is not None:
            status, last = self._child.status(), self._last_words or _last_line(self._child.output())
            self._died(f"{status}: {last}" if last else status)

    def _died(self, how: str) -> None:
        if self._child is not None:
            self._hearing.note(self._source, "error", f"worker {self._source} ended ({how})\n{self._child.output()}")
        self._bury()
        self._lost(how)

    def _bury(self) -> None:
        self._life += 1
        _cancel(self._timer)
        self._timer = None
        self._ready = self._stuck = False
        child, self._child = self._child, None
        if child is not None:
            try:
                child.kill()
            except Exception as error:  # noqa: BLE001 - one that cannot be buried must not keep the next from starting
                self._hearing.note(self._source, "error", f"worker {self._source} could not be cleared up: {error}")

    def _lost(self, how: str) -> None:
        self._end_all(lambda fetch, scope: f"{self._where(fetch, scope)}: worker ended ({how})")
        self._respawn()

    def _respawn(self) -> None:
        """Start the next worker after a pause that grows while they die without ever answering."""
        self._last_words = ""
        for call in self._calls.values():
            self._hearing.call(call, None, "its worker is gone")
        self._calls.clear()
        if self._closed:
            return
        pause = RESPAWN_S[min(self._deaths, len(RESPAWN_S) - 1)]
        self._deaths += 1
        self._timer = self._clock.call_at(self._clock.monotonic() + pause, self._start)

    # --- what it says --------------------------------------------------------------------------------------------

    def _message(self, message: FromWorker) -> None:
        match message:
            case Ready():
                self._become_ready(message)
            case FetchEnded():
                self._fetch_ended(message)
            case CallStarted():
                self._calls[message.id] = message
                self._hearing.called(message.table)
            case CallEnded():
                self._call_ended(message)
            case Note():
                self._last_words = message.text if message.level == "fatal" else self._last_words
                self._hearing.note(self._source, message.level, message.text)
            case _:
                self._event(message)

    def _become_ready(self, message: Ready) -> None:
        _cancel(self._timer)
        self._timer = None
        self._ready = True
        self._ready_s = max(READY_LEAST_S, READY_TIMES * message.import_s)
        self._hearing.note(self._source, "info", f"worker {self._source} ready, imports took {message.import_s:.2f} s")
        for flight in self._flights.values():
            self._send(flight)

    def _send(self, flight: _Flight) -> None:
        flight.sent = self._clock.monotonic()
        self._await(flight, flight.sent + flight.fetch.soft_deadline_s + HARD_AFTER_SOFT_S)
        if self._child is not None:
            self._child.write(pack(flight.fetch))

    def _event(self, event: Event) -> None:
        flight = self._flights.get(event.table)
        if flight is None or flight.fetch.generation != event.generation or event.scope not in flight.open_scopes:
            return
        if isinstance(event, ScopeComplete):
            flight.outcomes[event.scope] = None
        elif isinstance(event, ScopeFailed):
            flight.outcomes[event.scope] = event.failure
        self._hearing.event(event)

    def _call_ended(self, message: CallEnded) -> None:
        begun = self._calls.pop(message.id, None)
        if begun is not None:
            self._hearing.call(begun, message, None)

    def _fetch_ended(self, message: FetchEnded) -> None:
        flight = self._flights.get(message.table)
        if flight is None or flight.fetch.generation != message.generation:
            return
        self._stuck = self._stuck or message.stuck
        if None in flight.outcomes.values():
            self._deaths = 0
        self._end(flight, lambda fetch, scope: f"{fetch.table} {scope}: not answered by its worker")
        if self._stuck and not self._flights:
            self._hearing.note(self._source, "warning", f"worker {self._source} replaced: a call does not return")
            self._bury()
            self._respawn()

    # --- deadlines -----------------------------------------------------------------------------------------------

    def _await(self, flight: _Flight, hard_deadline: float) -> None:
        flight.timer = _Judgement(self._clock, hard_deadline, lambda: self._overdue(flight))

    def _overdue(self, flight: _Flight) -> None:
        """Ask for the evidence, and kill when it has had its time; frames that arrive meanwhile still count."""
        if self._child is not None:
            self._child.signal(STACKS_SIGNAL)
        when = self._clock.monotonic() + EVIDENCE_S
        flight.timer = _Judgement(self._clock, when, lambda: self._execute(flight.fetch))

    def _execute(self, culprit: Fetch) -> None:
        waited = f"no answer in {culprit.soft_deadline_s:g} s; worker killed"

        def why(fetch: Fetch, scope: str) -> str:
            if fetch is culprit:
                return f"{self._where(fetch, scope)}: {waited}"
            return f"{fetch.table} {scope}: worker killed, because {culprit.table} had hung in it"

        self._condemn(why)

    def _condemn(self, why: _Why) -> None:
        """Kill the worker; every scope still open fails with what `why` says of it."""
        if self._child is not None:
            self._hearing.note(self._source, "error", f"worker {self._source} killed\n{self._child.output()}")
        kills = int(self._child is not None)
        self._bury()
        self._end_all(why, kills)
        self._respawn()

    def _where(self, fetch: Fetch, scope: str) -> str:
        """Name the last API call of the scope that began and did not end, else the scope."""
        for call in reversed(self._calls.values()):
            if (call.table, call.scope) == (fetch.table, scope):
                return describe_call(call.method, call.scope, call.page)
        return f"{fetch.table} {scope}"

    def _end_all(self, why: _Why, kills: int = 0) -> None:
        for flight in list(self._flights.values()):
            self._end(flight, why, kills)

    def _end(self, flight: _Flight, why: _Why, kills: int = 0) -> None:
        """End a fetch: whatever scope is still open fails."""
        _cancel(flight.timer)
        fetch = flight.fetch
        del self._flights[fetch.table]
        for scope in flight.open_scopes:
            error = NoAnswer(why(fetch, scope)) if kills else WorkerDied(why(fetch, scope))
            self._fail(flight, scope, Failure.of(error))
        took = 0.0 if flight.sent is None else self._clock.monotonic() - flight.sent
        self._hearing.ended(Ended(fetch=fetch, outcomes=flight.outcomes, took_s=took, kills=kills))

    def _fail(self, flight: _Flight, scope: str, failure: Failure) -> None:
        fetch = flight.fetch
        flight.outcomes[scope] = failure
        self._hearing.event(
            ScopeFailed(
                table=fetch.table, generation=fetch.generation, scope=scope, at=self._clock.now(), failure=failure
            )
        )


class _Judgement:
    """A deadline; noticed much too late, the whole program had been stopped, and it is given a little longer.

    In that time what has arrived meanwhile is read, and the worker, stopped likewise, can say more.
    """

    def __init__(self, clock: Clock, when: float, judge: Callable[[], None]) -> None:
        self._clock, self._when, self._judge = clock, when, judge
        self._timer = clock.call_at(when, self._look)

    def _look(self) -> None:
        now = self._clock.monotonic()
        if now - self._when > PAUSED_S:
            self._timer = self._clock.call_at(now + HARD_AFTER_SOFT_S, self._judge)
        else:
            self._judge()

    def cancel(self) -> None:
        self._timer.cancel()


_Why = Callable[[Fetch, str], str]
"""Says of a fetch and a scope why it did not answer."""


def _cancel(timer: Timer | None) -> None:
    if timer is not None:
        timer.cancel()


def _last_line(output: str) -> str:
    lines = output.split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
