"""One `ls` under faults: run it in its time, and hold its answer to all that must be true whatever the faults are."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.emulators.control import Emulators
from tests.support.environment import logs_of
from tests.support.faults import SOURCES
from tests.support.processes import MARK, carrying
from tests.support.stage import Case, Stage, befallen
from tests.support.terminal import MONITOR

GRACE_S = 2
"""Seconds after its time is up when an answer is too late."""

MOST_LOGGED = 1024 * 1024
"""Bytes that one run may leave in its session logs, whatever its workers print."""

NEVER_READY = {"import-hangs"}
"""Faults under which a worker does not even load its client."""


@dataclass(frozen=True)
class Answer:
    """What `ls` came to."""

    tables: dict[str, Any]
    """As it printed them."""
    status: int


def answer(run: Sequence[Case], emulators: Emulators, home: Path, timeout_s: int) -> Answer:
    """Run the program under these faults, in an empty home; it answers in time, leaves nothing and logs little."""
    home.mkdir()
    with befallen(run, emulators, home) as stage:
        found = _ls(stage, timeout_s)
    logged = {file.name: file.stat().st_size for file in logs_of(home).iterdir()}
    assert sum(logged.values()) < MOST_LOGGED, logged
    return found


def _ls(stage: Stage, timeout_s: int) -> Answer:
    mark, began = str(stage.home), time.monotonic()
    done = subprocess.run(
        [MONITOR, "--config", str(stage.config), "ls", "-o", "json", "--timeout", str(timeout_s)],
        check=False,
        capture_output=True,
        text=True,
        env=stage.environment | {MARK: mark},
        timeout=60,
    )
    took_s = time.monotonic() - began
    left = carrying(mark)
    assert not left, left
    assert took_s < timeout_s + GRACE_S, f"{took_s:.1f} s"
    assert done.stdout, (done.returncode, done.stderr)
    return Answer(json.loads(done.stdout)["tables"], done.returncode)


def judge(found: Answer, run: Sequence[Case]) -> None:
    """Other sources are live, each error names the call and the cause, and the status says that there are any."""
    befallen_by = {name: case for case in run for name in case.tables if case.status}
    for name, table in found.tables.items():
        case = befallen_by.get(name)
        if case is None:
            assert table["freshness"] == "live", (name, table["error"])
        else:
            assert table["freshness"] in {"partial", "stale", "failed"}, (case, name)
            assert all(words in table["error"] for words in case.words), (case, table["error"])
    assert found.status == max(case.status for case in run), found


def spared(found: Answer, run: Sequence[Case]) -> bool:
    """Whether every table that no fault befell is live."""
    befallen_too = {name for case in run for name in case.tables}
    return all(table["freshness"] == "live" for name, table in found.tables.items() if name not in befallen_too)


def loading_s(run: Sequence[Case], home: Path) -> float:
    """Seconds until every worker that can had loaded its client, as the session log tells; infinite where one had not.

    What remained of the time is all that the faults had to show themselves in.
    """
    log = [json.loads(line) for line in (logs_of(home) / "monitor.log").read_text().splitlines()]
    times = [datetime.fromisoformat(line["at"]) for line in log]
    ready: dict[str, float] = {}
    for line, at in zip(log, times, strict=True):
        if said := re.search(r"worker (\w+) ready", line["text"]):
            ready.setdefault(said[1], (at - times[0]).total_seconds())
    expected = set(SOURCES) - {case.source for case in run if case.fault in NEVER_READY}
    return max(ready.get(source, float("inf")) for source in expected)
