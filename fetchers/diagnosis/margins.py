"""The lines around what has been found, a bounded number of them, kept while the log goes by."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fetchers.diagnosis.prefixes import cleaned
from fetchers.redact import first_of

BEFORE = 8
"""Lines that are kept before a hit."""
AFTER = 6
"""Lines that are kept after it."""
SHOWN = 500
"""Characters of a line that are kept, of one in which nothing was found."""
_MOST = 2_000
_TAIL = 8 * 1024


class Margins:
    """Lines by number, and the end of what has been read."""

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}
        self._pinned: dict[int, str] = {}
        self._tail = b""
        self._most = _MOST
        self._around = 0
        """Number of the line around which lines were kept last: it may be drawn over a thousand times."""
        self.until = 0
        """Number of the last line that is wanted."""

    def note(self, number: int, text: str) -> None:
        """Keep a line as it is visible: what is drawn later over the same line replaces it."""
        if text.strip():
            self._lines[number] = first_of(text, SHOWN)

    def pin(self, number: int, text: str) -> None:
        """Keep a line in which something was found; nothing that is drawn over it replaces it."""
        self._pinned[number] = text

    def around(self, number: int, block: bytes, at: int) -> None:
        """Keep the lines before the one that begins at `at`, and want those after it."""
        if number == self._around:
            return
        self._around = number
        self.until = max(self.until, number + AFTER)
        if number - 1 in self._lines or number - 1 in self._pinned:
            return
        before = self.before(block, at)
        for back, text in enumerate(reversed(before), start=1):
            if number - back not in self._lines:
                self.note(number - back, text)

    def before(self, block: bytes, at: int) -> list[str]:
        """The last lines before `at`, as they were visible."""
        known = self._tail + block[max(0, at - _TAIL) : at]
        lines = known[-_TAIL:].split(b"\n")[:-1]
        if lines and len(known) >= _TAIL:  # its beginning is gone: no word of it may be half a secret
            lines[0] = lines[0].partition(b" ")[2]
        return [_visible(line) for line in lines[-BEFORE:]]

    def last(self, block: bytes, at: int) -> str:
        """The last line before `at` that is not empty; an empty text where there is none."""
        known = (self._tail + block[max(0, at - _TAIL) : at])[-_TAIL:].rstrip()
        return cleaned(known[max(known.rfind(b"\n"), known.rfind(b"\r")) + 1 :])[:SHOWN]

    def passed(self, block: bytes) -> None:
        """The block has been read."""
        self._tail = (self._tail + block)[-_TAIL:]

    def get(self, numbers: Iterable[int]) -> list[tuple[int, str]]:
        """Those of the lines that are kept."""
        lines = self._lines | self._pinned
        return [(number, lines[number]) for number in numbers if number in lines]

    def forget(self, wanted: Callable[[], Iterable[int]]) -> None:
        """Keep the lines around `wanted` only, once there are too many."""
        if len(self._lines) + len(self._pinned) > self._most:
            near = {number + offset for number in wanted() for offset in range(-BEFORE, AFTER + 1)}
            self._lines = {number: text for number, text in self._lines.items() if number in near}
            self._pinned = {number: text for number, text in self._pinned.items() if number in near}
            self._most = max(_MOST, 2 * (len(self._lines) + len(self._pinned)))


def _visible(line: bytes) -> str:
    """What remains of a line that was drawn several times."""
    parts = [part for part in line.split(b"\r") if part.strip()]
    return cleaned(parts[-1]) if parts else ""
