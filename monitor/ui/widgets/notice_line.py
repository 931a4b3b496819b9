"""What a person should read once, until it is put away."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.ui.widgets.line import Line
from monitor.ui.widgets.painted import Part, compose


class NoticeLine(Line):
    """The latest notice that nobody has put away."""

    def __init__(self, notices: Sequence[str]) -> None:
        super().__init__()
        self.notices = list(notices)
        """Oldest first; clean."""

    def add(self, text: str) -> None:
        """One more to read; the same words twice are one."""
        if text in self.notices:
            self.notices.remove(text)
        self.notices.append(text)
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
        return compose([(" ! ", "warn"), (self.notices[-1], "warn")], [(f"{more}", "dim"), ("Esc ", "key")], width)
