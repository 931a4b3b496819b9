"""The names of the columns, once for all tables: they stand at the same places in each."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from monitor.columns import GAP, Column, widths
from monitor.text import fit, fit_right
from monitor.ui.sorting import Sorting
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.live_table import EDGE
from monitor.ui.widgets.painted import Part, compose


class HeadingLine(Line):
    """The names of the columns, of the table that has the keys."""

    class Chosen(Message):
        """The name of a column was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column
            """Its key."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self._columns = columns
        self._sorting: Sorting | None = None

    def show(self, columns: Sequence[Column], sorting: Sorting | None) -> None:
        """Name other columns, or sort by another."""
        self._columns, self._sorting = columns, sorting
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        """A click on a name chooses its column."""
        end = EDGE
        for column, cells in widths(self._columns, self.size.width - 2 * EDGE):
            end += cells + GAP
            if event.x < end:
                self.post_message(self.Chosen(column.key))
                return

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """Each name over its column."""
        parts: list[Part] = [(" " * EDGE, "")]
        for column, cells in widths(self._columns, width - 2 * EDGE):
            aligned = fit_right if column.align == "right" else fit
            sorted_by = self._sorting is not None and self._sorting.column.key == column.key
            header = f"{column.header} {self._sorting.arrow}" if sorted_by and self._sorting else column.header
            parts += [(aligned(header, cells), "accent" if sorted_by else "faint"), (" " * GAP, "")]
        return compose(parts[:-1], [], width)
