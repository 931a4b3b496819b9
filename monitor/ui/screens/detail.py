"""The screen of one record: everything known about it, where its links lead, and who says so.

What it shows is what the mirror holds, and it follows a record that changes, moves or vanishes. What the reason rests
on it asks the engine for, and is complete without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from fetchers.records import Record
from monitor.changes import AskReason, Command, Hello, ReasonRead
from monitor.lineage import Named, Row, named_by, resolve
from monitor.mirror import Mirror
from monitor.tables import TABLES
from monitor.ui.bindings import bindings
from monitor.ui.messages import Answered, LogWanted
from monitor.ui.questions import COPY, copy_choices
from monitor.ui.record_page import Subject, page, raw_page
from monitor.ui.rows import Rows
from monitor.ui.screens.over import Over
from monitor.ui.taking import CopyWanted, PlaceWanted, copyable, log_of
from monitor.ui.widgets.choice_line import ChoiceLine
from monitor.ui.widgets.header_line import Banner
from monitor.ui.widgets.record_line import RecordLine
from monitor.ui.widgets.sheet import Follow, Open, PageLine, Sheet
from monitor.ui.words import View

FEW_ROWS = 20_000
"""Rows up to which it is looked anew, once a second while they change, who belongs to whom: a few milliseconds."""


class Detail(Over[Row]):
    """One record; gives back the row that it showed last."""

    WHERE = "detail"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("detail")]

    def __init__(
        self,
        table: str,
        key: str,
        mirror: Mirror,
        look: Callable[[str], View],
        banner: Callable[[], Banner],
        *,
        tell: Callable[[Command], None],
        order: Callable[[str], Rows],
    ) -> None:
        """Show the row `key` of a table; `tell` reaches the engine, `order` gives the rows of a table as it shows them.

        Raises `KeyError` where there is no such row.
        """
        super().__init__(banner)
        self.row = Row(table, key)
        """The row that is shown."""
        self.record = mirror.rows[table][key]
        """As last known."""
        self.raw = False
        """Whether it is shown as JSON."""
        self._mirror = mirror
        self._look = look
        self._order = order
        self._tell = tell
        self._told: ReasonRead | None = None
        """What the reason rests on; null until the engine has said so."""
        self._asked: tuple[object, ...] = ()
        """What it was asked about."""
        self._history: list[tuple[Row, Record]] = []
        self._position = 0
        self._count = 0
        self._gone = False
        self._stirred = False
        """Whether anything has been told since it was last looked who belongs to whom."""
        self._links: dict[str, Row | None] = {}
        self._named_by: list[Named] = []
        self._known: tuple[object, ...] = ()
        """What the last page was made of."""
        self._title = RecordLine()
        self._sheet = Sheet()
        self._choice = ChoiceLine()
        self._relate()
        self._locate()

    def content(self) -> Iterable[Widget]:
        """Its name, its page, and a question while one is asked."""
        return [self._title, self._sheet, self._choice]

    def on_mount(self) -> None:
        """Show it, and ask why it is so."""
        self._ask_reason()
        self._sheet.turn(self._page())

    def on_resize(self) -> None:
        """Another width has another page."""
        self._sheet.show(self._page())

    def on_screen_resume(self) -> None:
        """Time has passed behind another screen."""
        self._stirred = True
        self.tick()

    # --- what is told

    def tick(self) -> None:
        """A second has passed."""
        super().tick()
        if self._stirred and sum(map(len, self._mirror.rows.values())) <= FEW_ROWS:
            self._relate()
        self._sheet.show(self._page())

    def judge(self) -> None:
        """As for a tick, but only where that changes anything."""
        super().tick()
        self._stirred = True
        self._follow_record()
        self._ask_reason()
        if self._known != self._now_known():
            self._sheet.show(self._page())

    def _now_known(self) -> tuple[object, ...]:
        """All that a page is made of, but for the time."""
        view = self._look(self.row.table)
        return (self.record, view.status, view.alive, view.now.tzinfo, self._gone, self._told)

    def _ask_reason(self) -> None:
        """Ask the engine what the reason rests on, unless nothing about that can be another since it was asked."""
        status = self._look(self.row.table).status
        reading = (status.unread, status.unreadable) if status is not None else None
        about = (self.row, self.record, reading)
        if about != self._asked:
            self._asked = about
            self._tell(AskReason(table=self.row.table, key=self.row.key))

    def on_answered(self, message: Answered) -> None:
        """What the reason rests on; or another engine, which has not been asked."""
        answer = message.answer
        if isinstance(answer, Hello):
            self._asked = ()
            self._ask_reason()
        elif isinstance(answer, ReasonRead) and Row(answer.table, answer.key) == self.row:
            self._told = answer
            self._sheet.show(self._page())

    def _follow_record(self) -> None:
        """Find the record where it is now: a run that ends moves to another table under the same key."""
        family = TABLES[self.row.table].family if self.row.table in TABLES else ""
        tables = [self.row.table, *(name for name, table in TABLES.items() if family and table.family == family)]
        found = next((name for name in tables if self.row.key in self._mirror.rows.get(name, {})), None)
        self._gone = found is None
        if found is not None:
            self.row = Row(found, self.row.key)
            self.record = self._mirror.rows[found][self.row.key]

    def _relate(self) -> None:
        """Look which rows it names, and which name it."""
        self._follow_record()
        self._stirred = False
        rows, record = self._mirror.rows, self.record
        self._links = {kind: resolve(kind, value, rows, record.created) for kind, value in record.links.items()}
        named = [] if self._gone else named_by(self.row, rows)
        self._named_by = [one for one in named if one.row not in self._links.values()]

    # --- how it looks

    def _page(self) -> Sequence[PageLine]:
        """The page as it is now, under the title that belongs to it."""
        self._follow_record()
        self._known = self._now_known()
        subject = self._subject()
        self._title.show(subject, self._position, self._count)
        self._title.styles.height = self._title.height_in(self.size.width)
        return raw_page(self.record, self.size.width) if self.raw else page(subject, self.size.width)

    def _subject(self) -> Subject:
        rows = self._mirror.rows
        links = {kind: row if row and row.key in rows.get(row.table, {}) else None for kind, row in self._links.items()}
        return Subject(
            row=self.row,
            record=self.record,
            view=self._look(self.row.table),
            links=links,
            named_by=[one for one in self._named_by if one.row.key in rows.get(one.row.table, {})],
            rows=rows,
            gone=self._gone,
            told=self._told if self._told and Row(self._told.table, self._told.key) == self.row else None,
        )

    # --- going elsewhere

    def _go(self, row: Row) -> None:
        self.row, self.record = row, self._mirror.rows[row.table][row.key]
        self._turn()

    def _turn(self) -> None:
        self._relate()
        self._locate()
        self._ask_reason()
        self._sheet.turn(self._page())

    def _locate(self) -> None:
        """Where it stands in its table, from 1; where it was if it stands there no more."""
        rows = self._order(self.row.table)
        self._count = len(rows)
        if rows.shows(self.row.key):
            self._position = rows.index(self.row.key) + 1

    def action_sibling(self, by: int) -> None:
        """Next row of the same table, or previous one, in its present order."""
        rows = self._order(self.row.table)
        self._locate()
        at = self._position - 1 + by
        if self._gone and by > 0:
            at -= 1  # the next one has moved up
        if 0 <= at < len(rows) and rows.key(at) in self._mirror.rows.get(self.row.table, {}):
            self._go(Row(self.row.table, rows.key(at)))

    def action_follow(self) -> None:
        """Go where the cursor is."""
        self._sheet.choose()

    def on_sheet_chosen(self, message: Sheet.Chosen) -> None:
        """To a row, to a page, or into the clipboard."""
        target = message.target
        if isinstance(target, Open):
            self.post_message(PlaceWanted("page", target.url))
        elif not isinstance(target, Follow):
            self.post_message(CopyWanted(target.name, target.text))
        elif target.row.key in self._mirror.rows.get(target.row.table, {}):
            self._history.append((self.row, self.record))
            self._go(target.row)

    def action_leave(self) -> None:
        """One step back, or out."""
        if self.raw:
            self.action_raw()
        elif self._history:
            self.row, self.record = self._history.pop()
            self._turn()
        else:
            self.dismiss(self.row)

    # --- moving on the page

    def action_move(self, by: int) -> None:
        """A line up or down."""
        self._sheet.move(by)

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self._sheet.page(by)

    def action_first(self) -> None:
        """To the first line."""
        self._sheet.go_to_end(-1)

    def action_last(self) -> None:
        """To the last line."""
        self._sheet.go_to_end(1)

    def action_link(self, by: int) -> None:
        """To the next link, or the previous one."""
        self._sheet.step(by)

    # --- what to do with it

    def action_raw(self) -> None:
        """As JSON, and back."""
        self.raw = not self.raw
        self._sheet.turn(self._page())

    def action_browse(self) -> None:
        """Open its page."""
        self.post_message(PlaceWanted("page", self.record.url or ""))

    def action_read_log(self) -> None:
        """Read its log here."""
        self.post_message(LogWanted(self.row))

    def action_log(self) -> None:
        """Open its log."""
        self.post_message(PlaceWanted("log", log_of(self.record)))

    def action_copy(self) -> None:
        """Ask what to copy."""
        self._choice.ask(COPY, copy_choices(self._copyable()))

    def _copyable(self) -> dict[str, str]:
        outcome = self._told.outcome if self._told is not None else None
        return copyable(self.record, outcome.evidence if outcome is not None else ())

    def on_choice_line_chosen(self, message: ChoiceLine.Chosen) -> None:
        """Copy that."""
        self.set_focus(None)
        text = self._copyable().get(message.value or "")
        if message.value and text:
            self.post_message(CopyWanted(message.value, text))
