"""The wire between a viewer and its engine, as the viewer sees it. Knows no UI and imports nothing heavy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Protocol

from fetchers.errors import FrameError
from fetchers.messages import pack
from fetchers.redact import redact
from monitor.changes import Change, Command, Notice, Restore, Start, from_engine
from monitor.mirror import Mirror
from monitor.spawn import exit_words, new_mark, spawn

_READ = 256 * 1024

_WORDS = 4096
"""Bytes of what the engine printed in which its last words are looked for."""

REAPING_S = 0.1
"""Seconds the kernel has to give a killed engine back."""

SILENT_S = 15.0
"""Seconds without a word, its beats included, after which an engine's loop does not live any more."""

PAUSED_S = 1.0
"""Silence noticed this many seconds late was ours: the program had been stopped."""

RESTART_S = (0.0, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds before each new start in a row."""

STABLE_S = 60.0
"""An engine that lived so long counts as sound: the next one is started at once."""

LEAVING_S = 0.3
"""Seconds a closed engine has to end its workers before it is killed with them."""


class Link(Protocol):
    """An engine to talk to: a child process, a socket of another program's, or a script in a test."""

    def changes(self) -> AsyncIterator[Change]:
        """Everything the engine tells, in order; a `Notice` says when one engine has ended and another begins."""
        ...

    def send(self, command: Command) -> None:
        """Tell the engine something; never blocks."""
        ...

    def close(self) -> None:
        """End the engine and all its workers; returns within half a second, whatever hangs."""
        ...


class EngineProcess:
    """An engine in a child process, that lives exactly as long as this end of its socket.

    It is started when its changes are first asked for, so that the first frame does not wait for six interpreters. One
    that dies or stops beating is replaced, and the new one is told the rows that the old one knew.
    """

    def __init__(self, start: Start, known: Iterable[Change] = ()) -> None:
        """`known` is what the first engine is told of the tables, as if one before it had told us."""
        self._start = start
        self._mark = new_mark()
        self._mirror = Mirror()
        for change in known:
            self._mirror.apply(change)
        self._life: _Life | None = None

    @property
    def pid(self) -> int | None:
        """The present engine's process, once it has been started."""
        return None if self._life is None else self._life.pid

    async def changes(self) -> AsyncIterator[Change]:
        """Yield everything the engines tell, one after another; never ends by itself."""
        deaths = 0
        while True:
            began = time.monotonic()
            try:
                life = self._life = _Life(new_mark(self._mark))
            except OSError as error:
                how = f"a process cannot be started: {error}"
            else:
                life.tell([*_known(self._mirror), self._start])
                async for change in life.changes():
                    self._mirror.apply(change)
                    yield change
                how = life.end()
            deaths = 0 if time.monotonic() - began > STABLE_S else deaths
            pause = RESTART_S[min(deaths, len(RESTART_S) - 1)]
            deaths += 1
            yield Notice(level="error", text=f"the engine has ended ({how}); {_again(pause)}")
            await asyncio.sleep(pause)

    def send(self, command: Command) -> None:
        """Tell the present engine something; one that is not there yet will ask everything anyway."""
        if self._life is not None:
            self._life.tell([command])

    def close(self) -> None:
        """End the engine and all its workers."""
        if self._life is not None:
            self._life.close()


def _known(mirror: Mirror) -> Iterator[Restore]:
    """Yield, scope by scope, what an engine needs to go on where another one ended."""
    for table, status in mirror.status.items():
        for name, scope in status.scopes.items():
            records = tuple(record for record in mirror.rows.get(table, {}).values() if record.scope == name)
            if records or scope.fetched_at is not None:
                yield Restore(table=table, scope=name, fetched_at=scope.fetched_at, records=records)


def _again(pause: float) -> str:
    return f"starting it again in {pause:g} s" if pause else "starting it again"


class _Life:
    """One engine process, from its start to its end. Raises `OSError` where it cannot be started."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the engine; it has no name to leak
        self._process, self._wire = spawn("monitor.engine", [], mark, self._output.fileno())
        self._unsent = bytearray()
        self._silent = False

    @property
    def pid(self) -> int:
        return self._process.pid

    # --- telling it

    def tell(self, commands: Iterable[Command]) -> None:
        """Queue commands."""
        for command in commands:
            self._unsent += pack(command)
        self._write()

    def _write(self) -> None:
        try:
            del self._unsent[: self._wire.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()
        if self._unsent:
            asyncio.get_running_loop().add_writer(self._wire, self._writable)

    def _writable(self) -> None:
        asyncio.get_running_loop().remove_writer(self._wire)
        self._write()

    # --- hearing it

    async def changes(self) -> AsyncIterator[Change]:
        """Yield everything it tells, until it is gone, silent, or speaks nonsense."""
        frames = from_engine()
        with contextlib.suppress(OSError, FrameError):
            while data := await self._next():
                for change in frames.feed(data):
                    yield change

    async def _next(self) -> bytes:
        """Return what it says next; nothing where it is gone, or has not beaten for too long."""
        loop = asyncio.get_running_loop()
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(SILENT_S):
                    return await loop.sock_recv(self._wire, _READ)
            except TimeoutError:
                if time.monotonic() - began < SILENT_S + PAUSED_S:
                    self._silent = True
                    return b""
                # We had been stopped, perhaps it too: once more.

    # --- ending it

    def end(self) -> str:
        """End what is left of it, and say how it ended."""
        how = self._how()
        asyncio.get_running_loop().remove_writer(self._wire)
        self._wire.close()
        self._process.kill()
        threading.Thread(target=_clear, args=(self._mark,), daemon=True, name="clear-up").start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPING_S)
        self._output.close()
        return how

    def _how(self) -> str:
        if self._silent:
            return f"it was silent for {SILENT_S:g} s"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPING_S)
        fd = self._output.fileno()
        lines = os.pread(fd, _WORDS, max(0, os.fstat(fd).st_size - _WORDS)).decode(errors="replace").split("\n")
        last = next((redact(line.strip()) for line in reversed(lines) if line.strip()), "")
        how = exit_words(self._process.returncode)
        return f"{how}: {last}" if last else how

    def close(self) -> None:
        """Let it end by itself, and kill it and all its workers where it does not."""
        self._wire.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVING_S)
            return
        self._process.kill()
        _clear(self._mark)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPING_S)


def _clear(mark: str) -> None:
    from monitor.launch import kill_marked  # noqa: PLC0415 - psutil, for the one case that needs it

    kill_marked(mark)
