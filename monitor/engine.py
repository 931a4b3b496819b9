"""The engine: schedule, watchdogs and accumulator put together. It has no UI; commands go in, changes come out.

Run as `python -P -m monitor.engine FD PARENT_PID` it is the process behind a screen;
`monitor.collect` runs it in the caller's own loop until every table has answered.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import cast

import msgspec

from fetchers import lifeline
from fetchers.errors import FrameError
from fetchers.messages import LOG, OUTCOMES, CallEnded, CallStarted, Event, Fetch, Page, ScopeComplete, pack
from monitor import __version__, session_log, solitude
from monitor.accumulator import Accumulator
from monitor.changes import (
    AskReason,
    Beat,
    Change,
    Command,
    Enable,
    Hello,
    LastWords,
    Notice,
    ReadLog,
    Refresh,
    Restore,
    RowsChanged,
    Start,
    to_engine,
)
from monitor.clock import Clock, LoopClock, Timer
from monitor.flight import Ended
from monitor.keeping import Keeping
from monitor.launch import Launch, ProcessLauncher
from monitor.log_reading import LogReading
from monitor.schedule import Schedule
from monitor.session_log import MONITOR_LOG, SessionLog
from monitor.tables import LOGS, TABLES
from monitor.watchdog import Hearing, Watchdog

_OF_LOGS = frozenset({OUTCOMES, LOG})
"""Fetches that are of no table."""

BEAT_S = 5.0
"""Seconds between two signs of life."""

log = logging.getLogger("monitor.engine")  # not `__name__`, which is `__main__` in the process behind a screen


class Engine:
    """Asks what is due, and tells what changed."""

    def __init__(
        self,
        start: Start,
        launch: Launch,
        clock: Clock,
        tell: Callable[[Change], None],
        *,
        session: SessionLog | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._session = session
        self._keeping = keeping
        self._restoring: asyncio.Task[None] | None = None
        self._accumulator = Accumulator()
        self._schedule = Schedule()
        self._generations = itertools.count(1)
        self._plans = dict(start.tables)
        self._timers: dict[str, Timer] = {}
        self._flushing = False
        self._held = False
        sources = {TABLES[table].source for table in start.tables}
        self._watchdogs = {
            source: Watchdog(source, start.settings, launch, clock, self._hearing(source))
            for source in (*sorted(sources), LOGS)
        }
        self._logs = LogReading(
            start.settings,
            clock,
            self._accumulator,
            keeping,
            ask=lambda source, fetch: self._watchdogs[source].fetch(fetch),
            number=lambda: next(self._generations),
            tell=tell,
            changed=self._flush_soon,
        )
        self._reasons = start.reasons
        for name, plan in start.tables.items():
            scopes = TABLES[name].scopes(start.settings)
            self._accumulator.configure(name, plan, scopes, None if scopes else TABLES[name].missing(start.settings))
            self._schedule.add(name, plan, scopes, clock.monotonic())

    def _hearing(self, source: str) -> Hearing:
        return Hearing(
            event=partial(self._event, source),
            ended=partial(self._ended, source),
            called=partial(self._called, source),
            call=self._call,
            note=self._note,
            waiting=self._waiting,
        )

    def begin(self) -> None:
        """Tell what is known and ask what is due; goes on by itself until `close`."""
        self._tell(Hello(version=__version__, pid=os.getpid(), log=self._log))
        self._flush()
        self._beat()
        self._ask()
        self._recall()

    @property
    def _log(self) -> str:
        session = self._session
        return str(session.directory / MONITOR_LOG) if session is not None and session.problem is None else ""

    async def recall(self, patience_s: float) -> None:
        """Take over what the cache holds, before `begin`, so that what ran when it was written is asked for by name.

        Waits for the disk at most so long; what it says later is taken over later.
        """
        if (restoring := self._recall()) is not None:
            await asyncio.wait([restoring], timeout=patience_s)

    def _recall(self) -> asyncio.Task[None] | None:
        if self._restoring is None and self._keeping is not None:
            self._restoring = asyncio.create_task(self._restore(self._keeping))
        return self._restoring

    async def _restore(self, keeping: Keeping) -> None:
        async for known in keeping.known():
            self.obey(known)
        if not self._held:
            self._notify()

    def hold(self) -> None:
        """Tell nothing for now: the viewer does not read. What changes meanwhile is kept, each row once."""
        self._held = True

    def release(self) -> None:
        """Tell what has changed since `hold`, and that we live."""
        self._held = False
        self._tell(Beat(at=self._clock.now()))
        self._flush()

    def obey(self, command: Command) -> None:
        """Do what a viewer asks."""
        match command:
            case Restore():
                self._accumulator.restore(command.table, command.scope, command.records, command.fetched_at)
                self._flush_soon()
            case Refresh():
                self._refresh(command.tables or self._plans)
            case LastWords():
                log.error("the engine before this one ended: %s", command.text)
            case AskReason() | ReadLog() if command.table in self._plans:
                self._logs.answer(command)
            case Enable() if command.table in self._plans:
                self._replan(command.table, command.enabled)
            case _:
                log.warning("command not understood: %s", type(command).__name__)

    def _refresh(self, tables: Iterable[str]) -> None:
        for source in {TABLES[table].source for table in tables if table in self._plans}:
            self._watchdogs[source].relent()
        self._watchdogs[LOGS].relent()
        self._logs.retry()
        self._schedule.ask_now(tables, self._clock.monotonic())
        self._ask()

    def _replan(self, table: str, enabled: bool) -> None:
        plan = self._plans[table] = msgspec.structs.replace(self._plans[table], enabled=enabled)
        self._accumulator.plan(table, plan)
        self._schedule.plan(table, plan, self._clock.monotonic())
        self._flush_soon()
        self._ask()

    def give_up(self, why: str) -> None:
        """Fail every fetch that is under way: for who has to answer now."""
        for watchdog in self._watchdogs.values():
            if any(watchdog.busy(table) for table in self._plans):
                watchdog.give_up(why)
        self._flush()

    def answer_by(self, when: float) -> None:
        """Have every fetch end at `when`, monotonic seconds, however long its worker takes to become ready."""
        for watchdog in self._watchdogs.values():
            watchdog.answer_by(when)

    def close(self) -> None:
        """End every worker; nothing is told any more."""
        for timer in self._timers.values():
            timer.cancel()
        if self._restoring is not None:
            self._restoring.cancel()
        self._logs.close()
        for watchdog in self._watchdogs.values():
            watchdog.close()

    # --- asking --------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        now = self._clock.monotonic()
        for table, scopes in self._schedule.due(now).items():
            self._schedule.asked(table, scopes, now)
            self._watchdogs[TABLES[table].source].fetch(self._fetch(table, scopes))
        self._wake_at("ask", self._schedule.next_due(), self._ask)

    def _fetch(self, table: str, scopes: tuple[str, ...]) -> Fetch:
        plan = self._plans[table]
        return Fetch(
            table=table,
            generation=next(self._generations),
            scopes=scopes,
            soft_deadline_s=plan.timeout_s,
            limit=plan.limit,
            known=self._accumulator.known(table, scopes),
            first=self._accumulator.first(table, scopes),
        )

    def _wake_at(self, name: str, when: float | None, callback: Callable[[], None]) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        if when is not None:
            self._timers[name] = self._clock.call_at(when, callback)

    def _beat(self) -> None:
        if not self._held:
            self._tell(Beat(at=self._clock.now()))
            self._notify()
        self._wake_at("beat", self._clock.monotonic() + BEAT_S, self._beat)

    def _notify(self) -> None:
        for text in self._keeping.notices() if self._keeping else ():
            self._tell(Notice(level="warning", text=text))

    # --- hearing -------------------------------------------------------------------------------------------------

    def _event(self, source: str, event: Event) -> None:
        if event.table in _OF_LOGS:
            self._logs.event(source, event)
            return
        if self._accumulator.take(event):
            if isinstance(event, Page) and self._reasons:
                self._logs.see(event.records)
            if self._keeping is not None and isinstance(event, ScopeComplete):
                records = self._accumulator.answer(event.table, event.scope)
                self._keeping.answered(event.table, event.scope, records, event.at)
        self._flush_soon()

    def _called(self, source: str, table: str) -> None:
        if table in _OF_LOGS:
            self._logs.called(source)
        else:
            self._schedule.called(table)

    def _ended(self, source: str, ended: Ended) -> None:
        self._record(ended)
        if ended.fetch.table in _OF_LOGS:
            self._logs.ended(source, ended)
        else:
            self._fetched(ended)

    def _fetched(self, ended: Ended) -> None:
        fetch = ended.fetch
        waits = self._schedule.ended(
            fetch.table,
            {scope: self._accumulator.outcome(fetch.table, scope, why) for scope, why in ended.outcomes.items()},
        )
        self._accumulator.fetched(fetch.table, ended.took_s, waits, self._clock.now())
        self._flush_soon()
        self._wake_at("ask", self._clock.monotonic(), self._ask)

    def _record(self, ended: Ended) -> None:
        fetch = ended.fetch
        if self._session is not None:
            self._session.fetch(
                table=fetch.table,
                generation=fetch.generation,
                scopes={scope: failure.kind if failure else "complete" for scope, failure in ended.outcomes.items()},
                took_s=ended.took_s,
                budget=ended.took_s / fetch.soft_deadline_s,
                kills=ended.kills,
            )

    def _call(self, began: CallStarted, ended: CallEnded | None, error: str | None) -> None:
        if self._session is not None:
            self._session.call(began, ended, error)

    def _waiting(self, source: str, what: str | None) -> None:
        for table in self._plans:
            if TABLES[table].source == source:
                self._accumulator.waiting(table, what)
        self._flush_soon()

    def _note(self, source: str, level: str, text: str) -> None:
        log.log(_LEVELS.get(level, logging.WARNING), "%s: %s", source, text)

    # --- telling -------------------------------------------------------------------------------------------------

    def _flush_soon(self) -> None:
        """Tell what changed once everything that has arrived together is taken in."""
        if not self._flushing:
            self._flushing = True
            self._timers["flush"] = self._clock.call_at(self._clock.monotonic(), self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._held:
            return
        self._logs.note()
        for change in self._accumulator.drain():
            if isinstance(change, RowsChanged) and change.removed:
                self._logs.forget(change.table, change.removed)
            self._tell(change)


_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


# --- in a process of its own -------------------------------------------------------------------------------------

BEHIND = 4 * 1024 * 1024
"""Bytes that may wait for a viewer; one further behind is told nothing more until it reads again."""


class Host(asyncio.Protocol):
    """The engine's end of the wire to its viewer: the engine lives exactly as long as it."""

    def __init__(self, over: asyncio.Future[None]) -> None:
        self._over = over
        self._frames = to_engine()
        self._engine: Engine | None = None
        self._launcher = ProcessLauncher()
        self._transport: asyncio.Transport | None = None
        self._session: SessionLog | None = None
        self._keeping: Keeping | None = None
        self._known: list[Restore] = []
        """What the viewer knew before it said `Start`: the engine's first word already holds it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=BEHIND)

    def data_received(self, data: bytes) -> None:
        """Obey what has arrived."""
        try:
            for command in self._frames.feed(data):
                self._command(command)
        except FrameError as error:
            self.end(error)

    def _command(self, command: Command) -> None:
        if isinstance(command, Start) and self._engine is None:
            self._keeping = Keeping(command.cache_url, command.settings, command.tables)
            session = self._open_session(command)
            self._engine = Engine(
                command, self._launcher, LoopClock(), self._tell, session=session, keeping=self._keeping
            )
            for known in self._known:
                self._engine.obey(known)
            self._known.clear()
            self._engine.begin()
        elif self._engine is not None:
            self._obey(self._engine, command)
        elif isinstance(command, Restore):
            self._known.append(command)

    def _obey(self, engine: Engine, command: Command) -> None:
        try:
            engine.obey(command)
        except Exception:  # a border: one command that cannot be obeyed does not end the engine
            log.exception("%s could not be obeyed", type(command).__name__)

    def _open_session(self, start: Start) -> SessionLog:
        self._session, problem = session_log.start(start.log_dir, "engine")
        if problem:
            self._tell(Notice(level="warning", text=problem))
        return self._session

    def _tell(self, change: Change) -> None:
        try:
            frame = pack(change)
        except (FrameError, UnicodeError):
            log.exception("%s could not be told", type(change).__name__)
            return
        if self._transport is not None:
            self._transport.write(frame)

    def pause_writing(self) -> None:
        """Hold back from a viewer that does not read."""
        if self._engine is not None:
            self._engine.hold()

    def resume_writing(self) -> None:
        """Go on, now that it reads again."""
        if self._engine is not None:
            self._engine.release()

    def connection_lost(self, exc: Exception | None) -> None:
        """End with the viewer."""
        self.end(exc)

    def end(self, error: Exception | None = None) -> None:
        """Have `serve` return."""
        if error is not None:
            log.error("the wire to the viewer broke: %s", error)
        if not self._over.done():
            self._over.set_result(None)

    def abandon(self) -> None:
        """End every worker from another thread: the loop does not."""
        self._launcher.end_all()

    async def close(self) -> None:
        """End every worker, and give the disks a moment."""
        self._launcher.leave()
        if self._engine is not None:
            self._engine.close()
        self._launcher.end_all()
        if self._keeping is not None:
            await self._keeping.close()
        if self._session is not None:
            self._session.close()


async def serve(wire: socket.socket) -> None:
    """Be the engine of the viewer at the other end until it is gone, or SIGTERM comes."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    host = Host(over)
    solitude.end_when_alone(wire.fileno(), host.abandon)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        loop.add_signal_handler(number, host.end)
    await loop.create_connection(lambda: host, sock=wire)
    _prove()
    try:
        await over
    finally:
        await host.close()


def _prove() -> None:
    """Say at every beat that the loop lives."""
    solitude.loop_lives()
    asyncio.get_running_loop().call_later(BEAT_S, _prove)


def main(fd: int, parent: int) -> None:
    """Run the engine on the socket `fd`."""
    os.set_inheritable(fd, False)
    lifeline.wake_for(parent)
    lifeline.answer_with_stacks()
    gc.freeze()  # what has been loaded stays for good: it need not be looked through again and again
    try:
        asyncio.run(serve(socket.socket(fileno=fd)))
    except Exception:
        log.exception("engine ended")
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
