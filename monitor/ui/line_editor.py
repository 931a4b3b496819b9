"""A line that a person types: its text, its cursor, and what the usual keys do to it. Pure."""

from __future__ import annotations

from collections.abc import Callable

from monitor.text import TYPED, clean


class LineEditor:
    """One line of clean text under a cursor."""

    def __init__(self, text: str = "") -> None:
        self.text = clean(text)
        self.at = len(self.text)
        """Characters before the cursor."""

    def press(self, key: str, character: str | None) -> bool:
        """Do what a key says; return whether it says anything to an editor of lines."""
        if key in _MOVES:
            self.at = max(0, min(_MOVES[key](self.text, self.at), len(self.text)))
        elif key in _CUTS:
            start = _CUTS[key](self.text, self.at)
            self._cut(*sorted((max(0, start), self.at)))
        elif character is not None and character.isprintable():
            self.insert(character)
        else:
            return False
        return True

    def insert(self, text: str) -> None:
        """Put a text in at the cursor, as typed or pasted: as much of it as a line holds."""
        text = clean(text)[: max(0, TYPED - len(self.text))]
        self.text = self.text[: self.at] + text + self.text[self.at :]
        self.at += len(text)

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.at = start


def _word_before(text: str, at: int) -> int:
    return len(text[:at].rstrip().rpartition(" ")[0])


_Where = Callable[[str, int], int]
"""Text and cursor in, another place in the text out."""

_MOVES: dict[str, _Where] = {
    "left": lambda _text, at: at - 1,
    "right": lambda _text, at: at + 1,
    "home": lambda _text, _at: 0,
    "ctrl+a": lambda _text, _at: 0,
    "end": lambda text, _at: len(text),
    "ctrl+e": lambda text, _at: len(text),
}
"""Where the cursor goes."""

_CUTS: dict[str, _Where] = {
    "backspace": lambda _text, at: at - 1,
    "ctrl+h": lambda _text, at: at - 1,
    "delete": lambda _text, at: at + 1,
    "ctrl+d": lambda _text, at: at + 1,
    "ctrl+w": _word_before,
    "ctrl+u": lambda _text, _at: 0,
    "ctrl+k": lambda text, _at: len(text),
}
"""From where to the cursor, or from the cursor to where, is cut."""
