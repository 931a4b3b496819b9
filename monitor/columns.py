"""The columns of every table, as data: what the screen and `ls -o table` show of a record.

They answer what, where, how long, when and why, and stand at the same place in all five tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from fetchers.records import Record, State
from monitor.text import duration, one_line, stamp

GLYPHS = {
    State.RUNNING: "●",
    State.QUEUED: "○",
    State.SUCCEEDED: "✓",
    State.FAILED: "✗",
    State.CANCELLED: "⊘",
    State.UNKNOWN: "?",
}
"""One cell each, no emoji: a state is never told by colour alone."""

COUNTED = (State.FAILED, State.RUNNING, State.QUEUED, State.UNKNOWN, State.SUCCEEDED, State.CANCELLED)
"""The order in which states are counted and sorted: what needs eyes first."""

GAP = 2
"""Cells between two columns."""


class Column(msgspec.Struct, frozen=True):
    """One column of one table."""

    key: str
    """Its name for sorting, filtering and CSV."""
    header: str
    value: Callable[[Record, datetime], str]
    """The text of its cell, safe for a terminal; times are shown in the zone of the given present."""
    min: int
    """Cells it has at least."""
    max: int | None = None
    """Cells beyond which it does not grow; none: it takes what is left."""
    weight: int = 0
    """Share of the cells that are left once every column has its least."""
    above: int = 0
    """Cells of a line below which it gives its room to the others."""
    align: Literal["left", "right"] = "left"
    cut: Literal["end", "middle"] = "end"
    """Where a text that is too long loses characters."""
    style: str = ""
    """Role in the theme: `state`, `name`, `dim`, `time` or `reason`."""
    shared: str = ""
    """Header where one line heads several tables; the same where it is empty."""
    ticks: bool = False
    """Whether the text of a queued or running record changes as time passes."""
    number: Callable[[Record], float | None] | None = None
    """What it is sorted by, most first; null in a record that has none. Without such a function it is by its text."""
    details: tuple[str, ...] = ()
    """Entries of a record's `detail` of which it shows the first that is there."""


def _state(record: Record, _now: datetime) -> str:
    return f"{GLYPHS[record.state]} {record.state.value}"


def _name(record: Record, _now: datetime) -> str:
    return one_line(record.name or record.id)


def _scope(record: Record, _now: datetime) -> str:
    return one_line(record.scope)


def _took(record: Record, now: datetime) -> str:
    seconds = record.seconds(now)
    return "" if seconds is None else duration(seconds)


def _when(record: Record, now: datetime) -> str:
    return "" if record.time is None else stamp(record.time, now)


def _why(record: Record, _now: datetime) -> str:
    if record.reason is not None:
        return one_line(record.reason.text)
    if record.state is State.UNKNOWN:
        return one_line(f"the source says {record.raw_state}") if record.raw_state else ""
    return ""


def _detail(*keys: str) -> Callable[[Record, datetime], str]:
    """The first of these details that the record has."""

    def value(record: Record, _now: datetime) -> str:
        found = next((record.detail[key] for key in keys if record.detail.get(key) not in (None, "")), "")
        return one_line(str(found))

    return value


def _progress(*keys: str) -> Callable[[Record, datetime], str]:
    """The step that the record has come to, else the first of these details."""
    otherwise = _detail(*keys)

    def value(record: Record, now: datetime) -> str:
        step = _step(record)
        return otherwise(record, now) if step is None else f"step {step:,.0f}"

    return value


def _urgency(record: Record) -> float:
    return -COUNTED.index(record.state)


_STILL = 1e12


def _length(record: Record) -> float | None:
    """Seconds that it ran; what still runs goes before, the longest first: that order does not change with time."""
    if not record.state.pending:
        return record.seconds(record.finished or _EPOCH)
    begun = record.started or record.created
    return None if begun is None else _STILL - (begun - _EPOCH).total_seconds()


def _moment(record: Record) -> float | None:
    return None if record.time is None else (record.time - _EPOCH).total_seconds()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _step(record: Record) -> float | None:
    """The step that it has come to; null where it has none that is a number."""
    step = record.detail.get("step")
    if isinstance(step, bool) or not isinstance(step, int | float) or not math.isfinite(step):
        return None
    return step


def _columns(what: str, extra: Column) -> tuple[Column, ...]:
    return (
        Column("state", "STATE", _state, 11, 11, style="state", number=_urgency),
        Column("name", what, _name, 16, 48, weight=4, cut="middle", style="name", shared="NAME"),
        Column("where", "WHERE", _scope, 12, 17, weight=1, above=72, cut="middle", style="dim"),
        extra,
        Column("took", "TIME", _took, 7, 7, align="right", style="time", ticks=True, number=_length),
        Column("when", "SINCE", _when, 7, 7, above=88, align="right", style="dim", number=_moment),
        Column("why", "WHY", _why, 16, None, weight=7, above=56, style="reason"),
    )


_Value = Callable[[Record, datetime], str]


def _extra(key: str, header: str, *details: str, value: Callable[..., _Value] = _detail) -> Column:
    shown = value(*details)
    return Column(
        key, header, shown, 14, 22, weight=1, above=132, cut="middle", style="dim", shared="DETAIL", details=details
    )


_PROGRESS = replace(_extra("step", "PROGRESS", "queue", "host", "user", value=_progress), number=_step)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "builds": _columns("BUILD", _extra("origin", "FROM", "trigger", "branch", "tag", "tags", "image")),
    "runner": _columns("EXECUTION", _extra("job", "JOB", "job", "image")),
    "vertex": _columns("JOB", _extra("machine", "MACHINE", "machine_type", "accelerator")),
    "active": _columns("RUN", _PROGRESS),
    "completed": _columns("RUN", _PROGRESS),
}
"""Per table, from left to right."""


def widths(columns: Sequence[Column], total: int) -> list[tuple[Column, int]]:
    """The columns that have room in `total` cells, each with its width; with their gaps they fill it exactly.

    It depends on nothing but the width of the line, so that no column ever moves because a row came or went.
    """
    return _shared([column for column in columns if column.above <= total], total)


def _least(columns: Sequence[Column]) -> int:
    return sum(column.min for column in columns) + GAP * (len(columns) - 1)


def _shared(columns: list[Column], total: int) -> list[tuple[Column, int]]:
    """Share what is left by weight; what one column may not take goes to the others."""
    got = {column.key: column.min for column in columns}
    spare = total - _least(columns)
    growing = [column for column in columns if column.weight]
    while spare > 0 and growing:
        weight = sum(column.weight for column in growing)
        for column in growing:
            share = min(max(1, spare * column.weight // weight), _room(column, got[column.key]), spare)
            got[column.key] += share
            spare -= share
            weight -= column.weight
            if not spare:
                break
        growing = [column for column in growing if _room(column, got[column.key])]
    return [(column, got[column.key]) for column in columns]


def _room(column: Column, width: int) -> int:
    return 1_000_000 if column.max is None else column.max - width
