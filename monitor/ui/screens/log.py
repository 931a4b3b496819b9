"""The screen of one log: what keys do with it, and what stands around its lines.

What has been read can be read, searched and copied while more arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from fetchers.errors import FilterError
from monitor.advice import commands
from monitor.changes import Command
from monitor.columns import GLYPHS
from monitor.lineage import Row
from monitor.mirror import Mirror
from monitor.text import one_line
from monitor.ui.bindings import bindings
from monitor.ui.cause_words import cause_said, to_copy
from monitor.ui.log_search import Search
from monitor.ui.log_words import followed, nothing, progress
from monitor.ui.questions import COPY, copy_choices
from monitor.ui.screens.log_gathering import LogGathering
from monitor.ui.stepping import beside, counted_matches
from monitor.ui.taking import CopyWanted, PlaceWanted, log_of
from monitor.ui.widgets.choice_line import ChoiceLine
from monitor.ui.widgets.find_line import FindLine
from monitor.ui.widgets.header_line import Banner
from monitor.ui.widgets.log_title import LINES, LogCause, LogTitle
from monitor.ui.widgets.painted import Part as Piece
from monitor.ui.widgets.painted import set_shown


class Log(LogGathering):
    """One row's log under a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("log")]

    def __init__(self, row: Row, mirror: Mirror, tell: Callable[[Command], None], banner: Callable[[], Banner]) -> None:
        """Read the log of a row. Raises `KeyError` where there is no such row."""
        super().__init__(row, mirror, tell, banner)
        self._search_before: Search | None = None
        self._to_copy: dict[str, str] = {}
        """What can be chosen while it is asked what to copy."""
        self._title = LogTitle()
        self._title.styles.height = LINES
        self._cause = LogCause()
        self._find = FindLine()
        self._choice = ChoiceLine()

    def content(self) -> Iterable[Widget]:
        """Whose log, the log, what a line says, a line to search on, and a question."""
        return [self._title, self._view, self._cause, self._find, self._choice]

    def on_resize(self) -> None:
        """A low screen has less room for causes."""
        self._cause.styles.height = LogCause.height_on(self.size.height)

    # --- how it looks

    def say_all(self) -> None:
        """Only what differs is painted."""
        self._title.show([self._head(), self._progress()])
        self._view.say(nothing(self._reading, self.record, self._now, "r"))
        leads = "" if self._view.search is not None else "n"
        cause = cause_said(self._view.causes, self._view.window.cursor, next_key=leads)
        set_shown(self._cause, bool(cause) and not self._find.display)
        self._cause.show(cause)

    def found(self) -> None:
        """Go to the nearest place of what is being typed."""
        if self._find.display:
            self._step(self._matches, 0)
            self._find.say(counted_matches(self._matches, self._view.window.cursor))

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
            left[:0] = [
                (f" {counted_matches(self._matches, self._view.window.cursor)} for ", "text"),
                (sought, "accent"),
                (" ·", "dim"),
            ]
        return left, [(f"line {self._view.window.cursor + 1:,} ", "dim")]

    # --- moving

    def on_log_view_moved(self) -> None:
        """The cursor is elsewhere, or there are other lines; who is at the top, by the wheel perhaps, wants more."""
        self._read_on()
        self.say_all()

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
        if self._root is not None and self._text.lines[self._root] is not self._seen_root:
            self._seen_root = self._text.lines[self._root]
            self._view.window.go(self._root)
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
        self._view.window.go(beside(found, self._view.window.cursor, step))
        self._view.moved()

    # --- searching

    def action_find(self) -> None:
        """Search for what is typed."""
        self._search_before = self._view.search
        set_shown(self._footer, False)
        self._find.open(self._view.search.text if self._view.search else "")
        self.say_all()

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
        self.say_all()

    def _after_search(self) -> None:
        self.set_focus(None)
        set_shown(self._footer, True)
        self.say_all()

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
        self.say_all()

    def action_again(self) -> None:
        """Read it again, from its end; what is shown stays until that is there."""
        self._arrived.clear()
        self._over = ""
        self._send(self._reading.end(self._now))
        self.say_all()

    def action_copy(self) -> None:
        """Copy the line under the cursor, or ask what of its cause; where there is no line, what mends that."""
        line, failure = self._view.line_under_cursor, self._reading.failure
        if line is not None:
            self._to_copy = to_copy(line.text, self._view.causes.get(self._view.window.cursor))
            self._ask_copy()
        elif failure is not None:
            mending = next(iter(commands(failure.text)), "")
            self.post_message(CopyWanted(*(("command", mending) if mending else ("error", one_line(failure.text)))))

    def _ask_copy(self) -> None:
        """Ask only where there is more than one thing to copy."""
        if len(self._to_copy) > 1:
            self._choice.ask(COPY, copy_choices(self._to_copy))
        else:
            self.post_message(CopyWanted(*next(iter(self._to_copy.items()))))

    def on_choice_line_chosen(self, message: ChoiceLine.Chosen) -> None:
        """Copy that, as it was when it was asked: the log may have grown meanwhile."""
        self.set_focus(None)
        if message.value is not None:
            self.post_message(CopyWanted(message.value, self._to_copy[message.value]))

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
