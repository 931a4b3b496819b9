"""Turns events, in whatever order they come, into table states and row-level changes.

Pure: no I/O, no clock of its own, no UI. The rules that keep it honest:

- every scope has the generation that last began; an event of an older one does nothing, nor does anything after a
  scope's end;
- a row carries the generation that last confirmed it; an older fetch never overwrites it, and only `ScopeComplete`
  removes a row, and only one that no fetch as young has confirmed;
- a run lives in one table of its family: the one its newest record names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from fetchers.errors import Failure
from fetchers.messages import Event, Page, ScopeComplete, ScopeFailed, ScopeStarted
from fetchers.records import Reason, Record, State
from monitor.changes import Change, RowsChanged, ScopeStatus, TableChanged, TableStatus
from monitor.flight import HARD_AFTER_SOFT_S
from monitor.pace import Outcome
from monitor.tables import TABLES, Table, TablePlan

ROWS_A_CHANGE = 500
"""Rows that are told together."""


class _Row(msgspec.Struct):
    record: Record
    generation: int
    table: str


class _Scope(msgspec.Struct):
    rank: int
    """Its place in the table's list: where two scopes hold one run, the earlier one has it."""
    generation: int = 0
    named: frozenset[str] = frozenset()
    """The ids that its last fetch asked for by name."""
    began: datetime | None = None
    open: bool = False
    status: ScopeStatus = msgspec.field(default_factory=ScopeStatus)


class _Table(msgspec.Struct):
    table: Table
    plan: TablePlan
    missing: str | None
    scopes: dict[str, _Scope]
    rows: dict[str, dict[str, _Row]] = msgspec.field(default_factory=dict)
    """Scope → row key → row."""
    took_s: float | None = None
    waiting: str | None = None
    unread: int = 0
    unreadable: str | None = None


End = tuple[State, datetime | None]
"""Which end of a record a reason explains: a W&B run, and nothing else, may have more than one."""


def end_of(record: Record) -> End:
    """How and when the record ended."""
    return record.state, record.finished


class Accumulator:
    """All rows and statuses, and what of them changed since `drain` was last called."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}
        self._families: dict[str, dict[str, _Row]] = {}
        self._upserts: dict[str, dict[str, Record]] = {}
        self._removed: dict[str, set[str]] = {}
        self._dirty: set[str] = set()
        self._explained: dict[tuple[str, str], tuple[End, Reason | None]] = {}
        """Table and row key → which end of the record a reason explains, and the reason."""

    # --- what there is -------------------------------------------------------------------------------------------

    def configure(self, table: str, plan: TablePlan, scopes: Iterable[str], missing: str | None = None) -> None:
        """Declare a table, before anything of it arrives; `missing` says what to do where it cannot be asked."""
        unasked = ScopeStatus(interval_s=plan.interval_s)
        ranked = {scope: _Scope(rank, status=unasked) for rank, scope in enumerate(scopes)}
        self._tables[table] = _Table(TABLES[table], plan, missing, ranked)
        self._dirty.add(table)

    def plan(self, table: str, plan: TablePlan) -> None:
        """Take over a changed plan; rows stay."""
        self._tables[table].plan = plan
        self._dirty.add(table)

    def known(self, table: str, scopes: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return per scope the ids that are queued or running, which the fetch that begins now must not lose."""
        entry, known = self._tables[table], {}
        for scope in scopes:
            rows = entry.rows.get(scope, {}).values()
            known[scope] = tuple(row.record.id for row in rows if row.record.state.pending)
            entry.scopes[scope].named = frozenset(known[scope])
        return known

    def first(self, table: str, scopes: Iterable[str]) -> tuple[str, ...]:
        """Return which of the scopes have not answered in full in this session: not all that runs there is known."""
        return tuple(scope for scope in scopes if not self._tables[table].scopes[scope].status.live)

    def outcome(self, table: str, scope: str, failure: Failure | None) -> Outcome:
        """Return what a fetch of the scope came to, for the schedule."""
        rows = self._tables[table].rows.get(scope, {}).values()
        return Outcome(rows=len(rows), pending=sum(row.record.state.pending for row in rows), failure=failure)

    def restore(self, table: str, scope: str, records: Iterable[Record], fetched_at: datetime | None) -> None:
        """Take over rows of an earlier session: stale until the scope answers, and then removed where they are gone.

        `fetched_at` is null for rows of a scope that has never answered in full.

        Does nothing for a scope that has answered, or is not asked here.
        """
        entry = self._tables.get(table)
        held = entry.scopes.get(scope) if entry else None
        if held is None or held.status.live or held.status.fetched_at not in {None, fetched_at}:
            return
        held.status = msgspec.structs.replace(held.status, fetched_at=fetched_at)
        for record in records:
            if record.scope == scope and (home := self._tables.get(record.table)) is not None:
                self._remember(home, record)
                self._row(home, record, generation=0)
        self._dirty.add(table)

    def _remember(self, home: _Table, record: Record) -> None:
        """Keep what was known of why a record ended, so that an answer which knows less does not undo it."""
        if record.state in home.table.read and record.reason is not None:
            self._explained.setdefault((home.table.name, home.table.key(record)), (end_of(record), record.reason))

    # --- what happens --------------------------------------------------------------------------------------------

    def take(self, event: Event) -> bool:
        """Take one event of a fetch; never raises, whatever the order. False for one that changes nothing."""
        entry = self._tables.get(event.table)
        scope = entry.scopes.get(event.scope) if entry else None
        if entry is None or scope is None or event.generation < scope.generation:
            return False
        if event.generation > scope.generation:
            self._begin(event, scope)
        if not scope.open:
            return False
        match event:
            case Page():
                self._page(event)
            case ScopeComplete():
                self._complete(event, entry, scope)
            case ScopeFailed():
                self._close(scope, failure=event.failure, failed_at=event.at, got_over=None)
            case _:
                pass
        self._dirty.add(event.table)
        return True

    def _begin(self, event: Event, scope: _Scope) -> None:
        scope.generation, scope.open = event.generation, True
        scope.began = event.at if isinstance(event, ScopeStarted) else None
        scope.status = msgspec.structs.replace(scope.status, loading=True, next_at=None)

    def _close(self, scope: _Scope, **status: object) -> None:
        scope.open = False
        scope.status = msgspec.structs.replace(scope.status, loading=False, **status)

    def _complete(self, event: ScopeComplete, entry: _Table, scope: _Scope) -> None:
        for key, row in list(entry.rows.get(event.scope, {}).items()):
            if row.generation < event.generation and not _unasked(scope, row):
                self._remove(key, row)
        took = _took(scope, event.at, entry.plan)
        interval_s = entry.plan.interval_s  # until the schedule says how soon it is asked again
        got_over = scope.status.failure or scope.status.got_over
        answered = {"fetched_at": event.at, "live": True, "took_s": took, "failure": None, "got_over": got_over}
        self._close(scope, **answered, interval_s=interval_s)

    def fetched(self, table: str, took_s: float, waits: Mapping[str, float], now: datetime) -> None:
        """Note that a fetch of `table` has ended, took `took_s` seconds, and when its scopes will be asked again.

        `waits` are seconds from its beginning.
        """
        entry = self._tables[table]
        entry.took_s = took_s
        for name, wait in waits.items():
            scope = entry.scopes[name]
            next_at = now + timedelta(seconds=max(0.0, wait - took_s))
            scope.status = msgspec.structs.replace(scope.status, interval_s=wait, next_at=next_at)
        self._dirty.add(table)

    def waiting(self, table: str, what: str | None) -> None:
        """Note what the fetches of `table` wait for before they can begin; null for nothing."""
        self._tables[table].waiting = what
        self._dirty.add(table)

    def explain(self, table: str, key: str, ended: End, reason: Reason | None) -> None:
        """Have a row say why it ended, instead of what its source said, for as long as that is how it ended."""
        entry = self._tables[table]
        row = self._families.get(entry.table.family or table, {}).get(key)
        if row is not None and row.table == table:
            self._explained[table, key] = (ended, reason)
            self._row(entry, row.record, row.generation)

    def unread(self, table: str, rows: int, why: str | None) -> None:
        """Note how many rows of `table` wait for their log to be read, and why it cannot be where that is so."""
        entry = self._tables[table]
        if (entry.unread, entry.unreadable) != (rows, why):
            entry.unread, entry.unreadable = rows, why
            self._dirty.add(table)

    # --- rows ----------------------------------------------------------------------------------------------------

    def _page(self, event: Page) -> None:
        for record in event.records:
            home = self._tables.get(record.table)
            if home is not None and record.scope in home.scopes:
                self._row(home, record, event.generation)

    def _row(self, home: _Table, record: Record, generation: int) -> None:
        key = home.table.key(record)
        record = self._with_reason(home, key, record)
        family = self._families.setdefault(home.table.family or home.table.name, {})
        old = family.get(key)
        if old is not None:
            if old.generation > generation or self._outranked(old, record, home):
                return
            if old.record == record:
                old.generation = generation
                return
            self._remove(key, old)
        family[key] = row = _Row(record, generation, home.table.name)
        home.rows.setdefault(record.scope, {})[key] = row
        self._upserts.setdefault(row.table, {})[key] = record
        self._removed.get(row.table, set()).discard(key)
        self._dirty.add(row.table)

    def _with_reason(self, home: _Table, key: str, record: Record) -> Record:
        ended, reason = self._explained.get((home.table.name, key), (None, None))
        if ended is None or ended != end_of(record) or reason == record.reason:
            return record
        return msgspec.structs.replace(record, reason=reason)

    def _outranked(self, old: _Row, record: Record, home: _Table) -> bool:
        mine, theirs = home.scopes.get(record.scope), home.scopes.get(old.record.scope)
        return mine is not None and theirs is not None and theirs.rank < mine.rank

    def _remove(self, key: str, row: _Row) -> None:
        entry = self._tables[row.table]
        self._families[entry.table.family or entry.table.name].pop(key)
        entry.rows[row.record.scope].pop(key)
        self._upserts.get(row.table, {}).pop(key, None)
        self._removed.setdefault(row.table, set()).add(key)
        self._dirty.add(row.table)

    # --- what is told --------------------------------------------------------------------------------------------

    def drain(self) -> list[Change]:
        """Return what changed since the last call, rows first, and forget it."""
        changes: list[Change] = []
        for table in self._tables:
            upserts, removed = self._upserts.pop(table, {}), self._removed.pop(table, set())
            for key in removed:
                self._explained.pop((table, key), None)
            changes += _rows_changed(table, upserts, tuple(removed))
        changes += [TableChanged(status=self.status(table)) for table in self._tables if table in self._dirty]
        self._dirty.clear()
        return changes

    def answer(self, table: str, scope: str) -> list[Record]:
        """Return the rows of one scope of one table."""
        return [row.record for row in self._tables[table].rows.get(scope, {}).values()]

    def tables(self) -> Iterable[str]:
        """Return the names of the tables that are shown."""
        return self._tables.keys()

    def record(self, table: str, key: str) -> Record | None:
        """Return the record in one row; null where there is no such row."""
        entry = self._tables.get(table)
        row = self._families.get(entry.table.family or table, {}).get(key) if entry is not None else None
        return row.record if row is not None else None

    def rows(self, table: str) -> dict[str, Record]:
        """Return the rows of one table, by row key."""
        return {key: row.record for scope in self._tables[table].rows.values() for key, row in scope.items()}

    def status(self, table: str) -> TableStatus:
        """Return the status of one table."""
        entry = self._tables[table]
        return TableStatus(
            table=table,
            enabled=entry.plan.enabled,
            missing=entry.missing,
            interval_s=entry.plan.interval_s,
            timeout_s=entry.plan.timeout_s,
            took_s=entry.took_s,
            waiting=entry.waiting,
            unread=entry.unread,
            unreadable=entry.unreadable,
            scopes={name: _counted(scope, entry.rows.get(name, {})) for name, scope in entry.scopes.items()},
        )


def _rows_changed(table: str, upserts: dict[str, Record], removed: tuple[str, ...]) -> Iterable[RowsChanged]:
    """Yield the change in pieces, none of which comes near the limit of a frame."""
    if removed:
        yield RowsChanged(table=table, removed=removed)
    keys = iter(upserts)
    while piece := {key: upserts[key] for key in itertools.islice(keys, ROWS_A_CHANGE)}:
        yield RowsChanged(table=table, upserts=piece)


def _unasked(scope: _Scope, row: _Row) -> bool:
    """Whether a row of an earlier session still ran when last heard of, and nobody has asked for it by name yet.

    The cache may be read only after the first fetch has begun; the next one will name the row, and see its end.
    """
    return not scope.status.live and row.record.state.pending and row.record.id not in scope.named


def _took(scope: _Scope, at: datetime, plan: TablePlan) -> float | None:
    """Seconds an answer took, by a worker's wall clock; null where that has jumped meanwhile."""
    seconds = (at - scope.began).total_seconds() if scope.began else -1.0
    return seconds if 0 <= seconds <= plan.timeout_s + HARD_AFTER_SOFT_S else None


def _counted(scope: _Scope, rows: Mapping[str, _Row]) -> ScopeStatus:
    return msgspec.structs.replace(scope.status, rows=len(rows))
