"""Which part of a log is in view, and where the cursor is: a line of the log takes one line of the screen or several.

Pure. Only lines in view, and those on the way there, are ever laid out, so a hundred thousand cost what ten do.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.text import cell_width, pieces
from monitor.ui.log_text import LogLine

_CHARACTERS = 3
"""Characters that a cell may have: a letter and two marks."""

_FULL = 0.6
"""How full a line is at least that is broken after a blank."""

SIDEWAYS = 16
"""Cells that one step to the side moves."""


@dataclass(frozen=True)
class Shown:
    """One line of the screen."""

    index: int
    """Of the line of the log."""
    part: int
    """Which of its lines on the screen it is, from 0."""
    start: int
    """Characters of the line before it."""
    text: str


class LogWindow:
    """Lines, a cursor, and a window over them that holds it."""

    def __init__(self, lines: Sequence[LogLine] = ()) -> None:
        self.lines = lines
        """Oldest first; whoever changes them says so here."""
        self.cursor = 0
        """Index of the line that keys move and copy."""
        self.top = 0
        """Index of the first line in view."""
        self.skipped = 0
        """Lines of the screen of that line that are above the window."""
        self.height = 1
        self.room = 80
        """Cells for text."""
        self.wraps = True
        """Whether long lines are wrapped; else they go on to the right."""
        self.left = 0
        """Cells that are out of view at the left."""

    # --- what changes

    def resize(self, height: int, room: int) -> None:
        """The window has this size."""
        if (height, room) == (self.height, self.room):
            return
        at_end = self.at_end
        self.height, self.room = max(1, height), max(1, room)
        self._keep(at_end=at_end)

    def wrap(self, wraps: bool) -> None:
        """Wrap long lines, or let them go on to the right."""
        self.wraps, self.left, self.skipped = wraps, 0, 0
        self._reveal()

    def came_before(self, lines: int) -> None:
        """So many lines are new above: what was in view still is."""
        self.cursor, self.top = self.cursor + lines, self.top + lines
        self._keep()

    def came_after(self, gone: int, *, stays_at_end: bool) -> None:
        """Lines are new below, and so many above are gone; one that was on the last line stays on the last."""
        if gone > self.top:
            self.skipped = 0
        self.cursor, self.top = max(0, self.cursor - gone), max(0, self.top - gone)
        self._keep(at_end=stays_at_end)

    # --- what is asked

    @property
    def at_end(self) -> bool:
        """Whether the cursor is on the last line."""
        return self.cursor >= len(self.lines) - 1

    @property
    def at_top(self) -> bool:
        """Whether nothing is above the window."""
        return not (self.top or self.skipped)

    def go(self, index: int) -> None:
        """Put the cursor on a line; one that was out of view comes to the middle."""
        self.cursor = max(0, min(index, len(self.lines) - 1))
        if not any(shown.index == self.cursor for shown in self.shown()):
            self.top, self.skipped = self.cursor, 0
            self._scroll(-(self.height // 2))
        self._reveal()

    def move(self, by: int) -> None:
        """Move the cursor by lines; within a line that is taller than the window, the window by lines."""
        for _ in range(abs(by)):
            self._step(1 if by > 0 else -1)

    def page(self, by: int) -> None:
        """Move the window by pages, and the cursor with it."""
        before = (self.top, self.skipped)
        self._scroll(by * max(1, self.height - 1))
        if (self.top, self.skipped) == before:
            self.cursor = 0 if by < 0 else max(0, len(self.lines) - 1)
        self._follow()

    def scroll(self, by: int) -> None:
        """Move the window by lines of the screen; the cursor goes only where it would be out of view."""
        self._scroll(by)
        self._follow()

    def sideways(self, by: int) -> None:
        """Move to the right, or to the left where negative, as far as a line in view goes; wrapped ones go nowhere."""
        if self.wraps:
            return
        widest = max((cell_width(self.lines[one.index].text) for one in self.shown()), default=0)
        self.left = max(0, min(self.left + by, max(0, widest - self.room // 2)))

    def end(self) -> None:
        """To the last line."""
        self.cursor = max(0, len(self.lines) - 1)
        self._to_bottom()

    # --- what is in view

    def shown(self) -> list[Shown]:
        """The lines of the screen from top to bottom; fewer than the height where there are no more."""
        found: list[Shown] = []
        for one in self._from(self.top, self.skipped):
            if len(found) == self.height:
                break
            found.append(one)
        return found

    def _from(self, index: int, part: int) -> Iterator[Shown]:
        for at in range(index, len(self.lines)):
            start = 0
            for number, text in enumerate(self._laid_out(at)):
                if at > index or number >= part:
                    yield Shown(at, number, start + (self.left and _cut_off(self.lines[at].text, self.left)), text)
                start += len(text)

    def _laid_out(self, index: int) -> Sequence[str]:
        text = self.lines[index].text
        if not self.wraps:
            return [text[_cut_off(text, self.left) :]]
        return _wrapped(text, self.room)

    def _tall(self, index: int) -> int:
        return len(_wrapped(self.lines[index].text, self.room)) if self.wraps else 1

    # --- moving the window

    def _step(self, by: int) -> None:
        shown = self.shown()
        if not shown:
            return
        if by > 0 and shown[-1].index == self.cursor and shown[-1].part < self._tall(self.cursor) - 1:
            self._scroll(1)
        elif by < 0 and shown[0].index == self.cursor and shown[0].part:
            self._scroll(-1)
        else:
            self.cursor = max(0, min(self.cursor + by, len(self.lines) - 1))
            self._reveal()

    def _scroll(self, by: int) -> None:
        """Move the window by so many lines of the screen, and not beyond the ends."""
        at, part = self.top, self.skipped + by
        while part < 0 and at > 0:
            at -= 1
            part += self._tall(at)
        while at < len(self.lines) - 1 and part >= (tall := self._tall(at)):
            part -= tall
            at += 1
        self.top, self.skipped = at, max(0, part)
        self._settle()

    def _settle(self, *, at_end: bool = False) -> None:
        """Keep cursor and window within the lines; no window begins so late that it is not full, if it can be."""
        last = max(0, len(self.lines) - 1)
        self.cursor, self.top = max(0, min(self.cursor, last)), max(0, min(self.top, last))
        self.skipped = min(self.skipped, self._tall(self.top) - 1) if self.lines else 0
        if at_end:
            self.cursor = last
            self._to_bottom()
        elif len(self.shown()) < self.height:
            self._to_bottom()

    def _keep(self, *, at_end: bool = False) -> None:
        """Settle, and move no further than the cursor needs to be in view."""
        self._settle(at_end=at_end)
        if self.lines and all(one.index != self.cursor for one in self.shown()):
            self._reveal()

    def _to_bottom(self) -> None:
        """The last line of the log is the last one of the screen."""
        self.top, self.skipped = self._above(len(self.lines), self.height)

    def _above(self, index: int, lines: int) -> tuple[int, int]:
        """Where so many lines of the screen before a line begin."""
        while index > 0:
            index -= 1
            tall = self._tall(index)
            if tall >= lines:
                return index, tall - lines
            lines -= tall
        return 0, 0

    def _reveal(self) -> None:
        """Bring the cursor's line into view, as much of it as there is room for."""
        self._settle()
        if not self.lines:
            return
        shown = self.shown()
        if self.cursor < self.top or (self.cursor == self.top and self.skipped):
            self.top, self.skipped = self.cursor, 0
        elif shown[-1].index < self.cursor or (
            shown[-1].index == self.cursor and shown[-1].part < self._tall(self.cursor) - 1
        ):
            top = self._above(self.cursor + 1, self.height)
            self.top, self.skipped = min(top, (self.cursor, 0))
        self._settle()

    def _follow(self) -> None:
        """Have the cursor come along with the window."""
        shown = self.shown()
        if shown:
            self.cursor = max(shown[0].index, min(self.cursor, shown[-1].index))


@functools.lru_cache(maxsize=512)
def _wrapped(text: str, room: int) -> tuple[str, ...]:
    """Broken after a blank where there is one near the end of a line; no character is lost."""
    found: list[str] = []
    while (len(text) if text.isascii() else cell_width(text)) > room:
        piece = pieces(text[: room * _CHARACTERS], room)[0]
        blank = piece.rfind(" ") + 1
        if blank > len(piece) * _FULL and text[len(piece)] != " ":
            piece = piece[:blank]
        found.append(piece)
        text = text[len(piece) :]
    return (*found, text)


def _cut_off(text: str, cells: int) -> int:
    """How many characters at the beginning take so many cells."""
    if text.isascii():
        return min(cells, len(text))
    taken = 0
    for number, character in enumerate(text):
        if taken >= cells:
            return number
        taken += cell_width(character)
    return len(text)
