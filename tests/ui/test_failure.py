"""A screen that breaks: the terminal is given back, one line is said, and the traceback is in the log alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fetchers.settings import Settings
from monitor.changes import Start
from monitor.link import EngineProcess
from monitor.ui.app import MonitorApp
from tests.support.environment import bare, logs_of
from tests.support.terminal import Terminal

BREAKS = """
import sys
from monitor import cli
from monitor.mirror import Mirror
from monitor.ui.screens.dashboard import Dashboard

class Drawn(Exception):
    def __rich__(self):
        return "drawn by itself"

def broken(*args):
    key = "".join(["wandb", "-", "key"])
    raise Drawn("broken on purpose") if {itself} else RuntimeError("broken on purpose")

{where} = broken
sys.exit(cli.main(["--demo"]))
"""
"""Runs the demo on a screen of which one function raises, with a secret among its local variables."""

LEAVE = b"\x1b[?1049l"


@pytest.mark.parametrize(
    ("where", "itself"),
    [("Mirror.apply", False), ("Dashboard.on_arrived", False), ("Dashboard.tick", True), ("Dashboard.compose", False)],
)
def test_a_screen_that_breaks_says_one_line_and_gives_the_terminal_back(
    tmp_path: Path, where: str, *, itself: bool
) -> None:
    """In the listener, in a handler, in a timer, before the first frame; status 70, and no local variable shows."""
    script = BREAKS.format(where=where, itself=itself)
    command = [sys.executable, "-P", "-c", script]
    with Terminal(command, columns=200, environment=bare(tmp_path)) as terminal:
        assert terminal.wait_for_end() == 70
        assert terminal.is_cooked()
        said = terminal.raw.rpartition(LEAVE)[2]
        log = (logs_of(tmp_path) / "monitor.log").read_text()
    assert LEAVE in terminal.raw
    assert said.count(b"\n") == 1
    assert b"internal error: " in said
    assert b"broken on purpose; its traceback is in " in said
    for word in (b"Traceback", b"wandb-key", b"drawn by itself"):
        assert word not in terminal.raw
    assert "in broken" in log
    assert "wandb-key" not in log


def test_a_tick_that_comes_while_the_program_leaves_does_no_harm() -> None:
    """A timer may fire once more when no screen is left."""
    MonitorApp(EngineProcess(Start(settings=Settings(), tables={}))).tick()
