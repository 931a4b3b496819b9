"""A Textual app that sends its terminal no cell twice."""

from __future__ import annotations

from typing import Any

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

from monitor.ui.canvas import Canvas

TORN_FROM = 1024
"""Bytes of an update from which on a terminal that knows how is asked to show them together."""


class FrugalApp(App[None]):
    """Writes what differs from what the terminal shows, and all of it where that is not known."""

    def __init__(self, *, driver_class: type | None = None, system: ColorSystem = ColorSystem.TRUECOLOR) -> None:
        """Write colours as `system` names them."""
        super().__init__(driver_class=driver_class)
        self._system = system
        self._canvas = Canvas()
        self._begun = False
        """Whether anything has been painted."""

    def on_mount(self) -> None:
        """Whoever had the terminal while the program was stopped has written to it."""
        self.app_resume_signal.subscribe(self, lambda _: self.repaint())

    def on_resize(self, _event: events.Resize) -> None:
        """What a terminal makes of its cells when its size changes is its own affair, though it change back at once."""
        if self._begun:
            self.repaint()

    def action_redraw(self) -> None:
        """Paint everything again: another program has written over it."""
        self.repaint()

    def repaint(self) -> None:
        """Send everything again."""
        self._canvas.forget()
        if self.screen_stack:
            self.screen.refresh(layout=True)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Called by Textual with what has changed, or with all there is."""
        driver = self._driver
        shown = self._running and not (self._closed or self._batch_count or self.is_headless)
        if driver is None or not shown or not isinstance(renderable, ChopsUpdate | LayoutUpdate):
            super()._display(screen, renderable)
            return
        self._begun = True
        if screen._compositor.size != self.size:  # noqa: SLF001 - the size that it was rendered for
            return  # to a terminal of another size by now, whose new size is yet to be laid out for, and then painted
        data = self._canvas.bring_to(renderable, self._system)
        if len(data) >= TORN_FROM:
            self._begin_update()
            driver.write(data)
            self._end_update()
        elif data:
            driver.write(data)
        self.post_display_hook()
