"""The order of a table's rows by one of its columns. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from fetchers.records import Record, order
from monitor.columns import Column

_LONGEST = 80
"""Characters of a text that count."""

_DIGITS = re.compile(r"\d+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Sorting(msgspec.Struct, frozen=True):
    """By one column: numbers and times most first, texts from A on, or the other way round; what is empty goes last."""

    column: Column
    reverse: bool = False

    @property
    def arrow(self) -> str:
        """The sign of its direction: whether values go down or up from line to line."""
        return "↓" if (self.column.number is not None) != self.reverse else "↑"

    def __call__(self, record: Record) -> tuple[Any, ...]:
        """The sort key of a record; rows of the same value stand in the order of all tables."""
        return (*self._value(record), *order(record))

    def _value(self, record: Record) -> tuple[Any, ...]:
        if self.column.number is not None:
            number = self.column.number(record)
            return (1, 0.0) if number is None else (0, number if self.reverse else -number)
        text = _natural(self.column.value(record, _ANY_TIME))
        if not text:
            return (1, ())
        return (0, _backwards(text) if self.reverse else text)


def _natural(text: str) -> str:
    """A text that sorts as people count: 9 before 10, and capitals no different."""
    return _DIGITS.sub(lambda found: found[0].zfill(12), _THOUSANDS.sub("", text[:_LONGEST])).casefold()


def _backwards(text: str) -> tuple[int, ...]:
    """What sorts as the text does, from Z to A; a text goes after those that it is the beginning of."""
    return (*(-ord(character) for character in text), 1)
