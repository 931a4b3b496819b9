"""Terminals with millions of colours, with few, with none: what is sent to each, and that the cursor shows on all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.ui.colours import Colours, colours
from monitor.ui.theme import TERMINAL, THEMES
from tests.support.environment import bare
from tests.support.terminal import MONITOR, Terminal
from tests.ui.scripted import Stage, record, rows, status

_SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
_COLOURS = {*range(30, 50), *range(90, 108)}
"""All that sets a colour, or sets it back."""

TWO_FIFTY_SIX = {"COLORTERM": "", "TERM": "xterm-256color"}
SIXTEEN = [{"COLORTERM": "", "TERM": term} for term in ("xterm", "linux", "screen")]
NONE = [({"NO_COLOR": "1"}, ()), ({}, ("--no-color",))]


def codes(raw: bytes) -> Iterator[list[int]]:
    """The numbers of each sequence that sets colours or attributes."""
    for found in _SGR.findall(raw):
        yield [int(code or b"0") for code in re.split(rb"[;:]", found)]


def said(raw: bytes) -> set[int]:
    """All numbers of all such sequences."""
    return {code for found in codes(raw) for code in found}


def bars(terminal: Terminal) -> list[str]:
    """Lines that are swapped from edge to edge."""
    cells = terminal.screen.buffer
    return [
        line
        for y, line in enumerate(terminal.lines)
        if all(cells[y][x].reverse for x in range(terminal.screen.columns - 1))
    ]


def demo(home: Path, environment: dict[str, str], *options: str) -> Terminal:
    """The dashboard in the demo."""
    more = {"COLORTERM": "truecolor", "TERM": "xterm-256color"} | environment
    return Terminal([MONITOR, *options, "--demo"], columns=100, rows=24, environment=bare(home, **more))


def shows_rows(terminal: Terminal) -> None:
    """Wait until the cursor is on a row."""
    terminal.wait(lambda: any(line.startswith("▌") and line[1:2] in "●○✗✓⊘?" for line in terminal.lines), "a row")


@pytest.mark.parametrize(("environment", "options"), NONE)
def test_who_wants_no_colours_is_sent_none(tmp_path: Path, environment: dict[str, str], options: tuple[str]) -> None:
    """Only bold, dim, underlined and swapped: titles and the cursor still stand out."""
    with demo(tmp_path, environment, *options) as terminal:
        shows_rows(terminal)
        for key, sight in (("?", "Everywhere"), ("T", "too few colours"), ("\x1b", "SINCE"), (":", "Enter run")):
            terminal.send(key)
            terminal.wait_for(sight)
        terminal.wait(lambda: bars(terminal) != [], "a line that is swapped")
        terminal.send("\x03")
        assert terminal.wait_for_end() == 0
        assert not said(terminal.raw) & _COLOURS
        assert {1, 4, 7} <= said(terminal.raw)


@pytest.mark.parametrize("environment", SIXTEEN)
def test_a_terminal_of_sixteen_colours_is_sent_its_own(tmp_path: Path, environment: dict[str, str]) -> None:
    """No grey that it would make black, and the cursor's row is swapped."""
    with demo(tmp_path, environment) as terminal:
        shows_rows(terminal)
        terminal.wait(lambda: bars(terminal) != [], "a row that is swapped")
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert not said(terminal.raw) & {38, 48, *range(40, 48), *range(90, 108)}
        assert {31, 36} <= said(terminal.raw)  # what failed, and what runs


def test_a_terminal_of_256_colours_is_sent_some_of_those(tmp_path: Path) -> None:
    """And none that it cannot show."""
    with demo(tmp_path, TWO_FIFTY_SIX) as terminal:
        shows_rows(terminal)
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert any(5 in found[1:] for found in codes(terminal.raw) if {38, 48} & set(found))
        assert not any({(38, 2), (48, 2)} & set(pairwise(found)) for found in codes(terminal.raw))


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Colours.MANY),
        ({"TERM": "tmux-256color"}, Colours.MANY),
        ({"TERM": "xterm-kitty"}, Colours.MANY),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, Colours.MANY),
        *((environment, Colours.SIXTEEN) for environment in SIXTEEN),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, Colours.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Colours.MANY),
    ],
)
def test_what_a_terminal_shows_is_read_from_its_environment(environment: dict[str, str], found: Colours) -> None:
    """As Rich reads it, which paints; an empty NO_COLOR says nothing."""
    assert colours(environment) is found


async def test_few_colours_leave_one_theme_to_choose() -> None:
    """Whatever the configuration says; and that is said."""
    async with Stage(colours=Colours.SIXTEEN, theme="light").open() as stage:
        await stage.tell(rows("builds", [record("builds", 1)]), status("builds"))
        assert stage.app.theme == TERMINAL.name
        await stage.press("T")
        assert stage.app.theme == TERMINAL.name
        assert "too few colours" in stage.lines()[-1]
    assert Colours.MANY.themes == tuple(THEMES)
