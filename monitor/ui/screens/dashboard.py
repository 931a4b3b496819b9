"""The screen of all tables: stacked where there is room, one behind tabs where there is not, or zoomed.

It holds what is shown and nothing else; what is true comes from the app as messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.timer import Timer

from fetchers.records import Record
from monitor.changes import Command, Enable, Refresh
from monitor.columns import Column
from monitor.freshness import Freshness
from monitor.lineage import Row
from monitor.text import one_line
from monitor.ui.bindings import bindings
from monitor.ui.heights import share
from monitor.ui.messages import Arrived, LogWanted
from monitor.ui.rows import Rows
from monitor.ui.seeking import next_failure
from monitor.ui.taking import PlaceWanted, log_of
from monitor.ui.widgets.bottom import Bottom
from monitor.ui.widgets.find_line import FindLine
from monitor.ui.widgets.header_line import Banner, HeaderLine
from monitor.ui.widgets.heading_line import HeadingLine
from monitor.ui.widgets.live_table import LiveTable
from monitor.ui.widgets.notice_line import NoticeLine
from monitor.ui.widgets.painted import Painted, set_shown
from monitor.ui.widgets.selected_line import SelectedLine
from monitor.ui.widgets.summary_line import SummaryLine
from monitor.ui.widgets.title_line import Title, TitleLine, roomiest
from monitor.ui.words import SETTLED, View, ago

STACK_FROM = 30
"""Lines from which on the tables are stacked."""

ERROR_SHARE = 6
"""The error of the table that has the keys takes at most one line in so many of the screen, ..."""

ERROR_LINES = 4
"""... and at most so many."""

SPIN_S = 0.2
"""Seconds between two pictures of the spinner."""

ROUTINE = timedelta(seconds=1)
"""A table that has answered before is asked again for so long before a spinner says so."""

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Dashboard(Screen[None]):
    """Five tables and the lines around them."""

    AUTO_FOCUS = ""
    """Keys are the screen's; a line that asks for something takes them for as long."""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dashboard")]

    def __init__(
        self,
        tables: Sequence[str],
        look: Callable[[str], View],
        banner: Callable[[], Banner],
        tell: Callable[[Command], None],
        open_row: Callable[[Row], None],
        *,
        notices: Sequence[str],
        known: Arrived,
    ) -> None:
        super().__init__()
        self._known = known
        self._look = look
        self._names = tuple(tables)
        self._banner = banner
        self._tell = tell
        self._open = open_row
        self._zoomed = False
        self._mine = False
        self._turn = 0
        self._spinning: Timer | None = None
        self._asked_at: dict[str, datetime] = {}
        """Since when each table has been loading."""
        self._reading_since: dict[str, datetime] = {}
        """Since when each has logs to read."""
        self.current = 0
        """Which table has the keys."""
        self.tables = [LiveTable(table, look(table)) for table in tables]
        """From top to bottom."""
        self._titles = [TitleLine(self._title(index)) for index in range(len(tables))]
        self._summary = SummaryLine([line.title for line in self._titles])
        self._header = HeaderLine(banner())
        self._heading = HeadingLine(self.tables[0].columns)
        self._selected = SelectedLine()
        self._notice = NoticeLine([one_line(text) for text in notices])
        self._bottom = Bottom(lambda: self.table)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._header
        yield self._summary
        yield self._heading
        for title, table in zip(self._titles, self.tables, strict=True):
            yield title
            yield table
        yield self._selected
        yield self._notice
        yield self._bottom

    def on_mount(self) -> None:
        """Begin to turn, and to tick; show what is known already."""
        self._spinning = self.set_interval(SPIN_S, self._spin, pause=True)
        for index, table in enumerate(self.tables):
            table.set_current(index == self.current)
        self.on_arrived(self._known)  # only now: a row that is there before the table is current would be chosen

    def on_screen_resume(self) -> None:
        """Time has passed behind another screen."""
        self.judge()

    def on_resize(self) -> None:
        """Another size may be another layout, and other words."""
        self.judge()

    # --- what arrives

    def on_arrived(self, message: Arrived) -> None:
        """Take one frame's changes in."""
        for notice in message.notices:
            self._notice.add(one_line(notice.text), self._banner().now)
        for table in self.tables:
            delta = message.rows.get(table.table)
            if delta is not None:
                table.change(delta.upserts, delta.removed)
            if table.table in message.statuses or not len(table.rows):
                table.judge(self._seen(table.table))
        self._say()

    def tick(self) -> None:
        """A second has passed."""
        for table in self._in_view():
            table.tick(self._seen(table.table))
        self._say()

    def judge(self) -> None:
        """Everything may be worth something else now: the engine, or the zone that times are shown in."""
        for table in self.tables:
            table.judge(self._seen(table.table))
        self._say()

    def _in_view(self) -> list[LiveTable]:
        return [table for table in self.tables if table.display]

    @property
    def _stacked(self) -> bool:
        return self.is_running and self.size.height >= STACK_FROM and not self._zoomed  # before that, there is no size

    def _seen(self, table: str) -> View:
        """What is known of a table; where it is not set up, in a way that no two tables on screen say the same."""
        view = self._look(table)
        if view.freshness is not Freshness.UNCONFIGURED:
            return view
        every = list(map(self._look, self._names))
        unset = [other for other in every if other.freshness is Freshness.UNCONFIGURED] if self._stacked else [view]
        first = next(other.table for other in unset if other.error == view.error)
        return replace(
            view,
            said_by="" if first == table else first,
            beginning=unset[0].table == table and all(other.freshness in SETTLED for other in every),
        )

    # --- what is said around the tables

    def _title(self, index: int) -> Title:
        table = self.tables[index]
        view = self._seen(table.table)
        return Title(
            number=index + 1,
            view=view,
            counts=table.rows.counts,
            above=table.rows.top,
            below=table.rows.below,
            current=index == self.current,
            spinner=SPINNER[self._turn] if self._loads_long(view) else " ",
            wished=table.wish.words,
            shown=len(table.rows),
            arranging=table.arranging,
            causes=table.causes.words,
            reading=self._reads_long(view),
        )

    def _say(self) -> None:
        """Bring every line around the tables up to date; only what differs is painted."""
        self._header.show(self._banner())
        self._say_titles()
        self._turn_while_loading()
        self._arrange()

    def _say_titles(self) -> None:
        titles = [self._title(index) for index in range(len(self.tables))]
        worded = roomiest(titles, self.size.width)
        most = max(1, min(ERROR_LINES, self.size.height // ERROR_SHARE))
        for title, line in zip(titles, self._titles, strict=True):
            line.show(replace(title, worded=worded, most=most if title.current else 1))
        self._summary.show([line.title for line in self._titles])
        self._selected.show(*self._in_full())

    def _in_full(self) -> tuple[Record | None, str]:
        record = self.table.under_cursor
        view = self._titles[self.current].title.view
        since = view.as_of(record.scope) if record and not record.state.ended else None
        return (record, ago(since, view.now) if since else "")

    def _loads_long(self, view: View) -> bool:
        """Whether it waits for its first answer, or for a later one longer than is worth no mention."""
        if not view.loading:
            self._asked_at.pop(view.table, None)
            return False
        asked_at = self._asked_at.setdefault(view.table, view.now)
        return view.fetched_at is None or view.now - asked_at >= ROUTINE

    def _reads_long(self, view: View) -> bool:
        """Whether logs have been read for longer than is worth no mention."""
        if not view.alive or view.status is None or not view.status.unread:
            self._reading_since.pop(view.table, None)
            return False
        return view.now - self._reading_since.setdefault(view.table, view.now) >= ROUTINE

    def _turn_while_loading(self) -> None:
        if self._spinning is None:
            return
        if any(line.title.spinner.strip() for line in self._titles):
            self._spinning.resume()
        else:
            self._spinning.pause()

    def _spin(self) -> None:
        self._turn = (self._turn + 1) % len(SPINNER)
        for table in self._in_view():
            table.spin(SPINNER[self._turn])
        self._say_titles()

    # --- where things stand

    def _arrange(self) -> None:
        """Give every widget its lines; Textual lays out again only where something differs."""
        width, height, stacked = *self.size, self._stacked
        self._heading.show(_shared(self.table.columns) if stacked else self.table.columns, self.table.wish.sorting)
        set_shown(self._summary, not stacked)
        set_shown(self._selected, self._selected.height_on(height) > 0)
        _set_height(self._selected, self._selected.height_on(height))
        set_shown(self._notice, bool(self._notice.notices))
        for index, (title, table) in enumerate(zip(self._titles, self.tables, strict=True)):
            shown = stacked or index == self.current
            set_shown(title, shown)
            set_shown(table, shown)
            _set_height(title, title.height_in(width))
        around = 3 + self._selected.height_on(height) + (not stacked) + bool(self._notice.notices)
        used = around + sum(line.height_in(width) for line in self._shown_titles())
        self._share(max(0, height - used))

    def _shown_titles(self) -> list[TitleLine]:
        return [line for line in self._titles if line.display]

    def _share(self, lines: int) -> None:
        tables = self._in_view()
        focus = tables.index(self.tables[self.current]) if self.tables[self.current] in tables else None
        wants = [table.wanted_height for table in tables]
        first, urgent = zip(*(table.urgent_heights for table in tables), strict=True) if tables else ((), ())
        heights = share([first, urgent, wants], lines, focus)
        for table, height in zip(tables, heights, strict=True):
            _set_height(table, height)
            table.rows.resize(height)  # so that titles count what is out of view on the first frame too

    # --- keys

    @property
    def table(self) -> LiveTable:
        """The one that has the keys."""
        return self.tables[self.current]

    def action_move(self, by: int) -> None:
        """Row up or down."""
        self.table.move(by)
        self._say_titles()

    def action_page(self, by: int) -> None:
        """Page up or down."""
        self.action_move(by * self.table.page)

    def action_first(self) -> None:
        """First row."""
        self.table.select(0)
        self._say_titles()

    def action_last(self) -> None:
        """Last row."""
        self.table.select(len(self.table.rows) - 1)
        self._say_titles()

    def action_next_table(self, by: int) -> None:
        """Next table or previous one, round and round."""
        self._make_current((self.current + by) % len(self.tables))

    def action_table(self, number: int) -> None:
        """Table of that number; none of it does nothing."""
        if number <= len(self.tables):
            self._make_current(number - 1)

    # --- the row under the cursor

    def action_open(self) -> None:
        """Everything about the row under the cursor."""
        if self.table.key is not None:
            self._open(Row(self.table.table, self.table.key))

    def order(self, table: str) -> Rows:
        """The rows of a table as it shows them; none of one that is not on the dashboard."""
        return next((shown.rows for shown in self.tables if shown.table == table), Rows())

    def show_row(self, row: Row | None) -> None:
        """Put the cursor on a row, where it is shown."""
        index = next((at for at, shown in enumerate(self.tables) if row and shown.table == row.table), None)
        if row is not None and index is not None and self.tables[index].select_key(row.key):
            self._make_current(index)

    def action_browse(self) -> None:
        """Open the row's page."""
        record = self.table.under_cursor
        if record is not None:
            self.post_message(PlaceWanted("page", record.url or ""))

    def action_read_log(self) -> None:
        """Read the row's log here."""
        if self.table.key is not None:
            self.post_message(LogWanted(Row(self.table.table, self.table.key)))

    def action_log(self) -> None:
        """Open the row's log."""
        record = self.table.under_cursor
        if record is not None:
            self.post_message(PlaceWanted("log", log_of(record)))

    def action_copy(self) -> None:
        """Ask what of the row to copy."""
        self._bottom.ask_copy()

    # --- keys about tables

    def action_ask_again(self) -> None:
        """Ask every source now."""
        self._tell(Refresh())
        self._bottom.say("asking every source now")

    def action_back(self) -> None:
        """Put away what was put over the tables last: a notice, a filter, the zoom."""
        if self._notice.notices:
            self._notice.dismiss()
        elif (wish := self.table.wish.without_last) is not None:
            self.table.wish_for(wish)
        else:
            self._zoomed = False
        self._say()

    def action_zoom(self) -> None:
        """This table alone, or all of them."""
        self._zoomed = not self._zoomed
        self._say()
        self.table.reveal()

    def action_toggle_table(self) -> None:
        """Switch the table off, or on again."""
        table, on = self.table.table, self._look(self.table.table).freshness is Freshness.DISABLED
        self._tell(Enable(table=table, enabled=on))
        self._bottom.say(f"{table} is switched {'on' if on else 'off: nothing is asked'}")

    def action_failure(self, step: int) -> None:
        """Go to the next failure in any table, or to the previous one."""
        asked = [self._look(table.table).freshness is not Freshness.DISABLED for table in self.tables]
        rows = [table.rows if on else Rows() for table, on in zip(self.tables, asked, strict=True)]
        found = next_failure(rows, self.current, step)
        if found is None:
            self._bottom.say(
                "no row has failed" if not self._anything_hidden else "no row that is shown has failed", "warn"
            )
            return
        self._make_current(found[0])
        self.table.select(found[1])
        self._say_titles()

    @property
    def _anything_hidden(self) -> bool:
        return any(table.wish.hides for table in self.tables)

    # --- what is wished of a table

    def action_mine(self) -> None:
        """Leave out what is known to be somebody else's, in every table; or not."""
        self._mine = not self._mine
        for table in self.tables:
            table.wish_for(replace(table.wish, mine=self._mine))
        self._bottom.say("without what is known to be somebody else's" if self._mine else "everybody's")
        self._say()

    def action_same_cause(self) -> None:
        """Only the failures that have the cause of the one under the cursor; or all rows again."""
        self._bottom.same_cause()

    def action_find(self) -> None:
        """Filter the table by what is typed."""
        self._bottom.find()

    def on_find_line_passed(self, message: FindLine.Passed) -> None:
        """Move in the table while its filter is typed."""
        self.action_move(message.lines + message.pages * self.table.page)

    def action_sort(self) -> None:
        """Ask by which column."""
        self._bottom.ask_order()

    def action_sort_by(self, key: str) -> None:
        """Sort by a column; by the same once more, the other way round."""
        self._bottom.sort_by(key)

    def on_bottom_wished(self) -> None:
        """Titles and headings say what is wished."""
        self._say()

    def on_live_table_picked(self, message: LiveTable.Picked) -> None:
        """A click gives a table the keys."""
        self._make_current([table.table for table in self.tables].index(message.table))

    def on_live_table_opened(self) -> None:
        """A second click opens what the first one chose."""
        self.action_open()

    def on_heading_line_chosen(self, message: HeadingLine.Chosen) -> None:
        """A click on the name of a column sorts by it."""
        self.action_sort_by(message.column)

    def on_live_table_moved(self) -> None:
        """What is above and below is another number now."""
        self._bottom.say_found()
        self._say()

    def _make_current(self, index: int) -> None:
        if index != self.current:
            self._bottom.settle()
        self.current = index
        self._show_current()

    def _show_current(self) -> None:
        self.table.judge(self._seen(self.table.table))  # behind a tab it has not been told the time
        for index, table in enumerate(self.tables):
            table.set_current(index == self.current)
        self._say()


def _shared(columns: Sequence[Column]) -> list[Column]:
    """The columns under names that are right for every table."""
    return [replace(column, header=column.shared or column.header) for column in columns]


def _set_height(widget: Painted, height: int) -> None:
    wanted = widget.styles.height
    if wanted is None or wanted.value != height:
        widget.styles.height = height
