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
        """As much of it as there is room for; the rule goes where the words fit without it."""
        said = self._said
        if y and said.below:
            return compose(said.below, [], width)
        heads = ([*said.head, *said.rule], [*said.head])
        fitting = (head for head in heads if " ".join(self._words(head, width)) == said.words[0])
        head = next(fitting, heads[0])
        lines = self._words(head, width)
        if not y:
            return compose([*head, (" ", ""), (lines[0], said.words[1])], [], width)
        return compose([(" " * _INDENT, ""), (" ".join(lines[1:]), said.words[1])], [], width)

    def _words(self, head: Sequence[Part], width: int) -> list[str]:
        most = 1 if self._said.below else max(1, self.size.height)
        room = width - width_of(head) - len(" ")
        return wrap(self._said.words[0], max(1, width - _INDENT), first=max(0, room), most=most)
