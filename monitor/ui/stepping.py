"""From one line that is sought to the next, and which of them a cursor is on. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def beside(found: Sequence[int], cursor: int, step: int) -> int:
    """The next of these lines, round and round; with a step of 0 the nearest, below before above.

    They are in order, and never none.
    """
    if step > 0:
        return found[bisect_right(found, cursor) % len(found)]
    if step < 0:
        return found[bisect_left(found, cursor) - 1]
    return found[min(bisect_left(found, cursor), len(found) - 1)]


def counted_matches(found: Sequence[int], cursor: int) -> str:
    """How many there are, and which of them the cursor is on."""
    number = bisect_right(found, cursor)
    at = f"{number:,} of " if number and found[number - 1] == cursor else ""
    return f"{at}{len(found):,} {'match' if len(found) == 1 else 'matches'}"


def moved(found: Sequence[int], by: int) -> list[int]:
    """The same lines where others have come above them, or have gone and perhaps some of these with them."""
    return [index + by for index in found if index + by >= 0]
