"""Colours of what commands print for eyes: the eight of every terminal, or none."""

from __future__ import annotations

from collections.abc import Callable

from fetchers.records import State

RESET = "\x1b[0m"
BOLD, DIM, RED, GREEN, YELLOW, BLUE = (f"\x1b[{code}m" for code in ("1", "2", "31", "32", "33", "34"))

STATES = {
    State.RUNNING: BLUE,
    State.QUEUED: YELLOW,
    State.SUCCEEDED: GREEN,
    State.FAILED: RED,
    State.CANCELLED: DIM,
    State.UNKNOWN: YELLOW,
}

Paint = Callable[[str, str], str]
"""Puts a text into a colour, or leaves it as it is."""


def painted(text: str, sequence: str) -> str:
    """The text in that colour."""
    return f"{sequence}{text}{RESET}" if sequence and text else text


def plain(text: str, _sequence: str) -> str:
    """The text without colour."""
    return text


def brush(*, colour: bool) -> Paint:
    """What paints, or does not."""
    return painted if colour else plain
