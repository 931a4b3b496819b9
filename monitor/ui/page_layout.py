"""What is said under headings, as lines of one column or two: labels beside values, and nothing without an end.

Pure: text from outside in, clean parts of an exact width out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.text import LIMIT, cell_width, clean, fit, one_line, pieces, wrap
from monitor.ui.widgets.painted import Part, compose, cut, width_of
from monitor.ui.widgets.sheet import Cell, PageLine, Target

MOST = 12
"""Lines that one value takes at most, unless it says so itself."""


@dataclass(frozen=True)
class Said:
    """One thing that is said: a name, and a value of any length."""

    label: str
    parts: Sequence[Part]
    """The value's beginning, which is not broken: on the first line."""
    text: str = ""
    """What may be wrapped; not cleaned yet."""
    role: str = "text"
    target: Target | None = None
    most: int = MOST


@dataclass(frozen=True)
class Section:
    """Things under one heading."""

    heading: str
    said: Sequence[Said]


_GAP = "  "
_LABEL = 10
_WIDEST_LABEL = 20


def column(sections: Iterable[Section], width: int) -> list[Cell]:
    """Sections under one another, with a line between them."""
    cells: list[Cell] = []
    for section in sections:
        if section.said:
            label = _label_width(section.said, width)
            cells += [Cell([(" " * width, "")]), Cell(heading(section.heading, width))]
            cells += [cell for said in section.said for cell in _cells(said, label, width)]
    return cells


def _label_width(said: Iterable[Said], width: int) -> int:
    widest = max(cell_width(one_line(one.label)) for one in said)
    return min(max(_LABEL, widest), _WIDEST_LABEL, max(1, width // 3)) + 2


def heading(text: str, width: int) -> list[Part]:
    """What stands over a section."""
    return compose([(f"{text} ", "strong"), ("─" * max(0, width - cell_width(text) - 1), "faint")], [], width)


def _cells(said: Said, label: int, width: int) -> Iterator[Cell]:
    room = max(1, width - label)
    head: Part = (fit(one_line(said.label), label - 2) + "  ", "dim")
    for number, line in enumerate(_value(said, room)):
        start = head if not number else (" " * label, "")
        yield Cell(compose([start, *line], [], width), said.target)


def _value(said: Said, room: int) -> list[list[Part]]:
    first = cut(said.parts, room)
    lines = wrapped(said.text, room, said.most) if said.text else []
    if first and len(lines) == 1 and width_of(first) + len(_GAP) + cell_width(lines[0]) <= room:
        return [[*first, (_GAP + lines[0], said.role)]]
    return [*([first] if first else []), *([(line, said.role)] for line in lines)] or [[]]


def wrapped(text: str, room: int, most: int) -> list[str]:
    """A text from outside, line by line; prose between its words, an address or a path anywhere.

    Many blank lines are one, and none at its beginning and end.
    """
    lines: list[str] = []
    for line in _spaced(text.strip("\r\n")[: 16 * LIMIT].splitlines()):
        lines += _folded(line, room, most + 1 - len(lines))
        if len(lines) > most:
            return [*lines[: most - 1], fit(_MORE, min(room, cell_width(_MORE)))]
    return lines or [""]


def _spaced(lines: Iterable[str]) -> Iterator[str]:
    """The lines cleaned, with one blank line for each run of such that stands between others."""
    begun = gap = False
    for line in lines:
        shown = clean(line) if line and not line.isspace() else ""
        if not shown.strip():
            gap = begun
            continue
        if gap:
            yield ""
        yield shown
        begun, gap = True, False


_MORE = "… (x shows all of it)"


def _folded(line: str, room: int, most: int) -> list[str]:
    if " " in line.strip() and not line.startswith(" "):
        return [piece for piece in wrap(line, room, most=max(1, most)) if piece] or [""]
    return pieces(line, room)[: max(1, most)] or [""]


def beside(left: Sequence[Cell], right: Sequence[Cell], half: int) -> list[PageLine]:
    """Two columns as lines."""
    nothing = Cell([(" " * half, "")])
    padded = [Cell(compose(cell.parts, [], half), cell.target) for cell in left]
    padded += [nothing] * (len(right) - len(left))
    return [(cell, *right[number : number + 1]) for number, cell in enumerate(padded)]
