"""Follows Python's tracebacks line by line, through chains and groups, one for each of several interleaved writers.

Pure and bounded: what never ends is given up, and an open traceback costs no memory that grows with its frames.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from fetchers.diagnosis.prefixes import LEVELS, Level, Line
from fetchers.diagnosis.whereabouts import own_frame

HEAD = "Traceback (most recent call last"
HEAD_MAX = 1_000
"""Characters of its first line that are kept."""
FOREIGN_MAX = 50
"""Lines of others that may stand inside a traceback before it is given up."""
OPEN_MAX = 64
"""Writers whose tracebacks are followed at a time."""
AFTERWARDS = 3
"""Blank lines and words after an exception among which a chain may go on."""
_ORIGINAL = "Original "
"""Stands before the head where a worker's exception was raised again: what follows is the one that was raised first."""


class Link(enum.Enum):
    """How an exception follows the one before it in a chain."""

    FIRST = "first"
    DURING = "during"
    FROM = "from"


_LINKS = (
    ("During handling of the above exception", Link.DURING),
    ("The above exception was the direct cause", Link.FROM),
    ("The following exception was the direct cause", Link.FROM),
)


class Inside(enum.Enum):
    """What a line is that ends no traceback but belongs to one."""

    HEAD = "head"
    """It begins a traceback, perhaps the first of a chain."""
    HANDLED = "handled"
    """As `HEAD`, and the line before says that the program goes on."""
    FRAME = "frame"
    """A frame, its source text, or words between the links of a chain: nothing that happened."""


class Raised(NamedTuple):
    """The line that ends a traceback, and what led to it."""

    line: Line
    exception: str
    """Its type, as printed."""
    message: str
    text: str
    """Type and message, without what stands before them in the line."""
    head: int
    """Number of the line in which the traceback begins."""
    link: Link
    chain: int
    """The same for all exceptions of a chain."""
    level: Level
    """How loud the line is that introduces it; a program crashes without a word."""
    handled: bool
    """Whether the line before says that the program goes on."""
    logged: bool
    """Whether the line before says that somebody logged it as an error."""
    place: tuple[tuple[str, str], ...]
    """`file`, `line` and `function` of the last frame that is the program's own, as far as they are known."""


class _Open(msgspec.Struct, frozen=True, gc=False, eq=False):
    first: Line
    """Where the chain begins."""
    head: int
    """Number of the line in which this link of it begins."""
    chain: int
    level: Level
    handled: bool
    logged: bool
    indent: int = 0
    link: Link = Link.FIRST
    frames: bool = True
    """False after the exception: only a chain may follow."""
    foreign: int = 0
    place: tuple[tuple[str, str], ...] = ()
    """The last frame so far that is the program's own."""
    notebook: str = ""
    """The exception's type where the head names it already."""


_TYPE = r"[A-Za-z_][\w$]{0,99}(?:\.(?:<locals>|[A-Za-z_][\w$]{0,99})){0,20}"
_RAISED = re.compile(rf"(?P<type>{_TYPE})(?:: ?(?P<message>.*)|\s*)$", re.DOTALL)
_NAMED = re.compile(
    r"(?:.*\.)?(?:[A-Z][A-Za-z]*(?:Error|Exception|Interrupt|Exit|Iteration|Failure|Timeout|Abort|Group))$"
)
"""A type that needs no message beside it to be told from other words."""
_MARGIN = re.compile(r"(?:E {2,}|\s*\|\s?|\s*\+[-+ ]+\s?|> )?")
_NOTEBOOK = re.compile(rf"({_TYPE})\s{{4,}}Traceback \(most recent call last\)")


class Tracebacks:
    """The tracebacks that are open now."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._chains = 0

    def __bool__(self) -> bool:
        return bool(self._open)

    def unfinished(self) -> list[Line]:
        """The first lines of those that a log ended in the middle of, and that nobody handled."""
        return [state.first for state in self._open.values() if state.frames and not state.handled]

    def read(self, line: Line, before: Level, *, survived: bool) -> Raised | Inside | None:
        """Follow one line; `before` and `survived` tell of the line before it. None where it belongs to none."""
        at = line.text.find(HEAD)
        if at >= 0:
            return self._begin(line, at, before, handled=survived)
        state = self._open.get(line.source)
        if state is None:
            return None
        return self._go_on(state, line)

    def _begin(self, line: Line, at: int, before: Level, *, handled: bool) -> Inside:
        chained = self._open.pop(line.source, None)
        original = line.text.endswith(_ORIGINAL, 0, at)
        if chained is not None and _goes_on(chained, original=original):
            link = Link.FROM if original else chained.link
            opened = replace(chained, head=line.number, link=link, frames=True, place=())
            place = Inside.FRAME
        else:
            opened = self._first(line, before, handled=handled)
            place = Inside.HANDLED if opened.handled else Inside.HEAD
        self._open[line.source] = replace(opened, indent=_margin(line.text[:at]), notebook=_notebook(line.bare))
        if len(self._open) > OPEN_MAX:
            del self._open[next(iter(self._open))]
        return place

    def _first(self, line: Line, before: Level, *, handled: bool) -> _Open:
        """The first link of a chain."""
        self._chains += 1
        levels = {before, line.level}
        return _Open(
            first=line._replace(text=line.text[:HEAD_MAX], bare=""),
            head=line.number,
            chain=self._chains,
            level=min(levels),
            handled=handled or bool(levels & {Level.QUIET, Level.WARNING}),
            logged=before is Level.ERROR,
        )

    def _go_on(self, state: _Open, line: Line) -> Raised | Inside | None:
        text = line.bare if line.level is not Level.UNSAID else line.text
        body = _MARGIN.sub("", text, count=1)
        link = next((link for words, link in _LINKS if words in text), None)
        if link is not None:
            self._open[line.source] = replace(state, link=link, frames=True, foreign=0)
            return Inside.FRAME
        if not body.strip():
            return Inside.FRAME
        raised = self._raised(state, line, body) if state.frames else None
        if raised is not None:
            self._open[line.source] = replace(state, frames=False, foreign=0)
            return raised
        if state.frames and (state.notebook or _is_frame(body, state.indent)):
            place = own_frame(body)
            if place:
                self._open[line.source] = replace(state, place=tuple(place.items()))
            return Inside.FRAME
        self._foreign(state, line.source)
        return None

    def _raised(self, state: _Open, line: Line, body: str) -> Raised | None:
        if not state.notebook and _indent(body) > state.indent:
            return None
        found = _RAISED.match(body.lstrip())
        if found is None or not _is_exception(found["type"], found["message"], state.notebook):
            return None
        return Raised(
            line=line,
            exception=found["type"],
            message=(found["message"] or "").strip(),
            text=body.strip(),
            head=state.head,
            link=state.link,
            chain=state.chain,
            level=state.level,
            handled=state.handled,
            logged=state.logged,
            place=state.place,
        )

    def _foreign(self, state: _Open, source: str) -> None:
        most = FOREIGN_MAX if state.frames else AFTERWARDS
        if state.foreign >= most:
            del self._open[source]
        else:
            self._open[source] = replace(state, foreign=state.foreign + 1)


def _goes_on(chained: _Open, *, original: bool) -> bool:
    """Whether a head is that of the chain's next link."""
    if chained.foreign:
        return False
    return not chained.frames if original else chained.frames and chained.link is not Link.FIRST


def _is_exception(name: str, message: str | None, notebook: str) -> bool:
    """Whether the type can be that of an exception; a notebook has named it in its head."""
    last = name.rpartition(".")[2]
    if notebook:
        return last == notebook.rpartition(".")[2]
    if message is None:
        return "." in name or _NAMED.match(name) is not None
    return "." in name or last[:1].isupper()


def _is_frame(body: str, indent: int) -> bool:
    return _indent(body) > indent or body.startswith(("[Previous line", "File "))


def _notebook(bare: str) -> str:
    """The exception's type, where a head as a notebook prints it begins with that."""
    found = _NOTEBOOK.match(bare)
    return found[1] if found and found[1] not in LEVELS else ""


def _margin(before: str) -> int:
    """How far a traceback is indented that begins behind these characters."""
    return 0 if before.strip(" \t|+>E") else _indent(before)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
