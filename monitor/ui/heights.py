"""How five tables share the lines of one screen. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

FOCUS_WEIGHT = 3
"""How many times another table's share the focused one takes while both want more."""


def share(wants: Sequence[int], total: int, focus: int | None = None) -> list[int]:
    """Lines for each table, `total` in all: what it wants where there is room, else a share.

    Nobody gets less than one line while there are that many; lines that nobody wants go to the last table, so that
    the tables stand close together.
    """
    got = [0] * len(wants)
    left = total
    while left > 0 and any(have < want for have, want in zip(got, wants, strict=True)):
        for index in _in_turn(got, wants, focus):
            if left > 0 and got[index] < wants[index]:
                got[index] += 1
                left -= 1
    if got:
        got[-1] += max(0, left)
    return got


def _in_turn(got: list[int], wants: Sequence[int], focus: int | None) -> list[int]:
    """One round: everyone once who wants more, and the focused one as often as its weight once all have a line."""
    hungry = [index for index, want in enumerate(wants) if got[index] < want]
    if focus in hungry and all(got[index] for index in hungry):
        hungry[:0] = [focus] * (FOCUS_WEIGHT - 1)
    return hungry
