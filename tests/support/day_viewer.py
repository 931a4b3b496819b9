"""The viewer of a simulated day: hears real frames, keeps a mirror, and holds each change against what is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fetchers.messages import pack
from fetchers.records import Record
from monitor import freshness
from monitor.changes import Change, Hello, RowsChanged, TableChanged, from_engine
from monitor.mirror import Mirror
from monitor.tables import TABLES
from tests.support.day_worker import Outside, explained

KEPT = 5
"""Complaints of each kind that are kept in words; all are counted."""


class Viewer:
    """Applies what it is told, and complains of what cannot be true."""

    def __init__(self, outside: Outside, limit: int) -> None:
        self.mirror = Mirror()
        self.complaints: list[str] = []
        self.counts: Counter[str] = Counter()
        """Complaints by kind."""
        self.told = 0
        """Changes heard."""
        self.failed: dict[tuple[str, str], int] = {}
        """(table, scope) → generation of its last fetch that failed."""
        self.blind = False
        """Whether it has not read for a while: what came and went meanwhile it cannot know."""
        self._outside, self._limit = outside, limit
        self._frames = from_engine()
        self._had_rows: set[str] = set()
        self._vanished: dict[str, Record] = {}
        """Row key → record that was pending when it was taken away; to be back elsewhere before the drain is over."""

    def hear(self, change: Change) -> None:
        """Take one change over, by way of its frame."""
        for heard in self._frames.feed(pack(change)):
            self.told += 1
            if isinstance(heard, RowsChanged):
                self._before_rows(heard)
            self.mirror.apply(heard)
            self._after(heard)

    def new_engine(self) -> None:
        """Forget what was said of generations: they begin anew."""
        self.failed.clear()
        self._outside.answered.clear()

    def _complain(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= KEPT:
            self.complaints.append(f"{self._outside.timeline.now:.1f} s: {kind}: {text}")

    # --- rows

    def _before_rows(self, change: RowsChanged) -> None:
        rows = self.mirror.rows.get(change.table, {})
        for key in change.removed:
            self._taken_away(change.table, key, rows.get(key))
        for key, record in change.upserts.items():
            self._vanished.pop(key, None)
            self._changed(key, self._known(change.table, key), record)

    def _known(self, table: str, key: str) -> Record | None:
        tables = [name for name in TABLES if (TABLES[name].family or name) == (TABLES[table].family or table)]
        return next((row for name in tables if (row := self.mirror.rows.get(name, {}).get(key)) is not None), None)

    def _taken_away(self, table: str, key: str, row: Record | None) -> None:
        world, now = self._outside.world, self._outside.timeline.now
        if row is None:
            return  # it came and went while nobody read
        if world.pending(table, row.scope, row.id, now):
            self._complain("a row was taken away that still runs", key)
        elif row.state.pending and not self.blind:
            self._vanished[key] = row
        elif row.state.ended and world.listed(table, row.scope, row.id, now, self._limit):
            self._complain("a row was taken away that is still there", key)

    def _changed(self, key: str, old: Record | None, new: Record) -> None:
        if new.id == "ghost":
            self._complain("a row that is not there", key)
        elif old is not None and old.state.ended and new.state.pending:
            self._complain("an ended row runs again", f"{key} {old.table} -> {new.table}")
        elif new.state.ended and self._outside.world.pending(new.table, new.scope, new.id, self._outside.timeline.now):
            self._complain("a row has ended too early", key)

    # --- statuses

    def _after(self, change: Change) -> None:
        for table, rows in self.mirror.rows.items():
            if rows:
                self._had_rows.add(table)
            elif table in self._had_rows:
                self._complain("a table that had rows is empty", table)
                self._had_rows.discard(table)
        if isinstance(change, TableChanged):
            self._drained()
            self._judge(change.status.table)
        elif isinstance(change, Hello):
            self._vanished.clear()

    def _drained(self) -> None:
        for key, row in self._vanished.items():
            self._complain("a row vanished without its end", f"{key} {row.state}")
        self._vanished.clear()

    def _judge(self, table: str) -> None:
        status = self.mirror.status[table]
        rows = Counter(row.scope for row in self.mirror.rows.get(table, {}).values())
        for name, scope in status.scopes.items():
            place = (table, name)
            good = freshness.of_scope(scope, status, self._outside.timeline.wall).good
            if good and self._outside.answered.get(place, -1) <= self.failed.get(place, -1):
                self._complain("live, though its last fetch failed", f"{place}")
            if scope.failure is not None and not _names_a_cause(scope.failure.text, table, name):
                self._complain("an error without a cause", scope.failure.text)
            if scope.took_s is not None and scope.took_s < 0:
                self._complain("an answer that took less than no time", f"{place} {scope.took_s}")
            if scope.rows != rows[name] and not self.blind:
                self._complain("a scope that counts its rows wrongly", f"{place}: {scope.rows}, not {rows[name]}")

    # --- the end

    def compare(self) -> None:
        """Complain of whatever differs from the world as it is."""
        for table, status in self.mirror.status.items():
            fresh = freshness.of_table(status, self._outside.timeline.wall)
            if not fresh.good:
                self._complain("a table is not live at the end", f"{table} {fresh}: {freshness.error(status)}")
            for scope in status.scopes:
                self._compare(table, scope)

    def _compare(self, table: str, scope: str) -> None:
        shown = {row.id: row for row in self.mirror.rows.get(table, {}).values() if row.scope == scope}
        answer = self._outside.world.answer(table, scope, self._outside.timeline.now, self._limit)
        true = _by_id(map(explained, answer))
        for id_ in sorted(shown.keys() | true.keys()):
            if shown.get(id_) != true.get(id_):
                self._complain("a row differs from the world at the end", f"{table} {scope} {id_}: {shown.get(id_)}")


def _by_id(records: Iterable[Record]) -> dict[str, Record]:
    return {record.id: record for record in records}


def _names_a_cause(text: str, table: str, scope: str) -> bool:
    """Whether it says what was asked, where, and what came of it."""
    what, _, cause = text.partition(": ")
    return scope in what and table in what.lower() and len(cause) > len("no") and "\n" not in text
