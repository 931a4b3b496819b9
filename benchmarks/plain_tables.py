"""What the screen is measured beside: five `DataTable`s of Textual, as many rows, ticking and changing as ours do.

`python -m benchmarks.plain_tables ROWS CHANGED`, ROWS being those of each table, comma-separated. It has no engine and
no wire; what changes is made up in place, and only cells that are in view tick.
"""

from __future__ import annotations

import sys
import time
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable, Label

COLUMNS = ("STATE", "NAME", "WHERE", "TIME", "SINCE", "WHY")
READY = "ready"


class Table(DataTable[str]):
    """A table with our keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down"),
        Binding("k", "cursor_up"),
        Binding("G", "scroll_bottom"),
        Binding("g", "scroll_top"),
    ]


class Plain(App[None]):
    """Tables one over the other, and the name of the row under the cursor at the bottom."""

    CSS = "Table { height: 1fr; } Label { height: 2; }"

    def __init__(self, rows: list[int], changed: int) -> None:
        super().__init__()
        self._rows = rows
        self._changed = changed
        self._turn = 0
        self._began = time.monotonic()

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        for place, _ in enumerate(self._rows):
            yield Table(id=f"table-{place}", cursor_type="row")
        yield Label(READY)

    def on_mount(self) -> None:
        """Fill, and begin to tick."""
        for place, table in enumerate(self.query(Table)):
            table.add_columns(*COLUMNS)
            table.add_rows(self._row(place, number) for number in range(self._rows[place]))
        self.set_interval(1.0, self._tick)

    def _row(self, place: int, number: int) -> tuple[str, ...]:
        return (
            "● running",
            f"train-t{place}-{number:06}",
            "us-central1",
            self._took(number),
            "14:03",
            f"step {number}",
        )

    def _took(self, number: int) -> str:
        seconds = 300 + 7 * number + int(time.monotonic() - self._began)
        return f"{seconds // 3600}h {seconds // 60 % 60:02}m {seconds % 60:02}s"

    def _tick(self) -> None:
        self._turn += 1
        for place, table in enumerate(self.query(Table)):
            top = int(table.scroll_y)
            for number in range(top, min(self._rows[place], top + table.size.height)):
                table.update_cell_at(Coordinate(number, 3), self._took(number))
            for step in range(min(self._changed, self._rows[place])):
                number = (self._turn * self._changed + step) % self._rows[place]
                table.update_cell_at(Coordinate(number, 5), f"step {number + self._turn}")

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Say which row has the cursor."""
        if event.data_table.has_focus:
            self._say(event.data_table, event.cursor_row)

    def on_descendant_focus(self) -> None:
        """Another table has the keys."""
        if isinstance(self.focused, Table):
            self._say(self.focused, self.focused.cursor_row)

    def _say(self, table: DataTable[str], row: int) -> None:
        shown = str(table.get_row_at(row)[1]) if table.row_count else f"nothing in {table.id}"
        self.query_one(Label).update(f"\n{shown}")


if __name__ == "__main__":
    Plain([int(number) for number in sys.argv[1].split(",")], int(sys.argv[2])).run()
