"""What a W&B server can do to us: every fault is an error that names its cause, and no answer is believed unseen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchers.messages import Page, from_worker, pack
from fetchers.records import Record, State
from fetchers.wandb_environment import FIXED, PRIVATE, STRIPPED, prepare_environment
from fetchers.wandb_errors import of_api_error
from fetchers.wandb_records import ITEM_STATES, RUN_STATES, item_record, run_record
from tests.emulators.wandb import EVERY, Fault, WandbEmulator
from tests.emulators.wandb_fixtures import KEY, serving, working
from tests.emulators.wandb_worker import WorkerProcess
from tests.emulators.wandb_world import default_world

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROJECT = "acme/arr"

module = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[WandbEmulator]:
    """One local W&B server."""
    async with serving(default_world(NOW)) as emulator:
        emulator.retry_after_s = 1
        yield emulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(server: WandbEmulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkerProcess]:
    """One worker that asks the local server."""
    async with working(tmp_path_factory.mktemp("home"), server.url, WANDB_API_KEY=KEY) as process:
        yield process


@module
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault.UNAUTHENTICATED, "unauthenticated", "did not accept the API key (HTTP 401: user is not logged in): run"),
        (Fault.FORBIDDEN, "permission", "HTTP 403: permission denied"),
        (Fault.PERMISSION, "permission", "permission denied"),
        (Fault.NOT_FOUND, "rejected", "HTTP 404: not found"),
        (Fault.THROTTLED, "throttled", "HTTP 429: rate limit exceeded"),
        (Fault.SERVER_ERROR, "unreachable", "HTTP 500: internal server error"),
        (Fault.UNAVAILABLE, "unreachable", "HTTP 503: upstream connect error"),
        (Fault.RESET, "unreachable", "EOF"),
        (Fault.HTML, "bad-answer", "invalid character '<'"),
        (Fault.TRUNCATED, "bad-answer", "unexpected EOF"),
        (Fault.GRAPHQL_ERROR, "bad-answer", "column does not exist"),
    ],
)
async def test_a_fault_is_told_by_its_cause(
    server: WandbEmulator, worker: WorkerProcess, fault: Fault, kind: str, words: str
) -> None:
    """Whatever goes wrong, the scope fails with the kind and the words of the real cause; then all is well again."""
    server.set_fault("Runs", fault)
    failure = (await worker.fetch("completed", PROJECT)).failure
    server.set_fault("Runs", None)
    assert failure.kind == kind
    assert words in failure.text
    assert "\n" not in failure.text
    assert len((await worker.fetch("completed", PROJECT)).ids) == 5


@module
@pytest.mark.parametrize("fault", [Fault.HANG, Fault.STALL, Fault.DRIP])
async def test_silence_ends_at_the_deadline(server: WandbEmulator, worker: WorkerProcess, fault: Fault) -> None:
    """No answer, half an answer or one that trickles: the scope fails by the soft deadline as a timeout."""
    server.set_fault("Runs", fault)
    failure = (await worker.fetch("active", PROJECT, soft_deadline_s=1.0)).failure
    server.set_fault("Runs", None)
    assert (failure.kind, failure.text) == ("timeout", "Runs acme/arr page 1: no answer in 1 s")


@module
async def test_a_server_that_asks_to_wait_longer_than_there_is_time_is_told_as_such(
    server: WandbEmulator, worker: WorkerProcess
) -> None:
    """The SDK waits as long as it was told to and says nothing: its helper's notes give the cause."""
    server.set_fault("Runs", Fault.THROTTLED)
    server.retry_after_s = 60
    failure = (await worker.fetch("active", PROJECT, soft_deadline_s=2.0)).failure
    server.retry_after_s = 1
    server.set_fault("Runs", None)
    assert failure.kind == "throttled"
    assert failure.text.startswith("Runs acme/arr page 1: HTTP 429: rate limit exceeded; still so after 1.")
    assert len((await worker.fetch("completed", PROJECT)).ids) == 5


@module
async def test_a_client_that_cannot_be_made_is_asked_for_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fetches that wait for the same client fail with its error, each under its own name, and at once."""
    async with (
        serving(default_world(NOW)) as server,
        working(tmp_path_factory.mktemp("once"), server.url, WANDB_API_KEY=KEY) as worker,
    ):
        server.set_fault(EVERY, Fault.FORBIDDEN)
        failures = (await worker.fetch("active", PROJECT, "queue:vertex")).failures
        assert {scope: failure.kind for scope, failure in failures.items()} == {
            PROJECT: "permission",
            "queue:vertex": "permission",
        }
        assert failures["queue:vertex"].text.startswith("Viewer queue:vertex page 1: HTTP 403")
        assert len(server.requests) == 1
        server.set_fault(EVERY, None)
        assert len((await worker.fetch("completed", PROJECT)).ids) == 5


@module
async def test_what_came_before_a_fault_counts(server: WandbEmulator, worker: WorkerProcess) -> None:
    """The queue answers though the runs fail: one scope's fault is not another's."""
    server.set_fault("Runs", Fault.HTML)
    answer = await worker.fetch("active", PROJECT, "queue:vertex")
    server.set_fault("Runs", None)
    assert (set(answer.failures), answer.complete, answer.ids) == ({PROJECT}, {"queue:vertex"}, ["item-1"])


@module
async def test_unknown_names_are_named(worker: WorkerProcess) -> None:
    """A project or queue that does not exist is an error that names it and the setting to check."""
    answer = await worker.fetch("active", "acme/typo", "queue:typo")
    assert {failure.kind for failure in answer.failures.values()} == {"rejected"}
    assert "acme/typo" in answer.failures["acme/typo"].text
    assert "wandb.project" in answer.failures["acme/typo"].text
    assert "'typo' of 'acme'" in answer.failures["queue:typo"].text
    assert "wandb.queues" in answer.failures["queue:typo"].text


@module
async def test_no_key_then_a_wrong_key_then_the_right_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without a key nobody is asked and nothing prompts; a refused key says how to log in; a new login is picked up."""
    home = tmp_path_factory.mktemp("login")
    async with serving(default_world(NOW), api_key=KEY) as server, working(home, server.url) as worker:
        failure = (await worker.fetch("completed", PROJECT)).failure
        assert failure.kind == "unauthenticated"
        assert f"wandb login --host {server.url}" in failure.text
        assert server.requests == []

        login(home, server.url, "w" * 40)
        failure = (await worker.fetch("completed", PROJECT)).failure
        assert failure.kind == "unauthenticated"
        assert f"wandb login --relogin --host {server.url}" in failure.text

        login(home, server.url, KEY)
        assert len((await worker.fetch("completed", PROJECT)).ids) == 5


def login(home: Path, url: str, key: str) -> None:
    """Leave what `wandb login` leaves."""
    path = home / ".netrc"
    path.write_text(f"machine {url.removeprefix('http://')}\n  login user\n  password {key}\n")
    path.chmod(0o600)


@module
async def test_a_server_that_is_away_and_comes_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody listens: unreachable, with the cause; once somebody does, the same worker gets its answer."""
    async with serving(default_world(NOW)) as server:
        port = int(server.url.rpartition(":")[2])
        await server.stop()
        async with working(tmp_path_factory.mktemp("away"), server.url, WANDB_API_KEY=KEY) as worker:
            failure = (await worker.fetch("completed", PROJECT)).failure
            assert failure.kind == "unreachable"
            assert "connection refused" in failure.text
            await server.start(port)
            assert len((await worker.fetch("completed", PROJECT)).ids) == 5
            server.set_fault(EVERY, Fault.SERVER_ERROR)
            assert (await worker.fetch("completed", PROJECT)).failure.kind == "unreachable"


# --- answers that nobody has checked -----------------------------------------------------------------------------

FIELDS = (
    "name",
    "displayName",
    "state",
    "createdAt",
    "heartbeatAt",
    "config",
    "summaryMetrics",
    "historyLineCount",
    "group",
    "jobType",
    "tags",
    "commit",
    "sweepName",
    "user",
    "notes",
    "id",
    "associatedRunId",
    "runSpec",
    "priority",
    "error",
)

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=40)
    | st.sampled_from(
        ["running", "finished", "x" * 10_000, "0001-01-01T00:00:00+14:00", "2026-01-01T00:00:00", "\ud800"]
    )
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
nodes = st.dictionaries(st.sampled_from(FIELDS), values | values.map(json.dumps)) | values


@settings(max_examples=300, deadline=None)
@given(nodes)
def test_any_node_is_a_record_that_can_be_sent_or_none(node: Any) -> None:
    """Whatever the server sends for a run or an item, what is made of it fits on the wire and in a cell."""
    for record in (run_record(node, PROJECT, "http://x/"), item_record(node, "queue:q", "acme")):
        if record is not None:
            page = Page(table="active", generation=1, scope=PROJECT, at=NOW, records=(record,))
            (sent,) = from_worker().feed(pack(page))
            assert isinstance(sent, Page)
            assert sent.records[0].id == record.id
            assert len(record.name) <= 500
            assert len(record.detail) <= 40


def run(**fields: Any) -> Record:
    """The record of a run with these fields."""
    record = run_record({"name": "r", **fields}, PROJECT, "http://w/")
    assert record is not None
    return record


def test_a_run_as_it_should_be() -> None:
    """Every field of a healthy run finds its place."""
    record = run(
        displayName="sunny-7",
        state="failed",
        createdAt="2026-03-01T10:00:00",
        heartbeatAt="2026-03-01T11:00:00Z",
        config='{"image": {"value": "registry/arr:7"}, "vertex_job": {"value": "projects/p/jobs/9"}}',
        summaryMetrics='{"_step": 7, "_wandb": {"runtime": 3600}, "loss": 0.5, "z": 1, "hist": {"a": 1}}',
        user={"username": "research", "name": "Research"},
        tags=["a", "b"],
        jobType="train",
        sweepName="s1",
    )
    assert (record.name, record.state, record.table) == ("sunny-7", State.FAILED, "completed")
    assert record.started == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert record.finished == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert record.url == "http://w/acme/arr/runs/r"
    assert record.detail["log_url"] == "http://w/acme/arr/runs/r/logs"
    assert record.links == {"image": "registry/arr:7", "vertex_job": "projects/p/jobs/9"}
    wanted = {"user": "research", "tags": "a, b", "step": 7, "runtime_s": 3600, "summary.loss": 0.5, "summary.z": 1}
    assert wanted.items() <= record.detail.items()
    assert "summary.hist" not in record.detail


def test_telling_metrics_come_first_and_few() -> None:
    """Of a summary with hundreds of scalars a dozen are kept, loss and accuracy before all others."""
    summary = {f"a{at}": at for at in range(500)} | {"val/loss": 0.1, "accuracy": 0.9}
    shown = [key for key in run(summaryMetrics=json.dumps(summary)).detail if key.startswith("summary.")]
    assert shown[:2] == ["summary.val/loss", "summary.accuracy"]
    assert len(shown) == 12


def test_the_run_states_are_those_of_the_sdk() -> None:
    """Every state that the installed SDK knows is in our table: this fails when it learns another."""
    from wandb.sdk.sweeps.run_state import RunState  # noqa: PLC0415 - the SDK is slow to import

    assert {state.value for state in RunState} == set(RUN_STATES)


def test_an_unknown_state_is_kept_in_its_own_word() -> None:
    """A state that we do not know is unknown and not running, and shown as the server wrote it."""
    record = run(state="HIBERNATING")
    assert (record.state, record.raw_state, record.table) == (State.UNKNOWN, "HIBERNATING", "completed")


@pytest.mark.parametrize("raw", sorted(ITEM_STATES))
def test_items_that_became_runs_are_no_rows(raw: str) -> None:
    """An item is a row until it has a run, whatever its state."""
    assert item_record({"id": "i", "state": raw.upper()}, "queue:q", "acme") is not None
    assert item_record({"id": "i", "state": raw.upper(), "associatedRunId": "r"}, "queue:q", "acme") is None


def test_errors_are_looked_at_to_the_bottom() -> None:
    """An error wrapped twice, or with a wall of retries, is told by its last cause and in one bounded line."""
    inner = OSError("Broken pipe")
    outer = ValueError("verifying failed")
    outer.__cause__ = inner
    assert of_api_error(outer, "Viewer s page 1", "http://w").kind == "worker"
    retried = "POST http://w/graphql giving up after 2 attempt(s)\nwhile retrying: HTTP 502: " + "<html>" * 500
    error = of_api_error(ValueError(retried), "Runs s page 1", "http://w")
    assert (error.kind, str(error)[:32]) == ("unreachable", "Runs s page 1: HTTP 502: <html><")
    assert len(str(error)) < 400


# --- environment -------------------------------------------------------------------------------------------------


def test_the_environment_is_quiet_and_private(tmp_path: Path) -> None:
    """What a parent left is removed, what keeps the SDK quiet is set, what it writes goes below our directory."""
    environment = {"WANDB_SERVICE": "3-1-tcp-localhost-9", "WANDB_API_KEY": "kept", "WANDB_MODE": "disabled"}
    prepare_environment(tmp_path, environment)
    assert environment["WANDB_API_KEY"] == "kept"
    assert not set(STRIPPED) & set(environment)
    assert FIXED.items() <= environment.items()
    for name in PRIVATE:
        assert Path(environment[name]).is_dir()
        assert tmp_path in Path(environment[name]).parents
