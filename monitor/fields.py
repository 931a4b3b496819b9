"""What a filter can look into: the columns of every table, and each field, link and detail of its records.

Pure: no Textual, no clock. Text is searched as it is shown, so that what one reads on the screen is what one finds.
"""

from __future__ import annotations

import enum
import functools
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec

from fetchers.records import Record, Scalar, State
from monitor.columns import COLUMNS, Column
from monitor.text import LIMIT, clean

Value = Scalar | datetime
"""What a field of a record holds; null where the record does not have it."""
Read = Callable[[Record, datetime], Value]


class Kind(enum.Enum):
    """How the values of a field are shown, compared and found."""

    TEXT = "text"
    TEXTS = "texts"
    """Text in lines, any of which may be meant."""
    STATE = "a state"
    FLAG = "yes or no"
    NUMBER = "a number"
    """Or text: what a source calls by one name need not be of one type."""
    SECONDS = "a duration"
    TIME = "a time"


class Field(msgspec.Struct, frozen=True):
    """One thing to be asked of a record."""

    kind: Kind
    read: Read


# --- every record ------------------------------------------------------------------------------------------------


def _why(record: Record, _now: datetime) -> str:
    if record.reason is None:
        return f"the source says {record.raw_state}" if record.state is State.UNKNOWN and record.raw_state else ""
    return record.reason.text


def _of_reason(part: str) -> Read:
    return lambda record, _: getattr(record.reason, part, None)


def _image(record: Record, _now: datetime) -> Scalar:
    return record.detail.get("image") or record.links.get("image")


_EVERYWHERE: dict[str, Field] = {
    "state": Field(Kind.STATE, lambda record, _: record.state),
    "name": Field(Kind.TEXT, lambda record, _: record.name or record.id),
    "id": Field(Kind.TEXT, lambda record, _: record.id),
    "where": Field(Kind.TEXT, lambda record, _: record.scope),
    "took": Field(Kind.SECONDS, lambda record, now: record.seconds(now)),
    "when": Field(Kind.TIME, lambda record, _: record.time),
    "why": Field(Kind.TEXT, _why),
    "mine": Field(Kind.FLAG, lambda record, _: record.detail.get("mine")),
    "raw_state": Field(Kind.TEXT, lambda record, _: record.raw_state),
    "created": Field(Kind.TIME, lambda record, _: record.created),
    "started": Field(Kind.TIME, lambda record, _: record.started),
    "finished": Field(Kind.TIME, lambda record, _: record.finished),
    "rule": Field(Kind.TEXT, _of_reason("rule")),
    "category": Field(Kind.TEXT, _of_reason("category")),
    "advice": Field(Kind.TEXT, _of_reason("advice")),
    "url": Field(Kind.TEXT, lambda record, _: record.url),
    "image": Field(Kind.TEXT, _image),
}
"""By name, those first that people need most."""

_ALIASES = {"reason": "why", "scope": "where", "exit": "exit_code"}
"""What `ls -o json` calls some columns, and what is typed for others; headings are aliases too."""

_LINKS = ("wandb_run", "vertex_job", "execution", "build")


# --- each table's own --------------------------------------------------------------------------------------------

_FLAGS = frozenset({"offline", "preempting", "stale", "synced"})

_RUN_DETAILS = (
    "author commit entity exit_code gpu gpu_count group heartbeat host job job_type last_write notes offline path"
    " preempting priority program project python queue resource runtime_s stale step sweep synced tags user"
)
_DETAILS: dict[str, tuple[str, ...]] = {
    table: (*names.split(), "log_uri", "log_url")
    for table, names in {
        "builds": (
            "branch commit digest disk_gb exit_code failed_step failure_type images logs_bucket machine_type"
            " queue_ttl_s repository resource service_account status_detail steps steps_done tags timeout_s trigger"
            " warning worker_pool"
        ),
        "runner": (
            "accelerator accelerator_count cancelled condition_reason cpu creator exit_code failed job max_retries"
            " memory message parallelism resource retried running service_account succeeded tasks timeout_s uid"
        ),
        "vertex": (
            "accelerator accelerator_count disk_gb error_code machine_type network output persistent_resource pools"
            " replicas resource service_account strategy tensorboard timeout_s tpu_topology"
        ),
        "active": _RUN_DETAILS,
        "completed": _RUN_DETAILS,
    }.items()
}
"""What the `detail` of each table's records can hold, beside `mine` and `image`; a test compares it with fetchers."""

SECONDS = frozenset(name for names in _DETAILS.values() for name in names if name.endswith("_s"))
"""Details that are durations; what else ends so may be a rate, such as a metric called `tokens_per_s`."""

_ANY = "detail."
"""Goes before the name of a detail that none of these tables knows."""
_FAMILIES = {
    "builds": (_ANY,),
    "runner": (_ANY, "label."),
    "vertex": (_ANY, "label."),
    "active": (_ANY, "summary."),
    "completed": (_ANY, "summary."),
}
"""How those names begin of which there is no end."""


def field(table: str, name: str) -> Field | None:
    """What `name` is in one table; null where the table has no such thing."""
    if found := _fields(table).get(name):
        return found
    return _detail(name.removeprefix(_ANY)) if name.startswith(_FAMILIES.get(table, ())) else None


def names(table: str) -> list[str]:
    """Every name that `field` knows, but for labels and metrics."""
    return list(_fields(table))


def main_names(table: str) -> list[str]:
    """The names that people need most: the columns, and whose it is."""
    return [*(column.key for column in COLUMNS[table]), "id", "mine"]


@functools.cache
def _fields(table: str) -> Mapping[str, Field]:
    found = dict(_EVERYWHERE)
    found |= {link: _link(link) for link in _LINKS}
    found |= {detail: _detail(detail) for detail in _DETAILS.get(table, ())}
    found |= {column.key: _column(column) for column in COLUMNS[table] if column.details}
    found |= {alias: found[name] for alias, name in _ALIASES.items() if name in found}
    return found | {heading: _headed(heading, found, key) for heading, key in _headings(table)}


def _headings(table: str) -> Iterator[tuple[str, str]]:
    """What stands above each column of a table, alone or with others, and the column's key."""
    for column in COLUMNS[table]:
        yield from ((heading.lower(), column.key) for heading in (column.header, column.shared) if heading)


def _headed(heading: str, found: Mapping[str, Field], key: str) -> Field:
    """The column under a heading; where a link is called so, as it is in every table, what that names as well."""
    column, link = found[key], found.get(heading)
    if link is None or heading not in _LINKS:
        return column

    def read(record: Record, now: datetime) -> Value:
        return "\n".join(str(value) for value in (column.read(record, now), link.read(record, now)) if value)

    return Field(Kind.TEXTS, read)


def _column(column: Column) -> Field:
    """A column of this table alone, found as its cell shows it; the step stays the number that it is."""
    if column.key != "step":
        return Field(Kind.TEXT, column.value)

    def read(record: Record, now: datetime) -> Value:
        step = record.detail.get(column.key)
        return column.value(record, now) if step is None else step

    return Field(Kind.NUMBER, read)


def _link(kind: str) -> Field:
    return Field(Kind.TEXT, lambda record, _: record.links.get(kind))


@functools.lru_cache(maxsize=1024)
def _detail(name: str) -> Field:
    kind = Kind.FLAG if name in _FLAGS else Kind.SECONDS if name in SECONDS else Kind.NUMBER
    return Field(kind, lambda record, _: record.detail.get(name))


# --- what a word is looked for in --------------------------------------------------------------------------------

_SHOWN = {
    table: next((column.details for column in columns if column.details), ()) for table, columns in COLUMNS.items()
}


def line(record: Record) -> str:
    """What the row shows, but for its times, and what kind of failure it is, in one line: for words without a blank."""
    text = " ".join(_texts(record))
    return text if text.isascii() and text.isprintable() else _pictured(text)


def lines(record: Record) -> str:
    """The same, each text a line of its own."""
    return "\n".join(map(seen, _texts(record)))


def _texts(record: Record) -> tuple[str, ...]:
    detail = record.detail
    extra: Scalar = ""
    for key in _SHOWN.get(record.table, ()):
        if extra := detail.get(key):
            break
    shown = (record.name, record.id, record.scope, record.state, str(extra or ""))
    why = record.reason
    return shown if why is None else (*shown, why.text, why.rule or "", why.category or "")


def seen(text: str) -> str:
    """The text as a cell shows it: without what is invisible there, and with one blank for any white space.

    Marks that do not become one character with their letter are left out, from what is looked for and from where.
    """
    if not (text.isascii() and text.isprintable()):
        text = _pictured(text)
    return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text


def _pictured(text: str) -> str:
    text = text[:LIMIT]
    if "\x1b" in text:
        text = clean(text)
    return unicodedata.normalize("NFC", text).translate(_PICTURES)


_KEPT = 20_000


class _Pictures(dict[int, str]):
    """What stands for each character, worked out when it first comes."""

    def __missing__(self, code: int) -> str:
        picture = clean(chr(code))
        if len(self) < _KEPT:
            self[code] = picture
        return picture


_PICTURES = _Pictures()
