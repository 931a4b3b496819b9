"""What a log's screen begins with: whose log it is, how far it has been read, and what is looked for in it."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.ui.widgets.line import Line
from monitor.ui.widgets.painted import Part, compose, width_of

LINES = 2

_GAP = 2


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
    """What the line under the cursor says, or where to find what says why."""

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self._said: Sequence[Part] = ()

    def show(self, said: Sequence[Part]) -> None:
        """Say something else."""
        if said != self._said:
            self._said = said
            self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """As much of it as there is room for."""
        return compose(self._said, [], width)
