"""What a person wants to see of one table: a filter, what is theirs, an order. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from fetchers.records import Record, order
from monitor.text import cut_middle, one_line
from monitor.ui.rows import Keep, Sort
from monitor.ui.sorting import Sorting

if TYPE_CHECKING:
    from monitor.filters import Filter

_MOST = 28
"""Cells of a filter that a title shows."""


class Wish(msgspec.Struct, frozen=True):
    """Which rows, and in which order; everything in the usual order where nothing is said."""

    filter: Filter | None = None
    mine: bool = False
    """Whether what is known to be somebody else's is left out."""
    sorting: Sorting | None = None

    @property
    def sort(self) -> Sort:
        """The order of rows."""
        return self.sorting or order

    @property
    def ticks(self) -> bool:
        """Whether time alone changes what matches."""
        return self.filter is not None and self.filter.ticks

    @property
    def hides(self) -> bool:
        """Whether it may leave anything out."""
        return self.filter is not None or self.mine

    def keep(self, now: Callable[[], datetime]) -> Keep | None:
        """What chooses rows, by the time that `now` gives; null where all are wanted."""
        sought = self.filter
        if sought is None:
            return _not_others if self.mine else None
        if self.mine:
            return lambda record: _not_others(record) and sought.matches(record, now())
        return lambda record: sought.matches(record, now())

    @property
    def words(self) -> str:
        """What is wanted, as a title says it; empty where that is everything."""
        text = cut_middle(one_line(self.filter.text), _MOST) if self.filter is not None else ""
        sought = text if text.startswith("/") or not text else f"/{text}"
        order = f"by {self.sorting.column.header} {self.sorting.arrow}" if self.sorting is not None else ""
        return " · ".join(filter(None, (sought, "mine" if self.mine else "", order)))

    @property
    def undone_by(self) -> str:
        """The key that shows again what is left out."""
        return "Esc" if self.filter is not None else "m"


def _not_others(record: Record) -> bool:
    return record.detail.get("mine") is not False
