"""A deadline that does not blame a worker for a pause of the whole program (Ctrl+Z, sleep, a stopped debugger)."""

from __future__ import annotations

from collections.abc import Callable

from monitor.clock import Clock

PAUSED_S = 1.0
"""A deadline noticed this many seconds late was missed by us, not by the worker: the program had been stopped."""

GRACE_S = 0.5
"""Seconds that are given then: what has arrived meanwhile is read, and the worker, stopped likewise, can say more."""


class Judgement:
    """Calls `judge` at `when`, or a little later where it is noticed much too late."""

    def __init__(self, clock: Clock, when: float, judge: Callable[[], None]) -> None:
        self._clock, self._when, self._judge = clock, when, judge
        self._timer = clock.call_at(when, self._look)

    def _look(self) -> None:
        now = self._clock.monotonic()
        if now - self._when > PAUSED_S:
            self._timer = self._clock.call_at(now + GRACE_S, self._judge)
        else:
            self._judge()

    def cancel(self) -> None:
        """See that nobody is judged."""
        self._timer.cancel()
