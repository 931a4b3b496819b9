"""The row under the cursor at full length."""

from __future__ import annotations

from collections.abc import Sequence

from fetchers.records import Record
from monitor.columns import GAP, GLYPHS
from monitor.text import one_line, wrap
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.live_table import EDGE
from monitor.ui.widgets.painted import Part, compose, cut, width_of

LINES = ((36, 3), (16, 2))
"""From how many lines of the screen on it takes how many."""


class SelectedLine(Line):
    """The row under the cursor at full length: what its table had to cut."""

    def __init__(self) -> None:
        super().__init__()
        self._record: Record | None = None
        self._known = ""

    def show(self, record: Record | None, known: str) -> None:
        """Say another row in full; `known` is the age of what may have changed since."""
        if (record, known) != (self._record, self._known):
            self._record, self._known = record, known
            self.repaint()

    @staticmethod
    def height_on(height: int) -> int:
        """Lines that it takes of a screen of so many."""
        return next((lines for least, lines in LINES if height >= least), 0)

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """The name, then why it is as it is and what to do about it, wrapped."""
        if self._record is None:
            return [(" " * width, "")]
        lines = _in_full(self._record, self._known, max(1, width - 2 * EDGE), self.size.height)
        return compose([(" ", ""), *lines[y]], [], width) if y < len(lines) else [(" " * width, "")]


def _in_full(record: Record, known: str, width: int, most: int) -> list[list[Part]]:
    role = "dim" if known and record.state.pending else record.state.value
    head: list[Part] = [(f"{GLYPHS[record.state]} ", role), (one_line(record.name or record.id), "strong")]
    if known:
        head.append((f"  as of {known}", "warn"))
    if record.reason is None:
        said = " · ".join(filter(None, (one_line(record.scope), one_line(record.raw_state))))
        return [cut([*head, (f"  {said}", "dim")], width)]
    advice = f" → {one_line(record.reason.advice)}" if record.reason.advice else ""
    lines = wrap(one_line(record.reason.text) + advice, width, first=width - width_of(head) - GAP, most=max(1, most))
    return [cut([*head, ("  ", ""), (lines[0], "text")], width), *([(line, "text")] for line in lines[1:])]
