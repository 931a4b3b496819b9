"""The bottom line of the tables: the keys that matter, or what is being typed, or a question.

It brings what a person wishes of the current table to that table, and says what came of it.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from fetchers.errors import FilterError
from monitor.text import one_line
from monitor.ui.questions import COPY, SORT, copy_choices, sort_choices, sorted_by
from monitor.ui.taking import CopyWanted, copyable
from monitor.ui.widgets.choice_line import ChoiceLine
from monitor.ui.widgets.find_line import FindLine
from monitor.ui.widgets.footer_line import FooterLine
from monitor.ui.widgets.live_table import LiveTable
from monitor.ui.widgets.painted import set_shown
from monitor.ui.wishes import Wish


class Bottom(Vertical):
    """Footer, filter and questions, one at a time."""

    class Wished(Message):
        """Something else is wished of the current table, or was found in it."""

    def __init__(self, current: Callable[[], LiveTable]) -> None:
        """`current` is the table that has the keys."""
        super().__init__()
        self._current = current
        self._footer = FooterLine()
        self._find = FindLine()
        self._choice = ChoiceLine()
        self._to_copy: dict[str, str] = {}
        """What can be chosen while it is asked what to copy."""

    def compose(self) -> ComposeResult:
        """All three; those that wait for their turn are not displayed."""
        yield self._footer
        yield self._find
        yield self._choice

    def say(self, text: str, role: str = "good") -> None:
        """Show a passing message."""
        self._footer.say(text, role)

    def _take_turns(self) -> None:
        """Whoever asks has the line and the keys, else the footer has it."""
        set_shown(self._footer, not (self._find.display or self._choice.display))
        if self._footer.display:
            self.screen.set_focus(None)

    def wish(self, wish: Wish) -> None:
        """Have the current table show that."""
        self._current().wish_for(wish)
        self.say_found()
        self.post_message(self.Wished())

    # --- a filter

    def find(self) -> None:
        """Filter the table by what is typed."""
        sought = self._current().wish.filter
        self._find.open(sought.text if sought else "")
        self._take_turns()
        self.say_found()

    def on_find_line_typed(self, message: FindLine.Typed) -> None:
        """Apply what is typed; while it cannot be understood, what was understood last stands."""
        self._seek(message.text)

    def on_find_line_left(self, message: FindLine.Left) -> None:
        """The line is gone; what it was left with stands."""
        self._take_turns()
        self._seek(message.text)

    def _seek(self, text: str) -> None:
        from monitor.filters import parse  # noqa: PLC0415 - not needed for the first frame

        table = self._current()
        try:
            sought = parse(text, (table.table,)) if text.strip() else None
        except FilterError as error:
            self._complain(error)
            return
        if sought != table.wish.filter:
            self.wish(replace(table.wish, filter=sought))
        self.say_found()

    def _complain(self, error: FilterError) -> None:
        """A mistake is said at once, half an expression only when nobody types on."""
        self._find.say(one_line(str(error)), "dim" if error.unfinished else "warn")
        if not self._find.display:
            self._footer.say(one_line(str(error)), "alarm")

    def say_found(self) -> None:
        """How many rows the current table shows, beside what is typed."""
        table = self._current()
        if table.arranging is not None:
            self._find.say(f"{table.arranging:.0%} searched")
        else:
            self._find.say(f"{len(table.rows):,} of {len(table.rows.records):,}")

    # --- questions

    def ask_order(self) -> None:
        """Ask by which column to sort."""
        columns, present = self._current().columns, self._current().wish.sorting
        at = next((index for index, column in enumerate(columns) if present and column == present.column), 0)
        self._choice.ask(SORT, sort_choices(columns, present), at)
        self._take_turns()

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same once more, the other way round."""
        table = self._current()
        self.wish(replace(table.wish, sorting=sorted_by(table.columns, key, table.wish.sorting)))

    def ask_copy(self) -> None:
        """Ask what of the row under the cursor to copy."""
        record = self._current().under_cursor
        if record is not None:
            self._to_copy = copyable(record)
            self._choice.ask(COPY, copy_choices(self._to_copy))
            self._take_turns()

    def on_choice_line_chosen(self, message: ChoiceLine.Chosen) -> None:
        """Do what was chosen."""
        self._take_turns()
        if message.value is None:
            return
        if message.question == SORT:
            self.sort_by(message.value)
        else:
            self.post_message(CopyWanted(message.value, self._to_copy[message.value]))
