"""The keys that matter, on one line; for some seconds, what a key has just done."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.timer import Timer

from monitor.text import one_line
from monitor.ui.bindings import Key, footer_keys, in_force
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.painted import Part, compose, cut, width_of

SAID_S = 4.0
"""Seconds that a passing message stands."""


class FooterLine(Line):
    """The keys that matter, or what has just been done."""

    def __init__(self, where: str = "dashboard") -> None:
        super().__init__()
        self._where = where
        self._said: Part | None = None
        self._timer: Timer | None = None

    def say(self, text: str, role: str = "good") -> None:
        """Show a passing message instead of the keys."""
        if self._timer is not None:
            self._timer.stop()
        self._said = (f" {one_line(text)}", role)
        self._timer = self.set_timer(SAID_S, self._unsay)
        self.repaint()

    def _unsay(self) -> None:
        self._said = None
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        """A click on a key presses it."""
        cells = 0
        for key in self._keys(self.size.width) if self._said is None else []:
            cells += width_of(_footer([key]))
            if event.x < cells:
                self.app.simulate_key(key.names[0])
                return

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """As many as there is room for; help and quit stay longest."""
        if self._said is not None:
            return compose([self._said], [], width)
        return compose(cut(_footer(self._keys(width)), width), [], width)

    def _keys(self, width: int) -> Sequence[Key]:
        keys = footer_keys(self._where, in_force(self.screen))
        while len(keys) > 1 and width_of(_footer(keys)) > width:
            keys = keys[1:]
        return keys


def _footer(keys: Sequence[Key]) -> list[Part]:
    return [part for key in keys for part in ((f" {key.first} ", "key"), (f"{key.label}  ", "dim"))]
