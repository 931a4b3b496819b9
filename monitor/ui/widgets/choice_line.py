"""One question on one line, with a key for each answer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual import events
from textual.message import Message

from monitor.text import one_line
from monitor.ui.widgets.line import STOP, Line
from monitor.ui.widgets.painted import Part, compose, width_of


class Choice(msgspec.Struct, frozen=True):
    """One answer."""

    key: str
    """The character that gives it."""
    text: str
    """What it is called; clean."""
    value: str
    """What is told when it is given."""


class ChoiceLine(Line, can_focus=True):
    """Asks while it is shown, and has the keys for as long: a key, arrows and Enter, or a click answer."""

    class Chosen(Message):
        """An answer was given; the line has gone."""

        def __init__(self, question: str, value: str | None) -> None:
            super().__init__()
            self.question = question
            """What had been asked."""
            self.value = value
            """The answer's value; null where the question was left."""

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self._question = ""
        self._choices: Sequence[Choice] = ()
        self._at = 0
        self._hidden = 0
        """Answers that have no room at the left."""

    def ask(self, question: str, choices: Sequence[Choice], at: int = 0) -> None:
        """Show a question and take the keys until it is answered; `at` is the answer that Enter gives first."""
        self._question, self._choices, self._at = one_line(question), choices, at
        self.display = True
        self.screen.set_focus(self)  # at once: the next key may be here already
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        """Every key is for the question; one that means nothing leaves it, as Escape does."""
        if not self.display or event.key == STOP:
            return  # it has been answered by the key before; or it waits
        event.stop()
        event.prevent_default()
        match event.key:
            case "left" | "up" | "shift+tab":
                self._step(-1)
            case "right" | "down" | "tab":
                self._step(1)
            case "enter":
                self._answer(self._choices[self._at].value)
            case _:
                typed = next((choice.value for choice in self._choices if choice.key == event.character), None)
                self._answer(typed)

    def on_blur(self) -> None:
        """Something else has the keys now."""
        if self.display and self.app.app_focus:
            self._answer(None)

    def on_click(self, event: events.Click) -> None:
        """A click on an answer gives it."""
        cells = width_of(self._head)
        for choice in self._choices[self._hidden :]:
            width = width_of(self._option(choice))
            if cells <= event.x < cells + width:
                self._answer(choice.value)
                return
            cells += width

    def _step(self, by: int) -> None:
        self._at = (self._at + by) % len(self._choices)
        self.repaint()

    def close(self) -> None:
        """Go without an answer."""
        self.display = False

    def _answer(self, value: str | None) -> None:
        self.display = False
        self.post_message(self.Chosen(self._question, value))

    @property
    def _head(self) -> list[Part]:
        return [(f" {self._question}  ", "strong")]

    def _option(self, choice: Choice) -> list[Part]:
        under = "|tab" if choice is self._choices[self._at] else ""
        return [(f" {choice.key}", f"key{under}"), (f" {choice.text} ", f"text{under}")]

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """The question, and as many answers as there is room for; the one that Enter gives is always there."""
        end = [(" Esc ", "key")]
        room = width - width_of(self._head) - width_of(end)
        options = [self._option(choice) for choice in self._choices]
        self._hidden = next(
            first
            for first in range(self._at + 1)
            if first == self._at or sum(map(width_of, options[first : self._at + 1])) <= room
        )
        shown = [part for option in options[self._hidden :] for part in option]
        return compose([*self._head, *shown], end, width)
