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
from fetchers.records import State
from monitor.text import one_line
from monitor.ui.questions import COPY, SORT, copy_choices, sort_choices, sorted_by
from monitor.ui.taking import CopyWanted, copyable
from monitor.ui.widgets.choice_line import ChoiceLine
from monitor.ui.widgets.find_line import FindLine
from monitor.ui.widgets.footer_line import FooterLine
from monitor.ui.widgets.live_table import LiveTable
from monitor.ui.widgets.painted import set_shown


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
        self._about: LiveTable | None = None
        """The table that is searched, or asked about: another may get the keys meanwhile."""
        self._wrong = False
        """Whether what is typed cannot be understood."""
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

    @property
    def _table(self) -> LiveTable:
        return self._about or self._current()

    def _begin(self) -> LiveTable:
        self._about = self._current()
        return self._about

    def settle(self) -> None:
        """Another table gets the keys: what is typed stands as far as it was understood, a question is left."""
        self._find.close()
        self._choice.close()
        self._take_turns()

    # --- a filter

    def find(self) -> None:
        """Filter the table by what is typed."""
        sought = self._begin().wish.filter
        self._wrong = False
        self._find.open(sought.text if sought else "")
        self._take_turns()
        self.say_found()

    def on_find_line_typed(self, message: FindLine.Typed) -> None:
        """Apply what is typed; while it cannot be understood, what was understood last stands."""
        self._seek(message.text)

    def on_find_line_given(self, message: FindLine.Given) -> None:
        """What was typed stands, if it can be understood; else there is something to mend, and nothing is lost."""
        if (error := self._seek(message.text)) is None:
            self._find.close()
            self._take_turns()
        else:
            self._find.say(one_line(str(error)), "warn")

    def on_find_line_left(self, message: FindLine.Left) -> None:
        """The line is gone, and what was typed with it."""
        self._take_turns()
        self._seek(message.text)

    def _seek(self, text: str) -> FilterError | None:
        """Show what a filter finds; return what is wrong with it."""
        from monitor.filters import parse  # noqa: PLC0415 - not needed for the first frame

        table = self._table
        try:
            sought = parse(text, (table.table,)) if text.strip() else None
        except FilterError as error:
            self._wrong = True
            self._find.say(one_line(str(error)), "dim" if error.unfinished else "warn")
            return error
        self._wrong = False
        if sought != table.wish.filter:
            table.wish_for(replace(table.wish, filter=sought))
            self.post_message(self.Wished())
        self.say_found()
        return None

    def say_found(self) -> None:
        """How many rows the table shows, beside what is typed; not while that is what an older text found."""
        table = self._table
        if self._wrong:
            return
        if table.arranging is not None:
            self._find.say(f"{table.arranging:.0%} searched")
        elif table.wish.filter is not None and (lacking := table.wish.filter.lacking(table.table)):
            self._find.say(f"no record of {table.table} has a {lacking[0]!r}", "warn")
        else:
            self._find.say(f"{len(table.rows):,} of {len(table.rows.records):,}")

    def same_cause(self) -> None:
        """Show only what failed of what the row under the cursor failed of; once more, everything."""
        table = self._begin()
        record = table.under_cursor
        cause = table.causes.cause_of(record) if record is not None and table.wish.cause is None else None
        if cause is None and table.wish.cause is None:
            failed = record is not None and record.state is State.FAILED
            self.say(
                "why it failed is not known" if failed else "this row has not failed: n goes to one that has", "warn"
            )
            return
        table.wish_for(replace(table.wish, cause=cause))
        self.post_message(self.Wished())
        self.say("all failures with this cause; Esc shows every row" if cause is not None else "every row")

    # --- questions

    def ask_order(self) -> None:
        """Ask by which column to sort."""
        columns, present = self._begin().columns, self._table.wish.sorting
        at = next((index for index, column in enumerate(columns) if present and column == present.column), 0)
        self._choice.ask(SORT, sort_choices(columns, present), at)
        self._take_turns()

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same once more, the other way round."""
        self._sort(self._begin(), key)

    def _sort(self, table: LiveTable, key: str) -> None:
        table.wish_for(replace(table.wish, sorting=sorted_by(table.columns, key, table.wish.sorting)))
        self.post_message(self.Wished())

    def ask_copy(self) -> None:
        """Ask what of the row under the cursor to copy."""
        record = self._begin().under_cursor
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
            self._sort(self._table, message.value)
        else:
            self.post_message(CopyWanted(message.value, self._to_copy[message.value]))
