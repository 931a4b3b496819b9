"""Terminals with millions of colours, with few, with none: what is sent to each, and that the cursor shows on all."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.ui.colours import Colours, colours
from monitor.ui.theme import DARK, TERMINAL, THEMES
from tests.support.environment import bare
from tests.support.terminal import MONITOR, Terminal
from tests.ui.scripted import Stage, record, rows, status

_SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
_COLOURS = {*range(30, 50), *range(90, 108)}
"""All that sets a colour, or sets it back."""

TWO_FIFTY_SIX = (
    *("xterm-256color", "tmux-256color", "screen-256color-bce", "st-256color", "xterm-kitty", "xterm-ghostty"),
    *("alacritty", "contour", "foot", "foot-extra", "rio", "wezterm"),
)
"""Terminals that say so by their name alone."""

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


@pytest.mark.parametrize("term", ["xterm-256color", "alacritty"])
def test_a_terminal_of_256_colours_is_sent_some_of_those(tmp_path: Path, term: str) -> None:
    """And none that it cannot show."""
    with demo(tmp_path, {"COLORTERM": "", "TERM": term}) as terminal:
        shows_rows(terminal)
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert any(5 in found[1:] for found in codes(terminal.raw) if {38, 48} & set(found))
        assert not any({(38, 2), (48, 2)} & set(pairwise(found)) for found in codes(terminal.raw))


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Colours.MILLIONS),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, Colours.MILLIONS),
        ({"TERM": "xterm-direct"}, Colours.MILLIONS),
        *(({"TERM": term}, Colours.MANY) for term in TWO_FIFTY_SIX),
        *((environment, Colours.SIXTEEN) for environment in SIXTEEN),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, Colours.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Colours.MANY),
    ],
)
def test_what_a_terminal_shows_is_read_from_its_environment(environment: dict[str, str], found: Colours) -> None:
    """Also where COLORTERM did not come along, as by ssh; an empty NO_COLOR says nothing."""
    assert colours(environment) is found


@pytest.mark.parametrize(
    ("number", "found"), [(8, "SIXTEEN"), (88, "SIXTEEN"), (256, "MANY"), (0x7FFF, "MANY"), (-1, "SIXTEEN")]
)
def test_a_terminal_that_nobody_has_heard_of_is_looked_up(tmp_path: Path, number: int, found: str) -> None:
    """The system's table says how many colours it has; where that says nothing there are sixteen."""
    names = b"quiet|a terminal of ours\0"
    numbers = [-1] * 13 + [number]  # see term(5)
    entry = struct.pack("<6h", 0o432, len(names), 0, len(numbers), 0, 0) + names + b"\0" * (len(names) % 2)
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "quiet").write_bytes(entry + struct.pack(f"<{len(numbers)}h", *numbers))
    ask = "from monitor.ui.colours import colours; [print(colours({'TERM': name}).name) for name in ('lake', 'quiet')]"
    environment = bare(tmp_path, TERMINFO=str(tmp_path))
    told = subprocess.run([sys.executable, "-c", ask], env=environment, check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["SIXTEEN", found]


async def test_few_colours_leave_one_theme_to_choose() -> None:
    """Whatever the configuration says; and that is said."""
    async with Stage(colours=Colours.SIXTEEN, theme="light").open() as stage:
        await stage.tell(rows("builds", [record("builds", 1)]), status("builds"))
        assert stage.app.theme == TERMINAL.name
        assert "theme light needs 256 colours" in stage.text()
        await stage.press("T")
        assert stage.app.theme == TERMINAL.name
        assert "too few colours" in stage.lines()[-1]
    assert Colours.MANY.themes == Colours.MILLIONS.themes == tuple(THEMES)


@pytest.mark.parametrize(
    ("many", "theme"),
    [(Colours.SIXTEEN, DARK.name), (Colours.SIXTEEN, TERMINAL.name), (Colours.NONE, "light"), (Colours.MANY, "light")],
)
async def test_nobody_is_told_of_colours_they_did_not_choose(many: Colours, theme: str) -> None:
    """The theme there is unasked, one that can be shown, and colours that nobody wants are no news."""
    async with Stage(colours=many, theme=theme).open() as stage:
        await stage.tell(rows("builds", [record("builds", 1)]), status("builds"))
        assert "needs 256 colours" not in stage.text()
