"""What a worker started ends with it, also what is being started while we look."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from monitor.launch import kill_marked
from monitor.spawn import MARK, new_mark

STARTS_ANOTHER_AND_ANOTHER = "i=0; while [ $i -lt 400 ]; do sleep 60 & i=$((i+1)); done; wait"


def carrying(mark: str) -> list[psutil.Process]:
    """The processes that carry a mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def mark() -> Iterator[str]:
    """A mark of our own; nothing that carries it outlives the test."""
    made = new_mark()
    yield made
    while left := carrying(made):
        for process in left:
            process.kill()


def test_what_is_started_while_we_look_is_ended_too(mark: str) -> None:
    """A program that starts one process after the other leaves none, however many it starts during the search."""
    starter = subprocess.Popen(["/bin/sh", "-c", STARTS_ANOTHER_AND_ANOTHER], env=os.environ | {MARK: mark})
    while len(carrying(mark)) < 5:
        pass
    assert kill_marked(mark)
    starter.wait()
    assert carrying(mark) == []
