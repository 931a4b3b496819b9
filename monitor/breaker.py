"""When the next worker of a source may be started, after others have died. Pure: the time is an argument.

One that dies is replaced at once, one that dies again after a pause that grows. After five deaths in a row without an
answer the breaker is open: nothing is started, and whoever asks is told so at once. When its time is over the next
fetch makes one trial; if that one dies too, the breaker stays open for longer.
"""

from __future__ import annotations

RESPAWN_S = (0.0, 0.5, 1.0, 2.0)
"""Seconds before the next start after one, two, … deaths in a row."""

OPEN_S = (15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds that the breaker stays open, from the first death beyond `RESPAWN_S` on."""


class Breaker:
    """The deaths of one source's workers, in a row."""

    def __init__(self) -> None:
        self.deaths = 0
        """Workers that have died since one of them answered anything."""
        self._until: float | None = None

    def died(self, now: float) -> float | None:
        """Note a death; return when to start the next worker, or null where the breaker opens."""
        self.deaths += 1
        step = self.deaths - 1
        if step < len(RESPAWN_S):
            return now + RESPAWN_S[step]
        self._until = now + OPEN_S[min(step - len(RESPAWN_S), len(OPEN_S) - 1)]
        return None

    def answered(self) -> None:
        """Note that a worker does its work: what died before it does not count any more."""
        self.deaths = 0
        self._until = None

    def relent(self) -> None:
        """Allow one trial now: somebody asks who may have mended what was wrong."""
        self._until = None

    def open_for(self, now: float) -> float:
        """Return the seconds until a trial; 0 where the breaker is not open."""
        return 0.0 if self._until is None else max(0.0, self._until - now)
