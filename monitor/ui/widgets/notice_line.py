"""What a person should read once, until it is put away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from monitor.ui.widgets.line import Line
from monitor.ui.widgets.painted import Part, compose


class _Told(msgspec.Struct, frozen=True):
    text: str
    at: datetime | None
    """When it was last told; null for what was known at the start."""
    times: int = 1

    @property
    def line(self) -> str:
        when = f"{self.at:%H:%M} " if self.at is not None else ""
        return f"{when}{self.text}{f' ({self.times} times)' if self.times > 1 else ''}"


class NoticeLine(Line):
    """The latest notice that nobody has put away."""

    def __init__(self, notices: Sequence[str]) -> None:
        super().__init__()
        self.notices = [_Told(text, None) for text in notices]
        """Oldest first; clean."""

    def add(self, text: str, now: datetime) -> None:
        """One more to read; the same words again are the same notice, told once more."""
        before = next((told for told in self.notices if told.text == text), None)
        if before is not None:
            self.notices.remove(before)
        self.notices.append(_Told(text, now, before.times + 1 if before is not None else 1))
        self.repaint()

    def dismiss(self) -> None:
        """Put the one that shows away."""
        if self.notices:
            self.notices.pop()
        self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """The latest, how many more, and how to put it away."""
        if not self.notices:
            return [(" " * width, "")]
        more = f" +{len(self.notices) - 1} more " if len(self.notices) > 1 else " "
        return compose([(" ! ", "warn"), (self.notices[-1].line, "warn")], [(f"{more}", "dim"), ("Esc ", "key")], width)
