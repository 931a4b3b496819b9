"""What takes over a second says what it does and how far it is, on a line that leaves no trace."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fetchers.errors import ConfigError, Failure
from monitor.changes import ScopeStatus, TableStatus
from monitor.progress import StatusLine, patiently, told
from monitor.text import cell_width
from tests.emulators.control import Emulators, running
from tests.support.environment import WANDB_KEY, bare
from tests.support.terminal import MONITOR, Terminal

PATIENCE_S = 5.0

LIVE = ScopeStatus(live=True, fetched_at=datetime(2026, 1, 5, tzinfo=UTC))
LOADING = ScopeStatus(loading=True)
BROKEN = ScopeStatus(failure=Failure(kind="timeout", text="no answer"))


# --- the words -----------------------------------------------------------------------------------------------------


def test_every_table_that_has_not_answered_says_how_far_it_is() -> None:
    """Scopes that failed have answered too; a client that loads is said by name; who has answered is not mentioned."""
    status = {
        "builds": TableStatus(table="builds", scopes={"global": LIVE, "us-east1": BROKEN}),
        "runner": TableStatus(table="runner", scopes={"us-east1": LIVE, "us-east4": BROKEN, "us-west1": LOADING}),
        "vertex": TableStatus(table="vertex", scopes={"us-east1": LOADING}, waiting="its client is loading"),
    }
    assert told(["builds", "runner", "vertex", "active"], status, 3.4, 30) == (
        "3 s of 30 s · runner 2/3 regions · vertex: its client is loading … · active is about to be asked"
    )
    assert told(["builds"], status, 3.4, 30) == "3 s of 30 s · all have answered"


def test_what_was_cached_is_no_answer() -> None:
    """Rows of another day do not count as progress."""
    cached = ScopeStatus(fetched_at=datetime(2026, 1, 1, tzinfo=UTC), loading=True)
    status = {"runner": TableStatus(table="runner", scopes={"us-east1": cached})}
    assert told(["runner"], status, 1, 30).endswith("runner 0/1 regions")


# --- the line ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    """The two ends of a pseudo terminal, ours first."""
    ours, theirs = os.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def read_to(terminal: int, end: str) -> str:
    """What is there to read, up to `end`: a terminal hands on what is written to it in its own time, and in pieces."""
    said = b""
    while not said.decode(errors="replace").endswith(end) and select.select([terminal], [], [], PATIENCE_S)[0]:
        said += os.read(terminal, 4096)
    return said.decode()


def test_a_line_is_cut_to_the_terminal_and_erased(pair: tuple[int, int]) -> None:
    """Never wrapped, for what has wrapped cannot be erased; said once while it stays the same; inert."""
    ours, theirs = pair
    line = StatusLine(theirs)
    for _ in range(3):
        line.show("\x1b]52;c;x\x07" + "x" * 500)
    line.erase()
    line.erase()
    said = read_to(ours, "…\r\x1b[K")
    assert said.startswith("\r\x1b[K␛]52;c;x␇xxx")
    assert said.endswith("…\r\x1b[K")
    assert said.count("\r") == 2
    assert len(said) < 100


def test_a_line_of_wide_letters_is_cut_by_its_cells(pair: tuple[int, int]) -> None:
    """A path may have any name: eighty letters of two cells would wrap."""
    ours, theirs = pair
    StatusLine(theirs).show("目" * 80)
    said = read_to(ours, "…").removeprefix("\r\x1b[K")
    assert 70 < cell_width(said) < 80
    assert said.endswith("…")


def test_a_terminal_that_takes_nothing_is_not_waited_for(pair: tuple[int, int]) -> None:
    """As after Ctrl+S, or in a window that has stopped: the command goes on."""
    _, theirs = pair
    os.set_blocking(theirs, False)
    try:
        while True:
            os.write(theirs, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(theirs, True)
    line = StatusLine(theirs)
    line.show("something")
    line.erase()


# --- a disk --------------------------------------------------------------------------------------------------------


def test_work_is_done_and_its_errors_are_its_own() -> None:
    """Even one that says that something took too long."""
    assert patiently("adding", lambda: 1 + 1) == 2
    with pytest.raises(TimeoutError, match="its own"):
        patiently("waiting", _late)


def _late() -> None:
    raise TimeoutError("its own")


def test_a_disk_that_never_answers_is_given_up() -> None:
    """With what was to be done; the thread that hangs is left behind."""
    reading, writing = os.pipe()
    try:
        with pytest.raises(ConfigError, match=r"reading takes longer than 0.05 s: a disk does not answer"):
            patiently("reading", lambda: os.read(reading, 1), 0.05)
    finally:
        os.write(writing, b"x")


_SLOW = """
import os, sys
from monitor import cli, invocation
load = invocation.load
def slow(*arguments):
    os.read(int(sys.argv[1]), 1)
    return load(*arguments)
invocation.load = slow
sys.exit(cli.main(sys.argv[2:]))
"""
"""The program on a disk that answers once something is written to a pipe."""


@pytest.mark.parametrize("command", ["config show", "--demo ls", "ls", "--demo", ""])
def test_a_slow_disk_is_said_before_there_is_anything_else(tmp_path: Path, command: str) -> None:
    """Whatever the command; once it has answered nothing of the line is left."""
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    script = [sys.executable, "-P", "-c", _SLOW, str(reading), *command.split()]
    try:
        with Terminal(script, environment=bare(tmp_path), directory=tmp_path) as terminal:
            terminal.wait_for("reading the configuration · ")
            os.write(writing, b"x")
            terminal.wait(lambda: "reading the configuration" not in terminal.text, "no line")
            if command in {"--demo", ""}:
                terminal.wait_for("Nothing is set up yet" if not command else " live")
            else:
                terminal.wait_for_end(40)
                assert "reading the configuration" not in terminal.text
    finally:
        os.close(reading)
        os.close(writing)


def test_ctrl_c_ends_what_waits_for_a_disk(tmp_path: Path) -> None:
    """At once, and the terminal is clean."""
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    script = [sys.executable, "-P", "-c", _SLOW, str(reading), "config", "show"]
    try:
        with Terminal(script, environment=bare(tmp_path)) as terminal:
            terminal.wait_for("reading the configuration · ")
            terminal.send("\x03")
            terminal.wait(lambda: "reading the configuration" not in terminal.text, "no line")
    finally:
        os.close(reading)
        os.close(writing)


# --- ls ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulators, Path]]:
    """Local services of which one region takes long, and the configuration that leads to them."""
    path = tmp_path_factory.mktemp("services") / "config.toml"
    with running(regions=3, config=path) as emulators:
        emulators.latency("google", 2.5, "ListExecutions", "us-east1")
        yield emulators, path


def test_ls_says_on_a_terminal_how_far_it_is_and_leaves_no_trace(slow: tuple[Emulators, Path], tmp_path: Path) -> None:
    """Regions that have answered, of how many; then the answer alone."""
    command = [MONITOR, "--config", str(slow[1]), "ls", "runner", "--timeout", "25"]
    environment = bare(tmp_path, WANDB_API_KEY=WANDB_KEY)
    with Terminal(command, columns=160, rows=60, environment=environment) as terminal:
        terminal.wait_for("s of 25 s · runner 2/3 regions")
        terminal.wait(lambda: " of 25 s" not in terminal.text, "no line")
        assert terminal.wait_for_end() == 0
        assert terminal.lines[0].startswith("runner ")
        assert " of 25 s" not in terminal.text


def test_a_pipe_for_the_answer_leaves_the_line_to_the_terminal(slow: tuple[Emulators, Path], tmp_path: Path) -> None:
    """`monitor ls -o json | jq` on a terminal: the line is on standard error, and the answer is whole."""
    out = tmp_path / "out.json"
    command = f"{MONITOR} --config {slow[1]} ls runner -o json --timeout 25 > {out}"
    environment = bare(tmp_path, WANDB_API_KEY=WANDB_KEY)
    with Terminal(["sh", "-c", command], columns=160, environment=environment) as terminal:
        terminal.wait_for(" of 25 s · runner ")
        assert terminal.wait_for_end() == 0
        assert terminal.text.strip() == ""
    assert out.read_text().startswith("{")
    assert "\r" not in out.read_text()


@pytest.mark.parametrize("how", ["2> {}", "TERM=dumb"])
def test_who_is_no_terminal_hears_nothing_of_it(slow: tuple[Emulators, Path], tmp_path: Path, how: str) -> None:
    """A log file, or a terminal of letters only, gets the answer and no line that comes and goes."""
    log = tmp_path / "log"
    before, after = ("", how.format(log)) if "{}" in how else (how, "")
    command = f"{before} {MONITOR} --config {slow[1]} ls runner --timeout 25 {after}"
    environment = bare(tmp_path, WANDB_API_KEY=WANDB_KEY)
    with Terminal(["sh", "-c", command], columns=160, environment=environment) as terminal:
        assert terminal.wait_for_end() == 0
        assert b" of 25 s" not in terminal.raw
    assert not log.exists() or log.read_text() == ""


def test_ls_that_is_interrupted_leaves_no_line(slow: tuple[Emulators, Path], tmp_path: Path) -> None:
    """Ctrl+C in the middle."""
    command = [MONITOR, "--config", str(slow[1]), "ls", "runner", "--timeout", "25"]
    environment = bare(tmp_path, WANDB_API_KEY=WANDB_KEY)
    with Terminal(command, columns=160, environment=environment) as terminal:
        terminal.wait_for(" of 25 s · runner ")
        terminal.send("\x03")
        assert terminal.wait_for_end() == 130
        assert " of 25 s" not in terminal.text
