"""The wire between a viewer and its engine, as the viewer sees it. Knows no UI and imports nothing heavy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Protocol

from fetchers.errors import FrameError
from fetchers.lifeline import STACKS_SIGNAL
from fetchers.messages import pack
from fetchers.redact import redact
from monitor.changes import Change, Command, EngineEnded, LastWords, Refresh, Restore, Start, from_engine
from monitor.mirror import Mirror
from monitor.printed import Printed
from monitor.spawn import exit_words, new_mark, spawn

_READ = 256 * 1024

REAPING_S = 0.1
"""Seconds the kernel has to give a killed engine back."""

SILENT_S = 15.0
"""Seconds without a word, its beats included, after which an engine's loop does not live any more."""

PAUSED_S = 0.5
"""A second of waiting that took so much longer was not silence: the program had been stopped."""

EVIDENCE_S = 0.1
"""Seconds a condemned engine has to write its stacks."""

_STEP_S = 1.0
_LOOK_S = 0.01
"""Seconds between two looks at a process that is to end."""

RESTART_S = (0.0, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds before each new start in a row."""

ROWS_A_COMMAND = 500
"""Rows that the next engine is told together."""

STABLE_S = 60.0
"""An engine that lived so long counts as sound: the next one is started at once."""

LEAVING_S = 0.2
"""Seconds an engine has to end its workers and itself before it is killed with them."""


class Link(Protocol):
    """An engine to talk to: a child process, a socket of another program's, or a script in a test."""

    def changes(self) -> AsyncIterator[Change]:
        """All that the engine tells, in order; `EngineEnded` says when one has ended, `Hello` when the next begins."""
        ...

    def send(self, command: Command) -> None:
        """Tell the engine something; never blocks."""
        ...

    def leave(self) -> None:
        """Have the engine end, and hear no more of it; returns at once."""
        ...

    def close(self) -> None:
        """End the engine and all its workers; returns within half a second of `leave`, whatever hangs."""
        ...


class EngineProcess:
    """An engine in a child process, that lives exactly as long as this end of its socket.

    It is started when its changes are first asked for, so that the first frame does not wait for six interpreters. One
    that dies or stops beating is replaced, and the new one is told the rows that the old one knew.
    """

    def __init__(self, start: Start, known: Iterable[Change] = (), *, silent_s: float = SILENT_S) -> None:
        """`known` is what the first engine is told of the tables, as if one before it had told us.

        An engine that has not beaten for `silent_s` seconds is replaced.
        """
        self._start = start
        self._silent_s = silent_s
        self._last_words: tuple[LastWords, ...] = ()
        self._leaving = asyncio.Event()
        self._asked = asyncio.Event()
        """Somebody wants answers now."""
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
        """Yield everything the engines tell, one after another; ends once we leave."""
        deaths = 0
        while not self._leaving.is_set():
            began = time.monotonic()
            try:
                life = self._life = _Life(new_mark(self._mark), self._silent_s)
            except OSError as error:
                how = f"a process cannot be started: {error}"
            else:
                life.tell([*restores(self._mirror), self._start, *self._last_words])
                async for change in life.changes():
                    self._mirror.apply(change)
                    yield change
                if self._leaving.is_set():
                    return
                how = await life.end()
                self._last_words = (LastWords(text=f"{how}\n{life.printed()}"),)
            deaths = 0 if time.monotonic() - began > STABLE_S else deaths
            pause = RESTART_S[min(deaths, len(RESTART_S) - 1)]
            deaths += 1
            yield EngineEnded(how=how, again_s=pause)
            await self._rest(pause)

    def send(self, command: Command) -> None:
        """Tell the present engine something; one that is not there yet will ask everything anyway."""
        if isinstance(command, Refresh):
            self._asked.set()
        if self._life is not None:
            self._life.tell([command])

    async def _rest(self, pause: float) -> None:
        """Wait before the next start; who asks for everything now asks for an engine, too."""
        self._asked.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), pause)

    def leave(self) -> None:
        """Have the engine end its workers and itself; none is started any more."""
        self._leaving.set()
        if self._life is not None:
            self._life.leave()

    def close(self) -> None:
        """Wait for the engine to end, and kill it and all its workers where it does not."""
        self.leave()
        if self._life is not None:
            self._life.close()

    def kill(self) -> None:
        """End the engine and all its workers without waiting."""
        self._leaving.set()
        if self._life is not None:
            self._life.kill()


def restores(mirror: Mirror) -> Iterator[Restore]:
    """Yield, scope by scope, what an engine needs to go on where another one ended."""
    for table, status in mirror.status.items():
        for name, scope in status.scopes.items():
            records = tuple(record for record in mirror.rows.get(table, {}).values() if record.scope == name)
            if scope.fetched_at is not None and not records:
                yield Restore(table=table, scope=name, fetched_at=scope.fetched_at, records=())
            for start in range(0, len(records), ROWS_A_COMMAND):  # in pieces, none of which comes near a frame's limit
                piece = records[start : start + ROWS_A_COMMAND]
                yield Restore(table=table, scope=name, fetched_at=scope.fetched_at, records=piece)


class _Life:
    """One engine process, from its start to its end. Raises `OSError` where it cannot be started."""

    def __init__(self, mark: str, silent_s: float) -> None:
        self._mark = mark
        self._silent_s = silent_s
        self._output, writing = os.pipe()
        try:
            self._process, self._wire = spawn("monitor.engine", [], mark, writing)
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(writing)
        os.set_blocking(self._output, False)
        asyncio.get_running_loop().add_reader(self._output, self._prints)
        self._printed = Printed()
        self._nonsense = ""
        """What it said that cannot be understood."""
        self._unsent = bytearray()
        self._silent = False
        self._clearing = False
        self._left: float | None = None
        """Monotonic seconds when it was told to end."""

    @property
    def pid(self) -> int:
        return self._process.pid

    # --- telling it

    def tell(self, commands: Iterable[Command]) -> None:
        """Queue commands."""
        for command in commands:
            with contextlib.suppress(FrameError, UnicodeError):  # a row that cannot be told costs that row
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
        try:
            while data := await self._next():
                for change in frames.feed(data):
                    yield change
        except OSError:
            return
        except FrameError as error:
            self._nonsense = str(error)

    async def _next(self) -> bytes:
        """Return what it says next; nothing where it is gone, or has not beaten for too long."""
        hearing = asyncio.ensure_future(asyncio.get_running_loop().sock_recv(self._wire, _READ))
        try:
            self._silent = not await _within(self._silent_s, hearing)
            return b"" if self._silent else await hearing
        finally:
            hearing.cancel()

    # --- ending it

    async def end(self) -> str:
        """End what is left of it, and say how it ended."""
        how = await self._how()
        asyncio.get_running_loop().remove_writer(self._wire)
        self._wire.close()
        try:
            threading.Thread(target=_clear, args=(self._mark, self._process), daemon=True, name="clear-up").start()
        except RuntimeError:  # no thread can be started: the kernel ends its workers
            self._process.kill()
        await self._ended(REAPING_S)
        self._prints()
        self._hear_no_more()
        return how

    async def _how(self) -> str:
        if self._silent:
            return f"it was silent for {self._silent_s:g} s; {await self._stacks()}"
        if self._nonsense:
            return f"it cannot be understood: {self._nonsense}"
        await self._ended(REAPING_S)
        self._prints()
        last = next((redact(line.strip()) for line in reversed(self.printed().split("\n")) if line.strip()), "")
        how = exit_words(self._process.returncode)
        return f"{how}: {last}" if last else how

    async def _stacks(self) -> str:
        """Have it write its stacks, which needs no interpreter, and say whether it did."""
        before = self.printed()
        self._process.send_signal(STACKS_SIGNAL)
        await self._ended(EVIDENCE_S)
        return "its stacks are in monitor.log" if self.printed() != before else "it gave no stacks"

    async def _ended(self, limit_s: float) -> None:
        """Wait for its end, so long at most."""
        end = time.monotonic() + limit_s
        while self._process.poll() is None and time.monotonic() < end:  # noqa: ASYNC110 - no event tells of its end
            await asyncio.sleep(_LOOK_S)

    def printed(self) -> str:
        """Return the newest of what it printed."""
        return self._printed.newest()

    def _prints(self) -> None:
        try:
            data = os.read(self._output, _READ) if self._output >= 0 else b""
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._printed.feed(data)
        else:
            self._hear_no_more()

    def _hear_no_more(self) -> None:
        if self._output >= 0:
            asyncio.get_running_loop().remove_reader(self._output)
            os.close(self._output)
            self._output = -1

    # --- leaving it

    def leave(self) -> None:
        """Let it end by itself, as it does when it is alone."""
        if self._left is None:
            self._left = time.monotonic()
            with contextlib.suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Wait for that, and kill it and all its workers where it takes too long."""
        self.leave()
        left = (self._left or 0.0) + LEAVING_S - time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, left))
            return
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPING_S)

    def kill(self) -> None:
        """End it and all its workers; it alone where its workers are just being ended."""
        if self._clearing:
            self._process.kill()
        else:
            self._clearing = True
            _clear(self._mark, self._process)


def _clear(mark: str, process: subprocess.Popen[bytes]) -> None:
    try:
        from monitor.launch import kill_marked  # noqa: PLC0415 - psutil, for the one case that needs it

        kill_marked(mark)  # it among them, and its workers before they can die of its death
    finally:
        process.kill()


async def _within(limit_s: float, hearing: asyncio.Future[bytes]) -> bool:
    """Wait for it for so many seconds in which the program runs; those in which it was stopped do not count."""
    waited = 0.0
    while waited < limit_s:
        step, began = min(_STEP_S, limit_s - waited), time.monotonic()
        await asyncio.wait({hearing}, timeout=step)
        if hearing.done():
            return True
        if time.monotonic() - began < step + PAUSED_S:
            waited += step
    return False
