"""What differs is sent and nothing else, and a terminal that gets it shows what one does that gets everything."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from monitor.ui.canvas import Canvas

WIDTH, HEIGHT = 20, 3
DIM = Style.parse("#8b9096 on #131417")
BOLD = Style.parse("bold #5fd7d7 on #131417")
CURSOR = Style.parse("bold #5fd7d7 on #3a3f47")
UNDERLINED = Style.parse("dim underline #8b9096")
INKS = st.sampled_from([None, DIM, BOLD, CURSOR, UNDERLINED, Style(bold=True), Style(reverse=True)])
MARK = "\N{COMBINING ACUTE ACCENT}"
LETTERS = (*"abc 12✓●…漢字", f"x{MARK}")
TEXTS = st.lists(st.sampled_from(LETTERS), max_size=8).map("".join)
LINES = (
    st.lists(st.builds(Segment, TEXTS, INKS), max_size=5)
    .map(lambda segments: Strip(segments).adjust_cell_length(WIDTH))
    .filter(lambda line: not line.text.endswith(MARK))
)
"""None with a mark in its last cell: pyte breaks the line before the mark, where a terminal puts it on its letter."""
PICTURES = st.lists(LINES, min_size=HEIGHT, max_size=HEIGHT)


def whole(picture: list[Strip]) -> LayoutUpdate:
    """All of it."""
    return LayoutUpdate([[line] for line in picture], Region(0, 0, WIDTH, len(picture)))


def partial(picture: list[Strip], *lines: int) -> ChopsUpdate:
    """Only these lines may have changed."""
    return ChopsUpdate([{0: line} for line in picture], [(y, 0, WIDTH) for y in lines], [[WIDTH]] * len(picture))


class Shown:
    """A terminal, as a person sees it."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self._screen)

    def take(self, sent: str) -> None:
        """Read what was sent."""
        self._stream.feed(sent)

    @property
    def cells(self) -> list[object]:
        """Every cell with its colours; the colour of a blank's letter is nobody's to see."""
        return [
            cell._replace(fg="", bold=False, italics=False) if cell.data == " " and not cell.reverse else cell
            for y in range(HEIGHT)
            for cell in (self._screen.buffer[y][x] for x in range(WIDTH))
        ]


def sent_anew(picture: list[Strip]) -> Shown:
    """A terminal that got everything at once."""
    shown = Shown()
    shown.take(Canvas().bring_to(whole(picture), ColorSystem.TRUECOLOR))
    return shown


@given(st.lists(PICTURES, min_size=1, max_size=4))
def test_one_picture_after_another_looks_as_if_each_had_been_painted_from_nothing(pictures: list[list[Strip]]) -> None:
    """Whatever was there before: colours, wide characters, combining marks and blanks among it."""
    canvas, shown = Canvas(), Shown()
    for picture in pictures:
        shown.take(canvas.bring_to(whole(picture), ColorSystem.TRUECOLOR))
        assert shown.cells == sent_anew(picture).cells
        assert canvas.bring_to(whole(picture), ColorSystem.TRUECOLOR) == ""


@given(PICTURES, PICTURES, st.sets(st.integers(0, HEIGHT - 1)))
def test_lines_that_did_not_change_stay(first: list[Strip], then: list[Strip], lines: set[int]) -> None:
    """An update of some lines leaves the others as they are."""
    canvas, shown = Canvas(), Shown()
    shown.take(canvas.bring_to(whole(first), ColorSystem.TRUECOLOR))
    shown.take(canvas.bring_to(partial(then, *lines), ColorSystem.TRUECOLOR))
    assert shown.cells == sent_anew([then[y] if y in lines else first[y] for y in range(HEIGHT)]).cells


def test_a_second_that_passes_costs_a_few_bytes() -> None:
    """The digit, and where it goes: no colour that the terminal has already, no line from its left edge."""
    lines = [[Strip([Segment("● running  4m 4", BOLD), Segment(f"{n}s  ", DIM)])] for n in (2, 3)]
    canvas = Canvas()
    before, after = (LayoutUpdate([line], Region(0, 0, WIDTH, 1)) for line in lines)
    canvas.bring_to(before, ColorSystem.TRUECOLOR)
    assert canvas.bring_to(after, ColorSystem.TRUECOLOR) == "\x1b[1;16H3"


def test_what_is_not_known_to_be_shown_is_sent_again() -> None:
    """After `forget`, and for a line of which only a piece was ever told."""
    picture = [Strip([Segment("left", DIM), Segment(" " * 16, DIM)])]
    canvas, shown = Canvas(), Shown()
    first = canvas.bring_to(whole(picture), ColorSystem.TRUECOLOR)
    canvas.forget()
    assert canvas.bring_to(whole(picture), ColorSystem.TRUECOLOR) == first
    piece = ChopsUpdate([{0: None, 10: Strip([Segment("piece", BOLD)])}], [(0, 10, 15)], [[10, 15]])
    shown.take(first + canvas.bring_to(piece, ColorSystem.TRUECOLOR))
    assert [cell.data for cell in shown.cells[:16]] == list("left      piece ")  # type: ignore[attr-defined]
    shown.take(canvas.bring_to(whole(picture), ColorSystem.TRUECOLOR))
    assert shown.cells[:WIDTH] == sent_anew(picture).cells[:WIDTH]


@pytest.mark.parametrize(("system", "codes"), [(ColorSystem.EIGHT_BIT, "38;5;"), (ColorSystem.STANDARD, "\x1b[0;")])
def test_a_terminal_of_few_colours_gets_those_it_has(system: ColorSystem, codes: str) -> None:
    """Of 256, or of sixteen; none of the long ones."""
    sent = Canvas().bring_to(whole([Strip([Segment("x" * WIDTH, DIM)])]), system)
    assert codes in sent
    assert ";2;" not in sent
