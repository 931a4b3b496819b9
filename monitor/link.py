"""The wire between a viewer and its engine, as the viewer sees it. Knows no UI and imports nothing heavy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from typing import Protocol

from fetchers.messages import pack
from fetchers.redact import redact
from monitor.changes import Change, Command, Notice, Start, from_engine
from monitor.spawn import exit_words, new_mark, spawn

_READ = 256 * 1024

_WORDS = 4096
"""Bytes of what the engine printed in which its last words are looked for."""

REAPING_S = 0.1
"""Seconds the kernel has to give a killed engine back."""

LEAVING_S = 0.3
"""Seconds a closed engine has to end its workers before it is killed with them."""


class Link(Protocol):
    """An engine to talk to: a child process, a socket of another program's, or a script in a test."""

    def changes(self) -> AsyncIterator[Change]:
        """Everything the engine tells, in order, until it is gone; the last is a `Notice` of how it ended."""
        ...

    def send(self, command: Command) -> None:
        """Tell the engine something; never blocks."""
        ...

    def close(self) -> None:
        """End the engine and all its workers; returns within half a second, whatever hangs."""
        ...


class EngineProcess:
    """An engine in a child process, that lives exactly as long as this end of its socket.

    It is started when its changes are first asked for: six interpreters that start while the screen is being imported
    cost the first frame a tenth of a second, and win the first row less than that.
    """

    def __init__(self, start: Start) -> None:
        self._mark = new_mark()
        self._unsent = bytearray(pack(start))
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the engine; it has no name to leak
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The engine's process, once it has been started."""
        return None if self._process is None else self._process.pid

    async def changes(self) -> AsyncIterator[Change]:
        """Yield everything the engine tells, and last how it ended."""
        try:
            self._process, self._wire = spawn("monitor.engine", [], self._mark, self._output.fileno())
        except OSError as error:
            yield Notice(level="error", text=f"no engine: a process cannot be started: {error}")
            return
        self._write()
        loop, frames = asyncio.get_running_loop(), from_engine()
        with contextlib.suppress(OSError):
            while data := await loop.sock_recv(self._wire, _READ):
                for change in frames.feed(data):
                    yield change
        yield Notice(level="error", text=f"the engine has ended ({self._how()}): leave with q and start monitor again")

    def send(self, command: Command) -> None:
        """Queue a command."""
        self._unsent += pack(command)
        self._write()

    def _write(self) -> None:
        if self._wire is None:
            return
        try:
            del self._unsent[: self._wire.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()
        if self._unsent:
            asyncio.get_running_loop().add_writer(self._wire, self._writable, self._wire)

    def _writable(self, wire: socket.socket) -> None:
        asyncio.get_running_loop().remove_writer(wire)
        self._write()

    def _how(self) -> str:
        """Say how the process ended, and its last words where it had any."""
        assert self._process is not None  # noqa: S101 - only asked of one that has run
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPING_S)
        fd = self._output.fileno()
        lines = os.pread(fd, _WORDS, max(0, os.fstat(fd).st_size - _WORDS)).decode(errors="replace").split("\n")
        last = next((redact(line.strip()) for line in reversed(lines) if line.strip()), "")
        how = exit_words(self._process.returncode)
        return f"{how}: {last}" if last else how

    def close(self) -> None:
        """End the engine and all its workers."""
        if self._process is None or self._wire is None:
            return
        self._wire.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVING_S)
            return
        from monitor.launch import kill_marked  # noqa: PLC0415 - psutil, for the one case that needs it

        self._process.kill()
        kill_marked(self._mark)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPING_S)
