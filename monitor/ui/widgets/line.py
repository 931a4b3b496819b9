"""What every line around the tables is: parts made anew whenever what they show has changed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from monitor.ui.widgets.painted import Painted, Part

STOP = "ctrl+z"
"""The terminal's own key, which leaves a line and a question as they are: the app acts on it."""


class Line(Painted):
    """One line, or few, of parts that are made anew whenever what they show has changed."""

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """What line `y` shows, in exactly `width` cells."""
        raise NotImplementedError

    def line(self, y: int) -> Strip:
        """The line as a strip."""
        return self.strip(self.parts(y, self.size.width))
