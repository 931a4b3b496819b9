"""The wandb worker as the engine sees it: a real process, the real SDK, a local W&B server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from fetchers.records import State
from fetchers.settings import Wandb
from tests.emulators.wandb import Fault, WandbEmulator
from tests.emulators.wandb_fixtures import KEY, serving, working
from tests.emulators.wandb_worker import WorkerProcess, gone, lives
from tests.emulators.wandb_world import QueueItem, Run, default_world

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROJECT = "acme/arr"
QUEUE = "queue:vertex"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server() -> AsyncIterator[WandbEmulator]:
    """One local W&B server."""
    async with serving(default_world(NOW)) as emulator:
        yield emulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(
    shared_server: WandbEmulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[WorkerProcess]:
    """One worker that asks the local server."""
    home = tmp_path_factory.mktemp("home")
    async with working(home, shared_server.url, str(home / "none"), WANDB_API_KEY=KEY) as process:
        yield process


@pytest.fixture
def server(shared_server: WandbEmulator) -> WandbEmulator:
    """The same server with a fresh world, which nobody has asked yet."""
    shared_server.world = default_world(NOW)
    shared_server.requests.clear()
    return shared_server


@pytest.mark.usefixtures("server")
async def test_active_is_what_runs_and_what_waits(worker: WorkerProcess) -> None:
    """The active table holds running and pending runs and queue items that are no runs yet, and nothing else."""
    answer = await worker.fetch("active", PROJECT, QUEUE)
    assert (answer.complete, answer.failures, answer.stuck) == ({PROJECT, QUEUE}, {}, False)
    assert {record.id: record.state for record in answer.records} == {
        "run0000": State.RUNNING,
        "run0001": State.RUNNING,
        "run0002": State.QUEUED,
        "item-1": State.QUEUED,
    }
    assert {record.table for record in answer.records} == {"active"}


@pytest.mark.usefixtures("server")
async def test_completed_is_what_ended(worker: WorkerProcess) -> None:
    """The completed table holds every run that ended, the latest end first, each state in our words and its own."""
    answer = await worker.fetch("completed", PROJECT)
    assert [(record.raw_state, record.state) for record in answer.latest.values()] == [
        ("finished", State.SUCCEEDED),
        ("finished", State.SUCCEEDED),
        ("failed", State.FAILED),
        ("crashed", State.FAILED),
        ("killed", State.CANCELLED),
    ]
    assert {record.table for record in answer.records} == {"completed"}


async def test_whose_a_run_is_is_told_by_who_asks(server: WandbEmulator, worker: WorkerProcess) -> None:
    """Runs and queue items of the user whose key it is are his; of a run without a user nobody knows."""
    mine, theirs, nobodys = server.world.project().runs[:3]
    theirs.user, nobodys.user = "somebody", None
    answer = await worker.fetch("active", PROJECT, QUEUE)
    assert {record.id: record.detail.get("mine") for record in answer.records} == {
        mine.id: True,
        theirs.id: False,
        nobodys.id: None,
        "item-1": True,
    }


SCOPES = {
    "yours and somebody's": (Wandb(mine=True, users=("somebody",)), {"mine", "tagged", "theirs", "item-1"}),
    "yours of some tags": (Wandb(mine=True, tags=("production", "x")), {"tagged", "item-1"}),
}


@pytest.mark.parametrize(("wanted", "ids"), SCOPES.values(), ids=SCOPES)
async def test_what_nobody_wants_is_left_out_at_the_server(
    server: WandbEmulator, tmp_path: Path, wanted: Wandb, ids: set[str]
) -> None:
    """By user, by whose key it is, and by tag, also of what is asked for by name; queue items by their author."""
    runs, items = server.world.project().runs, server.world.queue().items
    runs[:] = [
        Run("mine"),
        Run("tagged", tags=("production", "big")),
        Run("theirs", user="somebody"),
        Run("x", user="x"),
    ]
    items.append(QueueItem(id="item-x", spec={**items[0].spec, "author": "x"}))
    async with working(tmp_path, server.url, wanted=wanted, WANDB_API_KEY=KEY) as narrow:
        answer = await narrow.fetch("active", PROJECT, QUEUE, known={PROJECT: ("x", "mine", "ended")})
    assert set(answer.ids) == ids
    assert all("username" in variables["filters"] for operation, variables in server.requests if operation == "Runs")


async def test_a_run_that_ends_between_two_polls_is_told_of(server: WandbEmulator, worker: WorkerProcess) -> None:
    """What was last seen running is asked for by name, in one request, and given with its end."""
    known = {PROJECT: tuple((await worker.fetch("active", PROJECT)).ids)}
    ended, gone, still = server.world.project().runs[:3]
    ended.state, ended.heartbeat = "crashed", NOW
    server.world.project().runs.remove(gone)
    server.requests.clear()
    answer = await worker.fetch("active", PROJECT, known=known)
    assert [(record.id, record.state, record.table) for record in answer.latest.values()] == [
        (still.id, State.QUEUED, "active"),
        (ended.id, State.FAILED, "completed"),
    ]
    assert [operation for operation, _ in server.requests if operation == "Runs"] == ["Runs", "Runs"]


async def test_a_poll_sees_what_has_changed(server: WandbEmulator, worker: WorkerProcess) -> None:
    """Every poll asks anew: a run that appears is there the next time."""
    before = (await worker.fetch("active", PROJECT)).ids
    server.world.project().runs.append(Run("brand-new", created=NOW))
    assert set((await worker.fetch("active", PROJECT)).ids) - set(before) == {"brand-new"}


async def test_no_more_pages_than_needed(server: WandbEmulator, worker: WorkerProcess) -> None:
    """Of many ended runs the latest `limit` are given, in as few pages as hold them."""
    server.world.project().runs[:] = [
        Run(f"r{at:03d}", "finished", created=NOW - timedelta(hours=at), heartbeat=NOW - timedelta(minutes=at))
        for at in range(200)
    ]
    answer = await worker.fetch("completed", PROJECT, limit=70)
    assert answer.ids == [f"r{at:03d}" for at in range(70)]
    assert answer.pages == [50, 20]
    assert len(server.requests) == 2


async def test_a_long_run_that_has_just_ended_comes_first(server: WandbEmulator, worker: WorkerProcess) -> None:
    """A run of nine days that ended a minute ago is not behind the hundreds that began after it."""
    server.world.project().runs[:] = [
        Run(f"r{at}", "finished", created=NOW - timedelta(hours=at), heartbeat=NOW - timedelta(minutes=30 + at))
        for at in range(100)
    ]
    server.world.project().runs.append(Run("long", "failed", created=NOW - timedelta(days=9), heartbeat=NOW))
    assert (await worker.fetch("completed", PROJECT, limit=10)).ids[0] == "long"


async def test_every_running_run_is_given_beyond_the_limit(server: WandbEmulator, worker: WorkerProcess) -> None:
    """What runs is never cut off."""
    server.world.project().runs[:] = [Run(f"r{at}", created=NOW - timedelta(minutes=at)) for at in range(120)]
    answer = await worker.fetch("active", PROJECT, limit=5)
    assert len(set(answer.ids)) == 120


async def test_two_tables_at_once(server: WandbEmulator, worker: WorkerProcess) -> None:
    """Both tables are fetched at the same time: a slow answer for one does not hold up the other."""
    server.set_latency("LaunchQueueItems", 1.0)
    slow = asyncio.create_task(worker.fetch("active", QUEUE))
    await server.asked("LaunchQueueItems", server.counts().get("LaunchQueueItems", 0) + 1)
    assert len((await worker.fetch("completed", PROJECT)).ids) == 5
    assert not slow.done()
    assert (await slow).ids == ["item-1"]
    server.set_latency("LaunchQueueItems", 0)


async def test_an_item_of_a_queue_tells_what_waits(server: WandbEmulator, worker: WorkerProcess) -> None:
    """A queued row names the job, its queue, priority, image and author."""
    spec = {"job": "acme/arr/job-train:v3", "author": "research", "docker": {"docker_image": "registry/arr:8"}}
    server.world.queue().items[:] = [QueueItem("i", created=NOW, spec=spec, priority=1)]
    (item,) = (await worker.fetch("active", QUEUE)).records
    assert (item.name, item.created, item.raw_state) == ("job-train:v3", NOW, "PENDING")
    assert item.links == {"image": "registry/arr:8"}
    wanted = {"queue": "vertex", "priority": 1, "job": "acme/arr/job-train:v3", "author": "research", "entity": "acme"}
    assert wanted.items() <= item.detail.items()


async def test_a_launch_that_failed_is_told_with_its_reason(server: WandbEmulator, worker: WorkerProcess) -> None:
    """An item that failed before it became a run is an ended row that says why."""
    error = "Machine type n1-standard-999 is not supported"
    server.world.queue().items[:] = [QueueItem("i", "FAILED", created=NOW, error=error)]
    (item,) = (await worker.fetch("active", QUEUE)).records
    assert (item.state, item.table) == (State.FAILED, "completed")
    assert item.reason is not None
    assert (item.reason.text, item.reason.origin) == (error, "wandb")


async def test_an_old_server_tells_less_of_an_item(server: WandbEmulator, worker: WorkerProcess) -> None:
    """A server that refuses the newer fields is asked for those that the SDK itself uses."""
    server.world.queue().modern = False
    assert [(item.id, item.state) for item in (await worker.fetch("active", QUEUE)).records] == [
        ("item-1", State.QUEUED)
    ]


async def test_odd_answers_cost_no_other_run(server: WandbEmulator, worker: WorkerProcess) -> None:
    """A run whose fields are absurd, and nodes that are no runs, do not hide the others or raise."""
    odd: list[dict[str, Any]] = [
        {"config": "not json", "summaryMetrics": "[1, 2", "createdAt": "yesterday", "heartbeatAt": 12},
        {"config": "[]", "summaryMetrics": '{"loss": 1e999, "huge": 1' + "0" * 400 + "}", "user": None, "tags": None},
        {"displayName": "x" * 10_000, "createdAt": "9999-12-31T23:59:59-14:00", "state": None},
        {"displayName": "\ud800 half", "summaryMetrics": '{"\\ud800": "\\udfff"}', "state": "MELTED"},
        {"projectId": "not a number", "user": {"username": 7, "name": []}, "historyLineCount": "many"},
        {"name": None},
    ]
    runs = server.world.project().runs
    runs[:] = [Run(f"odd{at}", "finished", odd=fields) for at, fields in enumerate(odd)]
    runs.append(Run("good", "finished", created=NOW))
    answer = await worker.fetch("completed", PROJECT)
    assert answer.failures == {}
    assert sorted(answer.ids) == ["good", "odd0", "odd1", "odd2", "odd3", "odd4"]
    by_id = {record.id: record for record in answer.records}
    assert len(by_id["odd2"].name) <= 500
    assert (by_id["odd3"].state, by_id["odd3"].raw_state) == (State.UNKNOWN, "MELTED")


async def test_offline_scopes_need_no_server(server: WandbEmulator, worker: WorkerProcess) -> None:
    """A scope that is a configured directory is looked up on disk, and the server is not asked."""
    answer = await worker.fetch("active", *worker.settings.wandb.offline_dirs)
    assert answer.failure.kind == "rejected"
    assert "wandb.offline_dirs" in answer.failure.text
    assert server.requests == []


async def test_calls_are_logged_as_they_begin_and_end(server: WandbEmulator, worker: WorkerProcess) -> None:
    """Every request of a fetch is announced with its page before it is made, and its end is told."""
    server.world.project().runs[:] = [Run(f"r{at}", "finished", created=NOW) for at in range(60)]
    answer = await worker.fetch("completed", PROJECT)
    assert answer.calls[-2:] == ["Runs 1", "Runs 2"]  # the first fetch of a worker also asks whose key it has
    assert len(answer.ended) == len(answer.calls)
    assert all(end.error is None for end in answer.ended)


async def test_only_an_offline_directory_starts_no_helper(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without a server scope the SDK's helper process is never started, and no key is needed."""
    home = tmp_path_factory.mktemp("offline")
    (home / "wandb").mkdir()
    async with working(home, "http://127.0.0.1:9", str(home)) as worker:
        answer = await worker.fetch("completed", str(home))
        assert (answer.records, answer.failures) == ([], {})
        assert len(worker.tree) == 1


async def test_a_killed_helper_asks_for_a_new_worker(tmp_path_factory: pytest.TempPathFactory) -> None:
    """When the SDK's helper process has died, the fetch fails by name and the worker asks to be replaced."""
    async with (
        serving(default_world(NOW)) as server,
        working(tmp_path_factory.mktemp("killed"), server.url, WANDB_API_KEY=KEY) as worker,
    ):
        assert not (await worker.fetch("completed", PROJECT)).stuck
        (core,) = worker.tree[1:]
        assert "wandb-core" in core.name()
        core.kill()
        await gone(core)
        answer = await worker.fetch("completed", PROJECT)
        assert (answer.failure.kind, answer.stuck) == ("worker", True)


async def test_a_worker_leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the SDK writes goes to a private directory of the worker, which the next worker removes."""
    home = tmp_path_factory.mktemp("tidy")
    async with serving(default_world(NOW)) as server:
        for _ in range(2):
            async with working(home, server.url, WANDB_API_KEY=KEY) as worker:
                await worker.fetch("completed", PROJECT)
                (directory,) = (home / "tmp").glob("monitor-worker-*")
                assert directory.stat().st_mode & 0o077 == 0
                tree = worker.tree
            assert not any(lives(process) for process in tree)
    assert {path.name for path in home.iterdir()} <= {"tmp"}


async def test_a_silent_server_is_an_error_in_time(server: WandbEmulator, worker: WorkerProcess) -> None:
    """A server that never answers fails the scope by the soft deadline, naming the call; the worker lives on."""
    server.set_fault("Runs", Fault.HANG)
    try:
        answer = await worker.fetch("completed", PROJECT, soft_deadline_s=1.5)
    finally:
        server.set_fault("Runs", None)
    assert answer.failure.kind == "timeout"
    assert answer.failure.text == "Runs acme/arr page 1: no answer in 1.5 s"
    assert not answer.stuck
    assert len((await worker.fetch("completed", PROJECT)).ids) == 5
