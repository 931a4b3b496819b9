"""The tables as text for eyes: what `monitor ls` prints on a terminal. Pure: a mirror and the time in, text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from fetchers.records import Record, ordered
from monitor import freshness
from monitor.causes import causes
from monitor.changes import TableStatus
from monitor.columns import COLUMNS, COUNTED, GAP, Column, widths
from monitor.export import presentable
from monitor.freshness import Freshness
from monitor.mirror import Mirror
from monitor.paint import BOLD, DIM, GREEN, RED, STATES, YELLOW, Paint, brush
from monitor.tables import TABLES
from monitor.text import age, cut_middle, fit, fit_right, one_line

_FAILURES_SHOWN = 5
_INDENT = "  "

_STYLES = {"dim": DIM}
"""Colours of columns by their role in the theme; a column of states has those of the states."""


def render_table(mirror: Mirror, tables: Sequence[str], now: datetime, *, width: int, colour: bool = False) -> str:
    """A title, what went wrong and the rows of each table, in lines of `width` cells; times in the zone of `now`."""
    paint = brush(colour=colour)
    return "\n".join("".join(f"{line}\n" for line in _table(mirror, name, now, width, paint)) for name in tables)


def _table(mirror: Mirror, name: str, now: datetime, width: int, paint: Paint) -> Iterator[str]:
    status = mirror.status[name]
    records = [presentable(record) for record in ordered(mirror.rows.get(name, {}).values())]
    yield _title(status, records, mirror.hidden.get(name, 0), now, paint)
    yield from (paint(f"{_INDENT}! {line}", RED) for line in _failures(status))
    if records:
        columns = widths(COLUMNS[name], width)
        yield paint(_line((_placed(column, column.header, cells) for column, cells in columns)), DIM)
        yield from (_row(record, columns, now, paint) for record in records)


def _title(status: TableStatus, records: Sequence[Record], hidden: int, now: datetime, paint: Paint) -> str:
    found = freshness.of_table(status, now)
    shade = GREEN if found.good else RED if found is Freshness.FAILED else YELLOW
    parts = (paint(status.table, BOLD), _counts(records, hidden, found), paint(_words(status, found, now), shade))
    return _INDENT.join(filter(None, parts))


def _counts(records: Sequence[Record], hidden: int, found: Freshness) -> str:
    """How many of each state; of no rows, only what is known: neither an unanswered question nor a filter is empty."""
    if hidden and not records:
        return f"none of {hidden} rows match"
    by_state = Counter(record.state for record in records)
    counts = ", ".join(f"{by_state[state]} {state.value}" for state in COUNTED if by_state[state])
    if hidden:
        return f"{counts} ({len(records)} of {len(records) + hidden} rows match)"
    return counts or _NO_ROWS.get(found, "")


_NO_ROWS = {
    Freshness.LIVE: "no rows",
    Freshness.IDLE: "no rows",
    Freshness.PARTIAL: "no rows so far",
    Freshness.STALE: "no rows then",
}


def _words(status: TableStatus, found: Freshness, now: datetime) -> str:
    """Freshness in words."""
    scopes, units = len(status.scopes), TABLES[status.table].units
    match found:
        case Freshness.UNCONFIGURED:
            return f"not set up: {one_line(status.missing or '')}"
        case Freshness.DISABLED:
            return f"switched off by tables.{status.table}.enabled"
        case Freshness.PARTIAL:
            return f"partial: {freshness.answered(status, now)} of {scopes} {units} answered"
        case Freshness.STALE:
            fetched = freshness.fetched_at(status, now)
            return f"stale: answered {age((now - fetched).total_seconds())}" if fetched else "stale"
        case Freshness.FAILED:
            return _failed(status, f"none of {scopes} {units} answered" if scopes > 1 else "")
        case _:
            return found.value


def _failed(status: TableStatus, words: str) -> str:
    if not causes(status):
        return "nothing is known"  # nobody was asked
    return f"failed: {words}" if words else "failed"


def _failures(status: TableStatus) -> Iterator[str]:
    """A line for each cause, up to a number."""
    found = causes(status)
    yield from (cause.line for cause in found[:_FAILURES_SHOWN])
    if hidden := sum(len(cause.scopes) for cause in found[_FAILURES_SHOWN:]):
        yield f"and {hidden} more; -o json has them all"


def _row(record: Record, columns: Sequence[tuple[Column, int]], now: datetime, paint: Paint) -> str:
    cells = ((column, _placed(column, column.value(record, now), width)) for column, width in columns)
    return _line(paint(text, _shade(column, record)) for column, text in cells)


def _shade(column: Column, record: Record) -> str:
    return STATES[record.state] if column.style == "state" else _STYLES.get(column.style, "")


def _placed(column: Column, text: str, width: int) -> str:
    shown = cut_middle(text, width) if column.cut == "middle" else text
    return fit_right(shown, width) if column.align == "right" else fit(shown, width)


def _line(cells: Iterable[str]) -> str:
    return (" " * GAP).join(cells).rstrip()
