"""Where rows stand: sort keys in order, kept so while rows come and go. Pure."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from typing import Any

Place = tuple[Any, ...]
"""What a row is ordered by, its row key at the end: no two are alike."""

_FEW = 100
"""Changes up to which each is placed by bisection; beyond it one sort of nearly sorted places is cheaper."""


class Places:
    """Places in order."""

    def __init__(self, ordered: Iterable[Place] = ()) -> None:
        self._list = list(ordered)

    def __len__(self) -> int:
        return len(self._list)

    def __iter__(self) -> Iterator[Place]:
        return iter(self._list)

    def __contains__(self, place: Place) -> bool:
        at = self.index(place)
        return at < len(self._list) and self._list[at] == place

    def key(self, index: int) -> str:
        """Row key at an index. Raises `IndexError` where there is none."""
        return str(self._list[index][-1])

    def index(self, place: Place) -> int:
        """Where a place is, or would be."""
        return bisect.bisect_left(self._list, place)

    def take_out(self, places: list[Place]) -> None:
        """Forget places; those that are not there are no matter."""
        if len(places) > _FEW:
            gone = {place[-1] for place in places}
            self._list = [place for place in self._list if place[-1] not in gone]
            return
        for place in places:
            at = self.index(place)
            if at < len(self._list) and self._list[at] == place:
                del self._list[at]

    def put_in(self, places: list[Place]) -> None:
        """Take new places in."""
        if len(places) > _FEW:
            self._list += places
            self._list.sort()
            return
        for place in places:
            bisect.insort(self._list, place)
