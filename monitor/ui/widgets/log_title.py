"""What a log's screen begins with: whose log it is, how far it has been read, and what is looked for in it."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.text import wrap
from monitor.ui.cause_words import CauseSaid
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.painted import Part, compose, width_of

LINES = 2

_GAP = 2

_INDENT = 3
"""Cells before words that go on in a second line."""

_TWO_FROM = 12
"""Lines of a screen from which on two are for causes."""


class LogTitle(Line):
    """Two lines; what stands at the right of one goes where there is no room for it."""

    def __init__(self) -> None:
        super().__init__()
        self._said: Sequence[tuple[Sequence[Part], Sequence[Part]]] = ()

    def show(self, said: Sequence[tuple[Sequence[Part], Sequence[Part]]]) -> None:
        """Say something else."""
        if said != self._said:
            self._said = said
            self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """One of them."""
        left, right = self._said[y] if y < len(self._said) else ((), ())
        has_room = width_of(left) + _GAP + width_of(right) <= width
        return compose(left, right if has_room else [], width)


class LogCause(Line):
    """What to do about the line under the cursor, or where to find what says why: two lines where there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self._said = CauseSaid()

    def show(self, said: CauseSaid) -> None:
        """Say something else."""
        if said != self._said:
            self._said = said
            self.repaint()

    @staticmethod
    def height_on(height: int) -> int:
        """Lines it takes on a screen of so many."""
        return 2 if height >= _TWO_FROM else 1

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """As much of it as there is room for."""
        if y and self._said.below:
            return compose(self._said.below, [], width)
        words, role = self._said.words
        lines = wrap(words, max(1, width - _INDENT), first=max(0, width - width_of(self._said.head)), most=self._most)
        if not y:
            return compose([*self._said.head, (lines[0], role)], [], width)
        return compose([(" " * _INDENT, ""), ("".join(lines[1:]), role)], [], width)

    @property
    def _most(self) -> int:
        return 1 if self._said.below else max(1, self.size.height)
