"""What has been read of one log, as clean lines in their order. Pure, and bounded: what it lets go of it counts.

A line of the log that is longer than a line of the screen could ever be is held in several.
"""

from __future__ import annotations

import collections
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from fetchers.messages import LogEntry
from monitor.text import clean

MOST_LINES = 100_000
"""Lines that are held, ..."""

MOST_BYTES = 32 * 1024 * 1024
"""... and bytes, what Python adds included."""

LONGEST = 4_000
"""Characters of one line that is held: cleaned text has a limit of its own."""

REMEMBERED = 5_000
"""Newest entries that are known again when they are told once more."""

_OVERHEAD = 120
"""Bytes of a line beside its text."""

_LINE_ENDS = re.compile(r"\r\n|\n|\r")


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line that is held."""

    text: str
    """Clean."""
    at: datetime | None
    """When its entry was written."""
    severity: str
    """Of its entry, the source's own word; clean."""
    first: bool
    """Whether an entry begins with it."""
    begins: bool
    """Whether a line of the log begins with it; false for what a long line goes on with."""

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return sys.getsizeof(self.text) + _OVERHEAD


def lines_of(entry: LogEntry) -> Iterator[LogLine]:
    """The lines of one entry; an empty one is an empty line."""
    severity, first = clean(entry.severity), True
    for line in _LINE_ENDS.split(entry.text.rstrip("\r\n")):
        for start in range(0, max(1, len(line)), LONGEST):
            text = clean(line[start : start + LONGEST])
            yield LogLine(text, entry.at, severity, first, not start)
            first = False


class LogText:
    """The lines, oldest first."""

    def __init__(self, most_lines: int = MOST_LINES, most_bytes: int = MOST_BYTES) -> None:
        self.lines: list[LogLine] = []
        self.dropped_oldest = 0
        """Lines that made room for newer ones."""
        self.dropped_newest = 0
        """Lines that made room for older ones."""
        self.dated = False
        """Whether any line has a time."""
        self.graded = False
        """Whether any line has a severity that says something."""
        self._most_lines = most_lines
        self._most_bytes = most_bytes
        self._bytes = 0
        self._known: collections.OrderedDict[str, None] = collections.OrderedDict()
        """The newest entries."""

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def oldest(self) -> datetime | None:
        """When the first line was written."""
        return next((line.at for line in self.lines if line.at is not None), None)

    @property
    def newest(self) -> datetime | None:
        """When the last line was written."""
        return next((line.at for line in reversed(self.lines) if line.at is not None), None)

    def put_before(self, lines: Sequence[LogLine]) -> None:
        """Take older lines in; where there is no room for all, the newest go."""
        self._count(lines)
        self.lines[:0] = lines
        keep = len(self.lines) - self._surplus(reversed(self.lines))
        self.dropped_newest += len(self.lines) - keep
        del self.lines[keep:]

    def put_after(self, lines: Sequence[LogLine]) -> int:
        """Take newer lines in; where there is no room for all, the oldest go. Return how many went."""
        self._count(lines)
        self.lines += lines
        gone = self._surplus(iter(self.lines))
        self.dropped_oldest += gone
        del self.lines[:gone]
        return gone

    def knows(self, entry: LogEntry) -> bool:
        """Whether an entry is among those noted of late."""
        return _identity(entry) in self._known

    def note(self, entry: LogEntry) -> None:
        """Know an entry again when it is told once more."""
        self._known[_identity(entry)] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _count(self, lines: Iterable[LogLine]) -> None:
        for line in lines:
            self._bytes += line.size
            self.dated = self.dated or line.at is not None
            self.graded = self.graded or line.severity not in NO_SEVERITY

    def _surplus(self, lines: Iterator[LogLine]) -> int:
        """How many lines must go, in that order, so that the others have room; their bytes are counted no more."""
        gone = 0
        while len(self.lines) - gone > self._most_lines or (self._bytes > self._most_bytes and gone < len(self.lines)):
            self._bytes -= next(lines).size
            gone += 1
        return gone


def _identity(entry: LogEntry) -> str:
    return entry.id or f"{entry.at} {entry.text}"


NO_SEVERITY = frozenset({"", "DEFAULT"})
"""What says nothing."""
