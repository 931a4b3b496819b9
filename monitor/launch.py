"""How a worker comes to life and how it ends: the one place that knows its pipes and its process tree.

It is ended with SIGKILL, and so is everything it started, in whatever session that
runs. Nothing here waits for a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import psutil

from fetchers.scratch import SCRATCH, new_scratch, remove
from monitor.printed import Printed
from monitor.spawn import MARK, exit_words, new_mark, spawn

log = logging.getLogger(__name__)

SEARCHES_MOST = 10
"""Searches for what a worker started: one that dies may have started another while we looked; most often two do."""

_REAP_S = 0.02
"""Seconds between two looks at a killed process that the kernel has not given back yet."""


class Child(Protocol):
    """A process that we started, as the watchdog sees it."""

    pid: int
    printed: Printed
    """What it wrote to its stdout and stderr."""

    def write(self, data: bytes) -> None:
        """Queue bytes to its socket; never blocks, never raises."""
        ...

    def signal(self, number: int) -> None:
        """Send it a signal; nothing where it is gone."""
        ...

    def memory(self) -> int:
        """Return the bytes of memory it holds; 0 where it is gone or nobody knows."""
        ...

    def status(self) -> str:
        """Say how it ended: `status 1`, `SIGKILL`, or that it has not."""
        ...

    def kill(self) -> None:
        """End it and everything it started. Returns at once; after it nothing more is heard of the child."""
        ...


class Launch(Protocol):
    """Starts the worker of a source."""

    async def __call__(self, source: str, heard: Callable[[bytes], None], gone: Callable[[], None]) -> Child:
        """Start it; `heard` gets what it sends, `gone` is called once when its socket closes. Raises `OSError`."""
        ...


class _Ear(asyncio.Protocol):
    def __init__(self, heard: Callable[[bytes], None], gone: Callable[[], None]) -> None:
        self._heard, self._gone = heard, gone

    def data_received(self, data: bytes) -> None:
        self._heard(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name for it
        self._gone()


class ProcessLauncher:
    """Starts workers as processes; `Launch` for everything but tests."""

    def __init__(self) -> None:
        self._mark = new_mark()
        self._scratches: dict[str, Path] = {}
        """Mark → private directory, of every worker whose leavings have not been cleared yet."""
        self._leaving = False

    async def __call__(self, source: str, heard: Callable[[bytes], None], gone: Callable[[], None]) -> Child:
        """Start the worker of `source`."""
        loop = asyncio.get_running_loop()
        mark = new_mark(self._mark)
        scratch = self._scratches[mark] = new_scratch()
        reading, writing = os.pipe()
        try:
            process, wire = spawn("fetchers.worker", [source], mark, writing, {SCRATCH: str(scratch)})
        except BaseException:
            os.close(reading)
            del self._scratches[mark]
            raise
        finally:
            os.close(writing)
        child = ProcessChild(process, lambda: self._ended(mark))
        printed = os.fdopen(reading, "rb", 0)
        try:
            child.pipe, _ = await loop.connect_read_pipe(lambda: _Ear(child.printed.feed, _nothing), printed)
            child.transport, _ = await loop.create_connection(lambda: _Ear(heard, gone), sock=wire)
        except BaseException:
            wire.close()
            printed.close()
            child.kill()
            raise
        return child

    def _ended(self, mark: str) -> None:
        """Clear up after one worker, off the loop: looking through all processes takes milliseconds."""
        if not self._leaving:
            with contextlib.suppress(RuntimeError):  # no thread can be started: `end_all` will do it
                threading.Thread(target=self._clear, args=(mark,), daemon=True, name="clear-up").start()

    def _clear(self, mark: str) -> None:
        if kill_marked(mark):
            remove(self._scratches.pop(mark))

    def leave(self) -> None:
        """Leave the clearing up after each worker that ends from now on to `end_all`, which does it once."""
        self._leaving = True

    def end_all(self) -> None:
        """End whatever carries our mark, and remove what it left: the last act before leaving."""
        kill_marked(self._mark)
        for scratch in [*self._scratches.values()]:
            remove(scratch)


class ProcessChild:
    """A worker in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], ended: Callable[[], None]) -> None:
        self.pid = process.pid
        self._process = process
        self._ended = ended
        self.printed = Printed()
        self.transport: asyncio.Transport | None = None
        """Its socket, once that is in use."""
        self.pipe: asyncio.ReadTransport | None = None
        """What it prints to, once that is in use."""

    def write(self, data: bytes) -> None:
        """Queue bytes to its socket."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def signal(self, number: int) -> None:
        """Send it a signal; nothing where it is gone."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def memory(self) -> int:
        """Return the bytes of its resident memory."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss) if self._process.poll() is None else 0
        except (psutil.Error, OSError):
            return 0

    def status(self) -> str:
        """Say how it ended: `status 1`, `SIGKILL`, or that it has not."""
        return exit_words(self._process.poll())

    def kill(self) -> None:
        """End it at once, and whatever it started as soon as that is found by its mark."""
        self.signal(signal.SIGKILL)
        if self.transport is not None:
            self.transport.abort()
        if self.pipe is not None:
            self.pipe.close()
        _reap(self._process)
        self._ended()


def _nothing() -> None:
    pass


def kill_marked(mark: str) -> bool:
    """End every process that carries `mark` or one that begins with it; false where we may not look for them.

    The private directories of the workers among them are removed.
    """
    scratches: set[str] = set()
    try:
        for _ in range(SEARCHES_MOST):
            found = [*_marked(mark)]  # all, before the death of one ends others, whose directories nobody would know
            for process, _ in found:
                with contextlib.suppress(psutil.Error, OSError):
                    process.kill()
            scratches.update(scratch for _, scratch in found if scratch)
            if not found:
                break
    except OSError as error:  # no descriptor is left to read /proc with
        log.warning("what workers left behind could not be looked for: %s", error)
        return False
    for scratch in scratches:
        remove(Path(scratch))
    return True


def _marked(mark: str) -> Iterator[tuple[psutil.Process, str | None]]:
    """Yield the processes that carry the mark, each with the private directory of its worker."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environment = process.environ()
            if environment.get(MARK, "").startswith(mark):
                yield process, environment.get(SCRATCH)


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Take the dead process's status from the kernel as soon as it has one, so that no zombie stays."""
    if process.poll() is None:
        asyncio.get_running_loop().call_later(_REAP_S, _reap, process)
