"""The rows of one table: a hundred thousand as fluid as ten, because only lines in view are ever made into text."""

from __future__ import annotations

import collections
import functools
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from textual import events
from textual.message import Message
from textual.strip import Strip

from fetchers.records import Record, State
from monitor.columns import COLUMNS, GAP, Column, widths
from monitor.text import cell_width, cut_middle, fit, fit_right, wrap
from monitor.ui.cause_tally import CauseTally
from monitor.ui.marks import Marks
from monitor.ui.rows import Rows
from monitor.ui.widgets.painted import Part, compose, scroll_mark
from monitor.ui.widgets.wheeled import Wheeled
from monitor.ui.wishes import Wish
from monitor.ui.words import View, no_rows, none_wanted

EDGE = 1
"""Cells on each side of a line: the cursor's mark on the left, the scroll mark on the right."""

_BETWEEN = " " * GAP
"""Part of the cell before it: one style fewer to send for each."""

_QUIET = frozenset({State.SUCCEEDED, State.CANCELLED})
"""States that step back, so that the eye goes to the others."""


CHANGED = "•"
"""Stands before a row that has changed of late."""

FIRST_LOOK = 4
"""Rows of every table that come before more of any."""

FAILURES = 2
"""Failed rows that are as urgent as what runs."""

FEW = 200
"""Rows up to which they are arranged at once; more are, in turns, once the key that asked for it has been painted."""

PAINT_S = 0.03
"""Seconds that this takes."""

TURN_S = 0.003
"""Seconds of arranging rows after which keys get their turn, ..."""

REST_S = 0.003
"""... and seconds that it lasts: a key goes through many hands until it is painted."""


RESTS = 9
"""A filter that goes by time rests for so many times as long as it took: a tenth of the loop is its share at most."""

DOUBLE = 2
"""Clicks in a row that open one."""

TELL_S = 0.2
"""Seconds between two words about how far that is."""


class LiveTable(Wheeled):
    """Rows of one table under a cursor, or the words that say why there are none."""

    class Picked(Message):
        """A row, or the table, was clicked."""

        def __init__(self, table: str) -> None:
            super().__init__()
            self.table = table

    class Opened(Message):
        """The row under the cursor was clicked twice."""

    class Moved(Message):
        """The window or the cursor stands elsewhere, has another size, or shows other rows, or will."""

    def __init__(self, table: str, view: View) -> None:
        super().__init__(id=f"table-{table}")
        self.table = table
        """Name of the table."""
        self.rows = Rows()
        """What is shown, and from where."""
        self.wish = Wish()
        """What a person wants to see of it, as last said; it takes effect when `arranging` is over."""
        self.arranging: float | None = None
        """The share that is done while rows are arranged as wished; null while nothing is to do."""
        self._steps: Iterator[float] = iter(())
        self._begun_at = 0.0
        """When arranging began, on the clock of this process."""
        self._rest_until = 0.0
        """Until when rows are not arranged anew only because time has passed."""
        self._told_at = 0.0
        """When it was last told how far arranging is."""
        self._marks = Marks()
        self.causes = CauseTally()
        """What its failures have in common."""
        self._tallying = False
        self.columns = COLUMNS[table]
        self.current = False
        """Whether keys move this table's cursor."""
        self.spinner = ""
        self._view = view
        self._as_of: dict[str, datetime | None] = {}
        self._width = 0
        self._widths: list[tuple[Column, int]] = []
        """The columns that have room in so many cells, and the width of each."""

    # --- what is told

    def change(self, upserts: Mapping[str, Record], removed: Iterable[str]) -> None:
        """Take rows in and out."""
        self._marks.note(self.rows.records, upserts, self._view.now)
        self.rows.change(upserts, removed)
        self.causes.change(upserts, removed)
        self.repaint()
        if not self._tallying:
            self._tally()

    def _tally(self) -> None:
        """Look what failures have in common: at once where few are new, in steps between keys where many are."""
        self.causes.step()
        self._tallying = self.causes.waits
        if self._tallying:
            self.set_timer(REST_S, self._tally)
        else:
            self.post_message(self.Moved())

    def judge(self, view: View) -> None:
        """The status, or its age, is another now."""
        self._view = view
        self._marks.learn(view)
        self._as_of.clear()
        self.repaint()

    def tick(self, view: View) -> None:
        """Time has passed: only what still runs, or says how old it is, can look different."""
        self._view = view
        before, self._as_of = self._as_of, {}
        if any(self._stale_since(scope) != since for scope, since in before.items()) or not len(self.rows):
            self.repaint()
        else:
            expired = self._marks.see(self._keys_in_view(), view.now) if self.app.app_focus else set()
            self.repaint(y for y in range(self.rows.height) if self._ticks(y) or self._key(y) in expired)
        if self.wish.ticks and self.arranging is None and time.perf_counter() >= self._rest_until:
            self.wish_for(self.wish)

    def spin(self, spinner: str) -> None:
        """The spinner has turned."""
        self.spinner = spinner
        if not len(self.rows):
            self.repaint()

    def _ticks(self, y: int) -> bool:
        record = self._record(y)
        return record is not None and record.state.pending and self._stale_since(record.scope) is None

    # --- what is wished

    def wish_for(self, wish: Wish) -> None:
        """Order and choose rows as wished: at once where they are few, in slices between keys where they are many."""
        self.wish = wish
        self._begun_at = time.perf_counter()
        self._steps = self.rows.arrange(wish.sort, wish.keep(lambda: self._view.now))
        self.arranging = 0.0
        if len(self.rows.records) <= FEW:
            collections.deque(self._steps, maxlen=0)
            self._arranged()
        else:
            self.set_timer(PAINT_S, functools.partial(self._arrange_on, self._steps))

    def _arrange_on(self, steps: Iterator[float]) -> None:
        if steps is not self._steps:
            return  # somebody wishes something else now
        until = time.perf_counter() + TURN_S
        for share in steps:
            self.arranging = share
            if time.perf_counter() > until:
                self._tell_progress()
                self.set_timer(REST_S, functools.partial(self._arrange_on, steps))
                return
        self._arranged()

    def _tell_progress(self) -> None:
        now = time.perf_counter()
        if now - self._told_at > TELL_S:
            self._told_at = now
            self.post_message(self.Moved())

    def _arranged(self) -> None:
        now = time.perf_counter()
        self._rest_until = now + RESTS * (now - self._begun_at)
        self.arranging = None
        self.repaint()
        self.post_message(self.Moved())

    # --- what is asked

    def select(self, index: int) -> None:
        """Put the cursor on a row."""
        self.rows.select(index)
        self.repaint()

    def move(self, by: int) -> None:
        """Move the cursor down, or up where negative."""
        self.rows.move(by)
        self.repaint()

    def reveal(self) -> None:
        """Bring the cursor into view."""
        self.rows.reveal()
        self.repaint()

    def set_current(self, current: bool) -> None:
        """Whether the cursor answers to keys."""
        self.current = current
        if current:
            self.rows.choose()
        self.repaint()

    def select_key(self, key: str) -> bool:
        """Put the cursor on a row by its key; return whether it is there to be seen."""
        if not self.rows.shows(key):
            return False
        self.select(self.rows.index(key))
        return True

    @property
    def key(self) -> str | None:
        """Key of the row that the cursor is on."""
        return self.rows.key(self.rows.cursor) if len(self.rows) else None

    @property
    def under_cursor(self) -> Record | None:
        """The record that the cursor is on."""
        return None if self.key is None else self.rows.records[self.key]

    @property
    def page(self) -> int:
        """Rows of one page."""
        return max(1, self.rows.height - 1)

    @property
    def wanted_height(self) -> int:
        """Lines it could fill."""
        return max(1, len(self.rows) or len(self._said()))

    @property
    def urgent_heights(self) -> tuple[int, int]:
        """Lines for a first look, and for all that is unfinished with the latest failures under it."""
        if not len(self.rows):
            return (self.wanted_height, self.wanted_height)
        counts = self.rows.counts
        pending = sum(number for state, number in counts.items() if not state.ended)
        urgent = max(1, min(pending + min(FAILURES, counts[State.FAILED]), len(self.rows)))
        return (min(len(self.rows), FIRST_LOOK), max(urgent, min(len(self.rows), FIRST_LOOK)))

    def on_resize(self) -> None:
        """The window has another size."""
        self.rows.resize(self.size.height)
        super().on_resize()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """A click selects."""
        index = self.rows.top + event.y
        if index < len(self.rows):
            self.select(index)
        self.post_message(self.Picked(self.table))
        if event.chain == DOUBLE and index < len(self.rows):
            self.post_message(self.Opened())

    def wheel(self, by: int) -> None:
        """Move the window, and not the cursor."""
        self.rows.scroll(by)
        self.repaint()
        self.post_message(self.Moved())

    # --- how it looks

    def line(self, y: int) -> Strip:
        """A row, a line of explanation, or nothing."""
        width = self.size.width
        if not len(self.rows):
            said = self._said()
            return self.strip(said[y] if y < len(said) else [(" " * width, "")])
        record = self._record(y)
        if record is None:
            return self.strip([(" " * width, "")])
        if width != self._width:  # the first paint comes before word of any size
            self._width, self._widths = width, widths(self.columns, width - 2 * EDGE)
        return self.strip(self._row(record, y), self._ground(y))

    def _key(self, y: int) -> str | None:
        index = self.rows.top + y
        return self.rows.key(index) if index < len(self.rows) else None

    def _keys_in_view(self) -> list[str]:
        last = min(len(self.rows), self.rows.top + self.rows.height)
        return [self.rows.key(index) for index in range(self.rows.top, last)]

    def _record(self, y: int) -> Record | None:
        key = self._key(y)
        return None if key is None else self.rows.records[key]

    def _ground(self, y: int) -> str:
        if self.rows.top + y != self.rows.cursor:
            return ""
        if self.current:
            return "cursor"
        return "" if self.rows.selected is None else "cursor-blurred"

    def _row(self, record: Record, y: int) -> list[Part]:
        since = self._stale_since(record.scope)
        changed = self._key(y) in self._marks
        parts: list[Part] = [self._mark(y, stale=since is not None)]
        for column, width in self._widths:
            role = "changed" if column.style == "name" and changed else self._role(column, record, since)
            parts.append((self._cell(column, record, since, width) + _BETWEEN, role))
        text, role = parts[-1]
        mark = scroll_mark(y, self.rows.top, self.rows.height, len(self.rows))
        return compose([*parts[:-1], (text[:-GAP], role)], [(mark, "faint")], self.size.width)

    def _mark(self, y: int, *, stale: bool) -> Part:
        cursor = self.current and self.rows.top + y == self.rows.cursor
        if stale:
            return ("~", "accent" if cursor else "warn")
        if cursor:
            return ("▌", "accent")
        return (CHANGED, "changed") if self._key(y) in self._marks else (" ", "")

    def _cell(self, column: Column, record: Record, since: datetime | None, width: int) -> str:
        """What was running when last heard of has run for as long as it had then: more is not known."""
        now = self._view.now
        if since is not None and column.ticks:
            now = since.astimezone(now.tzinfo)
        text = column.value(record, now)
        if column.cut == "middle":
            text = cut_middle(text, width)
        return fit_right(text, width) if column.align == "right" else fit(text, width)

    def _role(self, column: Column, record: Record, since: datetime | None) -> str:
        if since is not None and record.state.pending:
            return "dim"
        match column.style:
            case "state":
                return record.state.value
            case "name":
                return "dim" if record.state in _QUIET else "text"
            case "time":
                return "text" if record.state.pending else "dim"
            case "reason":
                return "why-failed" if record.state is State.FAILED else "dim"
            case _:
                return "dim"

    def _stale_since(self, scope: str) -> datetime | None:
        """When a scope that is stale was last heard; null where it is live."""
        if scope not in self._as_of:
            self._as_of[scope] = self._view.as_of(scope)
        return self._as_of[scope]

    def _said(self) -> list[list[Part]]:
        """The words that stand where rows would be, wrapped."""
        hidden = len(self.rows.records)
        said = none_wanted(self.wish.words, self.wish.undone_by, hidden) if hidden else no_rows(self._view)
        width = self.size.width or self.screen.size.width  # until it is laid out; a table is as wide as the screen
        mark = self.spinner or "·" if said.spinning else "·"
        head = f" {mark} {said.head}  "
        room = max(1, width - cell_width(head) - EDGE)
        starts = itertools.chain([(head, said.role)], itertools.repeat((" " * cell_width(head), "")))
        lines = [line for paragraph in (said.body, *said.more) for line in wrap(paragraph, room)]
        return [compose([start, (text, "dim")], [], width) for start, text in zip(starts, lines, strict=False)]
