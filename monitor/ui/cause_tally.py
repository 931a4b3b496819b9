"""How many of a table's failures have one cause, kept while rows come and go. Pure.

What a failure has in common with others is worked out once for each, in steps, between which keys get their turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from fetchers.records import Record, State
from monitor.same_cause import Shape, core
from monitor.text import counted
from monitor.ui.one_cause import OneCause, shape_of

SHARED = 3
"""Failures of one cause from which on they are spoken of."""

STEP = 100
"""Failures that are looked at in one step: about a millisecond."""


class CauseTally:
    """Failures by their cause."""

    def __init__(self) -> None:
        self.words = ""
        """Of how few causes the failures come; empty where hardly any share one."""
        self._causes: dict[str, Shape] = {}
        """Row key → cause."""
        self._counts: Counter[Shape] = Counter()
        self._waiting: dict[str, Record] = {}
        """Failures that have not been looked at."""

    def change(self, upserts: Mapping[str, Record], removed: Iterable[str]) -> None:
        """Take rows in and out."""
        for key in removed:
            self._forget(key)
        for key, record in upserts.items():
            self._forget(key)
            if record.state is State.FAILED and record.reason is not None:
                self._waiting[key] = record

    @property
    def waits(self) -> bool:
        """Whether there is something left to look at."""
        return bool(self._waiting)

    def step(self) -> None:
        """Look at some of them; at the end there are words for all."""
        for key in [key for key, _ in zip(self._waiting, range(STEP), strict=False)]:
            record = self._waiting.pop(key)
            cause = shape_of(record)
            self._causes[key] = cause
            self._counts[cause] += 1
        if not self._waiting:
            counts: Counter[Shape] = Counter()
            for cause, number in self._counts.items():
                counts[core(cause, self._counts)] += number
            shared = max(counts.values(), default=0) >= SHARED
            self.words = counted(len(counts), "cause") if shared else ""

    def cause_of(self, record: Record) -> OneCause | None:
        """What a failure has in common with others; null where its reason is not known, or it has not failed."""
        if record.state is not State.FAILED or record.reason is None:
            return None
        return OneCause(core(shape_of(record), self._counts), record.reason.text)

    def _forget(self, key: str) -> None:
        self._waiting.pop(key, None)
        cause = self._causes.pop(key, None)
        if cause is not None:
            self._counts[cause] -= 1
            if not self._counts[cause]:
                del self._counts[cause]
