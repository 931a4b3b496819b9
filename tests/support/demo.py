"""What a screen says once every table of the demo has answered."""

from __future__ import annotations

LIVE = 3
"""Tables of which every scope answers."""

PARTIAL = 2
"""Tables of which one region may not be read."""


def answered(text: str) -> bool:
    """Whether every table has: a region of two of them is refused, and everything else is live."""
    return text.count("· live") == LIVE and text.count("5/6 regions") == PARTIAL
