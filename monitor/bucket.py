"""A token bucket: how many API calls may still be made, by an API's rate. Pure: the time is an argument."""

from __future__ import annotations

import math
from dataclasses import dataclass

DEBT_MINUTES = 5.0
"""Minutes of refilling that may be owed: calls without end are a fault, and must not silence a source for hours."""


@dataclass
class Bucket:
    """Calls that one API and project have left; refilled steadily, never beyond its size."""

    per_minute: float
    size: float
    """Calls that may be made in one burst."""
    left: float
    """May fall below zero, down to a bound: a call that has been made counts, whether it was foreseen or not."""
    at: float
    """Monotonic seconds when `left` was true."""

    @classmethod
    def full(cls, per_minute: float, size: float, now: float) -> Bucket:
        """Return a bucket that has not been used."""
        return cls(per_minute, size, size, now)

    def refill(self, now: float) -> None:
        """Add what has come since."""
        self.left = min(self.size, self.left + max(0.0, now - self.at) * self.per_minute / 60)
        self.at = now

    def spend(self, calls: float) -> None:
        """Take out what was made."""
        self.left = max(-DEBT_MINUTES * self.per_minute, self.left - calls)

    def ready_at(self, calls: float) -> float:
        """Return the monotonic second at which so many calls will be there."""
        missing = min(calls, self.size) - self.left
        if missing > 0 and not self.per_minute:
            return math.inf
        return self.at + (max(0.0, missing) * 60 / self.per_minute if missing > 0 else 0.0)
