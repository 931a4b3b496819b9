"""What went wrong, as lines for eyes: advice with its commands to be copied, lines of a log around a cause. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from monitor.advice_parts import advice_parts
from monitor.paint import BOLD, DIM, GREEN, RED, Paint
from monitor.text import cell_width, clean, fit, one_line, wrap

INDENT = "  "
_ARROW = "→ "
_ROOT = "▶"
"""Stands before the line that is the root cause: it is never told by colour alone."""
_BAR = "│ "
_MOST_SAID = 8
"""Lines that one text takes at most."""
_MOST_OF_ROOT = 6
_MOST_INDENT = 12
"""Cells of a line's own indentation."""
_LEAST = 20
"""Cells that a text has, however narrow the terminal."""


class Line(msgspec.Struct, frozen=True):
    """A line of a log, to be shown."""

    text: str
    number: int | None = None
    """From 1; null where it is not known."""
    root: bool = False
    """Whether it is the root cause."""


def said(text: str, width: int, *, first: str = INDENT, most: int = _MOST_SAID) -> Iterator[str]:
    """A text in at most `most` lines of at most `width` cells, the first behind `first` and the others below it."""
    margin = cell_width(first)
    lines = wrap(one_line(text), max(_LEAST, width - margin), most=most)
    yield f"{first}{lines[0]}"
    yield from (f"{' ' * margin}{line}" for line in lines[1:])


def advice_lines(advice: str, width: int, paint: Paint) -> Iterator[str]:
    """What to do: words, and each command whole on a line of its own, however long, to be copied."""
    start = _ARROW
    for part in advice_parts(advice):
        if part.command:
            yield INDENT * 3 + paint(part.text, GREEN)
        else:
            yield from (paint(line, BOLD) for line in said(part.text, width, first=INDENT + start))
        start = " " * len(_ARROW)


def log_lines(lines: Sequence[Line], width: int, paint: Paint) -> Iterator[str]:
    """Lines of a log with their numbers, the root cause marked and whole; the others end where the terminal does."""
    digits = max((len(str(line.number)) for line in lines if line.number is not None), default=0)
    for line in lines:
        number = f"{'' if line.number is None else line.number:>{digits}} " if digits else ""
        if line.root:
            yield from _root_lines(line.text, f"{INDENT}{_ROOT} {number}", width, paint)
        else:
            head = f"{INDENT}  {number}{_BAR}"
            yield paint(f"{head}{fit(clean(line.text), _room(head, width))}".rstrip(), DIM)


def _root_lines(text: str, head: str, width: int, paint: Paint) -> Iterator[str]:
    indent = _indent(clean(text))
    bar = f"{_BAR}{indent}"
    for line in wrap(one_line(text), _room(f"{head}{bar}", width), most=_MOST_OF_ROOT):
        yield paint(f"{head}{bar}{line}", RED)
        head = " " * cell_width(head)


def _indent(text: str) -> str:
    """What a line begins with, so that it stands as its neighbours do."""
    return text[: min(len(text) - len(text.lstrip()), _MOST_INDENT)]


def _room(head: str, width: int) -> int:
    return max(_LEAST, width - cell_width(head))


def named(pairs: Iterable[tuple[str, str]], width: int, paint: Paint) -> Iterator[str]:
    """Names and what they are, in two columns; what has no spaces is never broken: an address is to be copied."""
    shown = [(one_line(name), one_line(text)) for name, text in pairs]
    most = max((cell_width(name) for name, _ in shown), default=0)
    for name, text in shown:
        head = f"{INDENT}{fit(name, most)}{INDENT}"
        lines = wrap(text, _room(head, width), most=_MOST_SAID) if " " in text else [text]
        yield f"{paint(head.rstrip(), DIM)}{' ' * (len(head) - len(head.rstrip()))}{lines[0]}"
        yield from (f"{' ' * cell_width(head)}{line}" for line in lines[1:])
