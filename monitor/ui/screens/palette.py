"""The palette: every command of the screen that was in front, found by some letters of its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from monitor.ui.bindings import bindings
from monitor.ui.offers import Offer
from monitor.ui.widgets.footer_line import FooterLine
from monitor.ui.widgets.header_line import Banner, HeaderLine
from monitor.ui.widgets.offer_list import OfferList


class Palette(Screen[Offer]):
    """A line to type on and the commands that fit; gives back the one that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("palette")]

    def __init__(self, banner: Callable[[], Banner], commands: Sequence[Offer]) -> None:
        super().__init__()
        self._banner = banner
        self._header = HeaderLine(banner())
        self._list = OfferList(commands)

    def compose(self) -> ComposeResult:
        """The header stays, with its marks."""
        yield self._header
        yield self._list
        yield FooterLine("palette")

    def on_mount(self) -> None:
        """Letters are for the list from the first on."""
        self.set_focus(self._list)  # at once: the next key may be here already

    def tick(self) -> None:
        """The clock goes on."""
        self._header.show(self._banner())

    def judge(self) -> None:
        """As for a tick."""
        self.tick()

    def action_move(self, by: int) -> None:
        """Another command."""
        self._list.move(by)

    def action_page(self, by: int) -> None:
        """Another page of commands."""
        self._list.move(by * self._list.page)

    def action_run(self) -> None:
        """Leave, and do what the cursor is on."""
        if self._list.chosen is not None:
            self.dismiss(self._list.chosen)

    def action_leave(self) -> None:
        """Leave, and do nothing."""
        self.dismiss(None)

    def on_offer_list_chosen(self, message: OfferList.Chosen) -> None:
        """A click chooses at once."""
        self.dismiss(message.offer)
