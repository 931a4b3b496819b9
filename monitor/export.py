"""The tables as JSON and CSV: what `monitor ls` prints for programs. Pure: a mirror and the time in, text out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from fetchers.records import Record, ordered
from monitor import freshness
from monitor.changes import ScopeStatus, TableStatus
from monitor.mirror import Mirror

SCHEMA = 1
"""Version of the JSON; a new one only when a script could break."""

_LIVE_ON_A_TERMINAL = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Control and direction characters that JSON allows unescaped and a terminal would act on."""


# --- JSON --------------------------------------------------------------------------------------------------------


def render_json(mirror: Mirror, tables: Sequence[str], now: datetime) -> str:
    """One JSON object, schema 1, and a newline. `now` is what freshness is judged by."""
    answer = {"schema": SCHEMA, "at": _utc(now), "tables": {name: _table(mirror, name, now) for name in tables}}
    return _escaped(msgspec.json.encode(answer).decode()) + "\n"


def record_json(record: Record) -> str:
    """One record as it stands in `render_json`, in lines indented by two."""
    return _escaped(msgspec.json.format(msgspec.json.encode(presentable(record)), indent=2).decode())


def json_line(value: object) -> str:
    """Any data as JSON on one line, safe on a terminal, and a newline."""
    return _escaped(msgspec.json.encode(value).decode()) + "\n"


def ascii_json(text: str) -> str:
    """The same JSON for an output that takes ASCII only."""
    return re.sub(r"[^\x00-\x7f]", lambda found: _unicode_escape(found.group()), text)


def _table(mirror: Mirror, name: str, now: datetime) -> dict[str, object]:
    status = mirror.status[name]
    return {
        "freshness": freshness.of_table(status, now),
        "fetched_at": _utc(freshness.fetched_at(status, now)),
        "took_s": _rounded(status.took_s),
        "error": freshness.error(status),
        "scopes": {scope: _scope(held, status, now) for scope, held in status.scopes.items()},
        "records": [presentable(record) for record in ordered(mirror.rows.get(name, {}).values())],
    }


def _scope(scope: ScopeStatus, table: TableStatus, now: datetime) -> dict[str, object]:
    return {
        "freshness": freshness.of_scope(scope, table, now),
        "fetched_at": _utc(scope.fetched_at),
        "error": scope.failure.text if scope.failure else None,
    }


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


def presentable(record: Record) -> Record:
    """The record with its times in UTC."""
    times = {name: _utc(getattr(record, name)) for name in ("created", "started", "finished")}
    return msgspec.structs.replace(record, **times)


def _escaped(text: str) -> str:
    return _LIVE_ON_A_TERMINAL.sub(lambda found: _unicode_escape(found.group()), text)


def _unicode_escape(character: str) -> str:
    data = character.encode("utf-16-be")
    return "".join(f"\\u{data[at] << 8 | data[at + 1]:04x}" for at in range(0, len(data), 2))


# --- CSV ---------------------------------------------------------------------------------------------------------

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What makes a spreadsheet calculate a cell instead of showing it."""

_Cell = str | float | None

_FIELDS: tuple[tuple[str, Callable[[Record, datetime], _Cell]], ...] = (
    ("table", lambda record, _: record.table),
    ("id", lambda record, _: record.id),
    ("name", lambda record, _: record.name),
    ("state", lambda record, _: record.state.value),
    ("raw_state", lambda record, _: record.raw_state),
    ("scope", lambda record, _: record.scope),
    ("created", lambda record, _: _iso(record.created)),
    ("started", lambda record, _: _iso(record.started)),
    ("finished", lambda record, _: _iso(record.finished)),
    ("seconds", lambda record, now: _rounded(record.seconds(now))),
    ("reason", lambda record, _: record.reason.text if record.reason else None),
    ("rule", lambda record, _: record.reason.rule if record.reason else None),
    ("category", lambda record, _: record.reason.category if record.reason else None),
    ("advice", lambda record, _: record.reason.advice if record.reason else None),
    ("url", lambda record, _: record.url),
    ("links", lambda record, _: _json_cell(record.links)),
    ("detail", lambda record, _: _json_cell(record.detail)),
)
"""The columns, in order. A time is ISO 8601 in UTC; `seconds` is a number, never negative."""


def render_csv(mirror: Mirror, tables: Sequence[str], now: datetime) -> str:
    """A header and a row for each record, RFC 4180, safe to open in a spreadsheet."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(name for name, _ in _FIELDS)
    for table in tables:
        records = map(presentable, ordered(mirror.rows.get(table, {}).values()))
        writer.writerows(_row(record, now) for record in records)
    return out.getvalue()


def _row(record: Record, now: datetime) -> Iterable[_Cell]:
    return [_cell(value(record, now)) for _, value in _FIELDS]


def _cell(value: _Cell) -> _Cell:
    """The value as a spreadsheet may see it: numbers as they are, text clean and never a formula."""
    if not isinstance(value, str):
        return value
    text = _one_line(value)
    return f"'{text}" if value.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def _one_line(text: str) -> str:
    shown = _LIVE_ON_A_TERMINAL.sub("", _CONTROLS.sub(" ", text))
    return shown.encode("utf-8", "replace").decode()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _json_cell(value: object) -> str:
    return _escaped(msgspec.json.encode(value).decode())
