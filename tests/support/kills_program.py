"""Kills the engine, the screen or both of a whole program at a random instant; looks at what is left: files, processes.

Acknowledged is what somebody else has seen: a second reader of the cache reads it until just before the kill, and all
that it ever saw must be there afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import pty
import random
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import psutil

from cache.entries import Key
from cache.store import Store, open_store
from cache.terminal_state import SPACE
from tests.support.kills import VIEWERS, Place, until
from tests.support.kills_census import children_of, title
from tests.support.processes import alive, carrying

LONGEST_S = 2.0
"""The longest time that a program lives."""
LOOKING_S = 0.02
"""Seconds between two looks into the cache."""
PATIENT_S = 10.0
"""Seconds that a reader of ours waits for the disk, and that leftovers are waited for."""


@dataclass
class Seen:
    """What a second reader has seen of one file, over the lives of several programs."""

    url: str
    keys: set[Key] = field(default_factory=set)
    """Of final records."""
    change: int = 0
    """The store's change counter."""

    async def look(self, store: Store) -> None:
        """Read what has been added."""
        entries = await store.scan(SPACE, after=self.change)
        self.keys |= {entry.key for entry in entries}
        self.change = max([self.change, *(entry.change for entry in entries)])

    async def watch(self, seconds: float) -> None:
        """Look again and again, for the last time just before the end."""
        end = time.monotonic() + seconds
        async with self._store() as (store, _):
            while True:
                await self.look(store)
                if time.monotonic() > end:
                    return
                await asyncio.sleep(LOOKING_S)

    async def lost(self) -> tuple[set[Key], list[str]]:
        """What has been seen and is there no more, and what opening the file had to tell."""
        async with self._store() as (store, notices):
            there = {entry.key for entry in await store.scan(SPACE)}
        return self.keys - there, notices

    @contextlib.asynccontextmanager
    async def _store(self) -> AsyncIterator[tuple[Store, list[str]]]:
        store, notices = await open_store(self.url, opening_s=PATIENT_S, deadline_s=PATIENT_S)
        try:
            yield store, notices
        finally:
            await store.close(PATIENT_S)


@dataclass(frozen=True)
class Life:
    """What came of one program that was killed."""

    acknowledged: int
    """Final records that were seen in this life."""
    lost: int
    notices: tuple[str, ...]
    """What opening the file afterwards had to tell."""
    ended_s: float
    """Seconds from the kill until nothing below the killed process was alive; infinite where something stayed."""
    killed: tuple[str, ...]
    """What was alive at the kill, the killed process apart."""
    left: tuple[str, ...]
    """What was alive to the end."""


async def killed(victim: str, place: Place, seen: Seen, chance: random.Random, source: str | None) -> Life:
    """Start the program, kill its `victim` at most `LONGEST_S` seconds after its engine has come, and look.

    Where no source stands in for Google's three, time counts from the moment that wandb-core runs.
    """
    known = len(seen.keys)
    with _started(victim, place, source) as (viewer, master):
        stop = _drained(master)
        try:
            engine = await _engine(viewer)
            if source is None:
                await until(lambda: "wandb-core" in map(title, carrying(place.mark)), "wandb-core", 120)
            await seen.watch(chance.uniform(0, LONGEST_S))
            targets = {"engine": [engine], "screen": [viewer.pid], "both": [viewer.pid, engine]}[victim]
            below = [one for one in carrying(place.mark) if one.pid not in {*targets, viewer.pid}]
            titles = tuple(sorted(map(title, below)))
            for target in targets:
                os.kill(target, signal.SIGKILL)
            begun = time.monotonic()
            left = await _until_gone(below, place.mark, {viewer.pid})
            took_s = time.monotonic() - begun
        finally:
            stop()
    lost, notices = await seen.lost()
    ended_s = float("inf") if left else took_s
    return Life(len(seen.keys) - known, len(lost), tuple(notices), ended_s, titles, tuple(map(title, left)))


@contextlib.contextmanager
def _started(victim: str, place: Place, source: str | None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The program on a terminal of its own; it and all below it are dead afterwards."""
    master, terminal = pty.openpty()
    command = [*VIEWERS[victim], str(place.config)]
    environment = dict(place.environment(source))
    with subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        cwd=place.home,
        start_new_session=True,
    ) as viewer:
        os.close(terminal)
        try:
            yield viewer, master
        finally:
            viewer.kill()
            for process in carrying(place.mark):
                with contextlib.suppress(psutil.Error):
                    process.kill()
    os.close(master)


def _drained(master: int) -> Callable[[], object]:
    """Read away what the program writes to its terminal, so that it never waits; return what ends this."""
    loop = asyncio.get_running_loop()
    stop = functools.partial(loop.remove_reader, master)

    def readable() -> None:
        try:
            data = os.read(master, 1 << 16)
        except OSError:
            data = b""
        if not data:
            stop()

    loop.add_reader(master, readable)
    return stop


async def _engine(viewer: subprocess.Popen[bytes]) -> int:
    """The engine's process, as soon as there is one."""
    found: list[int] = []

    def there() -> bool:
        assert viewer.poll() is None, f"the program ended with status {viewer.returncode}"
        found[:] = [pid for pid in children_of(viewer.pid) if _is_engine(pid)]
        return bool(found)

    await until(there, "an engine")
    return found[0]


def _is_engine(pid: int) -> bool:
    try:
        return title(psutil.Process(pid)) == "engine"
    except psutil.NoSuchProcess:
        return False


async def _until_gone(below: list[psutil.Process], mark: str, but: set[int]) -> list[psutil.Process]:
    """Wait until none of them is alive, and nobody else with the mark; return who stays."""
    end = time.monotonic() + PATIENT_S
    while left := [one for one in below if alive(one)] or [one for one in carrying(mark) if one.pid not in but]:
        if time.monotonic() > end:
            return left
        await asyncio.sleep(0.01)
    return []
