"""How long to wait before a scope is asked again, from what it answered. Pure, but for the dice of the jitter."""

from __future__ import annotations

import random

import msgspec

from fetchers.errors import Failure

BUSY_SHARE = 0.65
"""Of the interval, where something is queued or running: 19.5 s of 30."""

IDLE_MOST_S = 600.0
"""Seconds that a scope which stays empty is left alone at most; it gets there by doubling."""

BACKOFF_MOST_S = 300.0
"""Seconds that a scope which keeps failing is left alone at most; it gets there by doubling, too."""

JITTER = 0.2
"""A wait after a failure is up to this share shorter or longer, so that what fell together does not rise together."""


class Outcome(msgspec.Struct, frozen=True):
    """What a scope's fetch came to."""

    rows: int = 0
    """Rows it holds now."""
    pending: int = 0
    """Of these, queued or running."""
    failure: Failure | None = None


class Pace(msgspec.Struct):
    """One scope's rhythm."""

    rests: bool = True
    """Whether it is asked ever more rarely while it is empty."""
    empty: int = 0
    """Empty answers in a row."""
    failures: int = 0
    """Failures in a row."""

    def after(self, outcome: Outcome, interval_s: float, dice: random.Random) -> float:
        """Return the seconds from the beginning of this fetch to that of the next."""
        if outcome.failure is not None:
            self.failures += 1
            return max(self._backoff(interval_s, dice), outcome.failure.retry_after_s or 0.0)
        self.failures = 0
        self.empty = 0 if outcome.rows or not self.rests else self.empty + 1
        if outcome.pending:
            return interval_s * BUSY_SHARE
        return _doubled(interval_s, self.empty, IDLE_MOST_S)

    def forgive(self) -> None:
        """Let the failure that comes next not count: it was not our rhythm that asked."""
        self.failures = max(0, self.failures - 1)

    def _backoff(self, interval_s: float, dice: random.Random) -> float:
        return _doubled(interval_s, self.failures, BACKOFF_MOST_S) * dice.uniform(1 - JITTER, 1 + JITTER)


def _doubled(interval_s: float, times: int, most_s: float) -> float:
    """The interval, doubled each time after the first; never under the interval itself."""
    return max(interval_s, min(most_s, interval_s * 2.0 ** min(max(0, times - 1), 32)))
