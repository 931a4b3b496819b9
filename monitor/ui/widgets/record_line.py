"""What a record's screen begins with: how it stands, its name in full, and where it is."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.columns import GLYPHS
from monitor.text import cell_width, one_line, wrap
from monitor.ui.record_page import Subject
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.painted import Part, compose, width_of
from monitor.ui.words import ago

MOST = 4
"""Lines that a name takes at most."""

_EDGE = 1


class RecordLine(Line):
    """State and name, wrapped where it must be; and how far they can be believed."""

    def __init__(self) -> None:
        super().__init__()
        self._subject: Subject | None = None
        self._where = ""

    def show(self, subject: Subject, position: int, count: int) -> None:
        """Name another record, or the same as it is now; `position` counts from 1."""
        self._subject = subject
        place = f" · {position}/{count}" if count else ""
        self._where = f"{subject.row.table} · {one_line(subject.record.scope)}{place}"
        self.repaint()

    def height_in(self, width: int) -> int:
        """Lines that it takes where lines have so many cells."""
        return max(1, len(self._said(width)))

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """The name's lines; where the record is at the end of a line that has room, or on one of its own."""
        lines = self._said(width)
        right = self._place if not y and self._is_beside(lines[:1], width) else []
        return compose(lines[y], right, width) if y < len(lines) else [(" " * width, "")]

    def _said(self, width: int) -> list[list[Part]]:
        if self._subject is None:
            return []
        record = self._subject.record
        head: Part = (f" {GLYPHS[record.state]} {record.state.value}  ", self._role)
        indent: Part = (" " * cell_width(head[0]), "")
        room = max(1, width - cell_width(head[0]) - _EDGE)
        names = [line for line in wrap(one_line(record.name or record.id), room, most=MOST) if line]
        lines: list[list[Part]] = [[indent, (name, "strong")] for name in names] or [[indent]]
        lines[0][0] = head
        if not self._is_beside(lines, width):
            lines.append([indent, *self._place])
        return lines + [[indent, (doubt, "warn")] for doubt in self._doubts()]

    @property
    def _place(self) -> list[Part]:
        return [(f"{self._where} ", "dim")]

    def _is_beside(self, lines: Sequence[Sequence[Part]], width: int) -> bool:
        """Whether there is room for the place beside a name of one line."""
        return len(lines) == 1 and width_of(lines[0]) + 2 + width_of(self._place) <= width

    @property
    def _role(self) -> str:
        if self._subject is None or (self._doubts() and self._subject.record.state.pending):
            return "dim"
        return self._subject.record.state.value

    def _doubts(self) -> list[str]:
        """Why it may not be so any more."""
        subject = self._subject
        if subject is None:
            return []
        if subject.gone:
            return ["no longer listed; this is as last known"]
        since = subject.since
        return (
            [f"~ as of {ago(since, subject.view.now)}"] if since is not None and not subject.record.state.ended else []
        )
