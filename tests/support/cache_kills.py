"""Kills processes that write to one cache, at random instants, and looks for what they said was committed."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from pathlib import Path

from cache.store import open_store
from cache.terminal_state import TerminalStates
from tests.support.cache_writer import TENANT
from tests.support.records import record

ROOT = Path(__file__).resolve().parent.parent.parent
LATEST_S = 0.08
"""The longest time that a writer lives after its first commit."""
STARTING_S = 0.35
"""The longest time that one lives which is killed while it starts: before, in or after its opening of the file."""


def started(url: str, prefix: str) -> subprocess.Popen[bytes]:
    """A writer."""
    command = [sys.executable, "-m", "tests.support.cache_writer", url, prefix]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def killed(url: str, prefix: str, chance: random.Random) -> list[str]:
    """Let a writer write for a random while, kill it, and return what it had said was committed."""
    with started(url, prefix) as writer:
        assert writer.stdout is not None
        # One in four is killed in its start.
        first = b"" if chance.random() < 0.25 else writer.stdout.readline()
        time.sleep(chance.uniform(0, LATEST_S if first else STARTING_S))
        writer.kill()
        said = first + writer.stdout.read()
    return [line.decode() for line in said.splitlines(keepends=False)]


async def lost(url: str, names: list[str]) -> tuple[list[str], list[str]]:
    """Which of the names are not there, and what opening had to tell."""
    store, notices = await open_store(url, opening_s=10, deadline_s=10)
    try:
        found = await TerminalStates(store).get_many(TENANT, [record(name, state="failed") for name in names])
    finally:
        with contextlib.suppress(TimeoutError):
            await store.close(5)
    return [name for name, final in zip(names, found, strict=True) if final is None], notices
