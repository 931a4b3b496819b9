"""What `ls` prints of hostile names and errors is text, one line a row, on a terminal and for every program."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest

from monitor.tables import TABLES
from monitor.text import cell_width
from tests.support.environment import bare, logs_of
from tests.support.hostile import EVERY
from tests.support.hostile_source import ERRORS, FAILING, REGIONS
from tests.support.sent import BAD, PRINTING, TAKING, foreign
from tests.support.terminal import MONITOR, Terminal

ROOT = Path(__file__).parents[2]
WIDTH = 160
FILLED = [table for table in TABLES if table != "active"]
"""What ended is in no other table."""

COLOUR = re.compile(r"\x1b\[\d+m")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose configuration asks everything that is hostile."""
    found = tmp_path / "home"
    found.mkdir()
    (found / "config.toml").write_text(
        f'[gcp]\nproject = "acme"\nregions = {json.dumps(REGIONS)}\n[wandb]\nentity = "e"\nproject = "p"\n'
        + "".join(f"[tables.{table}]\nlimit = 1000\n" for table in TABLES)
        + f'[cache]\nurl = "sqlite:///{found / "cache.db"}"\n[logs]\ndir = "{logs_of(found)}"\n'
    )
    return found


def environment(home: Path, **more: str) -> dict[str, str]:
    """Real workers, whose sources are hostile."""
    path = os.pathsep.join([str(ROOT / "tests" / "support" / "hostile_site"), str(ROOT)])
    return bare(home, PYTHONPATH=path, WANDB_API_KEY="0" * 40, **more)


def command(home: Path, *arguments: str) -> list[str]:
    """The installed program on that configuration."""
    return [MONITOR, "--utc", "--config", str(home / "config.toml"), *arguments]


def piped(home: Path, *arguments: str) -> str:
    """What another program is given on its standard input."""
    done = subprocess.run(
        command(home, "ls", *arguments),
        check=False,
        capture_output=True,
        env=environment(home, COLUMNS=str(WIDTH)),
        timeout=60,
    )
    assert done.returncode == 3, done.stderr[-2000:]  # the regions that failed
    return done.stdout.decode()


def kinds(text: str) -> set[str]:
    """The kinds of characters that a terminal acts on or that hide, among those of the text."""
    return set(map(unicodedata.category, text.replace("\r\n", "").replace("\n", ""))) & BAD


def test_json_holds_every_string_unchanged_and_no_control_as_it_is(home: Path) -> None:
    """A program reads the very names; a terminal that is shown the JSON reads escapes. No character is hidden."""
    text = piped(home, "-o", "json")
    tables = json.loads(text)["tables"]
    for table in FILLED:
        assert {record["name"] for record in tables[table]["records"]} == set(EVERY)
        assert {record["reason"]["advice"] for record in tables[table]["records"]} == set(EVERY)
    errors = {name: scope["error"] for name, scope in tables["vertex"]["scopes"].items()}
    assert all(errors[f"{FAILING}{number}"] == text for number, text in enumerate(ERRORS))
    assert kinds(text) <= {"Cf", "Cn", "Co"}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]", text)


def test_csv_has_a_line_a_row_and_no_formula(home: Path) -> None:
    """A spreadsheet calculates nothing, in no cell, and no control is in it."""
    text = piped(home, "-o", "csv")
    csv.field_size_limit(1 << 20)
    rows = [*csv.reader(io.StringIO(text, newline=""))]
    assert len(rows) == 1 + len(FILLED) * len(EVERY) == text.count("\r\n")
    assert {len(row) for row in rows} == {len(rows[0])}
    begins = {cell.lstrip()[:1] for row in rows for cell in row}
    assert not begins & set("=+-@＝＋－＠\t\r")
    assert not {"Cc", "Zl", "Zp", "Cs"} & kinds(text)


def test_a_table_in_a_pipe_is_plain_lines(home: Path) -> None:
    """No sequence at all, no line wider than asked, a line a row."""
    text = piped(home, *TABLES)
    assert kinds(text) == set()
    lines = text.splitlines()
    assert len([line for line in lines if "why:" in line]) == len(FILLED) * len(EVERY)
    titled = {line.split()[0] for line in lines if line and not line.startswith("  ")}
    assert set(TABLES) < titled
    wide = [line for line in lines if cell_width(line) > WIDTH and not line.startswith("  ! ")]
    assert wide == []


def test_a_table_on_a_terminal_has_our_colours_and_nothing_else(home: Path) -> None:
    """Every byte is text, one of six colours, or a new line."""
    with Terminal(command(home, "ls"), columns=WIDTH, rows=40, environment=environment(home)) as terminal:
        assert terminal.wait_for_end(60) == 3
    assert foreign(terminal.raw, PRINTING) == []
    assert len([line for line in terminal.raw.splitlines() if b"why:" in line]) == len(FILLED) * len(EVERY)


def test_the_dashboard_shows_what_real_workers_bring(home: Path) -> None:
    """From a worker through the engine and the cache: text, and an error for each region that failed."""
    size = (WIDTH, 50)
    with Terminal(command(home), columns=size[0], rows=size[1], environment=environment(home)) as terminal:
        failed = f"1/{len(REGIONS)} regions"
        terminal.wait(lambda: terminal.text.count(failed) == 2 and "why:" in terminal.text, "rows and errors", 40)
        terminal.send("q")
        assert terminal.wait_for_end() == 0
    assert foreign(terminal.raw, TAKING, size) == []
