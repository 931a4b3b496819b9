"""Commands under a line that is typed: those that fit it, best first."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from monitor.text import cell_width, fit
from monitor.ui.line_editor import LineEditor
from monitor.ui.matching import best_first
from monitor.ui.offers import Offer
from monitor.ui.widgets.painted import Part, compose
from monitor.ui.widgets.wheeled import Wheeled

_PROMPT = " : "
_GAP = 2
_HEAD = 1
"""Lines over the commands: the one that is typed."""


class OfferList(Wheeled, can_focus=True):
    """The line that is typed, and under it the commands."""

    class Chosen(Message):
        """A command was clicked."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    def __init__(self, offers: Sequence[Offer]) -> None:
        super().__init__()
        self._all = offers
        self._names = max((cell_width(offer.name) for offer in offers), default=0)
        self._editor = LineEditor()
        self.found: Sequence[Offer] = offers
        """Those that fit."""
        self._at = 0
        self._top = 0

    @property
    def chosen(self) -> Offer | None:
        """The one under the cursor; null where none fits."""
        return self.found[self._at] if self.found else None

    @property
    def page(self) -> int:
        """Commands of one page."""
        return max(1, self.size.height - _HEAD)

    # --- what is told

    def move(self, by: int) -> None:
        """Put the cursor on another command."""
        self._at = max(0, min(self._at + by, len(self.found) - 1))
        self._top = max(self._at - self.page + 1, min(self._top, self._at))
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        """What an editor of lines knows is typed; other keys are for the screen."""
        if self._editor.press(event.key, event.character):
            event.stop()
            event.prevent_default()
            self._seek()

    def on_paste(self, event: events.Paste) -> None:
        """A paste is typed at once; line ends in it are blanks."""
        event.stop()
        self._editor.insert(" ".join(event.text.split()))
        self._seek()

    def _seek(self) -> None:
        self.found = best_first(self._editor.text, self._all, lambda offer: (offer.name, offer.about))
        self._at = self._top = 0
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        """A click runs a command."""
        at = self._top + event.y - _HEAD
        if event.y >= _HEAD and at < len(self.found):
            self.post_message(self.Chosen(self.found[at]))

    def wheel(self, by: int) -> None:
        """Move through the list."""
        self.move(by)

    def on_resize(self) -> None:
        """The command under the cursor stays in view."""
        super().on_resize()
        self.move(0)

    # --- how it looks

    def line(self, y: int) -> Strip:
        """What is typed, a command, or nothing."""
        width, at = self.size.width, self._top + y - _HEAD
        if y < _HEAD:
            return self.strip(self._typed(width))
        if at < len(self.found):
            return self.strip(self._offer(self.found[at], width, here=at == self._at), self._ground(at))
        said = "  no command has these letters" if y == _HEAD else ""
        return self.strip(compose([(said, "dim")], [], width))

    def _ground(self, at: int) -> str:
        return "cursor" if at == self._at else ""

    def _typed(self, width: int) -> list[Part]:
        text, at = self._editor.text, self._editor.at
        start = 0
        while cell_width(text[start:at]) >= max(1, width - len(_PROMPT)):
            start += 1
        typed: list[Part] = [(text[start:at], "text"), (text[at : at + 1] or " ", "caret"), (text[at + 1 :], "text")]
        number = f" {len(self.found)} of {len(self._all)} " if width > len(_PROMPT) + cell_width(text) + 16 else ""
        return compose([(_PROMPT, "key"), *typed], [(number, "dim")], width)

    def _offer(self, offer: Offer, width: int, *, here: bool) -> list[Part]:
        mark: Part = ("▌", "accent") if here else (" ", "")
        name = fit(offer.name, self._names + _GAP)
        return compose([mark, (f" {name}", "strong"), (offer.about, "dim")], [(f" {offer.shown} ", "key")], width)
