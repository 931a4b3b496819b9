"""One virtual time for two lanes of timers: the program's own, and those of the world outside it.

The program's lane can stand still while the world goes on, as when a process is stopped; wall time can jump.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.clock import Timer
from tests.support.virtual_clock import EPOCH, VirtualClock


class Lane(VirtualClock):
    """Timers on a common time; implements `monitor.clock.Clock`."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline

    def monotonic(self) -> float:
        return self._timeline.now

    def now(self) -> datetime:
        return self._timeline.wall

    def next(self) -> float | None:
        """When its next timer falls due; cancelled ones are forgotten."""
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run_next(self) -> None:
        """Run the timer that falls due next."""
        callback = self._timers[0][2].callback
        heapq.heappop(self._timers)
        if callback is not None:
            callback()


class Timeline:
    """The time, and who waits for what in it."""

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds since the beginning; monotonic."""
        self.jumped = timedelta()
        """What wall time has jumped by in all."""
        self.program = Lane(self)
        self.outside = Lane(self)

    @property
    def wall(self) -> datetime:
        """Wall time, wherever it has jumped to."""
        return EPOCH + timedelta(seconds=self.now) + self.jumped

    def later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Have something happen outside."""
        return self.outside.call_at(self.now + seconds, callback)

    async def run(self, until: float) -> None:
        """Let time pass for both; tasks of the loop run between any two timers."""
        await self._run([self.program, self.outside], until)

    async def stop_program(self, seconds: float, resume: Callable[[], None]) -> None:
        """Let time pass while the program is stopped; what falls due in it meanwhile runs late, after `resume`."""
        until = self.now + seconds
        await self._run([self.outside], until)
        resume()
        await self._run([self.program], until)

    async def stop_all(self, seconds: float) -> None:
        """Let time pass while everything is stopped; the program wakes first."""
        self.now += seconds
        await self._run([self.program], self.now)

    async def _run(self, lanes: list[Lane], until: float) -> None:
        while due := min(
            ((when, lane) for lane in lanes if (when := lane.next()) is not None), key=_when, default=None
        ):
            when, lane = due
            if when > until:
                break
            self.now = max(self.now, when)
            lane.run_next()
            await asyncio.sleep(0)
        self.now = max(self.now, until)


def _when(due: tuple[float, Lane]) -> float:
    return due[0]
