"""Whatever befalls the reading of logs: rows are live and say what their source said, and one line says why no more."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.control import Emulators, running
from tests.support.faults import CONSOLE, broken, output
from tests.support.one_shot import GRACE_S
from tests.support.stage import Case, Stage, Switch, befallen
from tests.support.terminal import MONITOR

METHOD = "ListLogEntries"
TIMEOUT_S = 60
"""Seconds for `ls`, which ends as soon as all is known."""
LASTING_S = 12
"""Seconds for what never answers, and uses them up."""


def served(fault: str) -> Switch:
    """A fault of the service that keeps logs."""

    @contextlib.contextmanager
    def switched(stage: Stage, _source: str) -> Iterator[None]:
        stage.emulators.fault("google", fault, METHOD)
        try:
            yield
        finally:
            stage.emulators.fault("google", None, METHOD)

    return switched


CASES = [
    Case(
        source="logs",
        fault="PERMISSION_DENIED",
        words=("log not readable: needs roles/logging.viewer on acme-ml", "gcloud projects add-iam-policy-binding"),
        switch=served("PERMISSION_DENIED"),
    ),
    Case(source="logs", fault="RESOURCE_EXHAUSTED", words=(METHOD, "Quota"), switch=served("RESOURCE_EXHAUSTED")),
    Case(source="logs", fault="never", words=("so some reasons are not known",), switch=served("never"), lasts=True),
    Case(source="logs", fault="SIGKILL", words=("worker ended (SIGKILL",), switch=broken("SIGKILL")),
]


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Two regions, many records, no latency."""
    with running(regions=2, config=tmp_path_factory.mktemp("emulators") / "config.toml") as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rows_are_live_whatever_befalls_their_logs(case: Case, emulators: Emulators, tmp_path: Path) -> None:
    """`ls` succeeds in its time; failures say what the API said, and one line says why they say no more."""
    timeout_s = LASTING_S if case.lasts else TIMEOUT_S
    with befallen([case], emulators, tmp_path) as stage:
        done = subprocess.run(
            [MONITOR, "--config", str(stage.config), "ls", "vertex", "-o", "json", "--timeout", str(timeout_s)],
            check=False,
            capture_output=True,
            text=True,
            env=stage.environment,
            timeout=timeout_s + GRACE_S + 30,
        )
    table = json.loads(done.stdout)["tables"]["vertex"]
    failed = [record for record in table["records"] if record["state"] == "failed"]
    assert (done.returncode, table["freshness"], table["error"]) == (0, "live", None)
    assert failed
    assert all(record["reason"]["text"].startswith("The replica workerpool0-0 exited") for record in failed)
    assert all(words in done.stderr for words in case.words), done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_whose_output_is_refused_says_what_its_state_says(emulators: Emulators, tmp_path: Path) -> None:
    """The row is there with the reason of its state; `why` adds that its output was refused, and by whom."""
    case = Case(source="wandb", fault="lines-403", words=(), switch=output("403", of=CONSOLE), status=0)
    with befallen([case], emulators, tmp_path) as stage:
        rows, alone = (_told(stage, *words) for words in (["ls", "completed"], ["why", "run0005"]))
        found = {record["id"]: record for record in rows["tables"]["completed"]["records"]}
        assert found["run0005"]["reason"]["rule"] == alone["record"]["reason"]["rule"] == "nonzero_exit"
        assert alone["problem"].startswith("log not readable: ConsoleLog run0005")
        assert "HTTP 403" in alone["problem"]
    with befallen([], emulators, tmp_path) as stage:
        assert _told(stage, "why", "run0005")["record"]["reason"]["rule"] == "python_exception"  # not remembered


def _told(stage: Stage, *words: str) -> Any:
    """What the program prints as JSON."""
    done = subprocess.run(
        [MONITOR, "--config", str(stage.config), *words, "-o", "json", "--timeout", str(TIMEOUT_S)],
        check=False,
        capture_output=True,
        text=True,
        env=stage.environment,
        timeout=TIMEOUT_S + GRACE_S + 30,
    )
    return json.loads(done.stdout)
