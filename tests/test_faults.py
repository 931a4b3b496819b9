"""Fault by fault and source by source: the answer comes in time, the others are live, and the cause is named.

`tests.support.faults` holds the whole list. Faults of different sources are tested in one run of the program, which
shows beside each of them that none disturbs another; one source at least has none. Here are those that show at once;
`tests/test_faults_that_last.py` has those that use up the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.emulators.control import Emulators, running
from tests.support.faults import CASES
from tests.support.one_shot import GRACE_S, answer, judge
from tests.support.stage import Case, befallen, lasting, quick
from tests.support.terminal import MONITOR, Terminal

TIMEOUT_S = 15
"""What `ls` is given: nothing here waits for its end, and a busy machine has time to load the clients twice."""

RUNS = quick(CASES)


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Two regions, many records, no latency."""
    with running(regions=2, config=tmp_path_factory.mktemp("emulators") / "config.toml") as found:
        yield found


@pytest.mark.parametrize("run", RUNS, ids=lambda run: "+".join(map(str, run)))
def test_faults_are_named_and_befall_no_other_source(run: Sequence[Case], emulators: Emulators, tmp_path: Path) -> None:
    """`ls` ends with the right status; other sources are live; each error names the call and the cause."""
    judge(answer(run, emulators, tmp_path / "home", TIMEOUT_S), run)


def test_the_table_is_complete_and_packed_without_loss() -> None:
    """Every case is in exactly one run, and every run spares a source."""
    runs = [*RUNS, *lasting(CASES)]
    assert sorted(str(case) for run in runs for case in run) == sorted(map(str, CASES))
    assert all(len({case.source for case in run}) == len(run) < 4 for run in runs)


def test_on_a_terminal_nothing_prompts_for_a_key(emulators: Emulators, tmp_path: Path) -> None:
    """Somebody who is not logged in to W&B and runs `ls` by hand: no question, no waiting, one line that says how."""
    [case] = [case for case in CASES if case.fault == "no-key"]
    with befallen([case], emulators, tmp_path) as stage:
        alone = [f"{name}={value}" for name, value in stage.environment.items()]
        command = [MONITOR, "--config", str(stage.config), "ls", "active", "--timeout", str(TIMEOUT_S)]
        with Terminal(["/usr/bin/env", "-i", *alone, *command], columns=160) as terminal:
            assert terminal.wait_for_end(TIMEOUT_S + GRACE_S) == 3
            assert "wandb login" in terminal.text
            assert "Enter your choice" not in terminal.text
