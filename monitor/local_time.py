"""The zone that a person lives in, with a clock that is changed twice a year.

`datetime.astimezone()` gives the offset of that one moment: kept as a zone, it is an hour wrong for other moments.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final


class _Local(tzinfo):
    """As the system has it for each moment, the hour that comes twice included."""

    def __init__(self) -> None:
        self._last: tuple[datetime | None, timedelta | None] = (None, None)
        """What was asked last: the present, once for each row of a table."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        """What the clocks are ahead of UTC then."""
        if moment is None:
            return None
        if moment is not self._last[0]:
            self._last = (moment, _as_shown(moment).utcoffset())
        return self._last[1]

    def dst(self, moment: datetime | None) -> None:
        """Not known: the system says the sum."""

    def tzname(self, moment: datetime | None) -> str | None:
        """What people call it then."""
        return None if moment is None else _as_shown(moment).tzname()

    def fromutc(self, moment: datetime) -> datetime:
        """What the clocks show at a moment of UTC. Raises `OverflowError` beyond the calendar."""
        there = moment.replace(tzinfo=UTC)
        try:
            shown = there.astimezone()
        except (OSError, OverflowError, ValueError):
            shown = there.astimezone(_usual())
        first = shown.replace(tzinfo=self, fold=0)
        return first if _as_shown(first).utcoffset() == shown.utcoffset() else first.replace(fold=1)


LOCAL: Final = _Local()
"""There is one: what it says is the system's at each time it is asked."""


def _as_shown(moment: datetime) -> datetime:
    """What clocks show then, with the offset that they have then."""
    clock = moment.replace(tzinfo=None)
    try:
        return clock.astimezone()
    except (OSError, OverflowError, ValueError):  # the first or the last days of the calendar
        return clock.replace(tzinfo=_usual())


def _usual() -> timezone:
    return timezone(timedelta(seconds=-time.timezone), time.tzname[0])
