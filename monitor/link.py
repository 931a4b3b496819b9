"""The wire between a viewer and its engine, as the viewer sees it. Knows no UI and imports nothing heavy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Protocol

from fetchers.messages import pack
from monitor.changes import Change, Command, Notice, Start, from_engine
from monitor.spawn import new_mark, spawn

_READ = 256 * 1024

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
    """An engine in a child process, that lives exactly as long as this end of its socket."""

    def __init__(self, process: subprocess.Popen[bytes], wire: socket.socket, output: IO[bytes], mark: str) -> None:
        self.pid = process.pid
        self._process = process
        self._wire = wire
        self._output = output
        self._mark = mark
        self._unsent = bytearray()
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def start(cls, start: Start) -> EngineProcess:
        """Start an engine; needs no running loop, so that it comes up while the screen is still being imported."""
        mark = new_mark()
        output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the engine; it has no name to leak
        process, wire = spawn("monitor.engine", [], mark, output.fileno())
        engine = cls(process, wire, output, mark)
        engine.send(start)
        return engine

    async def changes(self) -> AsyncIterator[Change]:
        """Yield everything the engine tells, and last how it ended."""
        self._loop = asyncio.get_running_loop()
        self._write()
        frames = from_engine()
        with contextlib.suppress(OSError):
            while data := await self._loop.sock_recv(self._wire, _READ):
                for change in frames.feed(data):
                    yield change
        yield Notice(level="error", text=f"the engine has ended: {self._last_words()}; details in monitor.log")

    def send(self, command: Command) -> None:
        """Queue a command."""
        self._unsent += pack(command)
        self._write()

    def _write(self) -> None:
        try:
            sent = self._wire.send(self._unsent) if self._unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._unsent.clear()
            return
        del self._unsent[:sent]
        if self._loop is not None and self._unsent:
            self._loop.add_writer(self._wire, self._writable)

    def _writable(self) -> None:
        if self._loop is not None:
            self._loop.remove_writer(self._wire)
        self._write()

    def _last_words(self) -> str:
        self._output.seek(0)
        lines = self._output.read()[-4096:].decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")

    def close(self) -> None:
        """End the engine and all its workers."""
        self._wire.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVING_S)
            return
        from monitor.launch import kill_marked  # noqa: PLC0415 - psutil, for the one case that needs it

        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        kill_marked(self._mark)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPING_S)
