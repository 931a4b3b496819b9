"""Whatever befalls the reading of logs: rows are live and say what their source said, and one line says why no more."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulators.control import Emulators, running
from tests.support.faults import broken
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
