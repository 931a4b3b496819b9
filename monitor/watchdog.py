"""Keeps one worker per source alive and sees that every fetch ends.

Whatever a worker does, each scope of each fetch ends in `ScopeComplete` or `ScopeFailed` no later than its hard
deadline: the worker's own (soft) deadline plus half a second. At the hard one the evidence is secured (all stacks,
the last API call that began and did not end), the worker and everything below it is killed, and a new one started.

A worker that dies with time left costs nothing: what it had not answered is asked once more, of the next one, within
the same deadline. Workers that keep dying are started ever more rarely (`monitor.breaker`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from fetchers.errors import Failure, NoAnswer, WorkerDied
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
)
from fetchers.settings import Settings
from monitor.breaker import Breaker
from monitor.clock import Clock, Timer
from monitor.flight import Ended, Flight
from monitor.judgement import Judgement
from monitor.launch import Launch
from monitor.life import Life, Witness
from monitor.open_calls import OpenCalls

EVIDENCE_S = 0.1
"""Seconds a condemned worker has to write its stacks."""

READY_S = 60.0
"""Seconds a worker may take to import its SDK; 14 s is the slowest measured, without byte code."""

READY_TIMES = 4.0
"""Times what the last worker of this source took, which is what the next one may take; never more than `READY_S`."""

READY_LEAST_S = 10.0
"""Seconds it may take however quick the last one was."""

LOADING = "its client is loading"
RESTARTING = "its worker starts again"


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
    waiting: Callable[[str, str | None], None]
    """Source, and what its fetches wait for before they can begin; null where its worker is ready."""


class Watchdog:
    """The workers of one source, one after another, and the fetches that are in them."""

    def __init__(self, source: str, settings: Settings, launch: Launch, clock: Clock, hearing: Hearing) -> None:
        self._source = source
        self._configure = Configure(source=source, settings=settings)
        self._launch = launch
        self._clock = clock
        self._hearing = hearing
        self._witness = Witness(
            ready=self._worker_ready,
            message=self._message,
            died=self._died,
            never_ready=self._never_ready,
            overfull=self._overfull,
            needed=lambda: bool(self._flights),
            note=functools.partial(hearing.note, source),
        )
        self._life: Life | None = None
        """The present worker."""
        self._next: Timer | None = None
        """The start of the next one, where it is put off."""
        self._ready_s = READY_S
        """Seconds that the next worker may take to become ready."""
        self._flights: dict[str, Flight] = {}
        self._calls = OpenCalls()
        self._breaker = Breaker()
        self._stuck = False
        """Whether a call in the worker does not return: it is asked nothing more, and replaced."""
        self._waiting: str | None = None
        self._last_end = ""
        """How the last worker ended."""
        self._until = math.inf

    # --- what the engine asks ------------------------------------------------------------------------------------

    def fetch(self, fetch: Fetch) -> None:
        """Run a fetch; one at a time per table. A worker is started where there is none."""
        flight = self._flights[fetch.table] = Flight(fetch, until=self._until)
        if self._life is not None:
            self._send(flight)
        elif self._next is None and self._breaker.open_for(self._clock.monotonic()):
            self._end_all(self._broken_for)
        elif self._next is None:
            self._start()

    def answer_by(self, when: float) -> None:
        """Have every fetch that is asked for from now on end at `when`, monotonic seconds, at the latest."""
        self._until = when

    def busy(self, table: str) -> bool:
        """Whether a fetch of `table` has not ended yet."""
        return table in self._flights

    def relent(self) -> None:
        """Let the next fetch start a worker, however many have died: somebody asks, who may have mended it."""
        self._breaker.relent()

    def give_up(self, why: str) -> None:
        """Fail whatever is still open and end the worker: for who has to answer now."""
        ready = self._life is not None and self._life.ready
        words = why if ready else f"its client was still loading; {why}"

        def say(fetch: Fetch, scope: str) -> str:
            lost = (self._flights[fetch.table].lost or {}).get(scope)
            return f"{self._calls.where(fetch, scope)}: {words}" if lost is None or ready else f"{lost}; {why}"

        self._condemn(say)

    def close(self) -> None:
        """End the worker; nothing is heard of it afterwards."""
        for timer in (self._next, *(flight.timer for flight in self._flights.values())):
            _cancel(timer)
        if self._life is not None:
            self._life.end()

    # --- workers come and go -------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._next = None
        self._life = Life(self._configure, self._launch, self._clock, self._witness, self._ready_s)
        self._wait_for(LOADING)

    def _start_at(self, when: float) -> None:
        self._next = self._clock.call_at(when, self._start)
        self._wait_for(RESTARTING)

    def _wait_for(self, what: str | None) -> None:
        if what != self._waiting:
            self._waiting = what
            self._hearing.waiting(self._source, what)

    def _worker_ready(self, message: Ready, took_s: float) -> None:
        self._ready_s = min(READY_S, max(READY_LEAST_S, READY_TIMES * took_s))
        self._wait_for(None)
        self._hearing.note(self._source, "info", f"worker {self._source} ready, imports took {message.import_s:.2f} s")
        for flight in self._flights.values():
            self._send(flight)

    def _never_ready(self) -> None:
        self._condemn(lambda fetch, scope: f"{fetch.table} {scope}: worker not ready in {self._ready_s:g} s; killed")

    def _overfull(self, held: int) -> None:
        words = f"worker killed, because it held {held / 1024**3:.1f} GB of memory"
        self._condemn(lambda fetch, scope: f"{self._calls.where(fetch, scope)}: {words}")

    def _died(self, how: str) -> None:
        """Take note that the worker is of no use any more, and ask once more what it has not answered."""
        lost = self._lost(lambda fetch, scope: f"{self._calls.where(fetch, scope)}: worker ended ({how})")
        self._bury(f"ended ({how})")
        self._last_end = how
        self._ask_again(lost)
        self._respawn()

    def _bury(self, how: str) -> bool:
        """End the worker, its evidence in the log, and forget what it was doing; return whether there was one."""
        killed = False
        if self._life is not None:
            self._life.note_evidence(how)
            killed = self._life.end()
        self._forget()
        return killed

    def _forget(self) -> None:
        self._life = None
        self._stuck = False
        _cancel(self._next)
        self._next = None
        for call in self._calls.abandon():
            self._hearing.call(call, None, "its worker is gone")

    def _respawn(self) -> None:
        """Start the next worker, after a pause that grows while they die without ever answering."""
        when = self._breaker.died(self._clock.monotonic())
        if when is not None:
            self._start_at(when)
            return
        self._wait_for(None)
        self._hearing.note(self._source, "error", f"{self._source}: {self._broken()}")
        self._end_all(self._broken_for)

    def _broken_for(self, fetch: Fetch, scope: str) -> str:
        return f"{fetch.table} {scope}: {self._broken()}"

    def _broken(self) -> str:
        wait = self._breaker.open_for(self._clock.monotonic())
        return (
            f"{self._breaker.deaths} workers in a row have ended, the last one so: {self._last_end}; "
            f"none is started for another {wait:.0f} s"
        )

    def _replace(self) -> None:
        """Start a fresh worker for one that is alive, but holds a call that does not return: nobody's death."""
        self._hearing.note(self._source, "warning", f"worker {self._source} replaced: a call does not return")
        if self._life is not None:
            self._life.end()
        self._forget()
        self._start_at(self._clock.monotonic())

    # --- a second attempt ----------------------------------------------------------------------------------------

    def _lost(self, why: _Why) -> dict[str, dict[str, str]]:
        """Return per table and open scope what is to be said of it, while the calls are still known."""
        return {
            table: {scope: why(flight.fetch, scope) for scope in flight.open_scopes}
            for table, flight in self._flights.items()
        }

    def _ask_again(self, lost: dict[str, dict[str, str]]) -> None:
        """Have the next worker answer what this one left open; a fetch that has been lost before fails."""
        now = self._clock.monotonic()
        for table, flight in list(self._flights.items()):
            if not flight.may_retry(now):
                again = "; twice in a row" if flight.lost is not None else ""
                texts = {scope: f"{text}{again}" for scope, text in lost[table].items()}
                self._end(flight, functools.partial(_look_up, texts))
                continue
            flight.lose(lost[table])
            _cancel(flight.timer)
            if flight.sent is not None:
                too_late = functools.partial(self._too_late, flight)
                flight.timer = Judgement(self._clock, flight.hard_deadline, too_late)

    def _too_late(self, flight: Flight) -> None:
        """End a fetch whose second attempt could not begin in time; the worker that is starting is not to blame."""
        texts = {scope: f"{text}; the next was not ready in time" for scope, text in (flight.lost or {}).items()}
        self._end(flight, functools.partial(_look_up, texts))

    # --- what the worker says ------------------------------------------------------------------------------------

    def _message(self, message: FromWorker) -> None:
        match message:
            case FetchEnded():
                self._fetch_ended(message)
            case CallStarted():
                self._calls.started(message)
                self._hearing.called(message.table)
            case CallEnded():
                self._call_ended(message)
            case Note():
                self._hearing.note(self._source, message.level, message.text)
            case Ready():
                pass
            case _:
                self._event(message)

    def _send(self, flight: Flight) -> None:
        """Send a fetch to a worker that is ready for it; it waits for the next one where this one is not."""
        now = self._clock.monotonic()
        if self._life is None or not self._life.ready or self._stuck or not flight.in_time(now):
            return
        rest = flight.rest(now)
        if flight.sent is None:
            flight.sent = now
        _cancel(flight.timer)
        flight.timer = Judgement(self._clock, flight.hard_deadline, lambda: self._overdue(flight))
        self._life.ask(rest)

    def _event(self, event: Event) -> None:
        flight = self._flights.get(event.table)
        if flight is None or not flight.belongs(event):
            return
        flight.take(event)
        if isinstance(event, ScopeComplete):
            self._breaker.answered()
        self._hearing.event(event)

    def _call_ended(self, message: CallEnded) -> None:
        begun = self._calls.ended(message)
        if begun is not None:
            self._hearing.call(begun, message, None)

    def _fetch_ended(self, message: FetchEnded) -> None:
        flight = self._flights.get(message.table)
        if flight is None or flight.fetch.generation != message.generation:
            return
        self._stuck = self._stuck or message.stuck
        self._end(flight, lambda fetch, scope: f"{fetch.table} {scope}: not answered by its worker")
        if self._life is not None:
            self._life.note_printed()
        if self._stuck and all(flight.sent is None for flight in self._flights.values()):
            self._replace()

    # --- deadlines -----------------------------------------------------------------------------------------------

    def _overdue(self, flight: Flight) -> None:
        """Ask for the evidence, and kill when it has had its time; frames that arrive meanwhile still count."""
        if self._life is not None:
            self._life.ask_for_stacks()
        when = self._clock.monotonic() + EVIDENCE_S
        flight.timer = Judgement(self._clock, when, lambda: self._execute(flight.fetch))

    def _execute(self, culprit: Fetch) -> None:
        waited = f"no answer in {culprit.soft_deadline_s:g} s; worker killed"

        def why(fetch: Fetch, scope: str) -> str:
            if fetch is culprit:
                return f"{self._calls.where(fetch, scope)}: {waited}"
            return f"{self._calls.where(fetch, scope)}: worker killed, because {culprit.table} had hung in it"

        self._condemn(why, culprit)

    def _condemn(self, why: _Why, culprit: Fetch | None = None) -> None:
        """Kill the worker; every scope still open fails with what `why` says of it.

        Where one fetch is to blame, the others are asked once more while they have time.
        """
        lost = self._lost(why)
        kills = int(self._bury("killed"))
        blamed = lost.values() if culprit is None else (lost[culprit.table],)
        self._last_end = next((text for texts in blamed for text in texts.values()), "it was killed")
        for flight in list(self._flights.values()):
            if culprit is None or flight.fetch is culprit:
                self._end(flight, functools.partial(_look_up, lost[flight.fetch.table]), kills)
        self._ask_again(lost)
        self._respawn()

    def _end_all(self, why: _Why) -> None:
        for flight in list(self._flights.values()):
            self._end(flight, why)

    def _end(self, flight: Flight, why: _Why, kills: int = 0) -> None:
        """End a fetch: whatever scope is still open fails."""
        _cancel(flight.timer)
        fetch = flight.fetch
        kind = NoAnswer if kills else WorkerDied
        wait = self._breaker.open_for(self._clock.monotonic()) or None
        failures = {
            scope: msgspec.structs.replace(Failure.of(kind(why(fetch, scope))), retry_after_s=wait)
            for scope in flight.open_scopes
        }
        del self._flights[fetch.table]
        for scope, failure in failures.items():
            self._fail(flight, scope, failure)
        took = 0.0 if flight.sent is None else self._clock.monotonic() - flight.sent
        self._hearing.ended(Ended(fetch=fetch, outcomes=flight.outcomes, took_s=took, kills=kills))

    def _fail(self, flight: Flight, scope: str, failure: Failure) -> None:
        fetch = flight.fetch
        flight.outcomes[scope] = failure
        self._hearing.event(
            ScopeFailed(
                table=fetch.table, generation=fetch.generation, scope=scope, at=self._clock.now(), failure=failure
            )
        )


_Why = Callable[[Fetch, str], str]
"""Says of a fetch and a scope why it did not answer."""


def _look_up(texts: dict[str, str], _fetch: Fetch, scope: str) -> str:
    return texts[scope]


def _cancel(timer: Timer | None) -> None:
    if timer is not None:
        timer.cancel()
