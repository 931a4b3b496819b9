"""Fault by fault and source by source: the answer comes in time, the others are live, and the cause is named.

`tests.support.faults` holds the whole list. Faults of different sources are tested in one run of the program, which
shows beside each of them that none disturbs another; one source at least has none.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.emulators.control import Emulators, running
from tests.support.environment import logs_of
from tests.support.faults import CASES
from tests.support.stage import Case, Stage, befallen, together
from tests.support.terminal import MONITOR, Terminal

TIMEOUT_S = 5
"""What `ls` is given."""

BUSY_TIMEOUT_S = 15
"""What it is given when it is asked again because the machine was too busy to load the clients in that time."""

GRACE_S = 2
"""Seconds after which an answer is too late."""

MOST_LOGGED = 1024 * 1024
"""Bytes that one run may leave in its session logs, whatever its workers print."""

RUNS = together(CASES)


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Two regions, many records, no latency; a slow answer takes longer than the time there is."""
    with running(regions=2, drip=1, config=tmp_path_factory.mktemp("emulators") / "config.toml") as found:
        yield found


def home_in(directory: Path) -> Path:
    """An empty home."""
    made = directory / "home"
    made.mkdir(parents=True)
    return made


def ls(stage: Stage, timeout_s: int) -> tuple[dict[str, Any], int]:
    """The tables that `ls` prints, and its status; it has answered in time, and leaves nothing behind."""
    began = time.monotonic()
    done = subprocess.run(
        [MONITOR, "--config", str(stage.config), "ls", "-o", "json", "--timeout", str(timeout_s)],
        check=False,
        capture_output=True,
        text=True,
        env=stage.environment | {"LEFT_BEHIND_BY": str(stage.home)},
        timeout=60,
    )
    took = time.monotonic() - began
    assert done.stdout, done.stderr
    assert left_by(stage.home) == []
    assert took < timeout_s + GRACE_S
    return json.loads(done.stdout)["tables"], done.returncode


def left_by(home: Path) -> list[list[str]]:
    """The processes that still carry the home's mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LEFT_BEHIND_BY") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.cmdline())
        except psutil.Error:
            continue
    return found


def judge(tables: dict[str, Any], run: Sequence[Case]) -> None:
    """What must hold whatever the faults are."""
    befallen_by = {name: case for case in run for name in case.tables if case.status}
    for name, table in tables.items():
        case = befallen_by.get(name)
        if case is None:
            assert table["freshness"] == "live", (name, table["error"])
        else:
            assert table["freshness"] in {"partial", "stale", "failed"}, (case, name)
            assert all(words in table["error"] for words in case.words), (case, table["error"])


def too_busy() -> bool:
    """Whether others leave this machine too little for a fair judgement of what comes in five seconds."""
    return os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


def check(run: Sequence[Case], emulators: Emulators, home: Path, timeout_s: int) -> None:
    """Run the program under these faults, and hold it to all that it promises."""
    with befallen(run, emulators, home) as stage:
        tables, status = ls(stage, timeout_s)
    judge(tables, run)
    assert status == max(case.status for case in run)
    assert sum(file.stat().st_size for file in logs_of(home).iterdir()) < MOST_LOGGED


@pytest.mark.parametrize("run", RUNS, ids=lambda run: "+".join(map(str, run)))
def test_faults_are_named_in_time_and_befall_no_other_source(
    run: Sequence[Case], emulators: Emulators, tmp_path: Path
) -> None:
    """`ls` ends in time with the right status; other sources are live; each error names the call and the cause."""
    try:
        check(run, emulators, home_in(tmp_path / "first"), TIMEOUT_S)
    except AssertionError:
        if not too_busy():
            raise
        check(run, emulators, home_in(tmp_path / "second"), BUSY_TIMEOUT_S)


def test_the_table_is_complete_and_packed_without_loss() -> None:
    """Every case is in exactly one run, and every run spares a source."""
    packed = [case for run in RUNS for case in run]
    assert sorted(map(str, packed)) == sorted(map(str, CASES))
    assert all(len({case.source for case in run}) == len(run) < 4 for run in RUNS)


def test_on_a_terminal_nothing_prompts_for_a_key(emulators: Emulators, tmp_path: Path) -> None:
    """Somebody who is not logged in to W&B and runs `ls` by hand: no question, no waiting, one line that says how."""
    [case] = [case for case in CASES if case.fault == "no-key"]
    with befallen([case], emulators, home_in(tmp_path)) as stage:
        alone = [f"{name}={value}" for name, value in stage.environment.items()]
        command = [MONITOR, "--config", str(stage.config), "ls", "active", "--timeout", str(BUSY_TIMEOUT_S)]
        with Terminal(["/usr/bin/env", "-i", *alone, *command], columns=160) as terminal:
            assert terminal.wait_for_end(BUSY_TIMEOUT_S + GRACE_S) == 3
            assert "wandb login" in terminal.text
            assert "Enter your choice" not in terminal.text
