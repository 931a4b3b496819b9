"""The screen of one log: its end first, then what is older, and what is written while one looks.

It asks the engine for parts and never waits for any: what has been read can be read, searched and copied meanwhile.
"""

from __future__ import annotations

import collections
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from fetchers.errors import FilterError
from fetchers.messages import LogEntry
from fetchers.records import Record
from monitor.advice import commands
from monitor.changes import AskReason, Command, Hello, LogRead, ReadLog, ReasonRead
from monitor.columns import GLYPHS
from monitor.lineage import Row
from monitor.mirror import Mirror
from monitor.tables import TABLES
from monitor.text import one_line
from monitor.ui.bindings import bindings
from monitor.ui.log_causes import Cause, Pace, causes, diagnosed
from monitor.ui.log_questions import Part, Reading
from monitor.ui.log_search import Search
from monitor.ui.log_text import LogLine, LogText, lines_of
from monitor.ui.log_words import followed, has_more, nothing, progress
from monitor.ui.messages import Answered
from monitor.ui.screens.over import Over
from monitor.ui.taking import CopyWanted, PlaceWanted, log_of
from monitor.ui.widgets.find_line import FindLine
from monitor.ui.widgets.header_line import Banner
from monitor.ui.widgets.log_title import LINES, LogCause, LogTitle
from monitor.ui.widgets.log_view import CAUSE, ROOT, LogView
from monitor.ui.widgets.painted import Part as Piece
from monitor.ui.widgets.painted import set_shown

if TYPE_CHECKING:
    from fetchers.diagnosis.model import Diagnosis

AUTOMATIC = 3_000
"""Lines up to which older pages are read without being asked for: each is one of the few log reads of a minute."""

FOLLOW_S = 10.0
"""Seconds between two looks for what is new."""

ARRIVAL = timedelta(seconds=60)
"""What a job wrote before its end may arrive so long after it."""


class Log(Over[None]):
    """One row's log."""

    WHERE = "log"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("log")]

    def __init__(self, row: Row, mirror: Mirror, tell: Callable[[Command], None], banner: Callable[[], Banner]) -> None:
        """Read the log of a row. Raises `KeyError` where there is no such row."""
        super().__init__(banner)
        self.row = row
        """Whose log it is."""
        self.record: Record = mirror.rows[row.table][row.key]
        """As last known."""
        self.follows = False
        """Whether it is asked again and again for what is new."""
        self._mirror = mirror
        self._tell = tell
        self._reading = Reading(row)
        self._over = ""
        """Why nothing is followed any more."""
        self._known: ReasonRead | None = None
        """What the record's reason rests on."""
        self._arrived: collections.deque[tuple[Part, Sequence[LogEntry]]] = collections.deque()
        self._working = False
        self._undiagnosed = False
        self._unsearched = False
        self._diagnosis: Diagnosis | None = None
        """Of the lines as they were when there was last nothing else to do."""
        self._seen_root = False
        """Whether the root cause has been gone to."""
        self._search_before: Search | None = None
        self._matches: list[int] = []
        """Indices of lines that have what is searched for, in order."""
        self._title = LogTitle()
        self._title.styles.height = LINES
        self._view = LogView(LogText(), lambda: self._now)
        self._cause = LogCause()
        self._find = FindLine()

    def content(self) -> Iterable[Widget]:
        """Whose log, the log, what a line says, and a line to search on."""
        return [self._title, self._view, self._cause, self._find]

    def on_mount(self) -> None:
        """Ask for the end, and for what is known of the reason."""
        self._tell(AskReason(table=self.row.table, key=self.row.key))
        self._send(self._reading.end(self._now))
        self._say()

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
        self._say()

    def judge(self) -> None:
        """The record, or the zone that times are shown in, may be another."""
        super().tick()
        self._look_for_record()
        self._view.show()
        self._say()

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
        self._say()

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
                self._say()
        finally:
            self._working = False

    async def _take_in(self, part: Part, entries: Sequence[LogEntry]) -> None:
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
                self._matches = [index + len(lines) for index in self._matches]
                self._view.put_before(lines)
            case Part.NEWER:
                gone = text.dropped_oldest
                self._view.put_after(lines)
                self._matches = [index - (text.dropped_oldest - gone) for index in self._matches]

    async def _seek(self) -> None:
        """Look through all lines; what arrives meanwhile is taken in first, and then all is looked through again."""
        self._unsearched, search, pace = False, self._view.search, Pace()
        if search is None:
            return
        found = []
        for index, line in enumerate([*self._text.lines]):
            if search.found_in(line.text):
                found.append(index)
            await pace.rest()
            if self._unsearched or self._arrived:
                self._unsearched = True
                return
        self._matches = found
        if self._find.display:
            self._step(found, 0)
            self._find.say(self._counted_matches())

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
        """Which lines say why, as far as that is known."""
        outcome = self._known.outcome if self._known is not None else None
        self._view.causes = causes(self._text.lines, self._diagnosis, self.record, outcome)
        self._view.show()

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

    # --- how it looks

    def _say(self) -> None:
        self._title.show([self._head(), self._progress()])
        self._view.say(nothing(self._reading, self.record, self._now, "r"))
        cause = self._cause_said()
        set_shown(self._cause, bool(cause) and not self._find.display)
        self._cause.show(cause)

    def _head(self) -> tuple[list[Piece], list[Piece]]:
        record = self.record
        name = one_line(record.name or record.id)
        left = [(f" {GLYPHS[record.state]} {record.state.value}  ", record.state.value), (name, "strong")]
        return [*left, ("  log", "dim")], [(f"{self.row.table} · {one_line(record.scope)} ", "dim")]

    def _progress(self) -> tuple[list[Piece], list[Piece]]:
        if not self._text.lines:
            return [], []
        role = "warn" if self._reading.failure is not None else "dim"
        left: list[Piece] = [(f" {progress(self._reading, self._text, self._now, 'PgUp')}", role)]
        if self.follows or self._over:
            told = followed(self._reading, self._now) if self.follows else self._over
            left.insert(0, (f" {told} ·", "running" if self.follows else "dim"))
        if self._view.search is not None:
            sought = one_line(self._view.search.text)
            left[:0] = [(f" {self._counted_matches()} for ", "text"), (sought, "accent"), (" ·", "dim")]
        return left, [(f"line {self._view.window.cursor + 1:,} ", "dim")]

    def _counted_matches(self) -> str:
        """How many there are, and which of them the cursor is on."""
        cursor = self._view.window.cursor
        number = bisect_right(self._matches, cursor)
        at = f"{number:,} of " if number and self._matches[number - 1] == cursor else ""
        return f"{at}{len(self._matches):,} {'match' if len(self._matches) == 1 else 'matches'}"

    def _cause_said(self) -> list[Piece]:
        """What the line under the cursor says; else where what says why can be found."""
        found = self._view.causes
        if not found:
            return []
        here = found.get(self._view.window.cursor)
        if here is not None or self._view.search is not None:
            return _told(here) if here is not None else []
        roots = [index for index, cause in found.items() if cause.root]
        where = f"root cause on line {roots[0] + 1:,}" if roots else f"{len(found):,} lines that say what went wrong"
        return [(f" {ROOT if roots else CAUSE} ", "alarm" if roots else "warn"), (where, "text"), ("  n ", "key")]

    # --- moving

    def on_log_view_moved(self) -> None:
        """The cursor is elsewhere, or there are other lines; who is at the top, by the wheel perhaps, wants more."""
        self._read_on()
        self._say()

    def _moved(self) -> None:
        self._view.moved()
        self._read_on_at_top()

    def action_move(self, by: int) -> None:
        """A line up or down."""
        self._view.window.move(by)
        self._moved()

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self._view.window.page(by)
        self._moved()

    def action_first(self) -> None:
        """To the first line that there is; older ones are asked for."""
        self._view.window.go(0)
        self._moved()

    def action_last(self) -> None:
        """To the last line; where newer ones had to make room, they are read again."""
        if self._text.dropped_newest:
            self.action_again()
        self._view.window.end()
        self._view.moved()

    def action_sideways(self, by: int) -> None:
        """Along long lines."""
        self._view.sideways(by)

    def action_wrap(self) -> None:
        """Wrap long lines, or let them go on to the right."""
        self._view.window.wrap(not self._view.window.wraps)
        self._view.moved()
        self._footer.say("long lines are wrapped" if self._view.window.wraps else "long lines go on to the right: → ←")

    def action_next(self, step: int) -> None:
        """To the next match, or previous one; without a search to the root cause first, then to the next cause."""
        if self._view.search is not None:
            self._step(self._matches, step)
            return
        roots = [index for index, cause in self._view.causes.items() if cause.root]
        if roots and not self._seen_root:
            self._seen_root = True
            self._view.window.go(roots[0])
            self._view.moved()
        else:
            self._step(sorted(self._view.causes), step)

    def _step(self, found: Sequence[int], step: int) -> None:
        """To the next of these lines, round and round; with a step of 0 to the nearest, below before above."""
        if not found:
            if step:
                none = "nothing found" if self._view.search else "no line is known to say what went wrong"
                self._footer.say(none if self._text.lines else "nothing has been read yet", "warn")
            return
        cursor = self._view.window.cursor
        if step > 0:
            at = bisect_right(found, cursor) % len(found)
        elif step < 0:
            at = bisect_left(found, cursor) - 1
        else:
            at = min(bisect_left(found, cursor), len(found) - 1)
        self._view.window.go(found[at])
        self._view.moved()

    # --- searching

    def action_find(self) -> None:
        """Search for what is typed."""
        self._search_before = self._view.search
        set_shown(self._footer, False)
        self._find.open(self._view.search.text if self._view.search else "")
        self._say()

    def on_find_line_typed(self, message: FindLine.Typed) -> None:
        """Search for it as far as it is typed."""
        self._look_for(message.text)

    def on_find_line_given(self, message: FindLine.Given) -> None:
        """It stands, if it can be understood."""
        error = self._look_for(message.text)
        if error is None:
            self._find.close()
            self._after_search()
        else:
            self._find.say(one_line(str(error)), "warn")

    def on_find_line_left(self, message: FindLine.Left) -> None:
        """The line has gone: as before."""
        del message
        self._search_for(self._search_before)
        self._after_search()

    def on_find_line_passed(self, message: FindLine.Passed) -> None:
        """Move while it is typed."""
        self._view.window.move(message.lines)
        self._view.window.page(message.pages)
        self._view.moved()

    def _look_for(self, text: str) -> FilterError | None:
        """Return what is wrong with it."""
        try:
            search = Search(text) if text.strip() else None
        except FilterError as error:
            self._find.say(one_line(str(error)), "dim" if error.unfinished else "warn")
            return error
        self._find.say("")
        if (search and search.text) != (self._view.search and self._view.search.text):
            self._search_for(search)
        return None

    def _search_for(self, search: Search | None) -> None:
        self._view.search, self._matches = search, []
        self._unsearched = search is not None
        self._view.show()
        if search is not None:
            self._stir()
        self._say()

    def _after_search(self) -> None:
        self.set_focus(None)
        set_shown(self._footer, True)
        self._say()

    # --- what to do with it

    def action_follow(self) -> None:
        """Ask again and again for what is new; or stop that."""
        self.follows, self._over = not self.follows, ""
        if not self.follows:
            self._footer.say("not following any more")
        elif self._text.dropped_newest:
            self.action_again()
        else:
            self._view.window.end()
            self._view.moved()
            self._send(self._reading.newer(self._text.newest, self._now))
        self._say()

    def action_again(self) -> None:
        """Read it again, from its end; what is shown stays until that is there."""
        self._arrived.clear()
        self._over = ""
        self._send(self._reading.end(self._now))
        self._say()

    def action_copy(self) -> None:
        """Copy the line under the cursor; where there is none, the command that mends that."""
        line, failure = self._view.line_under_cursor, self._reading.failure
        if line is not None:
            self.post_message(CopyWanted("line", line.text))
        elif failure is not None:
            mending = next(iter(commands(failure.text)), "")
            self.post_message(CopyWanted(*(("command", mending) if mending else ("error", one_line(failure.text)))))

    def action_browse(self) -> None:
        """Open the page of its row."""
        self.post_message(PlaceWanted("page", self.record.url or ""))

    def action_log(self) -> None:
        """Open it in a browser."""
        self.post_message(PlaceWanted("log", log_of(self.record)))

    def action_leave(self) -> None:
        """Out of a search, or back."""
        if self._view.search is not None:
            self._search_for(None)
        else:
            self.dismiss(None)


def _told(cause: Cause) -> list[Piece]:
    mark, word, role = (ROOT, "root cause", "alarm") if cause.root else (CAUSE, "cause", "warn")
    said: list[Piece] = [(f" {mark} {word}", role)]
    said += [(f" · {cause.rule}", "text")] if cause.rule else []
    said += [(f" · {cause.text}", "text")] if cause.text else []
    return [*said, *([(f" → {cause.advice}", "strong")] if cause.advice else [])]
