"""The rows of one table as a reader sees them: in order, under a cursor, through a window of some lines.

Pure: no Textual, no clock, no text. Whatever changes, the selected row stays selected and, where it can, on its line.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fetchers.records import Record, State, order

SortKey = tuple[Any, ...]
_FEW = 100
"""Changes up to which each is placed by bisection; beyond it one sort of nearly sorted keys is cheaper."""


@dataclass(frozen=True)
class _Hold:
    key: str | None
    """The row that keeps its line; null while nobody has chosen one."""
    index: int
    """Where that row was."""
    line: int
    """Its line in the window."""
    cursor: int
    """Where the selected row was."""


class Rows:
    """Records by row key, their order, and which part of them is in view."""

    def __init__(self, sort: Callable[[Record], SortKey] = order) -> None:
        self.records: dict[str, Record] = {}
        """Row key → record."""
        self.counts: Counter[State] = Counter()
        """Records by state."""
        self.top = 0
        """Index of the first row in view."""
        self.height = 0
        """Lines of the window."""
        self.selected: str | None = None
        """Key of the row that a person chose; null until then, and the cursor stays on the first row."""
        self._sort = sort
        self._places: dict[str, SortKey] = {}
        self._sorted: list[SortKey] = []

    def __len__(self) -> int:
        return len(self._sorted)

    # --- reading

    def key(self, index: int) -> str:
        """Row key at an index."""
        return str(self._sorted[index][-1])

    def index(self, key: str) -> int:
        """Where a row is. Raises `KeyError` where there is none."""
        return bisect.bisect_left(self._sorted, self._places[key])

    @property
    def cursor(self) -> int:
        """Index of the selected row; 0 where none was chosen."""
        return 0 if self.selected is None else self.index(self.selected)

    @property
    def below(self) -> int:
        """Rows under the window."""
        return max(0, len(self) - self.top - self.height)

    # --- changing

    def change(self, upserts: Mapping[str, Record], removed: Iterable[str] = ()) -> None:
        """Take rows in and out; selection and window stay with their row."""
        hold = self._hold()
        old = [key for key in {*upserts, *removed} if key in self.records]
        moved = [key for key in old if key not in upserts or self._sort(upserts[key]) != self._places[key][:-1]]
        self._take_out(old, moved)
        self._put_in(upserts)
        self._restore(hold)

    def _take_out(self, old: list[str], moved: list[str]) -> None:
        for key in old:
            self.counts[self.records.pop(key).state] -= 1
        places = [self._places.pop(key) for key in moved]
        if len(places) <= _FEW:
            for place in places:
                del self._sorted[bisect.bisect_left(self._sorted, place)]
        else:
            gone = set(moved)
            self._sorted = [place for place in self._sorted if place[-1] not in gone]

    def _put_in(self, upserts: Mapping[str, Record]) -> None:
        fresh: list[SortKey] = []
        for key, record in upserts.items():
            self.records[key] = record
            self.counts[record.state] += 1
            if key not in self._places:
                self._places[key] = place = (*self._sort(record), key)
                fresh.append(place)
        if len(fresh) <= _FEW:
            for place in fresh:
                bisect.insort(self._sorted, place)
        else:
            self._sorted += fresh
            self._sorted.sort()

    # --- keeping one's place

    def _hold(self) -> _Hold:
        """What to come back to: the cursor where it is in view, else the first row that is."""
        if not self._sorted or self.selected is None:
            return _Hold(None, 0, 0, 0)
        cursor = self.cursor
        if self.top <= cursor < self.top + self.height:
            return _Hold(self.selected, cursor, cursor - self.top, cursor)
        return _Hold(self.key(self.top), self.top, 0, cursor)

    def _restore(self, hold: _Hold) -> None:
        if not self._sorted:
            self.selected, self.top = None, 0
            return
        last = len(self) - 1
        if self.selected is not None and self.selected not in self.records:
            self.selected = self.key(min(hold.cursor, last))
        if hold.key is not None:
            at = self.index(hold.key) if hold.key in self.records else min(hold.index, last)
            self._scroll_to(at - hold.line)
        self._scroll_to(self.top)

    def _scroll_to(self, top: int) -> None:
        self.top = max(0, min(top, len(self) - max(1, self.height)))

    # --- moving

    def resize(self, height: int) -> None:
        """The window has so many lines now; the cursor stays in it if it was."""
        inside = self.top <= self.cursor < self.top + self.height or not self.height
        self.height = max(0, height)
        self._scroll_to(self.top)
        if self._sorted and inside and self.selected is not None:
            self._show(self.cursor)

    def select(self, index: int) -> None:
        """Choose the row at an index, or the nearest there is."""
        if self._sorted:
            index = max(0, min(index, len(self) - 1))
            self.selected = self.key(index)
            self._show(index)

    def choose(self) -> None:
        """Make the row under the cursor the chosen one: from now on the cursor stays with it."""
        if self._sorted and self.selected is None:
            self.selected = self.key(0)

    def move(self, by: int) -> None:
        """Choose the row so many further down; up where negative."""
        self.select(self.cursor + by)

    def scroll(self, by: int) -> None:
        """Move the window and leave the cursor where it is."""
        self.choose()
        self._scroll_to(self.top + by)

    def _show(self, index: int) -> None:
        """Scroll as little as brings the index into view."""
        if index < self.top:
            self._scroll_to(index)
        elif index >= self.top + self.height:
            self._scroll_to(index - self.height + 1)
