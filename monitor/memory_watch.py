"""Looks at a worker's memory while it is asked something: one that grows without end is ended before the machine is."""

from __future__ import annotations

from collections.abc import Callable

from monitor.clock import Clock, Timer
from monitor.launch import Child

MEMORY_MOST = 1024**3
"""Bytes of memory that a worker may hold; the largest SDK takes 190 MB."""

MEMORY_LOOK_S = 1.0
"""Seconds between two looks."""


class MemoryWatch:
    """One worker's memory; `needed` says whether it is asked something, `over` is told of too much, once."""

    def __init__(self, child: Child, clock: Clock, needed: Callable[[], bool], over: Callable[[int], None]) -> None:
        self._child = child
        self._clock = clock
        self._needed = needed
        self._over = over
        self._timer: Timer | None = None

    def go_on(self) -> None:
        """Look from now on, until nobody asks it anything any more."""
        if self._timer is None:
            self._timer = self._clock.call_at(self._clock.monotonic() + MEMORY_LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        held = self._child.memory()
        if held > MEMORY_MOST:
            self._over(held)
        elif self._needed():
            self.go_on()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
