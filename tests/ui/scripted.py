"""An engine that says what a test tells it to, and the records it says it about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.pilot import Pilot

from fetchers.errors import Failure
from fetchers.records import Reason, Record, State
from monitor.changes import Change, Command, RowsChanged, ScopeStatus, TableChanged, TableStatus
from monitor.ui.app import MonitorApp

PATIENCE_S = 20.0
"""Seconds that a screen on a busy machine may take for what it was told."""

NOW = datetime(2026, 1, 5, 14, 3, 22, tzinfo=UTC)


class ScriptedLink:
    """Gives the screen the changes that the test puts in; `None` ends the engine."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Change | Exception | None] = asyncio.Queue()
        self.commands: list[Command] = []

    def tell(self, *changes: Change) -> None:
        """Say something to the screen."""
        for change in changes:
            self.told.put_nowait(change)

    def end(self, error: Exception | None = None) -> None:
        """Go away, or break."""
        self.told.put_nowait(error)

    async def _changes(self) -> AsyncGenerator[Change]:
        while (change := await self.told.get()) is not None:
            if isinstance(change, Exception):
                raise change
            yield change

    def changes(self) -> AsyncIterator[Change]:
        """As a link."""
        return self._changes()

    def send(self, command: Command) -> None:
        """As a link."""
        self.commands.append(command)

    def leave(self) -> None:
        """As a link."""

    def close(self) -> None:
        """As a link."""


class Clock:
    """A clock that moves when the test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


class Stage:
    """A screen under test, with its engine and its clock."""

    def __init__(self, **options: Any) -> None:
        self.link = ScriptedLink()
        self.clock = Clock()
        self.app = MonitorApp(self.link, utc=True, clock=self.clock, **options)
        self.pilot: Pilot[None]

    @asynccontextmanager
    async def open(self, width: int = 120, height: int = 40) -> AsyncIterator[Stage]:
        """The running screen."""
        async with self.app.run_test(size=(width, height)) as self.pilot:
            await self.settle()
            yield self

    async def tell(self, *changes: Change) -> None:
        """Let the engine speak, and wait until the screen has taken it in."""
        self.link.tell(*changes)
        await self.settle()

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until nothing is left to do."""
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        """Wait until every change has been delivered and painted."""
        while not self.link.told.empty() or not self.app._pending.empty:
            await self.pilot.pause()
        await self.pilot.pause()
        done = asyncio.Event()
        if self.app.dashboard.call_later(done.set):  # behind all that the screen has been told
            await asyncio.wait_for(done.wait(), PATIENCE_S)
        await self.pilot.pause()

    async def wait(self, seconds: float) -> None:
        """Let time pass, and the screen notice."""
        self.clock.forward(seconds)
        self.app.tick()
        await self.settle()

    def lines(self) -> list[str]:
        """What a terminal would show."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines())

    def line(self, *parts: str) -> str:
        """The one line that holds all of these."""
        found = [line for line in self.lines() if all(part in line for part in parts)]
        assert len(found) == 1, f"{len(found)} lines hold {parts}:\n{self.text()}"
        return found[0]

    def cursor(self) -> str | None:
        """Key of the row that the cursor is on."""
        return self.app.dashboard.table.rows.selected


def record(table: str, number: int, state: State = State.SUCCEEDED, **changed: Any) -> Record:
    """A record that ended `number` minutes ago, or began then."""
    then = NOW - timedelta(minutes=number)
    begun = then - timedelta(minutes=5) if state.ended else then
    known: dict[str, Any] = {
        "table": table,
        "id": f"id-{number}",
        "name": f"name-{number}",
        "state": state,
        "raw_state": state.value.upper(),
        "scope": "us-east1",
        "created": begun,
        "started": begun,
        "finished": then if state.ended else None,
        "reason": Reason(text=f"why-{number}") if state is State.FAILED else None,
    }
    return Record(**known | changed)


def rows(table: str, records: Iterable[Record]) -> RowsChanged:
    """All of these are there."""
    return RowsChanged(table=table, upserts={item.id: item for item in records})


def scope(ago: float | None = 5.0, **changed: Any) -> ScopeStatus:
    """A scope that answered so many seconds ago."""
    at = None if ago is None else NOW - timedelta(seconds=ago)
    return ScopeStatus(**{"fetched_at": at, "live": at is not None} | changed)


def status(table: str, scopes: dict[str, ScopeStatus] | None = None, **changed: Any) -> TableChanged:
    """The status of a table; one live scope where nothing is said."""
    return TableChanged(status=TableStatus(table=table, scopes=scopes or {"us-east1": scope()}, **changed))


def failed(text: str, **changed: Any) -> ScopeStatus:
    """A scope that never answered, and is asked again in half a minute."""
    return scope(None, failure=Failure(kind="timeout", text=text), **{"next_at": NOW + timedelta(seconds=30)} | changed)


def next_try(seconds: float = 30) -> str:
    """What is said of a scope that will be asked again after so many seconds."""
    return f"next try at {(NOW + timedelta(seconds=seconds)).astimezone():%H:%M:%S}"
