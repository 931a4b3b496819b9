"""Moments written out in full, in the zone that times are shown in. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.text import age, clean, duration


def full_time(moment: datetime, now: datetime) -> str:
    """A date and a time in the zone of `now`, with its name: `2026-01-05 14:03:22 UTC`."""
    try:
        shown = moment.astimezone(now.tzinfo)
    except OverflowError:  # the first or the last day of the calendar, in another zone
        shown = moment.astimezone(UTC)
    return f"{shown:%Y-%m-%d %H:%M:%S} {clean(shown.tzname() or '')}".rstrip()


def distance(moment: datetime, now: datetime) -> str:
    """How long ago, or in how long."""
    seconds = (now - moment).total_seconds()
    return age(seconds) if seconds >= 0 else f"in {duration(-seconds)}"
