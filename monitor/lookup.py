"""Which record somebody means: by its id, its name, its page's address, or a part of one that only it has. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fetchers.records import Record, order
from monitor.lineage import Row, Rows, last_part, location

NEAR = 3
"""Names told of those that are nearest to one that is nowhere."""


def called(word: str, rows: Rows) -> list[Row]:
    """The rows that are called so, as the tables order them: of the surest kind only, so one alone is meant."""
    there = sorted(_every(rows), key=lambda item: order(item[1]))
    found = ([row for row, record in there if means(word, row, record)] for means in _KINDS)
    return next(filter(None, found), [])


def lookup(word: str, rows: Rows) -> list[Row]:
    """As `called`; where nothing is called so, the rows that have the word as a part of what they are called."""
    there = sorted(_every(rows), key=lambda item: order(item[1]))
    return called(word, rows) or [row for row, record in there if _has_part(word, row, record)]


def near(word: str, rows: Rows) -> list[str]:
    """Ids and names that look most like the word."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong word needs it

    called = dict.fromkeys(name for _, record in _every(rows) for name in (record.id, record.name))
    return get_close_matches(word, list(called), n=NEAR, cutoff=0.5)


def _every(rows: Rows) -> Iterator[tuple[Row, Record]]:
    return ((Row(table, key), record) for table, records in rows.items() for key, record in records.items())


# --- kinds of words --------------------------------------------------------------------------------------------------


def _is_id(word: str, row: Row, record: Record) -> bool:
    return word in {record.id, row.key, f"{row.table}/{row.key}", f"{row.table}/{record.id}"}


def _is_address(word: str, _row: Row, record: Record) -> bool:
    """Its page, its log's page, its resource name, or any address that ends in its id."""
    detail = record.detail
    if word in {record.url, detail.get("log_url"), detail.get("log_uri"), detail.get("resource")}:
        return True
    return "/" in word and last_part(word) == record.id and location(word) in {"", record.scope}


def _is_name(word: str, row: Row, record: Record) -> bool:
    return word in {record.name, f"{row.table}/{record.name}"}


def _has_part(word: str, row: Row, record: Record) -> bool:
    part = word.casefold()
    return part in f"{row.table}/{record.scope}/{record.id}".casefold() or part in record.name.casefold()


_KINDS: tuple[Callable[[str, Row, Record], bool], ...] = (_is_id, _is_address, _is_name)
"""From the surest on."""
