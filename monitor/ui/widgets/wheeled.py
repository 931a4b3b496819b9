"""What the wheel of a mouse does, for every widget that scrolls."""

from __future__ import annotations

from textual import events

from monitor.ui.widgets.painted import Painted

WHEEL = 3
"""Lines that one step of the wheel moves."""


class Wheeled(Painted):
    """A painted widget whose window the wheel moves."""

    def wheel(self, by: int) -> None:
        """Move the window so many lines down, or up where negative."""
        raise NotImplementedError

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the window, and nothing around it."""
        self._turned(event, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """As for down."""
        self._turned(event, -WHEEL)

    def _turned(self, event: events.MouseEvent, by: int) -> None:
        event.stop()
        event.prevent_default()
        self.wheel(by)
