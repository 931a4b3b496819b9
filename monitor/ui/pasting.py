"""What a terminal sends, told apart: what is typed, and what is pasted, which is one text and no command.

A terminal marks both ends of a paste. Where it does not know how, so much at once that nobody types it is taken for
one. Pure, and holds back no key: what is not within a paste is passed on at once.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Callable

START = "\x1b[200~"
END = "\x1b[201~"
"""The marks, see XTerm's control sequences, "Bracketed Paste Mode"."""

MOST = 1_000_000
"""Characters of one paste that are kept; what follows up to its end is dropped."""

FULL = 4095
"""Bytes that one read of a terminal gives at most: after so many, the next belong to them."""

_CTRL_C = "\x03"
"""Leaves the program, from within a paste too: no terminal that forgets an end takes that away."""

_MUCH = 64
"""So many characters in one piece are not typed by hand, ..."""
_HELD_KEYS = 6
"""... unless it is so few different characters over and over, ..."""
_HELD = 512
"""... and no more of them than keys that repeat while the program is held up."""
_PIECES = re.compile(r"(?:\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~])?)+|[^\x1b]+")
"""Sequences, which are never a paste, and what is between them."""


class Pastes:
    """Bytes in, in whatever pieces they come; out, what was typed as it comes, and each paste once it has ended."""

    def __init__(self, typed: Callable[[str], None], pasted: Callable[[str], None]) -> None:
        self._typed = typed
        self._pasted = pasted
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._marked = False
        """Whether a paste has begun whose end is to be marked."""
        self._guessed = False
        """Whether a paste that is not marked goes on with what is read next."""
        self._begun = ""
        """The beginning of a mark, as far as it was read; that of a `START` has been passed on."""
        self._kept: list[str] = []
        self._room = MOST

    @property
    def waiting(self) -> bool:
        """Whether a paste has not ended: call `end` if nothing more comes."""
        return self._marked or self._guessed

    def take(self, data: bytes) -> None:
        """Tell apart what one read gave."""
        text = self._decoder.decode(data)
        while text:
            text = self._to_end(text) if self._marked else self._to_start(text, goes_on=len(data) >= FULL)

    def end(self) -> None:
        """A paste ends here, whether its end was read or not."""
        text = "".join(self._kept)
        self._marked = self._guessed = False
        self._begun, self._room = "", MOST
        self._kept.clear()
        if text:
            self._pasted(text)

    def _keep(self, text: str) -> None:
        if _CTRL_C in text:
            self._typed(_CTRL_C)
        self._kept.append(text[: self._room])
        self._room -= len(self._kept[-1])

    def _to_end(self, text: str) -> str:
        """Keep a paste up to its end; what follows it."""
        text = self._begun + text
        inside, end, rest = text.partition(END)
        self._begun = "" if end else _beginning(inside, END)
        self._keep(inside.removesuffix(self._begun))
        if end:
            self.end()
        return rest

    def _to_start(self, text: str, *, goes_on: bool) -> str:
        """Pass on what comes before the start of a paste; what follows it."""
        before, start, rest = (self._begun + text).partition(START)
        if start and not before and self._begun:
            self._typed(START[len(self._begun) :] + END)  # who read its beginning is to read the rest, and an end
        else:
            self._unmarked(before[len(self._begun) :], goes_on=goes_on and not start)
        self._begun = "" if start else _beginning(before, START)
        if start:
            self._marked, self._guessed = True, False
        return rest

    def _unmarked(self, text: str, *, goes_on: bool) -> None:
        """Pass on keys as typed, and much at once as a paste, to whose end other reads may belong."""
        for piece in _PIECES.findall(text):
            if self._guessed and piece.startswith("\x1b"):
                self.end()
            if self._guessed or _much(piece):
                self._guessed = True
                self._keep(piece)
            else:
                self._typed(piece)
        if self._guessed and not goes_on:
            self.end()


def _much(text: str) -> bool:
    """Whether a piece is a paste."""
    many = len(text) > _HELD or (len(text) >= _MUCH and len(set(text)) > _HELD_KEYS)
    return many and not text.startswith("\x1b")


def _beginning(text: str, mark: str) -> str:
    """The longest end of a text that a mark may begin with, and that is not all of it."""
    return next((mark[:size] for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), "")
