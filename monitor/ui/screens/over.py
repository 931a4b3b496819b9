"""What every screen over the tables is: the header with its marks above, the keys that matter below, and the present.

It is a `Present`: the app tells it that time has passed, and it has no timer of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from monitor.ui.widgets.footer_line import FooterLine
from monitor.ui.widgets.header_line import Banner, HeaderLine

Result = TypeVar("Result")
"""What a screen gives back when it is left."""


class Over(Screen[Result], Generic[Result]):
    """A header, what `content` gives, and a footer."""

    AUTO_FOCUS = ""
    """No line gets the keys by itself: one that is hidden would take the first of them."""
    WHERE: ClassVar[str]
    """What the table of keys calls it."""

    def __init__(self, banner: Callable[[], Banner]) -> None:
        super().__init__()
        self._banner = banner
        self._header = HeaderLine(banner())
        self._footer = FooterLine(self.WHERE)

    def content(self) -> Iterable[Widget]:
        """What stands between header and footer."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._header
        yield from self.content()
        yield self._footer

    def on_screen_resume(self) -> None:
        """Time has passed behind another screen."""
        self.judge()

    def tick(self) -> None:
        """A second has passed."""
        self._header.show(self._banner())

    def judge(self) -> None:
        """Rows, a status, the engine, or the zone that times are shown in may be others now."""
        self.tick()
