"""One fetch on its way: which scopes are still open, how long it has, and what became of a first attempt."""

from __future__ import annotations

import math
from collections import Counter

import msgspec

from fetchers.errors import Failure, FrameError
from fetchers.messages import Event, Fetch, Page, ScopeComplete, ScopeFailed
from monitor.clock import Timer

HARD_AFTER_SOFT_S = 0.5
"""Seconds a worker has, after its own deadline, to say so."""

AT_LEAST_S = 0.1
"""Seconds that a worker is given, however little is left."""

HARD_AT_THE_END_S = 0.25
"""The same as `HARD_AFTER_SOFT_S`, where somebody waits for the answer at a fixed time and little of it may be lost."""

RETRY_LEAST_S = 0.5
"""Seconds that must be left of the soft deadline for a second attempt."""

ROWS_MOST = 200_000
"""Records that one scope of one fetch may bring: far beyond any limit, and far below what would fill our memory."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """One fetch, from the first frame to the last, for the schedule and the session log."""

    fetch: Fetch
    outcomes: dict[str, Failure | None]
    """Scope → its failure; null where it answered in full."""
    took_s: float
    """Seconds since it was sent; 0 where no worker ever became ready for it."""
    kills: int
    """Workers killed to end it."""


class Flight(msgspec.Struct):
    """A fetch that has not ended."""

    fetch: Fetch
    sent: float | None = None
    """Monotonic seconds when it first went to a worker that was ready."""
    until: float = math.inf
    """Monotonic seconds at which whoever asked has to have an answer, however late a worker became ready for it."""
    timer: Timer | None = None
    outcomes: dict[str, Failure | None] = msgspec.field(default_factory=dict)
    lost: dict[str, str] | None = None
    """Where the worker of the first attempt is gone: scope → what was said of it."""
    _records: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def open_scopes(self) -> list[str]:
        """The scopes that have neither completed nor failed."""
        return [scope for scope in self.fetch.scopes if scope not in self.outcomes]

    @property
    def hard_deadline(self) -> float:
        """Monotonic seconds; a second attempt does not move it."""
        return min((self.sent or 0.0) + self.fetch.soft_deadline_s + HARD_AFTER_SOFT_S, self.until)

    def remaining(self, now: float) -> float:
        """Seconds left of the soft deadline, all of them where it was never sent."""
        begun = now if self.sent is None else self.sent
        return min(begun + self.fetch.soft_deadline_s, self.until - HARD_AT_THE_END_S) - now

    def may_retry(self, now: float) -> bool:
        """Whether a second attempt is due: never a third, and only while there is time."""
        return self.lost is None and bool(self.open_scopes) and self.remaining(now) > RETRY_LEAST_S

    def lose(self, lost: dict[str, str]) -> None:
        """Note that the first attempt is over: scope → what is to be said of it."""
        self.lost = lost
        self._records.clear()

    def in_time(self, now: float) -> bool:
        """Whether there is time to send it at all; always for the first attempt."""
        return self.remaining(now) > RETRY_LEAST_S or self.lost is None

    def rest(self, now: float) -> Fetch:
        """Return what is to be sent now: the scopes still open, and the time still left."""
        left = self.remaining(now)
        if self.lost is None and left >= self.fetch.soft_deadline_s:
            return self.fetch
        soft_s = max(AT_LEAST_S, math.floor(left * 10) / 10)
        return msgspec.structs.replace(self.fetch, scopes=tuple(self.open_scopes), soft_deadline_s=soft_s)

    def belongs(self, event: Event) -> bool:
        """Whether the event is about a scope of this fetch that is still open."""
        return event.generation == self.fetch.generation and event.scope in self.open_scopes

    def take(self, event: Event) -> None:
        """Note an event that belongs. Raises `FrameError` for a scope that brings rows without end."""
        match event:
            case ScopeComplete():
                self.outcomes[event.scope] = None
            case ScopeFailed():
                self.outcomes[event.scope] = event.failure
            case Page():
                self._records[event.scope] += len(event.records)
                if self._records[event.scope] > ROWS_MOST:
                    raise FrameError(f"more than {ROWS_MOST:,} rows for {event.scope}")
            case _:
                pass
