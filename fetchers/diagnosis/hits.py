"""What the reader keeps of a log while it goes by: hits, a bounded number of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from fetchers.diagnosis.model import Rule

FIRST = 8
LAST = 8
"""Hits that are kept of each rule: what came first, and what came last."""


class Hit(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A rule and a line that speaks of it."""

    rule: Rule
    number: int
    text: str
    """The line, without its head."""
    order: int
    """Among all hits of the log; several may stand in one line."""
    progress: int
    """How often the program had said before that it works."""
    successes: int
    """How often something had succeeded before."""
    facts: dict[str, str] = {}
    level: int = 0
    handled: bool = False
    """Whether the lines say that the program goes on in spite of it."""
    logged: bool = False
    """Whether it is an exception that somebody caught and logged as an error."""
    chain: int = 0
    """Of the traceback it belongs to; 0 for none."""
    head: int = 0
    """Number of the line in which that begins."""


class Hits:
    """The first and the last hits of each rule."""

    def __init__(self) -> None:
        self._first: dict[str, list[Hit]] = {}
        self._last: dict[str, deque[Hit]] = {}

    def add(self, hit: Hit) -> None:
        """Keep it, perhaps in place of one that lies between first and last."""
        first = self._first.setdefault(hit.rule.id, [])
        if len(first) < FIRST:
            first.append(hit)
        else:
            self._last.setdefault(hit.rule.id, deque(maxlen=LAST)).append(hit)

    def survive(self, chain: int) -> None:
        """The program goes on in spite of the exceptions of this chain."""
        for hits in (*self._first.values(), *self._last.values()):
            for at, hit in enumerate(hits):
                if hit.chain == chain:
                    hits[at] = msgspec.structs.replace(hit, handled=True)

    def numbers(self) -> Iterator[int]:
        """Of the lines that are kept."""
        return (hit.number for hits in (*self._first.values(), *self._last.values()) for hit in hits)

    def __iter__(self) -> Iterator[Hit]:
        """In their order in the log."""
        kept = [hit for hits in (*self._first.values(), *self._last.values()) for hit in hits]
        return iter(sorted(kept, key=lambda hit: hit.order))
