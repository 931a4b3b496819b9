"""How five tables share the lines of one screen. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

FOCUS_WEIGHT = 3
"""How many times another table's share the focused one takes while both want more."""


def share(goals: Sequence[Sequence[int]], total: int, focus: int | None = None) -> list[int]:
    """Lines for each table, `total` in all: every goal in turn, as far as the lines go.

    A goal says how many lines each table is given before anyone comes closer to the next goal; the last one is what
    each could fill. Nobody gets less than one line while there are that many; lines that nobody wants go to the last
    table, so that the tables stand close together.
    """
    got = [0] * len(goals[-1])
    left = total
    for goal in goals:
        left = _fill(got, goal, left, focus)
    if got:
        got[-1] += left
    return got


def _fill(got: list[int], goal: Sequence[int], left: int, focus: int | None) -> int:
    """Hand lines out until all have their goal or none is left; the lines that are."""
    while left > 0 and (turns := _in_turn(got, goal, focus)):
        for index in turns:
            if left > 0 and got[index] < goal[index]:
                got[index] += 1
                left -= 1
    return max(0, left)


def _in_turn(got: list[int], wants: Sequence[int], focus: int | None) -> list[int]:
    """One round: everyone once who wants more, and the focused one as often as its weight once all have a line."""
    hungry = [index for index, want in enumerate(wants) if got[index] < want]
    if focus in hungry and all(got[index] for index in hungry):
        hungry[:0] = [focus] * (FOCUS_WEIGHT - 1)
    return hungry
