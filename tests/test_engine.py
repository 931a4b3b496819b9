"""The engine: commands in, changes out; time is moved by hand and workers follow a script."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from fetchers.messages import ScopeComplete, ScopeStarted
from fetchers.settings import Gcp, Settings, Wandb
from monitor import freshness
from monitor.changes import Beat, Change, Enable, Hello, Refresh, RowsChanged, Start
from monitor.engine import BEAT_S, Engine
from monitor.freshness import Freshness
from monitor.mirror import Mirror
from monitor.tables import TABLES, TablePlan
from tests.support.records import record
from tests.support.scripted_worker import ScriptedChild, ScriptedLauncher
from tests.support.virtual_clock import VirtualClock

EAST, WEST = "us-east1", "us-west1"
SETTINGS = Settings(
    gcp=Gcp(project="acme-ml", regions=(EAST, WEST)), wandb=Wandb(entity="acme", project="arr", queues=("q",))
)


class Stage:
    """An engine and a viewer's mirror of it."""

    def __init__(self, *tables: str, settings: Settings = SETTINGS) -> None:
        self.clock = VirtualClock()
        self.launcher = ScriptedLauncher()
        self.mirror = Mirror()
        self.told: list[Change] = []
        plans = {name: TablePlan() for name in tables or TABLES}
        self.engine = Engine(Start(settings=settings, tables=plans), self.launcher, self.clock, self.tell)

    def tell(self, change: Change) -> None:
        self.told.append(change)
        self.mirror.apply(change)

    async def begin(self) -> None:
        """Start the engine and let its workers come up."""
        self.engine.begin()
        await self.settle()
        for child in self.launcher.children:
            child.ready()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    def worker(self, source: str = "runner") -> ScriptedChild:
        """The newest worker of a source."""
        return next(child for child in reversed(self.launcher.children) if child.source == source)

    def answer_all(self) -> None:
        """Have every worker answer what it was asked last, with nothing."""
        for child in self.launcher.children:
            for fetch in {fetch.table: fetch for fetch in child.fetches}.values():
                for scope in fetch.scopes:
                    child.answer(fetch, scope)
                child.end(fetch)
        self.clock.advance(0)

    def fresh(self, table: str = "runner") -> Freshness:
        return freshness.of_table(self.mirror.status[table], self.clock.now())


async def test_tables_are_told_before_anything_is_asked() -> None:
    """The screen knows which tables there are, and that they load, from the first message on."""
    stage = Stage()
    stage.engine.begin()
    assert isinstance(stage.told[0], Hello)
    assert set(stage.mirror.status) == set(TABLES)
    assert {stage.fresh(table) for table in TABLES} == {Freshness.LOADING}


async def test_one_worker_a_source_and_both_wandb_tables_in_one() -> None:
    """Five tables, four processes."""
    stage = Stage()
    await stage.begin()
    assert sorted(child.source for child in stage.launcher.children) == ["builds", "runner", "vertex", "wandb"]
    assert sorted(fetch.table for fetch in stage.worker("wandb").fetches) == ["active", "completed"]


async def test_a_table_that_is_not_configured_starts_no_worker_and_says_what_to_do() -> None:
    """Nothing to ask is `unconfigured`, never `failed` and never an empty table."""
    stage = Stage(settings=Settings(wandb=Wandb(offline_dirs=("wandb",))))
    await stage.begin()
    assert [child.source for child in stage.launcher.children] == ["wandb"]
    assert stage.fresh("vertex") is Freshness.UNCONFIGURED
    assert "gcp.project" in (freshness.error(stage.mirror.status["vertex"]) or "")


async def test_the_first_region_is_told_while_others_are_still_loading() -> None:
    """Nothing waits for the slowest."""
    stage = Stage("runner")
    await stage.begin()
    [fetch] = stage.worker().fetches
    stage.worker().answer(fetch, WEST, [record("w", scope=WEST)])
    stage.clock.advance(0)
    assert [row.id for row in stage.mirror.rows["runner"].values()] == ["w"]
    assert freshness.answered(stage.mirror.status["runner"], stage.clock.now()) == 1


async def test_frames_that_arrive_together_are_told_together() -> None:
    """Eighteen pages in one read are one change of rows."""
    stage = Stage("runner")
    await stage.begin()
    [fetch] = stage.worker().fetches
    stage.told.clear()
    stage.worker().answer(fetch, WEST, [record("w", scope=WEST)])
    stage.worker().answer(fetch, EAST, [record("e", scope=EAST)])
    stage.clock.advance(0)
    assert [len(change.upserts) for change in stage.told if isinstance(change, RowsChanged)] == [2]


async def test_a_region_is_asked_again_in_its_rhythm_with_what_must_not_be_lost() -> None:
    """Where something runs it is asked sooner than where nothing is, and what ran is named."""
    stage = Stage("runner")
    await stage.begin()
    worker = stage.worker()
    first = worker.fetches[0]
    worker.answer(first, EAST, [record("runs"), record("ended", state="failed")])
    worker.answer(first, WEST)
    worker.end(first)
    stage.clock.advance(19)
    assert len(worker.fetches) == 1
    stage.clock.advance(1)
    assert len(worker.fetches) == 2
    assert (first.known, first.first) == ({EAST: (), WEST: ()}, (EAST, WEST))
    assert (worker.fetches[1].known, worker.fetches[1].first) == ({EAST: ("runs",)}, ())
    worker.answer(worker.fetches[1], EAST)
    worker.end(worker.fetches[1])
    stage.clock.advance(10)
    assert worker.fetches[2].known == {WEST: ()}
    assert worker.fetches[1].generation > first.generation


async def test_a_fetch_that_is_late_is_not_overlapped() -> None:
    """While one hangs, its table is not asked again; afterwards it is asked at once."""
    stage = Stage("runner")
    await stage.begin()
    first = stage.worker()
    first.begin(first.fetches[0])
    stage.clock.advance(20.5)
    assert len(first.fetches) == 1
    stage.clock.advance(15)
    await stage.settle()
    second = stage.worker()
    assert second is not first
    second.ready()
    assert len(second.fetches) == 1


async def test_refresh_asks_everything_now_and_a_named_table_alone() -> None:
    """`r` does not wait; what is already being asked is not asked twice."""
    stage = Stage("runner", "vertex")
    await stage.begin()
    stage.answer_all()
    stage.clock.advance(5)
    stage.engine.obey(Refresh(tables=("vertex",)))
    assert (len(stage.worker("runner").fetches), len(stage.worker("vertex").fetches)) == (1, 2)
    stage.engine.obey(Refresh())
    assert (len(stage.worker("runner").fetches), len(stage.worker("vertex").fetches)) == (2, 2)


async def test_a_table_switched_off_asks_nothing_and_keeps_its_rows() -> None:
    """It says that it is off; switched on, it asks at once."""
    stage = Stage("runner")
    await stage.begin()
    worker = stage.worker()
    worker.answer(worker.fetches[0], EAST, [record("a")])
    worker.answer(worker.fetches[0], WEST)
    worker.end(worker.fetches[0])
    stage.engine.obey(Enable(table="runner", enabled=False))
    stage.clock.advance(300)
    assert len(worker.fetches) == 1
    assert stage.fresh() is Freshness.DISABLED
    assert len(stage.mirror.rows["runner"]) == 1
    stage.engine.obey(Enable(table="runner", enabled=True))
    assert len(worker.fetches) == 2


async def test_an_unknown_table_in_a_command_is_ignored() -> None:
    """A viewer of another version does no harm."""
    stage = Stage("runner")
    await stage.begin()
    stage.engine.obey(Enable(table="slurm", enabled=True))
    stage.engine.obey(Refresh(tables=("slurm",)))
    assert len(stage.worker().fetches) == 1


async def test_the_engine_beats() -> None:
    """A viewer can tell a quiet engine from a dead one."""
    stage = Stage("runner")
    await stage.begin()
    stage.told.clear()
    stage.clock.advance(3 * BEAT_S)
    assert len([change for change in stage.told if isinstance(change, Beat)]) == 3


async def test_one_hanging_source_leaves_the_others_live() -> None:
    """The founding failure: four tables refresh while one hangs for ever."""
    stage = Stage()
    await stage.begin()
    for _ in range(20):
        for child in stage.launcher.children:
            for fetch in {fetch.table: fetch for fetch in child.fetches}.values():
                if child.source != "builds" and not child.killed:
                    for scope in fetch.scopes:
                        child.say(
                            ScopeStarted(
                                table=fetch.table, generation=fetch.generation, scope=scope, at=stage.clock.now()
                            )
                        )
                        answer_at(child, fetch.table, fetch.generation, scope, stage.clock)
                    child.end(fetch)
        stage.clock.advance(10)
        await stage.settle()
        for child in stage.launcher.children:
            if not child.killed and not child.fetches:
                child.ready()
    assert all(stage.fresh(table).good for table in TABLES if table != "builds")
    assert stage.fresh("builds") is Freshness.FAILED
    error = freshness.error(stage.mirror.status["builds"]) or ""
    assert "no answer in 20 s; worker killed" in error, "said by the fetch, and by the breaker once it is open"


def answer_at(child: ScriptedChild, table: str, generation: int, scope: str, clock: VirtualClock) -> None:
    """Complete a scope at the present time."""
    child.say(ScopeComplete(table=table, generation=generation, scope=scope, at=clock.now()))


async def test_a_viewer_that_does_not_read_is_told_what_changed_once_it_does() -> None:
    """While held, nothing is told and nothing lost: what came and went meanwhile is never heard of."""
    stage = Stage("runner")
    await stage.begin()
    worker = stage.worker()
    worker.answer(worker.fetches[0], EAST, [record("goes"), record("stays")])
    stage.clock.advance(0)
    stage.engine.hold()
    told = len(stage.told)
    worker.answer(worker.fetches[0], WEST)
    worker.end(worker.fetches[0])
    stage.clock.advance(30)
    worker.answer(worker.fetches[1], EAST, [record("stays"), record("new")])
    stage.clock.advance(3 * BEAT_S)
    assert len(stage.told) == told
    stage.engine.release()
    assert {row.id for row in stage.mirror.rows["runner"].values()} == {"stays", "new"}


async def test_giving_up_fails_what_is_open_and_keeps_what_has_come() -> None:
    """For `ls`: at its time limit every table has an answer or an error."""
    stage = Stage("runner")
    await stage.begin()
    worker = stage.worker()
    worker.answer(worker.fetches[0], EAST, [record("a")])
    stage.engine.give_up("no answer in 5 s")
    status = stage.mirror.status["runner"]
    assert freshness.of_table(status, stage.clock.now() + timedelta(seconds=1)) is not Freshness.LOADING
    assert freshness.error(status) == "runner us-west1: no answer in 5 s"
    assert [row.id for row in stage.mirror.rows["runner"].values()] == ["a"]
    assert worker.killed


@pytest.mark.parametrize("table", list(TABLES))
async def test_every_registered_table_can_stand_alone(table: str) -> None:
    """`ls TABLE` starts one worker and asks one table."""
    stage = Stage(table)
    await stage.begin()
    assert [[fetch.table for fetch in child.fetches] for child in stage.launcher.children] == [[table]]
