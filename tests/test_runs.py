"""The wandb worker as the engine sees it: a real process, the real SDK, a local W&B server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from fetchers.records import State
from fetchers.settings import Settings, Wandb
from tests.emulators.wandb import WandbEmulator
from tests.emulators.wandb_worker import WorkerProcess
from tests.emulators.wandb_world import default_world

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROJECT = "acme/arr"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[WandbEmulator]:
    """One local W&B server."""
    emulator = WandbEmulator(default_world(NOW))
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(server: WandbEmulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkerProcess]:
    """One worker that asks the local server."""
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(wandb=Wandb(entity="acme", project="arr", queues=("vertex",), base_url=server.url))
    process = await WorkerProcess.start(settings, home, WANDB_API_KEY="k" * 40)
    yield process
    await process.stop()


async def test_active_lists_what_runs_and_what_waits(worker: WorkerProcess) -> None:
    """The active table holds running and pending runs and the queue's items that are no runs yet, and nothing else."""
    answer = await worker.fetch("active", PROJECT, "queue:vertex")
    assert (answer.complete, answer.failures) == ({PROJECT, "queue:vertex"}, {})
    assert {record.id: record.state for record in answer.records} == {
        "run0000": State.RUNNING,
        "run0001": State.RUNNING,
        "run0002": State.QUEUED,
        "item-1": State.QUEUED,
    }
