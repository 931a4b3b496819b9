"""Counts what a log says of things that go well: by them a failure before is known to have been survived.

Only a few are counted after each failure, so that an ordinary log costs no more than one that says nothing of the kind.
"""

from __future__ import annotations

from fetchers.diagnosis.matcher import Matcher
from fetchers.diagnosis.windows import Windows

ENOUGH = 3
"""Signs of progress that are counted after each failure: that many survive it."""


class Signs:
    """Progress and successes, as far as anybody needs to know."""

    def __init__(self, matcher: Matcher, windows: Windows) -> None:
        self._matcher = matcher
        self._windows = windows
        self.progress = 0
        """How often the program has said that it works."""
        self.successes = 0
        """How often something has succeeded."""
        self._progress_left = 0
        self._successes_left = 0

    def failed(self) -> None:
        """Something has failed: what goes well from now on counts again."""
        self._progress_left = ENOUGH
        self._successes_left = 1

    def look(self, block: bytes, start: int, end: int) -> None:
        """Count what lines say between `start` and `end`."""
        at = start
        while self._progress_left and at < end and (found := self._matcher.progress(block, at, end)) >= 0:
            self.progress += 1
            self._progress_left -= 1
            ends = (block.find(b"\n", found, end), block.find(b"\r", found, end))
            at = min((place for place in ends if place >= 0), default=end) + 1
        if not (self._successes_left or self._windows.resettable):
            return
        if self._matcher.success(block, start, end) >= 0:
            self.successes += 1
            self._successes_left = 0
            self._windows.succeeded()
