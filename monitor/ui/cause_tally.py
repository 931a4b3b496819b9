"""How many of a table's failures have one cause, kept while rows come and go. Pure.

What a failure has in common with others is worked out once for each, in steps, between which keys get their turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from fetchers.records import Record, State
from monitor.same_cause import core, shape, tally

SHARED = 3
"""Failures of one cause from which on they are spoken of."""

STEP = 100
"""Failures that are looked at in one step: about a millisecond."""

_Cause = tuple[str | None, str]
"""Rule, and what its reasons have in common."""


class CauseTally:
    """Failures by their cause."""

    def __init__(self) -> None:
        self.words = ""
        """How many failures come of how few causes; empty where hardly any share one."""
        self._causes: dict[str, _Cause] = {}
        """Row key → cause."""
        self._counts: Counter[_Cause] = Counter()
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
            cause = (record.reason.rule if record.reason is not None else None, shape(record))
            self._causes[key] = cause
            self._counts[cause] += 1
        if not self._waiting:
            counts: Counter[_Cause] = Counter()
            for cause, number in self._counts.items():
                counts[core(cause, self._counts)] += number
            shared = max(counts.values(), default=0) >= SHARED
            self.words = tally(counts.total(), len(counts)) if shared else ""

    def _forget(self, key: str) -> None:
        self._waiting.pop(key, None)
        cause = self._causes.pop(key, None)
        if cause is not None:
            self._counts[cause] -= 1
            if not self._counts[cause]:
                del self._counts[cause]
