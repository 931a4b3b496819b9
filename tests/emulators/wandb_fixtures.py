"""How tests start a W&B server and a worker that asks it, and end both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from fetchers.settings import Settings, Wandb
from tests.emulators.wandb import WandbEmulator
from tests.emulators.wandb_worker import WorkerProcess
from tests.emulators.wandb_world import World

KEY = "k" * 40


@asynccontextmanager
async def serving(world: World, api_key: str | None = None) -> AsyncIterator[WandbEmulator]:
    """Run a local W&B server."""
    emulator = WandbEmulator(world, api_key=api_key)
    await emulator.start()
    try:
        yield emulator
    finally:
        await emulator.stop()


@asynccontextmanager
async def working(
    home: Path, base_url: str, *offline: str, wanted: Wandb | None = None, **environment: str
) -> AsyncIterator[WorkerProcess]:
    """Run a worker that asks the server for `acme/arr` and the queue `vertex`, and leave no process behind.

    Of `wanted` everything else counts: users, tags.
    """
    place = {"entity": "acme", "project": "arr", "queues": ("vertex",), "base_url": base_url, "offline_dirs": offline}
    wandb = msgspec.structs.replace(wanted or Wandb(), **place)
    worker = await WorkerProcess.start(Settings(wandb=wandb), home, **environment)
    try:
        yield worker
    finally:
        await worker.stop()
