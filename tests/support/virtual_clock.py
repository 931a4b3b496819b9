"""A clock that stands still until it is moved; every timer runs in order of its time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class _Timer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """Implements `monitor.clock.Clock`."""

    def __init__(self) -> None:
        self._now = 0.0
        self.wrong_by = timedelta()
        """How wrong the wall clock is: somebody has set it, or the machine has."""
        self._order = itertools.count()
        self._timers: list[tuple[float, int, _Timer]] = []

    def monotonic(self) -> float:
        return self._now

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._now) + self.wrong_by

    def call_at(self, when: float, callback: Callable[[], None]) -> _Timer:
        timer = _Timer(callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move the time, running on the way what falls due."""
        end = self._now + seconds
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, when)
            if timer.callback is not None:
                timer.callback()
        self._now = end

    def jump(self, seconds: float) -> None:
        """Let time pass while nothing runs, as when the whole program is stopped; timers then run late."""
        self._now += seconds
        self.advance(0)
