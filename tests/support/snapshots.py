"""Screens as text files that a person can review: the characters of each line, and under them the inks they are in.

A file holds a screen in the dark and in the light theme: an ink is a pair of colours for each of them, and has a code
of letters in `inks.txt`. `=10a3b` under a line says that ten cells are in ink `a`, then three in `b`, and `×5` that
five lines look like this. Not pictures: one of 100 kB differs everywhere where one word does, and nobody can review it.
"""

from __future__ import annotations

import difflib
import itertools
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from string import ascii_letters
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style

WRITE = "WRITE_SNAPSHOTS"
"""Environment variable that has the files written instead of compared."""

_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")
_INKS = "inks.txt"
_HEAD = "code  dark, light\n"
_INKED = re.compile(r"^=((?:[0-9]+[A-Za-z]+)+)$", re.MULTILINE)
_RUN = re.compile(r"[0-9]+([A-Za-z]+)")


class Cell(NamedTuple):
    """One character and its colours."""

    text: str
    ink: str


Frame = Sequence[Sequence[Cell]]
"""A screen, line by line; a wide character is one cell here."""


def frame(strips: Iterable[Iterable[Segment]]) -> list[list[Cell]]:
    """What Textual is about to show."""
    return [
        [Cell(character, _ink(segment.style)) for segment in strip for character in segment.text] for strip in strips
    ]


def _ink(style: Style | None) -> str:
    if style is None:
        return "plain"
    ground, letter = (colour.name if colour else "default" for colour in (style.bgcolor, style.color))
    return " ".join([letter, "on", ground, *(name for name in _ATTRIBUTES if getattr(style, name))])


class Album:
    """A directory of screens."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        legend = directory / _INKS
        lines = legend.read_text().splitlines()[1:] if legend.exists() else []
        self._codes = {line.split("  ", 1)[1].strip(): line.split("  ", 1)[0] for line in lines}
        """Ink → code; new ones go to the end, so that no other code changes."""

    @property
    def names(self) -> set[str]:
        """The screens that there are."""
        return {path.stem for path in self._directory.glob("*.txt")} - {Path(_INKS).stem}

    @property
    def codes(self) -> set[str]:
        """The codes of inks that there are."""
        return set(self._codes.values())

    @property
    def used(self) -> set[str]:
        """The codes of inks that stand in any screen."""
        texts = ((self._directory / f"{name}.txt").read_text() for name in self.names)
        return {code for text in texts for line in _INKED.findall(text) for code in _RUN.findall(line)}

    def clear_up(self, names: Collection[str]) -> None:
        """Where files are written, take out the screens that are not among these, and the inks that nothing is in."""
        if os.environ.get(WRITE):
            for name in self.names - set(names):
                (self._directory / f"{name}.txt").unlink()
            used = self.used
            self._codes = {ink: code for ink, code in self._codes.items() if code in used}
            self._write_legend()

    def differs(self, name: str, dark: Frame, light: Frame) -> str:
        """How the screen differs from its file, as a diff; empty where it does not, or where files are written."""
        path = self._directory / f"{name}.txt"
        shown = "".join(_counted(self._lines(dark, light)))
        if os.environ.get(WRITE):
            self._directory.mkdir(exist_ok=True)
            path.write_text(shown)
            self._write_legend()
            return ""
        before = path.read_text() if path.exists() else ""
        was, now = before.splitlines(), shown.splitlines()
        lines = difflib.unified_diff(was, now, f"{name} as it was", f"{name} now", n=1, lineterm="")
        return "\n".join(lines)

    def _lines(self, dark: Frame, light: Frame) -> Iterator[str]:
        for bright, line in zip(light, dark, strict=True):
            assert [cell.text for cell in line] == [cell.text for cell in bright], "themes differ in more than colours"
            text = "".join(cell.text for cell in line).rstrip()
            inks = [f"{cell.ink}, {other.ink}" for cell, other in zip(line, bright, strict=True)]
            widths = [get_character_cell_size(cell.text) for cell in line]
            yield f"{text}\n={''.join(self._runs(inks, widths))}\n"

    def _runs(self, inks: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
        for ink, cells in itertools.groupby(zip(inks, widths, strict=True), lambda cell: cell[0]):
            yield f"{sum(width for _, width in cells)}{self._code(ink)}"

    def _code(self, ink: str) -> str:
        if ink not in self._codes:
            free = (code for code in map(_code, itertools.count()) if code not in self._codes.values())
            self._codes[ink] = next(free) if os.environ.get(WRITE) else f"<{ink}>"
        return self._codes[ink]

    def _write_legend(self) -> None:
        lines = "".join(f"{code}  {ink}\n" for ink, code in self._codes.items())
        (self._directory / _INKS).write_text(_HEAD + lines)


def _counted(lines: Iterable[str]) -> Iterator[str]:
    for line, same in itertools.groupby(lines):
        number = sum(1 for _ in same)
        yield f"{line}×{number}\n" if number > 1 else line


def _code(number: int) -> str:
    """`a` to `z`, `A` to `Z`, `aa`, ..."""
    more, last = divmod(number, len(ascii_letters))
    return (ascii_letters[more - 1] if more else "") + ascii_letters[last]
