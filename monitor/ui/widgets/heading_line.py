"""The names of the columns, once for all tables: they stand at the same places in each."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.columns import GAP, Column, widths
from monitor.text import fit, fit_right
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.live_table import EDGE
from monitor.ui.widgets.painted import Part, compose


class HeadingLine(Line):
    """The names of the columns, of the table that has the keys."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self._columns = columns

    def show(self, columns: Sequence[Column]) -> None:
        """Name other columns."""
        self._columns = columns
        self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """Each name over its column."""
        parts: list[Part] = [(" " * EDGE, "")]
        for column, cells in widths(self._columns, width - 2 * EDGE):
            aligned = fit_right if column.align == "right" else fit
            parts += [(aligned(column.header, cells), "faint"), (" " * GAP, "")]
        return compose(parts[:-1], [], width)
