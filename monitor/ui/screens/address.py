"""A page's address, whole, for somebody who opens it elsewhere: to be read, selected with the mouse, or copied."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.strip import Strip
from textual.widget import Widget

from monitor.text import clean, one_line, pieces, wrap
from monitor.ui.bindings import bindings
from monitor.ui.screens.over import Over
from monitor.ui.taking import CopyWanted
from monitor.ui.widgets.header_line import Banner
from monitor.ui.widgets.painted import Painted, Part, compose


class AddressText(Painted):
    """Why it is shown, and the address from edge to edge, so that nothing but it is selected."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__()
        self._url = url
        self._why = why

    def line(self, y: int) -> Strip:
        """One line of it."""
        lines, width = self._lines_in(self.size.width), self.size.width
        return self.strip(compose([lines[y]] if y < len(lines) else [], [], width))

    def _lines_in(self, width: int) -> list[Part]:
        why: list[Part] = [(f" {line}", "warn") for line in wrap(f"Not opened: {self._why}.", max(1, width - 2))]
        address: list[Part] = [(piece, "strong") for piece in pieces(self._url, max(1, width))]
        return [("", ""), *why, ("", ""), *address]


class Address(Over[None]):
    """One address."""

    WHERE = "address"

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("address")]

    def __init__(self, url: str, why: str, banner: Callable[[], Banner]) -> None:
        super().__init__(banner)
        self._url = clean(url)
        self._text = AddressText(self._url, one_line(why))

    def content(self) -> Iterable[Widget]:
        """The address, and why it is shown."""
        return [self._text]

    def action_copy(self) -> None:
        """Copy it."""
        self.post_message(CopyWanted("URL", self._url))
