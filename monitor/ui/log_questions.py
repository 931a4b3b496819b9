"""What has been asked of one log, what is known from the answers, and what can be asked next. Pure.

One question at a time: each page leads to the one before it, and reads of logs are few a minute.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

from fetchers.errors import Failure
from fetchers.messages import LogEntry, LogPart
from monitor.changes import LogRead, ReadLog
from monitor.lineage import Row

ENTRIES = 1_000
"""Entries of one page."""

OVERLAP = timedelta(seconds=5)
"""What is new is asked for from so long before the newest entry: entries arrive out of order."""

MOST_NEW = 20
"""Pages of what is new that are read in a row; what is older than they are is left out, and said."""

_requests = itertools.count(1)


class Part(enum.Enum):
    """Which part of a log a question is about."""

    END = "the end"
    OLDER = "older lines"
    NEWER = "newer lines"


class Reading:
    """The questions about one log and what became of them."""

    def __init__(self, row: Row) -> None:
        self.row = row
        """Whose log it is."""
        self.asked: ReadLog | None = None
        """The question that has not been answered."""
        self.part = Part.END
        """What it is about, or the last one was."""
        self.asked_at: datetime | None = None
        """When it was asked."""
        self.waits_s: float | None = None
        """It waits for its turn, at most so many seconds from when that was told; null where it does not."""
        self.failure: Failure | None = None
        """Why the last question has no answer."""
        self.token: str | None = None
        """For what is older than all that has been read."""
        self.read = False
        """Whether the end has been read."""
        self.heard_at: datetime | None = None
        """When a part of the log came last."""
        self.answered_at: datetime | None = None
        """When any answer came last."""
        self.gap = False
        """Whether more was new at a time than was read: lines are missing."""
        self._new: list[tuple[LogEntry, ...]] = []
        """Pages of what is new, newest first, until one reaches what is known, or the beginning."""

    @property
    def more(self) -> bool:
        """Whether there is anything older to be asked for."""
        return self.read and self.token is not None

    # --- asking

    def end(self, now: datetime) -> ReadLog:
        """Ask for the log's end; whatever was asked before is given up."""
        self.token, self.read, self.gap, self._new = None, False, False, []
        return self._ask(Part.END, LogPart(most=ENTRIES), now)

    def older(self, now: datetime) -> ReadLog | None:
        """Ask for the page before; null where there is none, or something is being asked already."""
        if self.asked is not None or not self.more:
            return None
        return self._ask(Part.OLDER, LogPart(token=self.token, most=ENTRIES), now)

    def newer(self, newest: datetime | None, now: datetime) -> ReadLog | None:
        """Ask for what has been written since; null where something is being asked already."""
        if self.asked is not None:
            return None
        self._new = []
        after = None if newest is None else newest - OVERLAP
        return self._ask(Part.NEWER, LogPart(after=after, most=ENTRIES), now)

    def again(self, now: datetime) -> ReadLog | None:
        """Ask once more what has not been answered: another engine has not heard of it."""
        return None if self.asked is None else self._ask(self.part, self.asked.part, now)

    def _ask(self, part: Part, what: LogPart, now: datetime) -> ReadLog:
        self.part, self.asked_at, self.waits_s = part, now, None
        if part is not Part.NEWER:  # what is new is asked for again and again: until there is any, it has failed
            self.failure = None
        self.asked = ReadLog(request=next(_requests), table=self.row.table, key=self.row.key, part=what)
        return self.asked

    # --- answers

    def take(self, told: LogRead, now: datetime, known: Callable[[LogEntry], bool]) -> tuple[LogEntry, ...] | None:
        """Take an answer; the entries to be shown, oldest first, or null where nothing is to be shown yet.

        `known` says of an entry whether it is among the newest that have been shown.
        """
        asked = self.asked
        if asked is None or told.request != asked.request:
            return None
        if told.waits_s is not None:
            self.waits_s = told.waits_s
            return None
        self.asked, self.failure, self.waits_s, self.answered_at = None, told.failure, None, now
        if told.failure is not None:
            return None
        self.heard_at = now
        if self.part is not Part.NEWER:
            self.token, self.read = told.token, True
            return told.entries
        self._new.append(told.entries)
        if told.token is not None and not any(map(known, told.entries)):
            if len(self._new) < MOST_NEW:
                self._ask(Part.NEWER, LogPart(token=told.token, after=asked.part.after, most=ENTRIES), now)
                return None
            self.gap = True
        pages, self._new = self._new, []
        return tuple(entry for page in reversed(pages) for entry in page)
