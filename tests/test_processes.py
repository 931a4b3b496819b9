"""Real worker processes on real sockets: killed, stopped and orphaned, they leave nothing behind."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from fetchers.demo_records import demo_settings
from fetchers.messages import Event, Fetch, Page, ScopeComplete, ScopeFailed
from monitor.changes import Change, EngineEnded, Hello, RowsChanged, ScopeStatus, Start, TableChanged, TableStatus
from monitor.clock import LoopClock
from monitor.flight import Ended
from monitor.freshness import Freshness, of_table
from monitor.launch import ProcessLauncher
from monitor.link import ROWS_A_COMMAND, EngineProcess, restores
from monitor.mirror import Mirror
from monitor.solitude import ORDERLY_S
from monitor.tables import TABLES, TablePlan
from monitor.watchdog import Hearing, Watchdog
from tests.support.records import NOON, record

SCOPE = "us-central1"


class Stage:
    """A watchdog over a real worker that plays the demo."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.ended: asyncio.Queue[Ended] = asyncio.Queue()
        self.notes: list[str] = []
        self.waiting: list[str | None] = []
        self.launcher = ProcessLauncher()
        hearing = Hearing(
            event=self.events.put_nowait,
            ended=self.ended.put_nowait,
            called=lambda _table: None,
            call=lambda *_: None,
            note=lambda _source, _level, text: self.notes.append(text),
            waiting=lambda _source, what: self.waiting.append(what),
        )
        self.watchdog = Watchdog("runner", demo_settings(time.time()), self.launcher, LoopClock(), hearing)

    def fetch(self, generation: int, soft_deadline_s: float = 5, scope: str = SCOPE) -> None:
        """Ask one scope."""
        self.watchdog.fetch(
            Fetch(table="runner", generation=generation, scopes=(scope,), soft_deadline_s=soft_deadline_s)
        )

    async def next(self, kind: type[Event]) -> Any:
        """The next event of a kind; ten seconds are more than any step here takes."""
        async with asyncio.timeout(10):
            while True:
                event = await self.events.get()
                if isinstance(event, kind):
                    return event


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A stage that leaves no process behind."""
    made = Stage()
    yield made
    made.watchdog.close()
    made.launcher.end_all()
    await until(lambda: workers_of(os.getpid()) == [])


def workers_of(pid: int) -> list[psutil.Process]:
    """The workers below a process that have not ended."""
    return [child for child in psutil.Process(pid).children(recursive=True) if is_worker(child)]


def alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie that nobody has reaped yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(process: psutil.Process) -> bool:
    """Whether it has ended."""
    return not alive(process)


def is_worker(process: psutil.Process) -> bool:
    """Whether it runs `fetchers.worker` and is no zombie."""
    try:
        return alive(process) and "fetchers.worker" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


async def until(holds: Callable[[], bool], limit_s: float = 5) -> None:
    """Wait for something to become true; it is an error where it does not."""
    async with asyncio.timeout(limit_s):
        while not holds():  # noqa: ASYNC110 - the state of processes has no event to wait for
            await asyncio.sleep(0.01)


async def test_a_real_worker_answers_in_frames(stage: Stage) -> None:
    """Start, handshake, fetch, rows, end."""
    stage.fetch(1)
    page = await stage.next(Page)
    assert {record.scope for record in page.records} == {SCOPE}
    assert (await stage.next(ScopeComplete)).generation == 1
    assert (await stage.ended.get()).outcomes == {SCOPE: None}


async def test_a_stopped_worker_is_killed_and_the_next_fetch_is_answered_by_a_new_one(stage: Stage) -> None:
    """SIGSTOP holds the process at once and for good; SIGKILL ends it, and its slot is free again."""
    stage.fetch(1)
    await stage.next(ScopeComplete)
    await stage.ended.get()
    [worker] = workers_of(os.getpid())
    worker.suspend()
    stage.fetch(2, soft_deadline_s=0.2)
    failed = await stage.next(ScopeFailed)
    assert failed.failure.text == f"runner {SCOPE}: no answer in 0.2 s; worker killed"
    await until(lambda: not alive(worker))
    stage.fetch(3)
    assert (await stage.next(ScopeComplete)).generation == 3


HOLDS_THE_INTERPRETER = """
import re
from fetchers.demo import DemoFetcher

async def fetch(self, fetch, scope, calls):
    with calls.open("ListExecutions", scope, 3):
        re.match("(a+)+$", "a" * 60 + "b")  # C code that never lets another thread run Python, and no signal ends
    yield []

DemoFetcher.fetch = fetch
"""


async def test_code_that_holds_the_interpreter_is_killed_and_its_stacks_are_kept(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread of the worker can run any more: the watchdog ends it, names the call, and the log has the stacks."""
    (tmp_path / "sitecustomize.py").write_text(HOLDS_THE_INTERPRETER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    stage.fetch(1, soft_deadline_s=0.2)
    await until(lambda: len(workers_of(os.getpid())) == 1)
    monkeypatch.delenv("PYTHONPATH")  # the next worker is a sound one
    failed = await stage.next(ScopeFailed)
    assert failed.failure.text == f"ListExecutions {SCOPE} page 3: no answer in 0.2 s; worker killed"
    [stacks] = [note for note in stage.notes if "most recent call first" in note]
    assert "sitecustomize.py" in stacks
    stage.fetch(2)
    await stage.next(ScopeComplete)


async def test_a_worker_killed_from_outside_is_an_error_that_says_so(stage: Stage) -> None:
    """The OOM killer's work is mended once without a word, and told as what it is when it comes again."""
    stage.fetch(1, scope="asia-southeast1")
    for _ in range(2):
        await until(lambda: len(workers_of(os.getpid())) == 1)
        [worker] = workers_of(os.getpid())
        worker.kill()
        await until(functools.partial(gone, worker))
    failed = await stage.next(ScopeFailed)
    assert "SIGKILL" in failed.failure.text


async def test_a_fetch_whose_worker_is_killed_is_answered_by_the_next(stage: Stage) -> None:
    """One kill with time left: the rows come, and no failure is heard of."""
    stage.fetch(1)
    await until(lambda: len(workers_of(os.getpid())) == 1)
    workers_of(os.getpid())[0].kill()
    ended = await asyncio.wait_for(stage.ended.get(), 10)
    assert ended.outcomes == {SCOPE: None}


def pid_of(link: EngineProcess) -> int:
    """The engine's process."""
    assert link.pid is not None
    return link.pid


BUSY_WHEN_TOLD = """
import signal, sys
if sys.orig_argv[3:4] == ["monitor.engine"]:
    signal.signal(signal.SIGUSR2, lambda *_: exec("while True: pass"))
"""

ENGINE_IN_A_CHILD = """
import asyncio, sys, time
from fetchers.demo_records import demo_settings
from monitor.changes import Start
from monitor.link import EngineProcess
from monitor.mirror import Mirror
from monitor.solitude import ORDERLY_S
from monitor.tables import TABLES, TablePlan
link = EngineProcess(Start(settings=demo_settings(time.time()), tables={t: TablePlan() for t in TABLES},
                                 log_dir=sys.argv[1]))
async def main():
    rows = 0
    async for change in link.changes():
        rows += len(getattr(change, "upserts", ()))
        if rows > 10:
            print(link.pid, flush=True)
            rows = -10**9
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("hold", "within_s"),
    [(None, 1), (signal.SIGSTOP, 1), (signal.SIGUSR2, ORDERLY_S + 5)],
    ids=["no", "stopped", "busy"],
)
async def test_a_viewer_that_is_killed_leaves_neither_engine_nor_workers(
    tmp_path: Path, hold: signal.Signals | None, within_s: float
) -> None:
    """SIGKILL of the screen's process: everything below is gone, even an engine that is stopped or hangs."""
    (tmp_path / "sitecustomize.py").write_text(BUSY_WHEN_TOLD)
    viewer = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ENGINE_IN_A_CHILD,
        str(tmp_path),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert viewer.stdout is not None
    engine = psutil.Process(int(await asyncio.wait_for(viewer.stdout.readline(), 20)))
    sources = {table.source for table in TABLES.values()} | {table.logs for table in TABLES.values()}
    while len(workers := workers_of(engine.pid)) < len(sources):  # noqa: ASYNC110 - the last begins on a failure
        await asyncio.sleep(0.02)
    if hold is not None:
        engine.send_signal(hold)
        held = {signal.SIGSTOP: psutil.STATUS_STOPPED, signal.SIGUSR2: psutil.STATUS_RUNNING}[hold]
        await until(lambda: engine.status() == held)
    viewer.kill()
    await viewer.wait()
    await until(lambda: not alive(engine) and not any(map(is_worker, workers)), within_s)


async def test_an_engine_that_is_killed_is_replaced_and_its_rows_are_kept(tmp_path: Path) -> None:
    """Its workers end with it; the next engine begins with the rows of the last, stale until they are confirmed."""
    start = Start(settings=demo_settings(time.time()), tables={"completed": TablePlan()}, log_dir=str(tmp_path))
    link, mirror = EngineProcess(start), Mirror()
    changes = link.changes()
    async with asyncio.timeout(30):
        await follow(changes, mirror, lambda: freshness_of(mirror) is Freshness.LIVE)
        rows, first = dict(mirror.rows["completed"]), pid_of(link)
        workers = workers_of(first)
        assert len(workers) == 1
        os.kill(first, signal.SIGKILL)
        notice = await follow(changes, mirror, lambda: freshness_of(mirror) is Freshness.STALE)
        assert notice == "SIGKILL"
        assert mirror.rows["completed"].keys() == rows.keys()
        await follow(changes, mirror, lambda: freshness_of(mirror) is Freshness.LIVE)
    assert mirror.rows["completed"].keys() == rows.keys()
    assert pid_of(link) != first
    await until(lambda: not any(map(is_worker, workers)), 1)
    link.close()


def test_what_the_next_engine_is_told_fits_into_frames_however_much_it_is() -> None:
    """A scope with rows without end is told in pieces, none is lost, and a scope known to be empty is told too."""
    mirror, many = Mirror(), {str(number): record(str(number), scope=SCOPE) for number in range(1234)}
    mirror.apply(RowsChanged(table="completed", upserts=many))
    scopes = {SCOPE: ScopeStatus(fetched_at=NOON), "empty": ScopeStatus(fetched_at=NOON), "unknown": ScopeStatus()}
    mirror.apply(TableChanged(status=TableStatus(table="completed", scopes=scopes)))
    told = [*restores(mirror)]
    assert max(len(command.records) for command in told) == ROWS_A_COMMAND
    assert {row.id for command in told for row in command.records} == many.keys()
    assert {command.scope for command in told} == {SCOPE, "empty"}


async def test_an_engine_that_stops_beating_is_replaced(tmp_path: Path) -> None:
    """A loop that stands still, here by SIGSTOP, is as good as dead."""
    start = Start(settings=demo_settings(time.time()), tables={"completed": TablePlan()}, log_dir=str(tmp_path))
    link, mirror = EngineProcess(start, silent_s=6), Mirror()  # a beat comes every 5 s
    changes = link.changes()
    async with asyncio.timeout(30):
        await follow(changes, mirror, lambda: freshness_of(mirror) is Freshness.LIVE)
        first = pid_of(link)
        os.kill(first, signal.SIGSTOP)
        notice = await follow(changes, mirror, lambda: pid_of(link) != first and freshness_of(mirror) is Freshness.LIVE)
    assert "it was silent for 6 s" in notice
    assert not psutil.pid_exists(first)
    link.close()


async def follow(changes: AsyncIterator[Change], mirror: Mirror, holds: Callable[[], bool]) -> str:
    """Apply changes until something holds; how engines ended on the way."""
    noticed = []
    while not holds():
        change = await anext(changes)
        mirror.apply(change)
        if isinstance(change, EngineEnded):
            noticed.append(change.how)
    return " ".join(noticed)


def freshness_of(mirror: Mirror) -> Freshness | None:
    """The freshness of the one table there is."""
    status = mirror.status.get("completed")
    return of_table(status, datetime.now(UTC)) if status else None


async def test_closing_the_link_ends_a_stopped_engine_too(tmp_path: Path) -> None:
    """An engine that does not react is killed with its workers, within half a second."""
    start = Start(settings=demo_settings(time.time()), tables={"completed": TablePlan()}, log_dir=str(tmp_path))
    link = EngineProcess(start)
    async with asyncio.timeout(20):
        async for change in link.changes():
            if isinstance(change, Hello):
                break
    engine = pid_of(link)
    await until(lambda: len(workers_of(engine)) == 1)
    workers = workers_of(engine)
    os.kill(engine, signal.SIGSTOP)
    link.close()
    await until(lambda: not psutil.pid_exists(engine) and not any(map(is_worker, workers)), 1)
