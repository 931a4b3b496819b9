"""What a person wants to see of one table: a filter, what is theirs, an order. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from fetchers.records import Record, order
from monitor.text import cut_middle, one_line
from monitor.ui.one_cause import OneCause
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
    cause: OneCause | None = None
    """What those failed of that are wanted; null where any row is."""

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
        return bool(self._conditions)

    def keep(self, now: Callable[[], datetime]) -> Keep | None:
        """What chooses rows, by the time that `now` gives; null where all are wanted."""
        conditions = self._conditions
        if not conditions:
            return None
        if len(conditions) == 1:
            only = conditions[0]
            return lambda record: only(record, now())
        return lambda record: all(holds(record, now()) for holds in conditions)

    @property
    def _conditions(self) -> list[Callable[[Record, datetime], bool]]:
        """What must hold of a row, the cheapest first."""
        found: list[Callable[[Record, datetime], bool]] = [_not_others] if self.mine else []
        if (cause := self.cause) is not None:
            found.append(lambda record, _now: cause.matches(record))
        return [*found, self.filter.matches] if self.filter is not None else found

    @property
    def words(self) -> str:
        """What is wanted, as a title says it; empty where that is everything."""
        text = cut_middle(one_line(self.filter.text), _MOST) if self.filter is not None else ""
        sought = text if text.startswith("/") or not text else f"/{text}"
        cause = f"cause: {cut_middle(one_line(self.cause.text), _MOST)}" if self.cause is not None else ""
        order = f"by {self.sorting.column.header} {self.sorting.arrow}" if self.sorting is not None else ""
        return " · ".join(filter(None, (sought, cause, "mine" if self.mine else "", order)))

    @property
    def without_last(self) -> Wish | None:
        """The same with one thing less that was put over the rows; null where nothing was that Esc takes away."""
        if self.filter is not None:
            return replace(self, filter=None)
        return replace(self, cause=None) if self.cause is not None else None

    @property
    def undone_by(self) -> str:
        """The key that shows again what is left out."""
        return "Esc" if self.filter is not None or self.cause is not None else "m"


def _not_others(record: Record, _now: datetime) -> bool:
    return record.detail.get("mine") is not False
