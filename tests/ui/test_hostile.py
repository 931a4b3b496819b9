"""Names, logs and errors that somebody who hates us wrote are nothing but text, on real terminals."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchers.records import State
from monitor.columns import GLYPHS
from monitor.tables import TABLES
from monitor.text import cell_width, one_line
from tests.support.environment import bare, logs_of
from tests.support.hostile import EVERY, HOSTILE
from tests.support.hostile_program import LOTS, ROWS_FIRST
from tests.support.sent import BAD, PAINTING, TAKING, foreign
from tests.support.terminal import Terminal
from tests.support.tmux import Tmux, needs_tmux

ROOT = Path(__file__).parents[2]
TALL = 5 * len(EVERY) + 40
"""Lines on which every row of every table stands at once."""

STEP = re.compile(r"step (\d+)")

MEASURE = """
import os, sys, termios, tty
texts = open(sys.argv[1], encoding="utf-8").read().split("\\n")
tty.setraw(0)
found = []
for text in texts:
    os.write(1, b"\\x1b[H\\x1b[2K" + text.encode() + b"\\x1b[6n")
    answer = b""
    while not answer.endswith(b"R"):
        answer += os.read(0, 100)
    y, x = answer[2:-1].split(b";")
    found.append(str(int(x) - 1) if y == b"1" else "more than a line")
with open(sys.argv[1] + ".part", "w") as out:
    out.write("\\n".join(found))
os.rename(sys.argv[1] + ".part", sys.argv[1] + ".widths")
"""
"""Writes each line of a file to the terminal and asks where the cursor is then."""


def program(home: Path) -> tuple[list[str], dict[str, str]]:
    """The command that shows hostile text, and its environment; its own names are as strange as the rules allow."""
    home.mkdir()
    config = home / "config.toml"
    config.write_text(
        '[gcp]\nproject = "\\u202eacme[@click=app.quit]x"\nregions = ["us-east1"]\n'
        '[wandb]\nentity = "e"\nproject = "p"\n'
        f'[cache]\nurl = "sqlite:///{home / "cache.db"}"\n[logs]\ndir = "{logs_of(home)}"\n'
    )
    command = [sys.executable, "-P", "-m", "tests.support.hostile_program", "--utc", "--config", str(config)]
    return command, bare(home, PYTHONPATH=str(ROOT))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty directory."""
    return tmp_path / "home"


def stands(terminal: Terminal) -> None:
    """What stands around the tables stands where it belongs, and every title begins its line."""
    last = terminal.screen.lines - 1
    assert "".join(terminal.cells(0)).startswith(" monitor  acme[@click=app.quit]x"), terminal.text
    assert "".join(terminal.cells(1)).startswith(" STATE"), terminal.text
    footer = "".join(terminal.cells(last))
    assert "q quit" in footer or footer.startswith(" asking every source now"), terminal.text
    assert titles(terminal) == [*TABLES], terminal.text


def titles(terminal: Terminal) -> list[str]:
    """The tables whose titles are on the screen."""
    numbers = {f"{number} " for number in range(1, 6)}
    return [name for line in terminal.lines if line[1:3] in numbers for name in line[3:].split()[:1]]


def test_the_list_is_long_and_holds_every_kind() -> None:
    """As many as were promised, none twice, and nothing that no source could send."""
    assert len(EVERY) == len(set(EVERY)) >= 120
    assert len(HOSTILE) == 20
    assert all(text.encode() for text in EVERY)


def test_the_strict_reader_finds_what_is_not_ours() -> None:
    """What a hostile string would do to a terminal, were it sent as it is, is told apart from what we send."""
    ours = b"\x1b[1;1H\x1b[1;38;2;212;214;218;48;2;38;41;45m monitor \x1b[0m\r\n\x1b[2;1H"
    assert foreign(ours, PAINTING) == []
    for text in EVERY:
        if BAD & set(map(unicodedata.category, text)):
            assert foreign(text.encode(), PAINTING, (200, 60)), repr(text[:99])
    assert foreign(b"\x1b[777;777H", PAINTING, (200, 60))


def test_errors_scopes_and_notices_are_only_text(place: Path) -> None:
    """Each string as an error, a scope, a cause, what is missing and a notice, with rows and without."""
    command, environment = program(place)
    with Terminal(command, rows=40, environment=environment) as terminal:
        terminal.wait_for("q quit")
        terminal.wait(lambda: terminal.text.count("Loading") == len(TABLES), "tables")
        begin = len(terminal.raw)
        for lot in range(LOTS):
            terminal.send("r")
            terminal.wait(lambda: f"lot {lot} " in f"{terminal.lines[-2]} ", f"lot {lot}")  # noqa: B023 - waited for here
            stands(terminal)
        painted = terminal.raw[begin : terminal.raw.rfind(b"\x1b")]  # the last piece may be on its way
        assert foreign(painted, PAINTING, (120, 40)) == []
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert foreign(terminal.raw, TAKING, (120, 40)) == []
        assert "PWNED" not in terminal.screen.title + terminal.screen.icon_name


def shown_rows(terminal: Terminal) -> Iterator[list[str]]:
    """The cells of every line that shows a record in a table, where its glyph stands before its state."""
    for y in range(2, terminal.screen.lines):
        cells = terminal.cells(y)
        if cells[1] in GLYPHS.values() and "".join(cells[3:13]).strip() in set(State):
            yield cells


def is_aligned(cells: list[str], heads: dict[str, int]) -> bool:
    """Whether every column of a row stands under its name, a gap before it."""
    text = {name: "".join(cells[x : x + 7]).strip() for name, x in heads.items()}
    ends = {name: "".join(cells[x + len(name) - 7 : x + len(name)]).strip() for name, x in heads.items()}
    gaps = [cells[heads[name] - 2 : heads[name]] for name in ("NAME", "WHERE", "WHY")]
    return (
        text["WHY"].startswith("why:")
        and ends["TIME"] == "5m 00s"
        and len(ends["SINCE"]) == len("Jan  1")
        and gaps == [[" ", " "]] * 3
    )


def all_rows(terminal: Terminal) -> None:
    """Ask until every row of every table is on a tall screen, which is too long to be read as text each time."""
    last = terminal.screen.lines - 1
    terminal.wait(lambda: "q quit" in "".join(terminal.cells(last)), "the screen", 60)
    terminal.send("r")
    terminal.wait(lambda: "lot 0" in "".join(terminal.cells(last - 1)), "the rows", 60)
    terminal.wait(lambda: is_whole(terminal), "all rows", 60)


def is_whole(terminal: Terminal) -> bool:
    """Whether every row is there to its end, and every title: a frame of that size arrives in pieces."""
    rows = ["".join(cells) for cells in shown_rows(terminal)]
    whole = len(rows) == len(TABLES) * len(EVERY) and all("why:" in row for row in rows)
    return whole and titles(terminal) == [*TABLES]


def test_rows_stay_in_their_columns_and_are_only_text(place: Path) -> None:
    """Each string as name, scope, reason, advice and detail of a row of each table."""
    command, environment = program(place)
    size = (160, TALL)
    with Terminal(command, columns=size[0], rows=size[1], environment=environment | {ROWS_FIRST: "1"}) as terminal:
        all_rows(terminal)
        stands(terminal)
        heading = "".join(terminal.cells(1))
        heads = {name: heading.index(name) for name in ("NAME", "WHERE", "TIME", "SINCE", "WHY")}
        crooked = ["".join(cells) for cells in shown_rows(terminal) if not is_aligned(cells, heads)]
        assert crooked == []
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert foreign(terminal.raw, TAKING, size) == []


def under_cursor(terminal: Terminal) -> str:
    """The step that the row under the cursor is at, which no other has; empty where it is on no row."""
    found = (STEP.search(line) for line in terminal.lines if line.startswith("▌") and line[1:2] in GLYPHS.values())
    return next((match[1] for match in found if match), "")


def steps_in_order() -> list[int]:
    """The steps of a table's rows from top to bottom: all ended at once, so they stand in the order of their ids."""
    return sorted(range(len(EVERY)), key=lambda number: f"{EVERY[number]}{number}")


def test_a_row_in_full_is_only_text(place: Path) -> None:
    """The cursor goes down through all of them, and each is shown in full above the footer."""
    command, environment = program(place)
    with Terminal(command, columns=160, rows=40, environment=environment | {ROWS_FIRST: "1"}) as terminal:
        terminal.wait_for("q quit")
        terminal.send("r")
        terminal.wait_for("lot 0")
        terminal.send("4")
        for step in steps_in_order():  # each by its number: of a frame on its way a mere change could be half of it
            terminal.wait(lambda: under_cursor(terminal) == str(step), f"the row of step {step}")  # noqa: B023 - waited for here
            stands(terminal)
            terminal.send("j")
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert foreign(terminal.raw, TAKING, (160, 40)) == []


def test_everything_about_a_record_is_only_text(place: Path) -> None:
    """Each record in full, with its links, fields and pages; some as JSON."""
    command, environment = program(place)
    size = (120, 40)
    with Terminal(command, columns=size[0], rows=size[1], environment=environment | {ROWS_FIRST: "1"}) as terminal:
        terminal.wait_for("q quit")
        terminal.send("r")
        terminal.wait_for("lot 0")
        terminal.send("4\r")
        for number in range(1, len(EVERY) + 1):
            terminal.wait(lambda: is_sheet(terminal, number, "┃ why:"), f"record {number}")  # noqa: B023 - waited for here
            if number % 3 == 0:
                terminal.send("x")
                terminal.wait(lambda: is_sheet(terminal, number, '"table"'), f"JSON of {number}")  # noqa: B023 - as above
                terminal.send("x")
            terminal.send("J")
        terminal.send("\x1b")
        terminal.wait(lambda: any(line[1:].startswith("1 builds") for line in terminal.lines), "the tables")
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert foreign(terminal.raw, TAKING, size) == []
        assert "PWNED" not in terminal.screen.title + terminal.screen.icon_name


def is_sheet(terminal: Terminal, number: int, word: str) -> bool:
    """Whether header, head and footer stand where they belong around a record, and somewhere a word of the page."""
    lines = terminal.lines
    return (
        lines[0].startswith(" monitor  acme[@click=app.quit]x")
        and lines[1][1:2] in set(GLYPHS.values())
        and any(line.endswith(f" {number}/{len(EVERY)}") for line in lines[1:6])
        and lines[-1].endswith("Esc back")
        and any(word in line for line in lines[2:-1])
    )


SEEN = ("markup", "direction", "of no", "storms", "wide", "emoji", "what is no")
TYPED = [
    text.encode()[:50].decode(errors="ignore").replace(":", ".")
    for group, texts in HOSTILE.items()
    if group.startswith(SEEN)
    for text in texts[::4]
]
"""What can be typed, of each kind that holds no keys: not so much that it is taken for a paste, and no column."""

END = "Zz"
"""Typed behind each, to be waited for."""


@pytest.mark.parametrize(("key", "opened"), [("/", "Enter keep"), (":", "Esc back")])
def test_what_is_typed_is_only_text(key: str, opened: str, place: Path) -> None:
    """Whatever somebody pastes into the filter or the palette is shown in its place, and nothing else moves."""
    command, environment = program(place)
    size = (120, 40)
    with Terminal(command, columns=size[0], rows=size[1], environment=environment | {ROWS_FIRST: "1"}) as terminal:
        terminal.wait_for("q quit")
        for text in TYPED:
            terminal.send(key)
            terminal.wait_for(opened)
            terminal.send(text + END)
            terminal.wait_for(END)
            assert terminal.lines[0].startswith(" monitor  acme[@click=app.quit]x")
            terminal.send("\x1b")
            terminal.wait(lambda: "q quit" in terminal.lines[-1] and END not in terminal.text, "the tables")
        stands(terminal)
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert foreign(terminal.raw, TAKING, size) == []


# --- tmux ----------------------------------------------------------------------------------------------------------


def records(lines: list[str]) -> list[str]:
    """Those that show a record, but for the mark of what has changed lately."""
    return [line[1:] for line in lines if line[1:2] in set(GLYPHS.values())]


def settled(terminal: Terminal) -> list[str]:
    """The records, once a whole second has brought nothing else: longer than any frame is on its way."""
    seen: list[str] = []
    while seen != (now := records(terminal.lines)):
        seen = now
        terminal.read(1.0)
    return seen


@needs_tmux
def test_tmux_sees_the_same_rows_in_the_same_columns(place: Path) -> None:
    """Line by line as the other emulator; nothing is copied, no title set, and nothing typed once it has ended."""
    command, environment = program(place)
    environment |= {ROWS_FIRST: "1"}
    with Terminal(command, columns=160, rows=TALL, environment=environment) as terminal:
        all_rows(terminal)
        expected = settled(terminal)
    shell = ["sh", "-c", '"$@"; echo ended: $?; exec cat', "sh", *command]
    with Tmux(shell, place, columns=160, rows=TALL, environment=environment) as tmux:
        title = tmux.told("pane_title")
        tmux.wait_for("q quit")
        tmux.press("r")
        tmux.wait(lambda lines: records(lines) == expected, "the same rows")
        tmux.press("q")
        tmux.wait_for("ended: 0")
        tmux.type("nothing else\n")
        ended = [line for line in tmux.wait_for("nothing else\nnothing else") if line]
        assert ended == ["ended: 0", "nothing else", "nothing else"]
        assert (tmux.told("pane_title"), tmux.copied) == (title, "")


@needs_tmux
def test_tmux_measures_clean_text_as_we_do(tmp_path: Path) -> None:
    """Every string, cleaned and cut to a line, ends where we say that it ends."""
    texts = [text for text in (one_line(text)[:60] for text in EVERY) if text]
    list_file = tmp_path / "texts"
    list_file.write_text("\n".join(texts), encoding="utf-8")
    widths = tmp_path / "texts.widths"
    command = [sys.executable, "-c", MEASURE, str(list_file)]
    with Tmux(command, tmp_path, columns=160, rows=5, environment=bare(tmp_path / "home")) as tmux:
        tmux.wait(lambda _: widths.exists(), "the widths")
    measured = widths.read_text().split("\n")
    differ = [
        (text, cell_width(text), width)
        for text, width in zip(texts, measured, strict=True)
        if width != str(cell_width(text))
    ]
    assert differ == []
