"""Reads the logs of what ended through one source's worker: what is due, when it is due, one fetch at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fetchers.messages import LogTarget, Outcome
from monitor.clock import Clock, Timer
from monitor.extraction import Extraction, Log, Moment
from monitor.flight import Ended

GATHER_S = 0.25
"""Seconds that the first failure waits for others: regions answer one after another, and one query reads many logs."""


class LogReader:
    """One source's extraction, kept going."""

    def __init__(self, extraction: Extraction, clock: Clock, ask: Callable[[Sequence[LogTarget], int], None]) -> None:
        """`ask` sends a fetch for the logs of so many targets, which may take so many calls."""
        self.extraction = extraction
        self._clock, self._ask = clock, ask
        self._reading = False
        """Whether a fetch is under way."""
        self._timer: Timer | None = None
        self._when = 0.0

    @property
    def moment(self) -> Moment:
        """The present."""
        return Moment(self._clock.now(), self._clock.monotonic())

    def soon(self) -> None:
        """Read in a moment what has become due, with what else becomes due until then."""
        self._wake_at(self._clock.monotonic() + GATHER_S)

    def pump(self) -> None:
        """Read what is due, and come back when more is."""
        self.close()
        if self._reading:
            return
        targets, calls = self.extraction.due(self.moment)
        if targets:
            self._reading = True
            self._ask(targets, calls)
        elif (when := self.extraction.next_due()) is not None:
            self._wake_at(when)

    def _wake_at(self, when: float) -> None:
        if self._timer is not None and self._when <= when:
            return
        self.close()
        self._when, self._timer = when, self._clock.call_at(when, self.pump)

    def close(self) -> None:
        """Come back no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def take(self, outcome: Outcome) -> Log | None:
        """Take what a log said; null where nobody asked."""
        return self.extraction.take(outcome, self.moment)

    def ended(self, ended: Ended) -> list[Log]:
        """Take the end of the fetch; return the logs that could not be read. `pump` goes on."""
        self._reading = False
        return self.extraction.ended(ended.fetch.targets, ended.outcomes, self._clock.monotonic())
