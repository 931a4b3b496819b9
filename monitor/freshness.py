"""How old an answer is, in words: worked out from a status and the present time, the same for screen, JSON and health.

Pure: no clock, no I/O.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime

from monitor.changes import ScopeStatus, TableStatus


class Freshness(enum.StrEnum):
    """What an answer is worth; `loading`, `live` with no rows and `failed` are three different things."""

    LOADING = "loading"
    """Nothing yet."""
    LIVE = "live"
    """Every scope answered in its last fetch, none longer ago than 2 × its interval + timeout."""
    IDLE = "idle"
    """Empty, and therefore asked rarely; counts as live."""
    PARTIAL = "partial"
    """Some scopes are live."""
    STALE = "stale"
    """None is; the rows are from the cache or an earlier fetch."""
    FAILED = "failed"
    """None is, and there are no rows."""
    UNCONFIGURED = "unconfigured"
    """Not set up; the text says how."""
    DISABLED = "disabled"
    """Switched off."""

    @property
    def good(self) -> bool:
        """Whether the answer can be relied on as it stands."""
        return self in _GOOD


_GOOD = frozenset({Freshness.LIVE, Freshness.IDLE})


def of_scope(scope: ScopeStatus, table: TableStatus, now: datetime) -> Freshness:
    """Freshness of one scope: `loading`, `live`, `idle`, `stale` or `failed`."""
    if scope.fetched_at is None:
        return Freshness.FAILED if scope.failure else Freshness.LOADING
    if scope.failure:
        return Freshness.STALE if scope.rows else Freshness.FAILED
    if not scope.live:
        return Freshness.STALE
    if (now - scope.fetched_at).total_seconds() > 2 * scope.interval_s + table.timeout_s:
        return Freshness.STALE
    idle = scope.rows == 0 and scope.interval_s > table.interval_s
    return Freshness.IDLE if idle else Freshness.LIVE


def of_table(table: TableStatus, now: datetime) -> Freshness:
    """Freshness of a whole table."""
    if not table.enabled:
        return Freshness.DISABLED
    if table.missing is not None:
        return Freshness.UNCONFIGURED
    return _together([of_scope(scope, table, now) for scope in table.scopes.values()], _rows(table.scopes.values()))


def _rows(scopes: Iterable[ScopeStatus]) -> int:
    return sum(scope.rows for scope in scopes)


def _together(scopes: list[Freshness], rows: int) -> Freshness:
    found = set(scopes)
    if found and found <= _GOOD:
        return Freshness.IDLE if found == {Freshness.IDLE} else Freshness.LIVE
    if found & _GOOD:
        return Freshness.PARTIAL
    if Freshness.STALE in found:
        return Freshness.STALE
    if Freshness.LOADING in found or not found:
        return Freshness.LOADING
    return Freshness.STALE if rows else Freshness.FAILED


def fetched_at(table: TableStatus, now: datetime) -> datetime | None:
    """The age of a table is the age of its oldest answer, idle scopes apart; null where nothing ever answered."""
    times = {name: scope.fetched_at for name, scope in table.scopes.items() if scope.fetched_at is not None}
    busy = [time for name, time in times.items() if of_scope(table.scopes[name], table, now) is not Freshness.IDLE]
    return min(busy or times.values(), default=None)


def answered(table: TableStatus, now: datetime) -> int:
    """How many scopes are live or idle: the `7` of `7/18 regions`."""
    return sum(of_scope(scope, table, now).good for scope in table.scopes.values())


def error(table: TableStatus) -> str | None:
    """The first failure, and how many more there are; what to do where the table is not configured."""
    if table.missing is not None:
        return table.missing
    texts = [scope.failure.text for scope in table.scopes.values() if scope.failure]
    if not texts:
        return None
    return texts[0] if len(texts) == 1 else f"{texts[0]} (+{len(texts) - 1} more)"
