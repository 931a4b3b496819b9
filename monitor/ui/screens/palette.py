"""The palette: every command of the screen that was in front, found by some letters of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from monitor.ui.bindings import bindings
from monitor.ui.offers import Offer
from monitor.ui.screens.over import Over
from monitor.ui.widgets.header_line import Banner
from monitor.ui.widgets.offer_list import OfferList


class Palette(Over[Offer]):
    """A line to type on and the commands that fit; gives back the one that was chosen."""

    WHERE = "palette"

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("palette")]

    def __init__(self, banner: Callable[[], Banner], commands: Sequence[Offer]) -> None:
        super().__init__(banner)
        self._list = OfferList(commands)

    def content(self) -> Iterable[Widget]:
        """The line and the commands."""
        return [self._list]

    def on_mount(self) -> None:
        """Letters are for the list from the first on."""
        self.set_focus(self._list)  # at once: the next key may be here already

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
