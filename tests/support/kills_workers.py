"""Kills the workers of a running engine at random instants of their lives, and waits for the next ones to answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from monitor.changes import Notice, Refresh, Start, TableStatus
from monitor.link import EngineProcess
from monitor.mirror import Mirror
from monitor.tables import TABLES
from tests.support.kills import Place, until
from tests.support.kills_census import Census, census, children_of, title

AGAIN_S = 0.3
"""Seconds after which a table that has not answered since the kill is asked once more."""
REST_S = 0.3
"""Seconds between two looks that must see the same."""


class Engine:
    """A real engine under a viewer that can be asked what its tables say, and its processes."""

    def __init__(self, start: Start, place: Place) -> None:
        self._link = EngineProcess(start)
        self._mirror = Mirror()
        self._place = place
        self.tables: dict[str, list[str]] = {}
        """Source → its tables, of those that there is something to ask for."""
        for name in start.tables:
            if TABLES[name].scopes(start.settings):
                self.tables.setdefault(TABLES[name].source, []).append(name)
        self.noticed: list[str] = []
        """What the viewer was told to show."""
        self.kills = 0

    @property
    def pid(self) -> int:
        """The engine's process."""
        assert self._link.pid is not None
        return self._link.pid

    async def follow(self) -> None:
        """Take over what it tells, until cancelled."""
        async for change in self._link.changes():
            self._mirror.apply(change)
            if isinstance(change, Notice):
                self.noticed.append(change.text)

    def close(self) -> None:
        """End it and its workers."""
        self._link.close()

    def ask(self, source: str) -> None:
        """Have the tables of a source asked now."""
        self._link.send(Refresh(tables=tuple(self.tables[source])))

    def loading(self, source: str) -> bool:
        """Whether a scope of the source is being asked."""
        return any(scope.loading for table in self._statuses(source) for scope in table.scopes.values())

    def answered(self, source: str, since: datetime) -> bool:
        """Whether every scope of the source has answered in full since then."""
        scopes = [scope for table in self._statuses(source) for scope in table.scopes.values()]
        return bool(scopes) and all(
            scope.live and not scope.loading and scope.fetched_at is not None and scope.fetched_at > since
            for scope in scopes
        )

    def _statuses(self, source: str) -> list[TableStatus]:
        return [self._mirror.status[name] for name in self.tables[source] if name in self._mirror.status]

    def worker(self, source: str) -> int | None:
        """The present worker of a source; null while there is none."""
        for pid in reversed(children_of(self.pid)):
            with contextlib.suppress(psutil.Error):
                if title(psutil.Process(pid)) == source:
                    return pid
        return None

    def kill(self, source: str) -> int | None:
        """Kill the present worker of a source, and return which that was."""
        worker = self.worker(source)
        if worker is not None:
            self.kills += 1
            os.kill(worker, signal.SIGKILL)
        return worker

    async def answers(self, source: str) -> None:
        """Wait until the source's tables have answered in full, from now on."""
        since = datetime.now(UTC)
        await self._asked(source, lambda: self.answered(source, since), "an answer")

    async def begins(self, source: str) -> None:
        """Wait until a fetch of the source is under way, or has just been."""
        since = datetime.now(UTC)
        await self._asked(source, lambda: self.loading(source) or self.answered(source, since), "a fetch")

    async def _asked(self, source: str, holds: Callable[[], bool], what: str) -> None:
        """Ask again and again: while a fetch is under way, asking for another has no effect."""
        asked = 0.0

        def done() -> bool:
            nonlocal asked
            if not self.loading(source) and time.monotonic() - asked > AGAIN_S:
                asked = time.monotonic()
                self.ask(source)
            return holds()

        await until(done, f"{what} of {source}; noticed: {self.noticed}")

    async def at_rest(self) -> Census:
        """What it holds once nothing is asked and nothing changes any more."""
        async with asyncio.timeout(60):
            last = self._census()
            while True:
                await asyncio.sleep(REST_S)
                before, last = last, self._census()
                if last.countable == before.countable and not any(map(self.loading, self.tables)):
                    return last

    def _census(self) -> Census:
        return census(self.pid, self._place.mark, self._place.temporary)


@contextlib.asynccontextmanager
async def engine(start: Start, place: Place) -> AsyncIterator[Engine]:
    """Run an engine whose sources have all answered once; it and all below it end with the body."""
    made = Engine(start, place)
    async with asyncio.TaskGroup() as group:
        following = group.create_task(made.follow())
        try:
            await asyncio.gather(*map(made.answers, made.tables))
            yield made
        finally:
            following.cancel()
            made.close()


# --- when to kill ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spans:
    """Seconds within which the random instants fall: about what each phase takes."""

    starting_s: float
    fetching_s: float


Moment = Callable[[Engine, str, float, Spans], Awaitable[None]]
"""Waits for a phase of the worker's life and then for a share of that phase, from 0 to 1."""


async def _idle(_engine: Engine, _source: str, share: float, _spans: Spans) -> None:
    await asyncio.sleep(share / 10)


async def _fetching(engine: Engine, source: str, share: float, spans: Spans) -> None:
    await engine.begins(source)
    await asyncio.sleep(share * spans.fetching_s)


async def _starting(engine: Engine, source: str, share: float, spans: Spans) -> None:
    old = engine.kill(source)
    await until(lambda: engine.worker(source) not in {old, None}, f"a new worker of {source}")
    await asyncio.sleep(share * spans.starting_s)


MOMENTS: Sequence[Moment] = (_idle, _fetching, _fetching, _starting)
"""Drawn from: a fetch twice, because that is when a worker writes."""


async def kill(engine: Engine, kills: int, spans: Spans, chance: random.Random) -> None:
    """Kill until there have been so many kills more; every source at its own pace, each kill followed by an answer."""
    end = engine.kills + kills

    async def lane(source: str) -> None:
        while engine.kills < end:
            await chance.choice(MOMENTS)(engine, source, chance.random(), spans)
            engine.kill(source)
            await engine.answers(source)

    await asyncio.gather(*map(lane, engine.tables))
