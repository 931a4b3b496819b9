"""What a child process prints: the newest of it, and every kind of line counted, so that a flood costs a few lines.

Two lines are of one kind when they differ in numbers only: the same warning with another time, address or pid.
"""

from __future__ import annotations

import re
from collections import Counter

KEPT = 64 * 1024
"""Bytes of the newest output that are kept as they are."""

KINDS = 200
"""Kinds of lines that are told apart; what comes beyond is counted together."""

LONGEST = 400
"""Bytes of a line that its kind is told by, and that are shown of it."""

LINES_A_PIECE = 500
"""Lines of one piece that are looked at one by one, so that a flood costs little time; the rest is only counted."""

OTHER = b"other lines"

_NUMBERS = re.compile(rb"0[xX][0-9a-fA-F]+|\b[0-9a-fA-F]{8,}\b|\d+")


class Printed:
    """Takes a child's output in pieces, split anywhere."""

    def __init__(self) -> None:
        self._newest = bytearray()
        self._line = bytearray()
        self._counts: Counter[bytes] = Counter()
        self._shown: dict[bytes, str] = {}
        """Kind → its first line."""
        self._fresh: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take the next bytes; costs bounded time and memory."""
        self._newest += data[-KEPT:]
        del self._newest[:-KEPT]
        first, *others = data.split(b"\n")
        self._extend(first)
        for piece in others[:LINES_A_PIECE]:
            self._count(bytes(self._line))
            self._line.clear()
            self._extend(piece)
        if beyond := others[LINES_A_PIECE:]:
            self._add(OTHER, OTHER, len(beyond))
            self._line.clear()
            self._extend(beyond[-1])

    def _extend(self, piece: bytes) -> None:
        self._line += piece[: LONGEST - len(self._line)]

    def _count(self, line: bytes) -> None:
        if kind := _NUMBERS.sub(b"#", line.strip()):
            self._add(kind, line, 1)

    def _add(self, kind: bytes, line: bytes, number: int) -> None:
        if kind not in self._counts:
            if len(self._counts) >= KINDS:
                kind = line = OTHER
            if kind not in self._shown:
                self._shown[kind] = line.decode(errors="replace").strip()
                self._fresh.append(kind)
        self._counts[kind] += number

    def newest(self) -> str:
        """Return the end of it all, as it was printed."""
        return self._newest.decode(errors="replace")

    def fresh(self) -> list[str]:
        """Return the first line of every kind that has appeared since the last call."""
        kinds, self._fresh = self._fresh, []
        return [self._shown[kind] for kind in kinds]

    def repeated(self) -> list[str]:
        """Return what came more than once, the most frequent first: `312 × AssertionError`."""
        return [f"{number:,} × {self._shown[kind]}" for kind, number in self._counts.most_common() if number > 1]
