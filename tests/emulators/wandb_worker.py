"""A real worker process for tests: fetches over its socket as the engine does, and leaves no process behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fetchers.errors import Failure
from fetchers.messages import (
    CallEnded,
    CallStarted,
    Configure,
    Extracted,
    Fetch,
    FetchEnded,
    LogPage,
    LogPart,
    LogTarget,
    Message,
    Note,
    Outcome,
    Page,
    Ready,
    ScopeComplete,
    ScopeFailed,
    from_worker,
    pack,
)
from fetchers.records import Record
from fetchers.settings import Settings

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 40.0


async def gone(process: psutil.Process) -> None:
    """Return once the process has ended, whether or not anyone has taken note of its end."""
    async with asyncio.timeout(_PATIENCE_S):
        while lives(process):  # noqa: ASYNC110 - the end of a stranger's child is announced to nobody
            await asyncio.sleep(0.01)


def lives(process: psutil.Process) -> bool:
    """Whether the process still does anything."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass
class Answer:
    """All that came back for one fetch."""

    records: list[Record] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    """Records of each page, in order of arrival."""
    outcomes: list[Outcome] = field(default_factory=list)
    logs: list[LogPage] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    ended: list[CallEnded] = field(default_factory=list)
    stuck: bool = False

    @property
    def ids(self) -> list[str]:
        """The records' ids, in the order in which they came first."""
        return [*self.latest]

    @property
    def latest(self) -> dict[str, Record]:
        """The records as they were given last, by id."""
        return {record.id: record for record in self.records}

    @property
    def failure(self) -> Failure:
        """The one failure there is."""
        (found,) = self.failures.values()
        return found


class WorkerProcess:
    """One `python -m fetchers.worker`, spoken to in frames."""

    def __init__(self, process: asyncio.subprocess.Process, wire: socket.socket) -> None:
        self._process = process
        self._wire = wire
        self.settings = Settings()
        self._generation = 0
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._answers: dict[int, Answer] = {}
        self._ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self.notes: list[Note] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, settings: Settings, home: Path, **environment: str) -> WorkerProcess:
        """Start a worker of the source `wandb` whose home directory is `home`, and wait until it is ready."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
        (home / "tmp").mkdir(exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "fetchers.worker", "wandb", str(theirs.fileno()), str(os.getpid())),
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT), "HOME": str(home), "TMPDIR": str(home / "tmp"), **environment},
            pass_fds=(theirs.fileno(),),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        worker = cls(process, ours)
        worker.settings = settings
        await worker._send(Configure(source="wandb", settings=settings))
        async with asyncio.timeout(_PATIENCE_S):
            await worker._ready
        return worker

    @property
    def tree(self) -> list[psutil.Process]:
        """The worker and every process below it."""
        process = psutil.Process(self._process.pid)
        return [process, *process.children(recursive=True)]

    async def fetch(
        self,
        table: str,
        *scopes: str,
        limit: int = 100,
        soft_deadline_s: float = 20.0,
        known: Mapping[str, tuple[str, ...]] | None = None,
        targets: tuple[LogTarget, ...] = (),
        part: LogPart | None = None,
        calls: int = 100,
    ) -> Answer:
        """Do one fetch and wait for its end."""
        self._generation += 1
        number = self._generation
        self._answers[number] = Answer()
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._send(
            Fetch(
                table=table,
                generation=number,
                scopes=scopes,
                soft_deadline_s=soft_deadline_s,
                limit=limit,
                known=dict(known or {}),
                targets=targets,
                part=part,
                calls=calls,
            )
        )
        async with asyncio.timeout(_PATIENCE_S):
            return await self._waiting[number]

    async def stop(self) -> None:
        """Kill the worker and every process below it."""
        processes = []
        with contextlib.suppress(psutil.NoSuchProcess):
            processes = self.tree
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self._process.wait()
        for process in processes:
            await gone(process)
        self._reading.cancel()
        self._wire.close()

    async def _send(self, message: Message) -> None:
        await asyncio.get_running_loop().sock_sendall(self._wire, pack(message))

    async def _read(self) -> None:
        frames = from_worker()
        while data := await asyncio.get_running_loop().sock_recv(self._wire, 65536):
            for message in frames.feed(data):
                self._take(message)

    def _take(self, message: Message) -> None:
        if isinstance(message, Ready):
            self._ready.set_result(message)
        elif isinstance(message, Note):
            self.notes.append(message)
        elif isinstance(message, CallEnded):
            for answer in self._answers.values():
                answer.ended.append(message)
        else:
            self._take_event(message)

    def _take_event(self, message: Message) -> None:
        answer = self._answers[message.generation] if hasattr(message, "generation") else Answer()
        match message:
            case Page():
                answer.records.extend(message.records)
                answer.pages.append(len(message.records))
            case Extracted():
                answer.outcomes.extend(message.outcomes)
            case LogPage():
                answer.logs.append(message)
            case ScopeComplete():
                answer.complete.add(message.scope)
            case ScopeFailed():
                answer.failures[message.scope] = message.failure
            case CallStarted():
                answer.calls.append(f"{message.method} {message.page}")
            case FetchEnded():
                answer.stuck = message.stuck
                self._waiting[message.generation].set_result(answer)
