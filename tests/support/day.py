"""A simulated day: the real engine and its caches on a virtual clock, scripted workers, a viewer that checks it all.

Everything that goes wrong comes from one seed; at the end, and now and then in between, it is quiet for a while.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from fetchers.messages import OUTCOMES, CallEnded, CallStarted, Fetch
from monitor.changes import Enable, Refresh, Restore, Start
from monitor.engine import Engine
from monitor.flight import HARD_AFTER_SOFT_S
from monitor.keeping import Keeping
from monitor.link import restores
from monitor.session_log import COMPLETE, SessionLog
from monitor.tables import TABLES, TablePlan
from tests.support import day_faults
from tests.support.day_faults import Faults
from tests.support.day_viewer import Viewer
from tests.support.day_worker import DayLauncher, Outside
from tests.support.day_world import HOUR, MINUTE, SETTINGS, World
from tests.support.timeline import Timeline

QUIET_S = 40 * MINUTE
"""Seconds without faults, and without news, at the end."""

PEACE_EVERY_H, PEACE_S = 4, 20 * MINUTE
"""How often in between, and for how long, nothing goes wrong."""

PACE_S = 30.0
"""Virtual seconds after which the real disk is waited for."""

DISK_S = 60.0
"""Real seconds that the disk of a busy machine may take for all that waits for it."""

LIMIT = 10
"""Newest records of each scope: few, so that long jobs are soon behind them."""

FAULT_EVERY_S = 600.0
"""Seconds on average between two faults of the program as a whole."""


def _asked_of(table: str, scopes: Iterable[str]) -> str:
    """What a fetch is called: two workers may read logs at the same time."""
    return f"{table} of runs" if table == OUTCOMES and "completed" in scopes else table


@dataclass
class Ledger:
    """What the engine says of its fetches; stands where its session log would."""

    viewer: Viewer
    timeline: Timeline
    problem: str = "nothing is written"
    fetches: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """Scopes by kind of failure."""
    kills: int = 0
    calls: int = 0
    late_s: float = 0.0
    """Seconds that the worst fetch was open beyond its hard deadline, pauses of the program apart."""
    open_s: float = 0.0
    """Seconds from asking to the end of the worst fetch, pauses of the program apart."""
    unsent_s: float = 0.0
    """The same, less those for which the fetch was with a worker: it waited for one that could take it."""
    paused_until: float = 0.0
    """When the last pause of the program was over."""
    paused_s: float = 0.0
    """Seconds of all pauses so far."""
    _asked: dict[str, float] = field(default_factory=dict)
    """Table → when the fetch was asked for that is open."""

    def overhears(self, engine: Engine) -> None:
        """Note from now on what an engine asks its watchdogs for."""
        for watchdog in engine._watchdogs.values():
            watchdog.fetch = functools.partial(self._note, watchdog.fetch)  # type: ignore[method-assign]

    def _note(self, ask: Callable[[Fetch], None], fetch: Fetch) -> None:
        self._asked[_asked_of(fetch.table, fetch.scopes)] = self._running_s
        ask(fetch)

    @property
    def _running_s(self) -> float:
        """Seconds that the program has run."""
        return self.timeline.now - self.paused_s

    def engine_ends(self) -> None:
        """Count what its engine leaves open, too."""
        for table in [*self._asked]:
            self._has_ended(table, 0)

    def _has_ended(self, table: str, sent_s: float) -> None:
        open_s = self._running_s - self._asked.pop(table)
        self.open_s, self.unsent_s = max(self.open_s, open_s), max(self.unsent_s, open_s - sent_s)

    def pause(self, seconds: float) -> None:
        """The program is about to stand still."""
        self.paused_s += seconds
        self.paused_until = self.timeline.now + seconds

    def fetch(  # noqa: PLR0917 - the session log's arguments
        self, table: str, generation: int, scopes: Mapping[str, str], took_s: float, budget: float, kills: int
    ) -> None:
        """Count a fetch that has ended."""
        self.fetches += 1
        self.kills += kills
        self._has_ended(_asked_of(table, scopes), took_s)
        for scope, outcome in scopes.items():
            if outcome != COMPLETE:
                self.failures[outcome] += 1
                self.viewer.failed[table, scope] = generation
        soft_s = took_s / budget if budget else took_s
        if self.timeline.now - took_s > self.paused_until:
            self.late_s = max(self.late_s, took_s - soft_s - HARD_AFTER_SOFT_S)

    def call(self, began: CallStarted, ended: CallEnded | None, error: str | None) -> None:
        """Count a call."""
        del began, ended, error
        self.calls += 1


class Day:
    """One day of so many hours; `play` it, then look at `viewer` and `ledger`."""

    def __init__(
        self, seed: int, hours: float, cache_url: str, each_peace: Callable[[int], None] = lambda _: None
    ) -> None:
        self.timeline = Timeline()
        self.faults = Faults(seed)
        self.outside = Outside(self.timeline, World(seed, hours), self.faults)
        self.viewer = Viewer(self.outside, LIMIT)
        self.ledger = Ledger(self.viewer, self.timeline)
        self.engines = 0
        """Engines there have been."""
        self._hours, self._each_peace = hours, each_peace
        self._long_pause = min(HOUR, hours * HOUR / 12)
        plans = {table: TablePlan(limit=LIMIT) for table in TABLES}
        self._start = Start(settings=SETTINGS, tables=plans, cache_url=cache_url)
        self._until_released: float | None = None

    async def play(self) -> None:
        """Live through the day, with its faults, and through the quiet after it."""
        await self._begin()
        await self.timeline.run(self.faults.dice.uniform(1, 5))
        self.faults.certain.add("never ready")
        await self._replace()  # the first engine dies in its first fetches; a worker of the second never begins
        end, next_fault, hour = self._hours * HOUR, 60.0, 1
        while self.timeline.now < end:
            await self._live(min(next_fault, hour * HOUR))
            if self.timeline.now >= hour * HOUR:
                await self._strike(hour)
                hour += 1
            if self.timeline.now >= next_fault:
                await self._befall()
                next_fault = self.timeline.now + self.faults.dice.expovariate(1 / FAULT_EVERY_S)
        await self._calm()
        await self.timeline.run(self.timeline.now + QUIET_S)
        self.viewer.compare()
        await self._end()

    async def _strike(self, hour: int) -> None:
        """An hour has passed; each fourth time there is peace for a while, so that what is held can be compared."""
        if hour % PEACE_EVERY_H == 0:
            await self._calm()
            await self._live(self.timeline.now + PEACE_S)
            self._each_peace(hour)
            self.faults.quiet = False

    async def _live(self, until: float) -> None:
        """Let time pass no faster than the real disk can follow: what waits for it is held, and would be counted."""
        while self.timeline.now < until:
            await self.timeline.run(min(until, self.timeline.now + PACE_S))
            await self._written()

    async def _written(self) -> None:
        if keeping := self._keeping._tasks:
            await asyncio.wait(keeping, timeout=DISK_S)
        store = await self._keeping._store()
        assert await store.flush(DISK_S), f"not written in {DISK_S:g} s: {self._keeping.notices()}"

    async def _calm(self) -> None:
        """Faults stop, and what somebody switched off or held is switched on again."""
        self.faults.quiet = True
        self._release()
        for table in TABLES:
            self.engine.obey(Enable(table=table, enabled=True))

    # --- engines

    async def _begin(self, known: tuple[Restore, ...] = ()) -> None:
        self.engines += 1
        self.launcher = DayLauncher(self.outside)
        self._keeping = Keeping(self._start.cache_url, SETTINGS, TABLES)
        self.engine = Engine(
            self._start,
            self.launcher,
            self.timeline.program,
            self.viewer.hear,
            session=cast("SessionLog", self.ledger),
            keeping=self._keeping,
        )
        for restore in known:
            self.engine.obey(restore)
        self.ledger.overhears(self.engine)
        self.engine.begin()
        self.engine._schedule._dice = random.Random(self.faults.dice.random())
        restoring = self.engine._restoring
        assert restoring is not None
        await restoring

    async def _end(self) -> None:
        self.engine.close()
        self.ledger.engine_ends()
        for child in self.launcher.alive.values():
            child.dead = True
        await self._keeping.close()

    async def _replace(self) -> None:
        """What a viewer does when its engine has died."""
        self._until_released = None
        self.viewer.blind = False
        await self._end()
        self.timeline.program = type(self.timeline.program)(self.timeline)
        self.viewer.new_engine()
        await self._begin(tuple(restores(self.viewer.mirror)))

    # --- faults

    async def _befall(self) -> None:
        dice, kind = self.faults.dice, self.faults.one_of(day_faults.PROGRAM)
        match kind:
            case "program stopped" | "program stopped for long":
                await self._stop(dice.uniform(2, 90) if kind == "program stopped" else self._long_pause)
            case "machine asleep":
                await self._sleep(dice.choice((5.0, MINUTE, self._long_pause)))
            case "wall time jumps":
                self.timeline.jumped += timedelta(seconds=dice.uniform(-2 * HOUR, 2 * HOUR))
            case "viewer does not read":
                self._hold(dice.uniform(1, 300))
            case "refresh":
                self.engine.obey(Refresh(tables=dice.choice([(), *((table,) for table in TABLES)])))
            case "table off":
                self._switch_off(dice.choice(list(TABLES)), dice.uniform(1, 20 * MINUTE))
            case "engine replaced":
                await self._replace()
            case _:
                dice.choice(list(self.launcher.alive.values())).die()

    async def _stop(self, seconds: float) -> None:
        self.outside.mail = []
        self.ledger.pause(seconds)
        await self.timeline.stop_program(seconds, self.outside.wake)

    async def _sleep(self, seconds: float) -> None:
        self.ledger.pause(seconds)
        await self.timeline.stop_all(seconds)

    def _hold(self, seconds: float) -> None:
        self.engine.hold()
        self.viewer.blind = True
        self.timeline.later(seconds, self._release)

    def _release(self) -> None:
        if self.viewer.blind:
            self.engine.release()
            self.viewer.blind = False

    def _switch_off(self, table: str, seconds: float) -> None:
        self.engine.obey(Enable(table=table, enabled=False))
        self.timeline.later(seconds, lambda: self.engine.obey(Enable(table=table, enabled=True)))
