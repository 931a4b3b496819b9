"""What outlives a session: painted with its age, replaced by the first answer, never lost to a failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cache.background import BackgroundStore
from cache.entries import Space
from cache.store import open_store
from cache.tenant import tenant_of
from cache.terminal_state import TerminalStates
from fetchers.records import Record
from fetchers.settings import Gcp, Settings
from monitor import freshness
from monitor.changes import Change, Notice, Start
from monitor.clock import LoopClock
from monitor.engine import Engine
from monitor.freshness import Freshness
from monitor.keeping import SAME, Keeping
from monitor.mirror import Mirror
from monitor.tables import TablePlan
from tests.support.cache_disks import MoodyDisk
from tests.support.records import record
from tests.support.scripted_worker import ScriptedChild, ScriptedLauncher

EAST = "us-east1"
SETTINGS = Settings(gcp=Gcp(project="acme-ml", regions=(EAST,)))


class Session:
    """One engine with scripted workers and the cache of `url`."""

    def __init__(self, url: str, settings: Settings = SETTINGS) -> None:
        self.mirror = Mirror()
        self.launcher = ScriptedLauncher()
        self.keeping = Keeping(url, settings, ["runner"])
        start = Start(settings=settings, tables={"runner": TablePlan()})
        self.notices: list[str] = []
        self.engine = Engine(start, self.launcher, LoopClock(), self._told, keeping=self.keeping)
        self.engine.begin()

    def _told(self, change: Change) -> None:
        self.mirror.apply(change)
        if isinstance(change, Notice):
            self.notices.append(change.text)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that the engine tells."""
        async with asyncio.timeout(5):
            while not holds():  # noqa: ASYNC110 - the mirror is plain data
                await asyncio.sleep(0.01)

    async def worker(self) -> ScriptedChild:
        """The newest worker, ready and asked."""
        await self.until(lambda: bool(self.launcher.children))
        self.launcher.children[-1].ready()
        return self.launcher.children[-1]

    @property
    def ids(self) -> set[str]:
        """What is on the screen."""
        return {row.id for row in self.mirror.rows.get("runner", {}).values()}

    @property
    def freshness(self) -> Freshness:
        """What the table is worth."""
        return freshness.of_table(self.mirror.status["runner"], datetime.now(UTC))

    async def close(self) -> None:
        """Leave as the program does."""
        self.engine.close()
        await self.keeping.close()


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """A cache in which a first session has kept two rows, one of them ended for good."""
    found = f"sqlite:///{tmp_path / 'cache.db'}"
    session = Session(found)
    worker = await session.worker()
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    ended = record("ended", scope=EAST, state="failed", finished=long_ago)
    worker.answer(worker.fetches[0], EAST, [record("runs", scope=EAST), ended], datetime.now(UTC))
    worker.end(worker.fetches[0])
    await session.until(lambda: session.ids == {"runs", "ended"})
    await session.until(lambda: not session.keeping._tasks)
    await session.close()
    return found


async def test_the_rows_of_the_last_session_are_there_before_any_answer(url: str) -> None:
    """They are stale, carry the age of their answer, and no worker has said a word yet."""
    session = Session(url)
    await session.until(lambda: session.ids == {"runs", "ended"})
    assert session.freshness is Freshness.STALE
    await session.close()


async def test_a_failure_leaves_them_and_an_answer_replaces_them(url: str) -> None:
    """A table that had rows is never empty because a fetch failed."""
    session = Session(url)
    worker = await session.worker()
    await session.until(lambda: bool(session.ids))
    worker.fail(worker.fetches[0], EAST)
    worker.end(worker.fetches[0])
    await session.until(lambda: freshness.error(session.mirror.status["runner"]) == "no")
    assert session.ids == {"runs", "ended"}
    assert session.freshness is Freshness.STALE
    await session.close()


async def test_rows_of_another_project_are_never_painted(url: str) -> None:
    """The tenant is in every key."""
    other = Session(url, Settings(gcp=Gcp(project="another", regions=(EAST,))))
    worker = await other.worker()
    worker.answer(worker.fetches[0], EAST, at=datetime.now(UTC))
    worker.end(worker.fetches[0])
    await other.until(lambda: other.freshness is Freshness.LIVE)
    assert other.ids == set()
    await other.close()


async def keeps(url: str, settings: Settings, asked: Sequence[Record]) -> None:
    """A session in which a scope answers, and its answer is kept."""
    session = Session(url, settings)
    worker = await session.worker()
    worker.answer(worker.fetches[0], EAST, asked, datetime.now(UTC))
    worker.end(worker.fetches[0])
    await session.until(lambda: session.freshness is Freshness.LIVE)
    await session.until(lambda: not session.keeping._tasks)
    await session.close()


async def test_whose_a_row_is_nobody_knows_until_the_source_says_so_again(tmp_path: Path) -> None:
    """Another account may have logged in meanwhile: what was mine is not painted as mine, and what ended neither."""
    url, old = f"sqlite:///{tmp_path / 'cache.db'}", datetime.now(UTC) - timedelta(hours=1)
    shown = {"mine": True, "creator": "me@a.example"}
    ended = record("ended", scope=EAST, state="failed", finished=old, detail=shown)
    await keeps(url, SETTINGS, [record("runs", scope=EAST, detail=shown), ended])
    later = Session(url)
    await later.until(lambda: later.ids == {"runs", "ended"})
    assert {row.detail.get("creator") for row in later.mirror.rows["runner"].values()} == {"me@a.example"}
    assert ["mine" in row.detail for row in later.mirror.rows["runner"].values()] == [False, False]
    (final,) = await TerminalStates((await later.keeping._opening).store).get_many(
        tenant_of("runner", SETTINGS), [ended]
    )
    assert final is not None
    assert final.record.detail == {"creator": "me@a.example"}
    worker = await later.worker()
    worker.answer(worker.fetches[0], EAST, [record("runs", scope=EAST, detail=shown)], datetime.now(UTC))
    worker.end(worker.fetches[0])
    await later.until(lambda: later.freshness is Freshness.LIVE)
    assert [row.detail.get("mine") for row in later.mirror.rows["runner"].values()] == [True]
    await later.close()


async def test_an_answer_that_depends_on_who_asks_is_not_kept(tmp_path: Path) -> None:
    """Where only one's own is fetched, the next session shows nothing until it has been told whose it is."""
    url = f"sqlite:///{tmp_path / 'cache.db'}"
    own = Settings(gcp=Gcp(project="acme-ml", regions=(EAST,), mine=True))
    await keeps(url, own, [record("runs", scope=EAST)])
    for settings in (own, SETTINGS):
        later = Session(url, settings)
        assert [known async for known in later.keeping.known()] == []
        await later.close()


async def test_what_has_ended_for_good_is_kept_as_such(url: str) -> None:
    """The ended row has a terminal state, the running one has none."""
    store = (await open_store(url)).store
    kept = await TerminalStates(store).get_many(
        tenant_of("runner", SETTINGS), [record("ended", scope=EAST, state="failed"), record("runs", scope=EAST)]
    )
    assert [final is not None for final in kept] == [True, False]
    await store.close(1)


class Watched:
    """A `Keeping` in memory, whose transactions are counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.disk = MoodyDisk()
        monkeypatch.setattr("cache.store.open_disk", lambda _url, tell: self.disk.open(tell))
        self.keeping = Keeping("memory:", SETTINGS, ["runner"])

    async def answered(self, *records: Record, at: datetime) -> list[str]:
        """Let the scope answer; the spaces that were written to, a transaction each."""
        before = len(self.disk.batches)
        self.keeping.answered("runner", EAST, records, at)
        await asyncio.wait(self.keeping._tasks)
        return [batch[0].key[-2] for batch in self.disk.batches[before:]]

    async def final(self, asked: Record) -> Record | None:
        """What is kept of a record's end."""
        found = await TerminalStates((await self.keeping._opening).store).get(tenant_of("runner", SETTINGS), asked)
        return None if found is None else found.record


async def test_hundreds_of_ended_records_are_a_few_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer of a long list waits for the platter a few times, not once for each row."""
    watched, now = Watched(monkeypatch), datetime.now(UTC)
    ended = [record(f"ended-{number}", scope=EAST, state="succeeded") for number in range(500)]
    store = (await watched.keeping._opening).store
    assert isinstance(store, BackgroundStore)
    watched.disk.free.clear()
    busy = asyncio.create_task(store.put_once(Space("other", keep=True), ("a",), b""))
    await asyncio.to_thread(watched.disk.hanging.wait, 10)
    watched.keeping.answered("runner", EAST, ended, now)
    async with asyncio.timeout(10):
        while store._backlog.writes < len(ended) + 1:  # noqa: ASYNC110 - the backlog is plain data
            await asyncio.sleep(0.01)
    watched.disk.free.set()
    await asyncio.wait([busy, *watched.keeping._tasks])
    assert [len(batch) for batch in watched.disk.batches] == [1, 200, 200, 100, 1]
    await watched.keeping.close()


async def test_the_same_answer_again_costs_the_disk_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before two minutes have passed, so that the age that a next session shows is about right."""
    watched, now = Watched(monkeypatch), datetime.now(UTC)
    runs, ended = record("runs", scope=EAST), record("ended", scope=EAST, state="failed")
    assert await watched.answered(runs, ended, at=now) != []
    assert await watched.answered(runs, ended, at=now + timedelta(seconds=90)) == []
    assert await watched.answered(runs, ended, at=now + SAME) == ["runner"]
    assert await watched.answered(ended, at=now + SAME + timedelta(seconds=30)) == ["runner"]
    await watched.keeping.close()


async def test_a_run_that_was_resumed_and_ended_again_is_kept_as_it_ended_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its id alone does not say that its end is known."""
    watched, now = Watched(monkeypatch), datetime.now(UTC)
    failed = record("r", scope=EAST, state="failed", detail={"attempt": 1})
    again = record("r", scope=EAST, state="succeeded", detail={"attempt": 2}, finished=now - timedelta(hours=1))
    await watched.answered(failed, at=now)
    assert await watched.final(failed) == failed
    await watched.answered(again, at=now + timedelta(seconds=30))
    assert await watched.final(again) == again
    await watched.keeping.close()


async def test_what_is_remembered_of_a_session_does_not_outgrow_its_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a thousand jobs that came and went, as many are remembered as the last answer holds."""
    watched, now = Watched(monkeypatch), datetime.now(UTC)
    for number in range(1_000):
        await watched.answered(record(f"job-{number}", scope=EAST, state="succeeded"), at=now)
    assert sum(map(len, watched.keeping._settled.values())) == 1
    await watched.keeping.close()


async def test_a_cache_that_cannot_be_used_is_said_and_nothing_else_changes(tmp_path: Path) -> None:
    """A directory in the place of the file: one notice, live rows."""
    (tmp_path / "cache.db").mkdir()
    session = Session(f"sqlite:///{tmp_path / 'cache.db'}")
    worker = await session.worker()
    worker.answer(worker.fetches[0], EAST, [record("a", scope=EAST)], datetime.now(UTC))
    worker.end(worker.fetches[0])
    await session.until(lambda: session.freshness is Freshness.LIVE)
    await session.until(lambda: bool(session.notices))
    await session.close()
    assert ["in memory" in line for line in [*session.notices, *session.keeping.notices()]] == [True]


async def test_leaving_does_not_wait_for_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is never opened: closing takes no longer than it may."""
    monkeypatch.setattr("cache.store.open_disk", lambda *_: time.sleep(3600))
    session = Session(f"sqlite:///{tmp_path / 'cache.db'}")
    worker = await session.worker()
    worker.answer(worker.fetches[0], EAST, [record("a", scope=EAST)], datetime.now(UTC))
    await session.until(lambda: session.ids == {"a"})
    async with asyncio.timeout(0.5):
        await session.close()
    assert any("not kept" in line for line in session.keeping.notices())
