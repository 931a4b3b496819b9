"""A real terminal that changes its size, all the time or while the program is stopped; and a mouse on one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from monitor.tables import TABLES
from tests.support.environment import bare
from tests.support.terminal import MONITOR, PATIENCE_S, Terminal
from tests.ui.scripted import Stage

STORM = 200
"""Changes of size ..."""

STORM_S = 1.0
"""... in so many seconds."""

ROUNDS = 60
"""Changes of size with keys behind them."""

CTRL_P = "\x10"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The demo on a terminal."""
    with Terminal([MONITOR, "--demo"], columns=100, rows=30, environment=bare(tmp_path)) as found:
        found.wait(lambda: whole(found), "a whole screen")
        yield found


def framed(terminal: Terminal) -> bool:
    """Whether the header has the width of the terminal, with the clock at its right edge."""
    line, width = terminal.lines[0], terminal.screen.columns
    return line.startswith(" monitor") and width - 3 <= len(line) < width and ":" in line[-12:]


def whole(terminal: Terminal) -> bool:
    """Whether header and footer of the tables stand where they should at this size."""
    return framed(terminal) and " help" in terminal.lines[-1]


def chosen(terminal: Terminal) -> list[str]:
    """Names of the tables whose titles have the mark of the keys."""
    return [line.split()[1] for line in terminal.lines if line[:1] == "▌" and line[1:2].isdigit()]


def leaves(terminal: Terminal) -> None:
    """It answers the key that ends it."""
    terminal.send("q")
    assert terminal.wait_for_end() == 0
    assert terminal.is_cooked()


def test_a_storm_of_sizes_is_survived(terminal: Terminal) -> None:
    """Two hundred in a second, from one cell to a wall of them: the last one is drawn right, and keys answer."""
    chance = random.Random(7)
    sizes = [(chance.randint(1, 400), chance.randint(1, 100)) for _ in range(STORM - 4)]
    sizes += [(1, 1), (20, 5), (400, 100), (90, 26)]
    begin = time.monotonic()
    for n, size in enumerate(sizes, 1):
        terminal.resize(*size)
        while time.monotonic() < begin + n * STORM_S / STORM:
            terminal.read(0.001)
    terminal.wait(lambda: whole(terminal), "a whole screen of the last size")
    terminal.send("3")
    terminal.wait(lambda: chosen(terminal) == ["vertex"], "an answer")
    leaves(terminal)


def test_a_storm_of_sizes_over_other_screens_is_survived(terminal: Terminal) -> None:
    """Help and the palette are laid out anew as often."""
    for key, words in (("?", "Everywhere"), (":", "zoom")):
        terminal.send(key)
        terminal.wait_for(words)
        for n in range(STORM // 4):
            terminal.resize(1 + 37 * n % 200, 1 + 13 * n % 60)
            terminal.read(0.002)
        terminal.resize(97, 29)
        terminal.wait(lambda: framed(terminal), f"a header of the last size over {words}")
        terminal.wait_for(words)
        terminal.send("\x1b")
        terminal.wait(lambda: whole(terminal), "the tables again")
    leaves(terminal)


def test_a_screen_that_comes_back_from_a_stop_has_the_size_of_its_terminal(tmp_path: Path) -> None:
    """Ctrl+Z in a shell, another size, fg: everything is painted, at the new size; and again at the same size."""
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Terminal(shell, columns=100, rows=30, environment=bare(tmp_path, PS1="ready>")) as terminal:
        terminal.wait_for("ready>")
        terminal.send(f"{MONITOR} --demo\n")
        terminal.wait(lambda: whole(terminal), "a whole screen")
        for size in ((80, 24), (140, 45), (140, 45)):
            terminal.send("\x1a")
            terminal.wait_for("Stopped")
            terminal.resize(*size)
            terminal.send("fg\n")
            terminal.wait(lambda: whole(terminal), f"a whole screen of {size}")
        terminal.send("q")
        terminal.wait_for("ready>")
        assert psutil.Process(terminal.pid).children(recursive=True) == []


def shows(terminal: Terminal, wanted: list[str], what: str) -> None:
    """It comes to show these lines under its header."""
    terminal.wait(lambda: terminal.lines[1:] == wanted, what)


async def test_no_old_line_stays_after_a_change_of_size_with_keys_behind_it(terminal: Terminal) -> None:
    """Many rounds over help and the palette, which show nothing that time changes but the clock in the header."""
    sizes = ((80, 24), (300, 2), (120, 40), (97, 9))
    wanted: dict[tuple[str, int, int], list[str]] = {}
    for width, height in sizes:
        async with Stage(demo=True).open(width, height) as stage:
            await stage.press("question_mark")
            wanted["?", width, height] = [line.rstrip() for line in stage.lines()[1:]]
            await stage.press("colon", "v")
            wanted[":", width, height] = [line.rstrip() for line in stage.lines()[1:]]
    terminal.send("?")
    terminal.wait_for("Everywhere")
    chance = random.Random(5)
    for n in range(ROUNDS):
        width, height = sizes[n % len(sizes)]
        terminal.resize(width, height)
        for _ in range(chance.randrange(3)):
            terminal.read(0.003)
        over = chance.choice("?:")
        terminal.send("jkk" if over == "?" else "j:v" if n % 2 else "jk:v")
        shows(terminal, wanted[over, width, height], f"{over} at {width}x{height}, round {n}")
        if over == ":":
            terminal.send(CTRL_P)
            terminal.wait(lambda: not terminal.lines[1].startswith(" : "), "help again")
            terminal.send("kkk")


def test_a_stop_leaves_a_line_and_a_question_as_they_were(tmp_path: Path) -> None:
    """Ctrl+Z stops also while somebody types or is asked; after fg they go on where they were."""
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Terminal(shell, columns=100, rows=30, environment=bare(tmp_path, PS1="ready>")) as terminal:
        terminal.wait_for("ready>")
        terminal.send(f"{MONITOR} --demo\n")
        terminal.wait(lambda: whole(terminal), "a whole screen")
        for keys, there, more, then in (("/ab", " / ab ", "c", " / abc "), ("s", " sort ", "t", "TIME ↓")):
            terminal.send(keys)
            terminal.wait_for(there)
            terminal.send("\x1a")
            terminal.wait_for("Stopped")
            terminal.send("fg\n")
            terminal.wait(lambda there=there: framed(terminal) and there in terminal.text, there)  # type: ignore[misc]
            terminal.send(more)
            terminal.wait_for(then)
            if then == " / abc ":
                terminal.send("\x1b")
                terminal.wait(lambda: whole(terminal), "the tables again")
        terminal.send("q")
        terminal.wait_for("ready>")


# --- the mouse -----------------------------------------------------------------------------------------------------


AGAIN_S = 2.0
"""Seconds after which somebody clicks again: what was to be clicked may have moved as rows came in."""


def mouse(terminal: Terminal, button: int, x: int, y: int) -> None:
    """Press a button on a cell, counted from 0, and let it go, as a terminal reports it (SGR 1006)."""
    terminal.send(f"\x1b[<{button};{x + 1};{y + 1}M\x1b[<{button};{x + 1};{y + 1}m")


LEFT, WHEEL_DOWN = 0, 65


def place(terminal: Terminal, words: str) -> tuple[int, int] | None:
    """Where words begin; null where they are not there."""
    return next(((line.index(words), y) for y, line in enumerate(terminal.lines) if words in line), None)


def at(terminal: Terminal, words: str, holds: Callable[[], bool], below: int = 0, button: int = LEFT) -> None:
    """Click on words, or on what is so many lines below them, until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"a click on {words!r} does nothing\n{terminal.text}"
        if (found := place(terminal, words)) is not None:
            mouse(terminal, button, found[0], found[1] + below)
        again = time.monotonic() + AGAIN_S
        while not holds() and time.monotonic() < again:
            assert terminal.read(), terminal.text


def title(terminal: Terminal, words: str) -> int:
    """The line of a title."""
    return next(y for y, line in enumerate(terminal.lines) if line[1:].startswith(words))


def cursor_below(terminal: Terminal, words: str) -> bool:
    """Whether the cursor is on the first row of a table."""
    return terminal.lines[title(terminal, words) + 1].startswith("▌")


def test_everything_that_can_be_seen_can_be_clicked(terminal: Terminal) -> None:
    """Titles, rows, keys of the footer, pages of help, commands of the palette; the wheel scrolls."""
    at(terminal, "3 vertex", lambda: chosen(terminal) == ["vertex"])
    at(terminal, "1 builds", lambda: chosen(terminal) == ["builds"] and cursor_below(terminal, "1 builds"), below=1)
    at(terminal, "1 builds", lambda: "↑" in terminal.lines[title(terminal, "1 builds")], below=1, button=WHEEL_DOWN)
    at(terminal, "? help", lambda: "Everywhere" in terminal.text)
    at(terminal, "Esc back", lambda: chosen(terminal) == ["builds"])
    terminal.send(":")
    terminal.wait_for("Enter run")
    terminal.send("table: runn")
    terminal.wait_for("1 of ")
    at(terminal, "table: runner", lambda: chosen(terminal) == ["runner"])
    at(terminal, "q quit", lambda: b"\x1b[?1049l" in terminal.raw)
    assert terminal.wait_for_end() == 0


def test_what_another_program_wrote_over_is_painted_again(terminal: Terminal) -> None:
    """By Ctrl+L, all of it; nothing else sends what has not changed, such as the names of the tables."""
    terminal.wipe()
    terminal.send("\x0c")
    terminal.wait(lambda: whole(terminal), "a whole screen")
    for number, table in enumerate(TABLES, 1):
        terminal.wait_for(f"{number} {table} ")
    leaves(terminal)


def test_a_click_on_a_tab_brings_its_table_to_the_front(terminal: Terminal) -> None:
    """Where there is room for one table only."""
    terminal.resize(80, 24)
    terminal.wait(lambda: whole(terminal), "a whole screen")
    at(terminal, "4 active", lambda: chosen(terminal) == ["active"])
    leaves(terminal)
