"""Which rows belong together: what a record's links name, and which records name it in theirs.

Pure. Nothing is kept between two questions: an id is looked up, and only an image, or who names a record, needs a walk
over the rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from fetchers.records import Record, State

Rows = Mapping[str, Mapping[str, Record]]
"""Per table, row key → record; as a mirror holds them."""


class Row(NamedTuple):
    """Where a record is."""

    table: str
    key: str


class Named(msgspec.Struct, frozen=True):
    """A record that names another in its links."""

    row: Row
    kind: str
    """The kind of link by which it does."""


TABLES_OF = {
    "wandb_run": ("active", "completed"),
    "vertex_job": ("vertex",),
    "execution": ("runner",),
    "build": ("builds",),
}
"""Kind of link → the tables whose rows it names by their id. An `image` names the build that made it."""

IMAGE = "image"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_UNTAGGED = ":latest"


def resolve(kind: str, value: str, rows: Rows, at: datetime | None = None) -> Row | None:
    """The row that a link names; null where no table has it.

    A value is an id, a full resource name, or the address of a page, all of which end in the id. Of several builds of
    an image it is the last that had begun by `at`, which is when the image was used; failed ones made none.
    """
    if kind == IMAGE:
        return _build_of(value, rows, at)
    found = (_by_id(table, value, rows.get(table, {})) for table in TABLES_OF.get(kind, ()))
    return next((row for row in found if row is not None), None)


def named_by(row: Row, rows: Rows) -> list[Named]:
    """The records that name this one, in the order of their tables; each once, and never itself.

    Raises `KeyError` where there is no such row.
    """
    target = _Target(row, rows[row.table][row.key])
    found = ((other, target.kind_in(record, rows)) for other, record in _every(rows) if other != row)
    return [Named(other, kind) for other, kind in found if kind is not None]


def is_itself(kind: str, value: str, row: Row, record: Record) -> bool:
    """Whether a link names its own record: an execution says which execution it is, a build which image it makes."""
    if kind == IMAGE:
        return row.table == "builds"
    return row.table in TABLES_OF.get(kind, ()) and last_part(value) == record.id


def last_part(value: str) -> str:
    """The id at the end of a resource name or of a page's address."""
    return value.partition("?")[0].rstrip("/").rpartition("/")[2]


# --- by id -------------------------------------------------------------------------------------------------------


def _by_id(table: str, value: str, rows: Mapping[str, Record]) -> Row | None:
    id_, scope = last_part(value), location(value)
    for key in (id_, f"{scope}/{id_}"):
        if key in rows:
            return Row(table, key)
    return next((Row(table, key) for key, record in rows.items() if _is(record, id_, scope)), None)


def _is(record: Record, id_: str, scope: str) -> bool:
    return record.id == id_ and scope in ("", record.scope)


def location(resource: str) -> str:
    """The region in a resource name, `projects/…/locations/REGION/…`; empty where it has none."""
    parts = resource.split("/")
    return next((after for word, after in itertools.pairwise(parts) if word == "locations"), "")


# --- by image ----------------------------------------------------------------------------------------------------


def _build_of(image: str, rows: Rows, at: datetime | None) -> Row | None:
    wanted = _full(image)
    made = [(key, record) for key, record in rows.get("builds", {}).items() if wanted in images(record)]
    made = [(key, record) for key, record in made if record.state not in _MADE_NONE] or made
    begun = [(key, record) for key, record in made if at is None or (record.time or _LONG_AGO) <= at] or made
    if not begun:
        return None
    key, _ = max(begun, key=lambda item: item[1].time or _LONG_AGO)
    return Row("builds", key)


_MADE_NONE = frozenset({State.FAILED, State.CANCELLED})


def images(build: Record) -> set[str]:
    """Every name that what a build made can be called by: with its tags, and with its digest."""
    named = [build.links.get(IMAGE, ""), *str(build.detail.get("images") or "").split(", ")]
    tagged = {_full(name) for name in named if name}
    digest = str(build.detail.get("digest") or "")
    return tagged | {f"{_repository(name)}@{digest}" for name in tagged if digest}


def _full(image: str) -> str:
    """The image with its digest alone where it has one, else with its tag."""
    image = image.strip().removeprefix("https://")
    if "@" in image:
        return f"{_repository(image)}@{image.partition('@')[2]}"
    return image if _repository(image) != image else image + _UNTAGGED


def _repository(image: str) -> str:
    """The image without digest and tag; the colon of a port is neither."""
    head, slash, name = image.partition("@")[0].rpartition("/")
    return f"{head}{slash}{name.partition(':')[0]}"


# --- the other way -----------------------------------------------------------------------------------------------


def _every(rows: Rows) -> Iterator[tuple[Row, Record]]:
    for table, records in rows.items():
        for key, record in records.items():
            if record.links:
                yield Row(table, key), record


class _Target:
    """A record that others may name, and what it can be called by."""

    def __init__(self, row: Row, record: Record) -> None:
        self.row = row
        self.record = record
        self.made = images(record) if row.table == "builds" else set[str]()
        self.kinds = {kind for kind, tables in TABLES_OF.items() if row.table in tables}

    def kind_in(self, other: Record, rows: Rows) -> str | None:
        """The kind of the link by which another record names this one; null where none does."""
        return next((kind for kind, value in other.links.items() if self._is_named(kind, value, other, rows)), None)

    def _is_named(self, kind: str, value: str, other: Record, rows: Rows) -> bool:
        if kind == IMAGE:
            fits = other.table != "builds" and _full(value) in self.made
            return fits and resolve(kind, value, rows, other.created) == self.row
        if kind not in self.kinds or self.record.id not in value:
            return False
        return _is(self.record, last_part(value), location(value))
