"""The failures of all tables by what caused them, as JSON and for eyes: what is behind `monitor why --all`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from fetchers.records import Record
from fetchers.redact import redact
from monitor.columns import GLYPHS
from monitor.export import SCHEMA, json_line
from monitor.freshness import Freshness
from monitor.paint import BOLD, DIM, RED, YELLOW, Paint
from monitor.report import INDENT, advice_lines, said
from monitor.same_cause import Cause, tally
from monitor.text import age, cell_width, cut_middle, fit, one_line

_MOST_RECORDS = 8
"""Records that are shown of one cause."""
_TABLE, _AGO, _NAME = 11, 12, 40
"""Cells."""


def render_json(
    causes: Sequence[Cause], unexplained: Sequence[Record], tables: dict[str, Freshness], now: datetime
) -> str:
    """One object on one line; `monitor why --help` describes it."""
    return json_line(
        {
            "schema": SCHEMA,
            "at": now.astimezone(UTC),
            "tables": tables,
            "failures": _failures(causes, unexplained),
            "causes": [_cause(cause) for cause in causes],
            "unexplained": [_record(record) for record in unexplained],
        }
    )


def _failures(causes: Sequence[Cause], unexplained: Sequence[Record]) -> int:
    return sum(len(cause.records) for cause in causes) + len(unexplained)


def _cause(cause: Cause) -> dict[str, object]:
    return {
        "text": redact(cause.text),
        "rule": cause.rule,
        "category": cause.category,
        "advice": cause.advice and redact(cause.advice),
        "count": len(cause.records),
        "records": [_record(record) for record in cause.records],
    }


def _record(record: Record) -> dict[str, object]:
    finished = record.finished and record.finished.astimezone(UTC)
    fields = {"table": record.table, "id": record.id, "name": record.name, "scope": record.scope}
    return {**fields, "finished": finished, "url": record.url}


def render_text(
    causes: Sequence[Cause],
    unexplained: Sequence[Record],
    now: datetime,
    *,
    width: int,
    paint: Paint,
    whole: bool = True,
) -> str:
    """How many there are, and each cause with what to do and whom it befell, the biggest first.

    `whole`: every table has answered, so that none means none.
    """
    if not (failures := _failures(causes, unexplained)):
        return "No failures\n" if whole else "No failures in what is known\n"
    blocks = [[paint(tally(failures, len(causes)), BOLD)]]
    blocks += [[*_cause_lines(cause, now, width, paint)] for cause in causes]
    if unexplained:
        title = paint(f"{len(unexplained):,} with no reason known", YELLOW)
        blocks.append([f"{paint('?', YELLOW)} {title}", *_records(unexplained, now, width, paint)])
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _cause_lines(cause: Cause, now: datetime, width: int, paint: Paint) -> Iterator[str]:
    number = f"{len(cause.records):,} × " if len(cause.records) > 1 else ""
    first, *others = said(f"{number}{redact(cause.text)}", width)
    yield f"{paint('✗', RED)} {paint(first.lstrip(), BOLD)}"
    yield from (paint(line, BOLD) for line in others)
    if nature := " · ".join(one_line(word) for word in (cause.rule, cause.category) if word):
        yield paint(f"{INDENT}{nature}", DIM)
    if cause.advice:
        yield from advice_lines(redact(cause.advice), width, paint)
    yield from _records(cause.records, now, width, paint)


def _records(records: Sequence[Record], now: datetime, width: int, paint: Paint) -> Iterator[str]:
    for record in records[:_MOST_RECORDS]:
        yield f"{INDENT}{_listed(record, now, width - len(INDENT))}"
    if (hidden := len(records) - _MOST_RECORDS) > 0:
        yield paint(f"{INDENT}and {hidden:,} more; -o json has them all", DIM)


def _listed(record: Record, now: datetime, width: int) -> str:
    """A failure on one line: where it is, when it ended and what it is called, with its id where there is room."""
    head = f"{fit(record.table, _TABLE)}{fit(_ago(record, now), _AGO)}"
    room = width - len(head)
    name, id_ = one_line(record.name or record.id), one_line(record.id)
    if room < _NAME + len(id_) or id_ == name:
        return f"{head}{cut_middle(name, room)}"
    return f"{head}{fit(cut_middle(name, _NAME), _NAME)} {id_}"


def meant(key: str, record: Record, now: datetime, width: int) -> str:
    """One of several that a word may mean, on one line, with what names it alone."""
    what = one_line(f"{record.table}/{key}")
    name = f"  {one_line(record.name)}" if record.name != record.id else ""
    text = f"{GLYPHS[record.state]} {fit(_ago(record, now), _AGO)}{what}{name}"
    return fit(text, max(width, cell_width(what) + _AGO + len(INDENT))).rstrip()


def _ago(record: Record, now: datetime) -> str:
    return age((now - record.time).total_seconds()) if record.time is not None else ""


def match_json(records: Sequence[Record], now: datetime) -> str:
    """Records that may be meant by one word."""
    matches = [{**_record(record), "state": record.state} for record in records]
    return json_line({"schema": SCHEMA, "at": now.astimezone(UTC), "matches": matches})
