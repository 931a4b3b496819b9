"""What a table is searched for, while it is typed."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from monitor.text import cell_width
from monitor.ui.line_editor import LineEditor
from monitor.ui.widgets.line import STOP, Line
from monitor.ui.widgets.painted import Part, compose, cut, width_of

_PROMPT = " / "
_ROOM = 20
"""Cells that what is typed has at least, if it needs them."""


class FindLine(Line, can_focus=True):
    """Takes the keys while it is shown; what is typed applies at once."""

    class Typed(Message):
        """The text is another now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Given(Message):
        """The text is to stand; the line waits to be closed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The line has gone; its text is to be as it was before."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Passed(Message):
        """A key that is for the table: up, down, or a page."""

        def __init__(self, lines: int, pages: int) -> None:
            super().__init__()
            self.lines = lines
            self.pages = pages

    _PASSED = {"up": (-1, 0), "down": (1, 0), "pageup": (0, -1), "pagedown": (0, 1)}

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self._editor = LineEditor()
        self._before = ""
        self._said: Part = ("", "")

    def open(self, text: str) -> None:
        """Begin with a text."""
        self._before, self._editor = text, LineEditor(text)
        self.display = True
        self.screen.set_focus(self)  # at once: the next key may be here already
        self.repaint()

    def say(self, text: str, role: str = "dim") -> None:
        """What has been found, or what is wrong; clean."""
        self._said = (text, role)
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        """Every key is for the line, or for the table over it; but for one that comes when the line has gone."""
        if not self.display or event.key == STOP:
            return
        event.stop()
        event.prevent_default()
        if event.key in {"enter", "tab"}:
            self.post_message(self.Given(self._editor.text))
        elif event.key == "escape":
            self._leave()
        elif event.key in self._PASSED:
            self.post_message(self.Passed(*self._PASSED[event.key]))
        else:
            before = self._editor.text
            if self._editor.press(event.key, event.character):
                self._edited(before)

    def on_paste(self, event: events.Paste) -> None:
        """A paste is typed at once; line ends in it are blanks."""
        event.stop()
        before = self._editor.text
        self._editor.insert(" ".join(event.text.split()))
        self._edited(before)

    def _edited(self, before: str) -> None:
        self.repaint()
        if self._editor.text != before:
            self.post_message(self.Typed(self._editor.text))

    def on_blur(self) -> None:
        """Something else has the keys now."""
        if self.display and self.app.app_focus:
            self._leave()

    def close(self) -> None:
        """Go; what was given stands."""
        self.display = False

    def _leave(self) -> None:
        self.display = False
        self.post_message(self.Left(self._before))

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """The text under its cursor, and what has been found at the end."""
        said = [
            (f"  {self._said[0]}  ", self._said[1]),
            ("Enter", "key"),
            (" keep  ", "dim"),
            ("Esc", "key"),
            (" undo ", "dim"),
        ]
        if width - width_of(said) < min(_ROOM, cell_width(self._editor.text) + 1) + len(_PROMPT):
            said = cut(said[:1], max(0, width - len(_PROMPT) - min(_ROOM, cell_width(self._editor.text) + 1)))
        room = max(1, width - width_of(said) - len(_PROMPT) - 1)
        editor = self._editor
        start = 0
        while cell_width(editor.text[start : editor.at]) > room:
            start += 1
        under = editor.text[editor.at : editor.at + 1] or " "
        typed: list[Part] = [
            (editor.text[start : editor.at], "text"),
            (under, "caret"),
            (editor.text[editor.at + 1 :], "text"),
        ]
        return compose([(_PROMPT, "key"), *typed], said, width)
