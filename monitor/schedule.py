"""Says when which scope of which table is due. Pure: the time is an argument, in monotonic seconds.

A scope is asked every interval of its table, faster where something runs, more rarely where it stays empty or fails
(`monitor.pace`), and never beyond what its API's token bucket holds. `ask_now` overrides all of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.bucket import Bucket
from monitor.pace import Outcome, Pace
from monitor.tables import TABLES, TablePlan

CALLS_A_MINUTE = 300.0
"""Calls of one API and project that polling may make; a bound of our own: 18 busy regions need about 60."""

BURST = 120.0
"""Calls at once: 18 regions, their second pages, and a few dozen jobs asked for by name."""


@dataclass
class _Scope:
    due: float
    pace: Pace
    began: float = 0.0
    asked: bool = False
    """A fetch of it is under way."""
    by_hand: bool = False
    """Somebody asked for that fetch: should it fail, that is no reason to wait longer than before."""


@dataclass
class _Table:
    plan: TablePlan
    scopes: dict[str, _Scope]
    bucket: Bucket
    urgent: bool = False
    """Somebody asked for it: the bucket does not count."""

    @property
    def free(self) -> bool:
        return self.plan.enabled and not any(scope.asked for scope in self.scopes.values())


class Schedule:
    """When to ask again. A table with a fetch under way is never due; one that is switched off neither."""

    def __init__(self, dice: random.Random | None = None) -> None:
        self._tables: dict[str, _Table] = {}
        self._buckets: dict[str, Bucket] = {}
        self._dice = dice or random.Random()  # noqa: S311 - jitter needs no cryptography

    def add(self, table: str, plan: TablePlan, scopes: Iterable[str], now: float) -> None:
        """Begin to ask a table: all its scopes are due at once."""
        source = TABLES[table].source
        bucket = self._buckets.setdefault(source, Bucket.full(CALLS_A_MINUTE, BURST, now))
        rests = TABLES[table].rests
        self._tables[table] = _Table(plan, {scope: _Scope(now, Pace(rests)) for scope in scopes}, bucket)

    def plan(self, table: str, plan: TablePlan, now: float) -> None:
        """Take over a changed plan: the table is due at once, unless it is switched off."""
        self._tables[table].plan = plan
        self.ask_now([table], now)

    def ask_now(self, tables: Iterable[str], now: float) -> None:
        """Make every scope of the tables due, however rarely it is asked and whatever the bucket holds."""
        for table in (self._tables[name] for name in tables if name in self._tables):
            waiting = [scope for scope in table.scopes.values() if not scope.asked]
            table.urgent = bool(waiting)
            for scope in waiting:
                scope.due = now
                scope.by_hand = True

    # --- what is due ---------------------------------------------------------------------------------------------

    def due(self, now: float) -> dict[str, tuple[str, ...]]:
        """Return the scopes to ask now, per table; `asked` must be told of those that are."""
        found = {name: self._due(table, now) for name, table in self._tables.items()}
        return {name: scopes for name, scopes in found.items() if scopes}

    def _due(self, table: _Table, now: float) -> tuple[str, ...]:
        if not table.free:
            return ()
        table.bucket.refill(now)
        waiting = sorted((scope.due, name) for name, scope in table.scopes.items() if scope.due <= now)
        room = len(waiting) if table.urgent else max(0, int(table.bucket.left))
        chosen = {name for _, name in waiting[:room]}
        return tuple(name for name in table.scopes if name in chosen)

    def next_due(self) -> float | None:
        """Return when `due` will next have something to say; null while every table waits for an answer."""
        times = [
            max(min(scope.due for scope in table.scopes.values()), 0.0 if table.urgent else table.bucket.ready_at(1))
            for table in self._tables.values()
            if table.free and table.scopes
        ]
        return min(times, default=None)

    # --- what became of it ---------------------------------------------------------------------------------------

    def asked(self, table: str, scopes: Iterable[str], now: float) -> None:
        """Note that a fetch of these scopes begins."""
        entry = self._tables[table]
        entry.urgent = False
        for name in scopes:
            entry.scopes[name].asked = True
            entry.scopes[name].began = now

    def called(self, table: str) -> None:
        """Note that an API call was made."""
        self._tables[table].bucket.spend(1)

    def ended(self, table: str, outcomes: Mapping[str, Outcome]) -> dict[str, float]:
        """Note how the fetch of these scopes ended; return the seconds from its beginning to the next, per scope."""
        entry = self._tables[table]
        waits = {}
        for name, outcome in outcomes.items():
            scope = entry.scopes[name]
            scope.asked = False
            if scope.by_hand and outcome.failure is not None:
                scope.pace.forgive()
            scope.by_hand = False
            waits[name] = scope.pace.after(outcome, entry.plan.interval_s, self._dice)
            scope.due = scope.began + waits[name]
        return waits
