"""One log's screen as far as nobody presses a key: what is read, taken in, looked through and diagnosed.

It asks the engine for parts and never waits for any; what has arrived is worked on in pieces, between which keys get
their turn.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fetchers.messages import LogEntry
from fetchers.records import Record, State
from monitor.changes import AskReason, Command, Hello, LogRead, ReadLog, ReasonRead
from monitor.lineage import Row
from monitor.mirror import Mirror
from monitor.tables import TABLES
from monitor.ui.log_causes import Pace, causes, diagnosed
from monitor.ui.log_questions import Part, Reading
from monitor.ui.log_text import LogLine, LogText, lines_of
from monitor.ui.log_words import has_more
from monitor.ui.messages import Answered
from monitor.ui.screens.over import Over
from monitor.ui.stepping import moved
from monitor.ui.widgets.header_line import Banner
from monitor.ui.widgets.log_view import LogView

if TYPE_CHECKING:
    from fetchers.diagnosis.model import Diagnosis

AUTOMATIC = 3_000
"""Lines up to which older pages are read without being asked for: each is one of the few log reads of a minute."""

FOLLOW_S = 10.0
"""Seconds between two looks for what is new."""

ARRIVAL = timedelta(seconds=60)
"""What a job wrote before its end may arrive so long after it."""


class LogGathering(Over[None]):
    """One row's log, and what is known of it."""

    WHERE = "log"

    def __init__(self, row: Row, mirror: Mirror, tell: Callable[[Command], None], banner: Callable[[], Banner]) -> None:
        """Read the log of a row. Raises `KeyError` where there is no such row."""
        super().__init__(banner)
        self.row = row
        """Whose log it is."""
        self.record: Record = mirror.rows[row.table][row.key]
        """As last known."""
        self.follows = False
        """Whether it is asked again and again for what is new."""
        self._mirror, self._tell = mirror, tell
        self._reading = Reading(row)
        self._over = ""
        """Why nothing is followed any more."""
        self._known: ReasonRead | None = None
        """What the record's reason rests on."""
        self._arrived: collections.deque[tuple[Part, Sequence[LogEntry]]] = collections.deque()
        self._working = self._undiagnosed = self._unsearched = False
        self._diagnosis: Diagnosis | None = None
        """Of the lines as they were when there was last nothing else to do."""
        self._seen_root: LogLine | None = None
        """The root cause that has been gone to last: there may be another once more is known."""
        self._matches: list[int] = []
        """Indices of lines that have what is searched for, in order."""
        self._view = LogView(LogText(), lambda: self._now)

    def on_mount(self) -> None:
        """Ask for the end, and for what is known of the reason."""
        self._tell(AskReason(table=self.row.table, key=self.row.key))
        self._send(self._reading.end(self._now))
        self.say_all()

    def say_all(self) -> None:
        """Bring everything around the lines up to date."""
        raise NotImplementedError

    def found(self) -> None:
        """All lines have been looked through for what is searched."""
        raise NotImplementedError

    @property
    def _now(self) -> datetime:
        return self._banner().now

    @property
    def _text(self) -> LogText:
        return self._view.text

    # --- what is told

    def tick(self) -> None:
        """A second has passed."""
        super().tick()
        self._follow_on()
        self.say_all()

    def judge(self) -> None:
        """The record, or the zone that times are shown in, may be another."""
        super().tick()
        self._look_for_record()
        self._view.show()
        self.say_all()

    def _look_for_record(self) -> None:
        """A run that ends moves to another table under the same key."""
        family = TABLES[self.row.table].family if self.row.table in TABLES else ""
        tables = [self.row.table, *(name for name, table in TABLES.items() if family and table.family == family)]
        found = next((name for name in tables if self.row.key in self._mirror.rows.get(name, {})), None)
        if found is not None:
            self.row = self._reading.row = Row(found, self.row.key)
            self.record = self._mirror.rows[found][self.row.key]

    def on_answered(self, message: Answered) -> None:
        """A part of the log, what is known of the reason, or another engine, which has heard no question."""
        match message.answer:
            case LogRead() as read:
                self._take(read)
            case ReasonRead() as told if Row(told.table, told.key) == self.row:
                self._known = told
                self._mark()
            case Hello():
                self._send(self._reading.again(self._now))
        self.say_all()

    def _take(self, read: LogRead) -> None:
        part, before = self._reading.part, self._reading.asked
        entries = self._reading.take(read, self._now, self._text.knows)
        if self._reading.asked is not before:
            self._send(self._reading.asked)
        if entries is not None:
            self._arrived.append((part, entries))
            self._stir()

    def _send(self, asked: ReadLog | None) -> None:
        if asked is not None:
            self._tell(asked)

    # --- work, between keys

    def _stir(self) -> None:
        """Have somebody do what there is to do."""
        if not self._working:
            self._working = True
            self.run_worker(self._work(), name="log")

    async def _work(self) -> None:
        """Take in what arrived, then look for what is searched, then for causes; until there is nothing to do."""
        try:
            while self._arrived or self._unsearched or self._undiagnosed:
                if self._arrived:
                    await self._take_in(*self._arrived.popleft())
                elif self._unsearched:
                    await self._seek()
                else:
                    await self._diagnose()
                self.say_all()
        finally:
            self._working = False

    async def _take_in(self, part: Part, entries: Iterable[LogEntry]) -> None:
        text = LogText() if part is Part.END else self._text
        pace, lines = Pace(), list[LogLine]()
        for entry in entries:
            if part is Part.OLDER or not text.knows(entry):
                lines += lines_of(entry)
            if part is not Part.OLDER:
                text.note(entry)
            await pace.rest()
        self._put(part, text, lines)
        self._undiagnosed = self._undiagnosed or bool(lines)
        self._unsearched = self._view.search is not None
        if part is Part.NEWER:
            self._perhaps_over(bool(lines))
        else:
            self._read_on()

    def _put(self, part: Part, text: LogText, lines: Sequence[LogLine]) -> None:
        match part:
            case Part.END:
                text.put_after(lines)
                self._matches, self._diagnosis = [], None
                self._view.begin(text)
            case Part.OLDER:
                self._matches = moved(self._matches, len(lines))
                self._view.put_before(lines)
            case Part.NEWER:
                gone = text.dropped_oldest
                self._view.put_after(lines)
                self._matches = moved(self._matches, gone - text.dropped_oldest)

    async def _seek(self) -> None:
        """Look through all lines; what arrives meanwhile is taken in first, and then all is looked through again."""
        self._unsearched, search, pace = False, self._view.search, Pace()
        if search is None:
            return
        found = []
        for index, line in enumerate([*self._text.lines]):
            if search.found_in_line(line):
                found.append(index)
            await pace.rest()
            if self._unsearched or self._arrived:
                self._unsearched = True
                return
        self._matches = found
        self.found()

    async def _diagnose(self) -> None:
        self._undiagnosed = False
        lines = [*self._text.lines]
        found = await diagnosed(lines, Pace())
        if self._arrived:
            self._undiagnosed = True
            return
        self._diagnosis = found
        self._mark()

    def _mark(self) -> None:
        """Which lines say why, as far as that is known; until somebody moves, a failure's log is open at its cause."""
        outcome = self._known.outcome if self._known is not None else None
        self._view.causes = causes(self._text.lines, self._diagnosis, self.record, outcome)
        self._view.show()
        if self._root is not None and self.record.state is State.FAILED and not self._view.touched:
            self._seen_root = self._text.lines[self._root]
            self._view.open_at(self._root)

    @property
    def _root(self) -> int | None:
        """The line that is the root cause, where it is known and there."""
        return next((index for index, cause in self._view.causes.items() if cause.root), None)

    # --- reading on

    def _read_on(self) -> None:
        """Ask for older lines: the first few thousand unasked, then whenever somebody is where they would be."""
        wanted = len(self._text) < AUTOMATIC or self._view.window.at_top
        if wanted and self._reading.failure is None and has_more(self._reading, self._text):
            self._send(self._reading.older(self._now))

    def _read_on_at_top(self) -> None:
        """Somebody wants what is above; a failure is tried again."""
        if self._view.window.at_top:
            self._reading.failure = None
            self._read_on()

    def _follow_on(self) -> None:
        """Ask for what is new, where that is due."""
        answered = self._reading.answered_at
        if self.follows and answered is not None and (self._now - answered).total_seconds() >= FOLLOW_S:
            self._send(self._reading.newer(self._text.newest, self._now))

    def _perhaps_over(self, something_new: bool) -> None:
        """A job that has ended, and whose last words have had time to arrive, writes no more."""
        ended = self.record.finished or self.record.time
        if self.record.state.ended and not something_new and (ended is None or self._now - ended >= ARRIVAL):
            self.follows, self._over = False, "the log has ended"
