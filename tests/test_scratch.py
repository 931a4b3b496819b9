"""A worker's private directory: nobody else's while it lives, and nobody's once it is dead."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchers.scratch import SCRATCH, remove
from tests.support.environment import bare

MAKES_ONE = """
import sys
from fetchers.scratch import private_directory
(private_directory() / "a-file").touch()
print("made", flush=True)
sys.stdin.read()
"""

STOPS_HALF_WAY = """
import sys
from pathlib import Path
from fetchers import scratch
Path.rename = lambda *_: (print("half way", flush=True), sys.stdin.read())
scratch.private_directory()
"""


@contextlib.contextmanager
def worker(program: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has made its directory, or has begun to; it is killed with the body."""
    environment = bare(directory.parent.parent) | {SCRATCH: str(directory)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where private directories are made."""
    made = tmp_path / "tmp"
    made.mkdir()
    return made


def names(directory: Path) -> set[str]:
    """What is there."""
    return {path.name for path in directory.iterdir()}


def test_it_is_private_and_goes_with_whoever_ends_the_worker(temporary: Path) -> None:
    """Nobody else may read it; `remove` leaves nothing."""
    mine = temporary / "monitor-worker-a"
    with worker(MAKES_ONE, mine):
        assert stat.S_IMODE(mine.stat().st_mode) == 0o700
        assert "a-file" in names(mine)
    remove(mine)
    assert names(temporary) == set()


def test_one_that_was_being_made_when_its_worker_was_killed_goes_too(temporary: Path) -> None:
    """It is not at its place yet, and nobody would look for it until an hour later."""
    mine = temporary / "monitor-worker-a"
    with worker(STOPS_HALF_WAY, mine):
        assert names(temporary) == {".monitor-worker-a"}
    remove(mine)
    assert names(temporary) == set()


def test_what_a_dead_program_left_goes_with_the_next_worker_and_what_lives_stays(temporary: Path) -> None:
    """Killed together with its engine, a worker is cleared up after by the next one; a living one is let be."""
    with worker(MAKES_ONE, temporary / "monitor-worker-dead"):
        pass
    with (
        worker(MAKES_ONE, temporary / "monitor-worker-alive"),
        worker(STOPS_HALF_WAY, temporary / "monitor-worker-begun"),
        worker(MAKES_ONE, temporary / "monitor-worker-next"),
    ):
        assert names(temporary) == {"monitor-worker-alive", ".monitor-worker-begun", "monitor-worker-next"}


def test_nothing_of_anybody_else_is_removed(temporary: Path) -> None:
    """A directory of that name without a lock of ours, and a link that leads elsewhere, stay."""
    (temporary / "monitor-worker-somebodys").mkdir()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (temporary / "monitor-worker-link").symlink_to(elsewhere)
    with worker(MAKES_ONE, temporary / "monitor-worker-next"):
        assert names(elsewhere) == {"kept"}
        assert os.path.lexists(temporary / "monitor-worker-somebodys")
