"""The emulators' process: what it prints, what its control port does, and that it never outlives its test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchers.runner import RunnerFetcher
from fetchers.settings import DEFAULT_REGIONS, Settings
from fetchers.vertex import VertexFetcher
from monitor import config as configuration
from tests.emulators.control import ControlError, Emulators, running, spawn
from tests.emulators.google_world import NINE_DAYS
from tests.gcp_asking import R1, records_of


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the configuration is written."""
    return tmp_path_factory.mktemp("emulators") / "config.toml"


@pytest.fixture(scope="module")
def emulators(path: Path) -> Iterator[Emulators]:
    """One process for all tests of this file."""
    with running(config=path) as started:
        yield started


@pytest.fixture
def settings(emulators: Emulators, path: Path) -> Settings:
    """Settings from the configuration that the process wrote."""
    assert emulators.process.poll() is None
    return Settings(gcp=configuration.load(str(path), {}).gcp)


def test_the_printed_configuration_is_one_that_monitor_reads(emulators: Emulators, path: Path) -> None:
    """What is printed and what is written are the same, and `monitor` accepts it without a complaint."""
    assert emulators.config.startswith(path.read_text())
    read = configuration.load(str(path), {})
    assert (read.gcp.project, read.gcp.regions) == ("acme-ml", DEFAULT_REGIONS)
    assert read.wandb.base_url.startswith("http://127.0.0.1:")
    assert read.cache.url == f"sqlite:///{path.parent}/cache.sqlite"


async def test_the_default_world_holds_a_nine_day_job(settings: Settings) -> None:
    """The world to begin with has every state, and the long job behind 500 newer ones."""
    fetcher = VertexFetcher(settings)
    records = await records_of(fetcher, R1)
    await fetcher.close()
    assert NINE_DAYS in {record.name for record in records}
    assert {record.state.value for record in records} == {"queued", "running", "succeeded", "failed", "cancelled"}


async def test_faults_are_thrown_and_mended_while_it_runs(emulators: Emulators, settings: Settings) -> None:
    """A fault holds for its method and region from the order on, until it is taken away."""
    fetcher = RunnerFetcher(settings)
    before = emulators.calls("google").get(f"ListExecutions {R1}", 0)
    emulators.fault("google", "PERMISSION_DENIED", "ListExecutions", R1)
    with pytest.raises(Exception, match="PERMISSION_DENIED"):
        await records_of(fetcher, R1)
    assert await records_of(fetcher, "us-east1") == []
    emulators.fault("google", None, "ListExecutions", R1)
    assert await records_of(fetcher, R1)
    await fetcher.close()
    assert emulators.calls("google")[f"ListExecutions {R1}"] == before + 2
    emulators.wait_called("google", "ListExecutions", R1, before + 2)


def test_waiting_for_a_call_that_is_not_made_ends(emulators: Emulators) -> None:
    """A test that waits for a call hears in time that it was not made."""
    with pytest.raises(TimeoutError, match="GetBuild"):
        emulators.wait_called("google", "GetBuild", within_s=0.05)


@pytest.mark.parametrize("order", [("nobody", "never"), ("google", "no-such-fault"), ("wandb", "no-such-fault")])
def test_an_order_that_makes_no_sense_is_refused(emulators: Emulators, order: tuple[str, str]) -> None:
    """A misspelt service or fault is an error in the test, not silence."""
    with pytest.raises(ControlError, match="/fault"):
        emulators.fault(*order)


def test_wandb_has_switches_too(emulators: Emulators) -> None:
    """The same orders reach the W&B emulator, by operation."""
    emulators.fault("wandb", "500", "Runs")
    emulators.fault("wandb", None, "Runs")
    emulators.latency("wandb", 0, "Runs")
    assert emulators.calls("wandb") == {}


def test_it_ends_when_its_parent_is_gone() -> None:
    """A parent that dies closes the pipe; the process ends by itself."""
    started = spawn(regions=1, empty=True)
    assert started.process.stdin is not None
    started.process.stdin.close()
    try:
        assert started.process.wait(10) == 0
        with pytest.raises(ProcessLookupError):
            os.kill(started.process.pid, 0)
    finally:
        started.stop()
