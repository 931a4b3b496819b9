"""Where no dashboard can be shown the tables are printed once, or what was looked for; nothing waits for a key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor import exit_codes
from monitor.tables import TABLES
from tests.support.environment import bare
from tests.support.terminal import MONITOR, Terminal

LIMIT_S = 40


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The program's answer, in a directory where nothing is; it has neither terminal nor standard input."""
    return subprocess.run(
        [MONITOR, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=home,
        env=bare(home, **more),
    )


def test_a_pipe_gets_the_tables_once(tmp_path: Path) -> None:
    """As from `ls`, with its status; one line on standard error says why there is no dashboard."""
    ran = run(tmp_path, "--demo")
    assert [name for name in TABLES if f"\n{name} " in f"\n{ran.stdout}"] == list(TABLES)
    assert ran.stderr == (
        "monitor: no dashboard: standard output is no terminal; printing the tables once, as `monitor ls` does\n"
    )
    assert ran.returncode == run(tmp_path, "--demo", "ls").returncode


def test_a_pipe_with_nothing_set_up_gets_what_was_looked_for(tmp_path: Path) -> None:
    """Status 4; each thing with the command that mends it, and no fixture data."""
    ran = run(tmp_path)
    assert ran.returncode == 4
    assert ran.stderr.startswith("monitor: no dashboard: standard output is no terminal; nothing is set up either")
    assert ran.stderr.count("\n") == 1
    for command in ("gcloud config set project", "gcloud auth application-default login", "wandb login"):
        assert command in ran.stdout
    assert "monitor --demo" in ran.stdout
    assert not any(line.startswith(tuple(TABLES)) for line in ran.stdout.splitlines())


def test_what_is_switched_off_is_not_called_missing(tmp_path: Path) -> None:
    """The file is the answer to what is off, and `ls` says so."""
    path = tmp_path / "c.toml"
    off = "".join(f"[tables.{name}]\nenabled = false\n" for name in TABLES)
    path.write_text(f"gcp.project = 'acme-ml'\n{off}")
    ran = run(tmp_path, "--config", str(path))
    assert (ran.returncode, ran.stdout) == (4, "")
    assert f"every table is switched off: edit {path}" in ran.stderr


def test_a_wrong_configuration_is_64_without_a_terminal_too(tmp_path: Path) -> None:
    """One line, which names the key."""
    path = tmp_path / "c.toml"
    path.write_text("gcp.projekt = 'acme-ml'\n")
    ran = run(tmp_path, "--config", str(path))
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (64, "", 1)
    assert "gcp.projekt" in ran.stderr


@pytest.mark.parametrize(("term", "said"), [("dumb", "TERM is dumb"), ("", "TERM is not set")])
def test_a_terminal_that_shows_no_screen_gets_plain_text(tmp_path: Path, term: str, said: str) -> None:
    """Tables once, in letters alone: no escape sequence of any kind, no key is waited for."""
    with Terminal([MONITOR, "--demo"], columns=200, rows=500, environment=bare(tmp_path, TERM=term)) as terminal:
        status = terminal.wait_for_end(LIMIT_S)
        assert status == exit_codes.NOT_ALL_LIVE  # a region of the demo may not be read
        assert said in terminal.text
        assert b"\x1b" not in terminal.raw
        assert [name for name in TABLES if any(line.startswith(f"{name} ") for line in terminal.lines)] == list(TABLES)


def test_keys_come_from_the_terminal_where_standard_input_is_something_else(tmp_path: Path) -> None:
    """As in `… | monitor`: the dashboard opens, `?` shows help, `q` leaves and gives the terminal back."""
    command = ["sh", "-c", f"echo not a key | {MONITOR} --demo"]
    with Terminal(command, environment=bare(tmp_path)) as terminal:
        mode = terminal.mode
        terminal.wait_for("live")
        terminal.send("?")
        terminal.wait_for("next table")
        terminal.send("qq")
        assert terminal.wait_for_end() == 0
        assert terminal.mode == mode


@pytest.mark.parametrize("how", ["<&-", "</dev/null"])
def test_no_standard_input_is_no_hindrance(tmp_path: Path, how: str) -> None:
    """Closed or empty: the terminal has keys all the same."""
    with Terminal(["sh", "-c", f"{MONITOR} --demo {how}"], environment=bare(tmp_path)) as terminal:
        terminal.wait_for("live")
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert terminal.is_cooked()


_TTY_TO_A_FILE = """
import os, subprocess, sys
with open(sys.argv[2], "wb") as file:
    sys.exit(subprocess.run([sys.argv[1], "--demo"], stdout=file).returncode)
"""


def test_a_file_gets_tables_even_from_a_terminal(tmp_path: Path) -> None:
    """`monitor > file`: keys could be read, but nobody would see the screen."""
    path = tmp_path / "out.txt"
    command = [sys.executable, "-c", _TTY_TO_A_FILE, MONITOR, str(path)]
    with Terminal(command, columns=200, environment=bare(tmp_path)) as terminal:
        assert terminal.wait_for_end(LIMIT_S) == exit_codes.NOT_ALL_LIVE
    assert path.read_text().startswith("builds ")
    assert "\x1b" not in path.read_text()
