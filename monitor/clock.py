"""Time, passed in wherever it matters, so that tests move it by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    """A callback that has not run yet."""

    def cancel(self) -> None:
        """See that it never runs."""
        ...


class Clock(Protocol):
    """Two times and one way to wait."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never jump; deadlines are kept in these."""
        ...

    def now(self) -> datetime:
        """Wall time, UTC; for people and records only."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` in the loop once `monotonic()` has reached `when`."""
        ...


class LoopClock:
    """The running event loop's time."""

    def monotonic(self) -> float:
        """As `time.monotonic`, which is what asyncio's timers use."""
        return time.monotonic()

    def now(self) -> datetime:
        """Wall time, UTC."""
        return datetime.now(UTC)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` in the loop at `when`."""
        return asyncio.get_running_loop().call_at(when, callback)
