"""Says when which scope of which table is due. Pure: the time is an argument, in monotonic seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.tables import TablePlan


@dataclass
class _Scope:
    due: float
    asked: bool = False
    """A fetch of it is under way."""


@dataclass
class _Table:
    plan: TablePlan
    scopes: dict[str, _Scope]


class Schedule:
    """When to ask again. A table with a fetch under way is never due; one that is switched off neither."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}

    def add(self, table: str, plan: TablePlan, scopes: Iterable[str], now: float) -> None:
        """Begin to ask a table: all its scopes are due at once."""
        self._tables[table] = _Table(plan, {scope: _Scope(now) for scope in scopes})

    def plan(self, table: str, plan: TablePlan, now: float) -> None:
        """Take over a changed plan: the table is due at once, unless it is switched off."""
        self._tables[table].plan = plan
        self.ask_now([table], now)

    def ask_now(self, tables: Iterable[str], now: float) -> None:
        """Make every scope of the tables due."""
        for table in tables:
            for scope in self._scopes(table):
                scope.due = now

    def due(self, now: float) -> dict[str, tuple[str, ...]]:
        """Return the scopes to ask now, per table; `asked` must be told of those that are."""
        found = {name: self._due(table, now) for name, table in self._tables.items()}
        return {name: scopes for name, scopes in found.items() if scopes}

    def _due(self, table: _Table, now: float) -> tuple[str, ...]:
        if not table.plan.enabled or any(scope.asked for scope in table.scopes.values()):
            return ()
        return tuple(name for name, scope in table.scopes.items() if scope.due <= now)

    def asked(self, table: str, scopes: Iterable[str], now: float) -> None:
        """Note that a fetch of these scopes begins: the next is one interval after this one's beginning."""
        entry = self._tables[table]
        for name in scopes:
            entry.scopes[name].asked = True
            entry.scopes[name].due = now + entry.plan.interval_s

    def ended(self, table: str, scopes: Iterable[str]) -> None:
        """Note that the fetch of these scopes has ended, however it did."""
        for name in scopes:
            self._tables[table].scopes[name].asked = False

    def next_due(self) -> float | None:
        """Return when `due` will next have something to say; null while every table waits for an answer."""
        waiting = [
            scope.due
            for table in self._tables.values()
            if table.plan.enabled and not any(scope.asked for scope in table.scopes.values())
            for scope in table.scopes.values()
        ]
        return min(waiting, default=None)

    def _scopes(self, table: str) -> Iterable[_Scope]:
        return self._tables[table].scopes.values() if table in self._tables else ()
