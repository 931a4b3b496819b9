"""The rows of one table as a reader sees them: in order, of what is wanted, under a cursor, through a window of lines.

Pure: no Textual, no clock, no text. Whatever changes, the selected row stays selected and, where it can, on its line. A
hundred thousand rows are ordered and searched anew in slices, while they change.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from fetchers.records import Record, State, order
from monitor.ui.places import Place, Places

Sort = Callable[[Record], tuple[Any, ...]]
Keep = Callable[[Record], bool]

SLICE = 500
"""Rows of one slice of ordering: about a millisecond."""

CHOICE = 100
"""Rows of one slice of choosing, the same where a filter looks at all of a row."""

_ORDERING = 0.5
"""The share of an arrangement that is ordering; the other is choosing."""


class _Hold(msgspec.Struct, frozen=True):
    key: str | None
    """The row that keeps its line; null while nobody has chosen one."""
    index: int
    """Where that row was."""
    line: int
    """Its line in the window."""
    cursor: int
    """Where the cursor was."""


class Rows:
    """Records by row key, their order, which of them are wanted, and which part of those is in view."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        """Row key → record, wanted or not."""
        self.counts: Counter[State] = Counter()
        """All records by state."""
        self.top = 0
        """Index of the first row in view."""
        self.height = 0
        """Lines of the window."""
        self.selected: str | None = None
        """Key of the row that a person chose; null until then, and the cursor stays on the first row.

        While that row is not wanted, the cursor is where it would be.
        """
        self._sort: Sort = order
        self._keep: Keep | None = None
        self._places: dict[str, Place] = {}
        self._all = Places()
        self._shown = self._all
        """The wanted ones; the same object where all are."""
        self._since: set[str] = set()
        """Keys that have changed since `arrange` began."""

    def __len__(self) -> int:
        """Rows that are wanted."""
        return len(self._shown)

    # --- reading

    def key(self, index: int) -> str:
        """Row key at an index."""
        return self._shown.key(index)

    def __iter__(self) -> Iterator[str]:
        """Keys of the wanted rows, in order."""
        return (str(place[-1]) for place in self._shown)

    def index(self, key: str) -> int:
        """Where a row is, or would be if it were wanted. Raises `KeyError` where there is none."""
        return self._shown.index(self._places[key])

    def shows(self, key: str) -> bool:
        """Whether a row is there and wanted."""
        return key in self._places and self._places[key] in self._shown

    @property
    def cursor(self) -> int:
        """Index of the selected row, or where it would be; 0 where none was chosen."""
        return 0 if self.selected is None else max(0, min(self.index(self.selected), len(self) - 1))

    @property
    def below(self) -> int:
        """Rows under the window."""
        return max(0, len(self) - self.top - self.height)

    def find(self, wanted: Keep, start: int, step: int) -> int | None:
        """Index of the first row from `start` on that is `wanted`, going by 1 or -1; null where there is none."""
        indices = range(start, len(self) if step > 0 else -1, step)
        return next((index for index in indices if wanted(self.records[self.key(index)])), None)

    # --- changing

    def change(self, upserts: Mapping[str, Record], removed: Iterable[str] = ()) -> None:
        """Take rows in and out; selection and window stay with their row."""
        hold = self._hold()
        changed = {*upserts, *removed}
        self._since |= changed
        self._count(upserts, changed)
        moving = {key for key in changed if key not in upserts or not self._stays(key, upserts[key])}
        self._take_out(moving)
        self.records.update(upserts)
        self._put_in(moving & upserts.keys())
        self._restore(hold)

    def _count(self, upserts: Mapping[str, Record], changed: Iterable[str]) -> None:
        for key in changed:
            if key in self.records:
                self.counts[self.records[key].state] -= 1
            if key in upserts:
                self.counts[upserts[key].state] += 1

    def _stays(self, key: str, record: Record) -> bool:
        """Whether a row that has changed is to stand where it stands."""
        place = self._places.get(key)
        if place is None or self._sort(record) != place[:-1]:
            return False
        return self._keep is None or (place in self._shown) == self._keep(record)

    def _take_out(self, keys: Iterable[str]) -> None:
        places = [self._places.pop(key) for key in keys if key in self._places]
        for key in keys:
            self.records.pop(key, None)
        self._all.take_out(places)
        if self._shown is not self._all:
            self._shown.take_out(places)

    def _put_in(self, keys: Iterable[str]) -> None:
        places = [(*self._sort(self.records[key]), key) for key in keys]
        self._places.update((str(place[-1]), place) for place in places)
        self._all.put_in(places)
        if self._shown is not self._all:
            self._shown.put_in([place for place in places if self._wanted(place)])

    def _wanted(self, place: Place) -> bool:
        record = self.records.get(str(place[-1]))
        return record is not None and (self._keep is None or self._keep(record))

    # --- another order, other wishes

    def arrange(self, sort: Sort, keep: Keep | None) -> Iterator[float]:
        """Order by `sort` and show what `keep` wants, null for all; yields the share that is done, takes effect last.

        The work between two yields is short, and rows may change there; a later call makes an earlier one void.
        """
        since = self._since = set()
        ordered = list(self._all)
        if sort != self._sort:
            ordered = yield from self._ordered(ordered, sort)
        shown = ordered if keep is None else (yield from self._chosen(ordered, keep))
        hold, fresh = self._hold(), [(*sort(self.records[key]), key) for key in since if key in self.records]
        if sort != self._sort:
            self._sort, self._all = sort, _renewed(ordered, since, fresh)
            self._places = {str(place[-1]): place for place in self._all}
        self._keep, self._shown = keep, self._all
        if keep is not None:
            self._shown = _renewed(shown, since, [place for place in fresh if self._wanted(place)])
        self._restore(hold)
        if self.selected is not None:
            self.reveal()

    def _ordered(self, places: list[Place], sort: Sort) -> Generator[float, None, list[Place]]:
        runs: list[list[Place]] = []
        for start in range(0, len(places), SLICE):
            keys = [str(place[-1]) for place in places[start : start + SLICE]]
            runs.append(sorted((*sort(self.records[key]), key) for key in keys if key in self.records))
            yield _ORDERING * start / len(places)
        while len(runs) > 1:
            merged = []
            for at in range(0, len(runs), 2):
                merged.append(sorted(itertools.chain(*runs[at : at + 2])))  # two sorted runs are merged in one pass
                yield _ORDERING
            runs = merged
        return runs[0] if runs else []

    def _chosen(self, places: list[Place], keep: Keep) -> Generator[float, None, list[Place]]:
        chosen: list[Place] = []
        for start in range(0, len(places), CHOICE):
            for place in places[start : start + CHOICE]:
                record = self.records.get(str(place[-1]))
                if record is not None and keep(record):
                    chosen.append(place)
            yield _ORDERING + (1 - _ORDERING) * start / len(places)
        return chosen

    # --- keeping one's place

    def _hold(self) -> _Hold:
        """What to come back to: the cursor where it is in view, else the first row that is."""
        cursor = self.cursor
        if not len(self) or self.selected is None:
            return _Hold(None, 0, 0, cursor)
        if self.top <= cursor < self.top + self.height:
            return _Hold(self.key(cursor), cursor, cursor - self.top, cursor)
        return _Hold(self.key(self.top), self.top, 0, cursor)

    def _restore(self, hold: _Hold) -> None:
        if self.selected is not None and self.selected not in self.records:
            self.selected = self.key(min(hold.cursor, len(self) - 1)) if len(self) else None
        if not len(self):
            self.top = 0
            return
        if hold.key is not None:
            at = self.index(hold.key) if hold.key in self.records else min(hold.index, len(self) - 1)
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
        if len(self) and inside and self.selected is not None:
            self._show(self.cursor)

    def select(self, index: int) -> None:
        """Choose the row at an index, or the nearest there is."""
        if len(self):
            index = max(0, min(index, len(self) - 1))
            self.selected = self.key(index)
            self._show(index)

    def choose(self) -> None:
        """Make the row under the cursor the chosen one: from now on the cursor stays with it."""
        if len(self) and self.selected is None:
            self.selected = self.key(0)

    def move(self, by: int) -> None:
        """Choose the row so many further down; up where negative."""
        self.select(self.cursor + by)

    def scroll(self, by: int) -> None:
        """Move the window and leave the cursor where it is."""
        self.choose()
        self._scroll_to(self.top + by)

    def reveal(self) -> None:
        """Scroll as little as brings the cursor into view."""
        if len(self):
            self._show(self.cursor)

    def _show(self, index: int) -> None:
        if index < self.top:
            self._scroll_to(index)
        elif index >= self.top + self.height:
            self._scroll_to(index - self.height + 1)


def _renewed(places: list[Place], since: set[str], fresh: list[Place]) -> Places:
    """Places with those of rows that have changed since put right."""
    renewed = Places(place for place in places if place[-1] not in since) if since else Places(places)
    renewed.put_in(fresh)
    return renewed
