"""Why W&B runs ended, from what they printed: the real SDK over the wire, real files, and every way not to get it."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchers.ask import Ask
from fetchers.base import Calls, LogText
from fetchers.errors import FetchError, Throttled
from fetchers.messages import LOG, OUTCOMES, Fetch, LogEntry, LogPart, LogTarget, Message, Outcome
from fetchers.plain import LONGEST_LINE, plain_line
from fetchers.records import Reason, Record, State
from fetchers.threads import Threads
from fetchers.wandb_console import file_of
from fetchers.wandb_download import download
from fetchers.wandb_output import page_of_file
from fetchers.wandb_reasons import AT_ONCE, READ_S, outcomes
from tests.emulators.wandb import DOWNLOAD, Fault, WandbEmulator
from tests.emulators.wandb_fixtures import KEY, serving, working
from tests.emulators.wandb_printed import Printed
from tests.emulators.wandb_worker import WorkerProcess
from tests.emulators.wandb_world import PRINTED, PRINTING, Run, default_world
from tests.support.records import record

PROJECT = "acme/arr"
TAIL = "RunConsoleLogTail"
MONTHS = itertools.count()

module = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server() -> AsyncIterator[WandbEmulator]:
    """One local W&B server."""
    async with serving(default_world(datetime(2026, 1, 1, tzinfo=UTC))) as emulator:
        emulator.retry_after_s = 1
        yield emulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(
    shared_server: WandbEmulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[WorkerProcess]:
    """One worker that asks the local server."""
    async with working(tmp_path_factory.mktemp("home"), shared_server.url, WANDB_API_KEY=KEY) as process:
        yield process


@pytest.fixture
def server(shared_server: WandbEmulator) -> Iterator[WandbEmulator]:
    """The same server with runs that no test has seen yet, because they ended at another time."""
    shared_server.world = default_world(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=30 * next(MONTHS)))
    shared_server.requests.clear()
    yield shared_server
    shared_server.ranges = True
    for operation in (DOWNLOAD, TAIL, "RunOutputFile"):
        shared_server.set_fault(operation, None)


def asked(server: WandbEmulator, operation: str) -> list[str]:
    """Which runs this operation was asked for, in order."""
    return [str(told.get("runName", told.get("run", ""))) for name, told in server.requests if name == operation]


def without_lines(server: WandbEmulator) -> None:
    """Make it a server of old, which has files only."""
    for run in server.world.project().runs:
        run.printed.lines = False


def rule(found: Record) -> str | None:
    """The rule of a record's reason."""
    return found.reason.rule if found.reason else None


# --- online: rows --------------------------------------------------------------------------------------------------


@module
@pytest.mark.parametrize("table", ["completed", "active"])
async def test_rows_come_at_once_with_what_their_states_say(
    server: WandbEmulator, worker: WorkerProcess, table: str
) -> None:
    """No row waits for what its run printed, nor does the fetch: that is asked for by who wants it."""
    known = [run.id for run in server.world.project().runs]
    for _ in range(2):
        answer = await worker.fetch(table, PROJECT, known={PROJECT: tuple(known)})
        assert (answer.complete, answer.stuck) == ({PROJECT}, False)
        assert len(answer.records) == len(answer.ids)
        ended = {row.raw_state: rule(row) for row in answer.records if not row.state.pending}
        assert ended == {"finished": None, "failed": "nonzero_exit", "crashed": "nonzero_exit", "killed": None}
    for operation in (TAIL, "RunOutputFile", DOWNLOAD):
        assert asked(server, operation) == []


# --- online: why -----------------------------------------------------------------------------------------------------


def run_of(server: WandbEmulator, id_: str) -> Run:
    """One run of the server's world."""
    run = server.world.run("acme", "arr", id_)
    assert run is not None
    return run


async def wanted(worker: WorkerProcess, *runs: str, scope: str = PROJECT) -> tuple[LogTarget, ...]:
    """The runs as their rows stand."""
    rows = (await worker.fetch("completed", scope)).latest
    return tuple(LogTarget(key=f"key of {run}", record=rows[run]) for run in runs)


async def why(worker: WorkerProcess, *runs: str, soft_deadline_s: float = 20.0) -> list[Outcome]:
    """The outcomes of these runs, in that order; the fetch must be complete and leave the worker sound."""
    targets = await wanted(worker, *runs)
    answer = await worker.fetch(OUTCOMES, "completed", targets=targets, soft_deadline_s=soft_deadline_s)
    assert (answer.complete, answer.failures, answer.stuck) == ({"completed"}, {}, False)
    told = {outcome.key: outcome for outcome in answer.outcomes}
    assert len(told) == len(answer.outcomes)
    return [told[target.key] for target in targets]


def told_rule(outcome: Outcome) -> str | None:
    """The rule of an outcome's reason."""
    return outcome.reason.rule if outcome.reason else None


@module
async def test_what_a_run_printed_says_more_than_its_state(server: WandbEmulator, worker: WorkerProcess) -> None:
    """One that failed and one that crashed say why by their output; one that was killed is not looked into."""
    failed, crashed, killed = await why(worker, "run0005", "run0006", "run0007")
    assert (told_rule(failed), told_rule(crashed)) == ("python_exception", "out_of_memory")
    assert failed.reason is not None
    assert failed.reason.text == "KeyError: 'price'"
    assert (killed.reason, killed.entries, killed.rules, killed.problem) == (None, 0, 0, None)
    assert sorted(asked(server, TAIL)) == ["run0005", "run0006"]


@module
@pytest.mark.parametrize("run", ["run0005", "run0006"])
async def test_what_says_nothing_leaves_the_reason_of_the_row(
    server: WandbEmulator, worker: WorkerProcess, run: str
) -> None:
    """No output at all, or output without a cause: the row's own reason, and that is no problem."""
    [target_] = await wanted(worker, run)
    assert target_.record.reason is not None
    for text, entries in (("", 0), ("step 1\nstep 2\n", 2)):
        run_of(server, run).printed.text = text
        [outcome] = await why(worker, run)
        assert (outcome.reason, outcome.entries) == (target_.record.reason, entries)
        assert (outcome.problem, outcome.evidence, outcome.rules > 0) == (None, (), True)


@module
async def test_a_server_of_old_is_asked_for_the_file(server: WandbEmulator, worker: WorkerProcess) -> None:
    """Where nobody knows of console lines, the end of `output.log` is downloaded with the key, where there is one."""
    without_lines(server)
    failed, crashed = await why(worker, "run0005", "run0006")
    assert told_rule(failed) == "python_exception"
    assert (told_rule(crashed), crashed.entries, crashed.problem) == ("nonzero_exit", 0, None)  # it left no file
    [download_] = [told for name, told in server.requests if name == DOWNLOAD]
    assert str(download_["authorization"]).startswith("Basic ")
    assert download_["range"] == f"bytes=0-{len(PRINTED['failed']) - 1}"


@module
async def test_a_bucket_gets_no_key(server: WandbEmulator, worker: WorkerProcess) -> None:
    """A file whose address is at another server is downloaded from there without the key."""
    async with serving(server.world) as bucket:
        run = run_of(server, "run0005")
        run.printed.lines, run.printed.signed = False, True
        run.odd = {"files": lambda **_: run.printed._files(f"{bucket.url}/files/acme/arr/run0005", ())}
        [outcome] = await why(worker, "run0005")
        assert told_rule(outcome) == "python_exception"
        [(operation, told)] = bucket.requests
    assert (operation, told["path"]) == (DOWNLOAD, "/bucket/acme/arr/run0005/output.log?signature=secret")
    assert "authorization" not in told


@module
@pytest.mark.parametrize("fault", list(Fault))
async def test_a_download_that_goes_wrong_is_said_of_its_run(
    server: WandbEmulator, worker: WorkerProcess, fault: Fault
) -> None:
    """Whatever becomes of the download, the fetch is complete and in time, and the reason is that of the row."""
    without_lines(server)
    server.set_fault(DOWNLOAD, fault)
    [outcome] = await why(worker, "run0005", soft_deadline_s=4.0)
    assert str(outcome.problem).startswith("log not readable: ")
    assert (told_rule(outcome), outcome.rules) == ("nonzero_exit", 0)
    assert asked(server, DOWNLOAD)


@module
@pytest.mark.parametrize("fault", list(Fault))
async def test_lines_that_do_not_come_are_no_outcome(
    server: WandbEmulator, worker: WorkerProcess, fault: Fault
) -> None:
    """The same for the lines; where the server refuses them, the file may still say why."""
    server.set_fault(TAIL, fault)
    failed, crashed = await why(worker, "run0005", "run0006", soft_deadline_s=4.0)
    assert told_rule(failed) == ("nonzero_exit" if failed.problem else "python_exception")
    assert told_rule(crashed) == "nonzero_exit"
    assert {outcome.problem is None for outcome in (failed, crashed)} == {bool(asked(server, "RunOutputFile"))}
    server.set_fault(TAIL, None)
    assert len((await worker.fetch("active", PROJECT)).ids) == 3


@module
@pytest.mark.parametrize("ranges", [True, False])
async def test_of_a_huge_file_only_the_end_is_taken(
    server: WandbEmulator, worker: WorkerProcess, *, ranges: bool
) -> None:
    """Of 20 MB the last part is asked for; a server that sends all of it all the same is read to the end."""
    without_lines(server)
    run = run_of(server, "run0005")
    server.ranges = ranges
    run.printed.text = PRINTING * 10_000 + PRINTED["failed"]
    [outcome] = await why(worker, "run0005")
    assert (told_rule(outcome), outcome.whole) == ("python_exception", False)
    size = len(run.printed.text)
    assert [told["range"] for name, told in server.requests if name == DOWNLOAD] == [
        f"bytes={size - 256 * 1024}-{size - 1}"
    ]


@module
async def test_a_size_that_is_no_size_is_no_file(server: WandbEmulator, worker: WorkerProcess) -> None:
    """A file that is said to be empty, or of a negative size, is not asked for; of one too large the end is missing."""
    without_lines(server)
    for size in (0, -5, 10**15):
        run_of(server, "run0005").printed.size = size
        [outcome] = await why(worker, "run0005")
        assert (told_rule(outcome), outcome.problem is None) == ("nonzero_exit", size <= 0)
    assert len(asked(server, DOWNLOAD)) == 1


# --- online: evidence and the whole log ------------------------------------------------------------------------------


@module
@pytest.mark.usefixtures("server")
async def test_the_evidence_of_a_run_is_told(worker: WorkerProcess) -> None:
    """The outcome names the table and key that were asked for, holds the traceback, and marks the root cause."""
    [outcome] = await why(worker, "run0005")
    assert (outcome.table, outcome.key, outcome.problem) == ("completed", "key of run0005", None)
    assert told_rule(outcome) == "python_exception"
    assert outcome.root is not None
    assert outcome.evidence[outcome.root] == "KeyError: 'price'"
    assert "Traceback (most recent call last):" in outcome.evidence
    assert (outcome.whole, outcome.entries, outcome.rules > 0) == (True, 106, True)


@module
async def test_an_outcome_that_cannot_be_had_says_why(server: WandbEmulator, worker: WorkerProcess) -> None:
    """Forbidden lines are a problem in one line; the reason stays as the source has it."""
    [target] = await wanted(worker, "run0005")
    server.set_fault(TAIL, Fault.FORBIDDEN)
    [outcome] = (await worker.fetch(OUTCOMES, "completed", targets=(target,))).outcomes
    assert outcome.problem is not None
    assert outcome.problem.startswith("log not readable: ConsoleLog run0005")
    assert "HTTP 403" in outcome.problem
    assert (outcome.reason, outcome.rules) == (target.record.reason, 0)


@module
async def test_many_outcomes_come_of_one_fetch(server: WandbEmulator, worker: WorkerProcess) -> None:
    """Of twenty runs one has been deleted meanwhile: it keeps the reason of its row, and the others get theirs."""
    ended = server.world.project().runs[5].heartbeat
    assert ended is not None
    server.world.project().runs = [
        Run(f"r{at:02d}", "failed", heartbeat=ended, printed=Printed(PRINTED["failed"])) for at in range(20)
    ]
    rows = (await worker.fetch("completed", PROJECT)).latest
    gone = server.world.project().runs.pop(3)
    targets = tuple(LogTarget(key=f"key of {id_}", record=row) for id_, row in rows.items())
    answer = await worker.fetch(OUTCOMES, "completed", targets=targets, calls=20)
    assert (answer.complete, answer.failures) == ({"completed"}, {})
    assert sorted(outcome.key for outcome in answer.outcomes) == sorted(target.key for target in targets)
    assert [outcome.problem for outcome in answer.outcomes] == [None] * 20
    [empty] = [outcome for outcome in answer.outcomes if not outcome.entries]
    assert (empty.key, empty.reason) == (f"key of {gone.id}", rows[gone.id].reason)
    assert {outcome.reason.rule for outcome in answer.outcomes if outcome.entries and outcome.reason} == {
        "python_exception"
    }


@module
@pytest.mark.parametrize("lines", [True, False])
async def test_the_whole_log_comes_in_pages(server: WandbEmulator, worker: WorkerProcess, *, lines: bool) -> None:
    """Page by page from the end, each line once and in order, down to the first."""
    targets = await wanted(worker, "run0005")
    run = server.world.run("acme", "arr", "run0005")
    assert run is not None
    run.printed.lines = lines
    found: list[str] = []
    ids: set[str] = set()
    token: str | None = None
    for _ in range(20):
        answer = await worker.fetch(LOG, "completed", targets=targets, part=LogPart(token=token, most=17))
        [page] = answer.logs
        found[:0] = [entry.text for entry in page.entries]
        ids.update(entry.id for entry in page.entries)
        token = page.token
        if token is None:
            break
    assert found == run.printed.text.splitlines()
    assert len(ids) == len(found)
    assert len(asked(server, DOWNLOAD)) == (0 if lines else 7)


@module
async def test_a_log_that_grows_is_followed(server: WandbEmulator, worker: WorkerProcess) -> None:
    """The end of a running run's lines, with their times and numbers, and what has been written since."""
    row = (await worker.fetch("active", PROJECT)).latest["run0000"]
    run = server.world.run("acme", "arr", "run0000")
    assert run is not None
    targets = (LogTarget(key="k", record=row),)
    [page] = (await worker.fetch(LOG, "active", targets=targets, part=LogPart(most=3))).logs
    assert [(entry.id, entry.text[:7]) for entry in page.entries] == [
        ("97", "step 97"),
        ("98", "step 98"),
        ("99", "step 99"),
    ]
    last = page.entries[-1].at
    run.printed.text += "step 100 loss 0.0099\n"
    [page] = (await worker.fetch(LOG, "active", targets=targets, part=LogPart(most=3, after=last))).logs
    assert [entry.id for entry in page.entries] == ["98", "99", "100"]


@module
async def test_older_lines_that_the_server_keeps_to_itself_are_said(
    server: WandbEmulator, worker: WorkerProcess
) -> None:
    """Where the server gives no more of its lines at once, the log ends with a word on where the others are."""
    targets = await wanted(worker, "run0005")
    run = server.world.run("acme", "arr", "run0005")
    assert run is not None
    run.printed.most = 20
    [page] = (await worker.fetch(LOG, "completed", targets=targets, part=LogPart(most=20))).logs
    [page] = (await worker.fetch(LOG, "completed", targets=targets, part=LogPart(most=20, token=page.token))).logs
    [entry] = page.entries
    assert (entry.text.startswith("86 older lines"), page.token) == (True, None)


@module
async def test_a_log_that_cannot_be_had_is_an_error_and_an_empty_one_is_empty(
    server: WandbEmulator, worker: WorkerProcess
) -> None:
    """Forbidden is told as such; a run that printed nothing has a log without entries; a queue item has none."""
    targets = await wanted(worker, "run0007")
    server.set_fault(TAIL, Fault.FORBIDDEN)
    answer = await worker.fetch(LOG, "completed", targets=targets, part=LogPart())
    assert (answer.failure.kind, answer.logs) == ("permission", [])
    server.set_fault(TAIL, None)
    run = server.world.run("acme", "arr", "run0007")
    assert run is not None
    run.printed.text = ""
    [page] = (await worker.fetch(LOG, "completed", targets=targets, part=LogPart())).logs
    assert (page.entries, page.token) == ((), None)
    item = msgspec.structs.replace(targets[0].record, scope="queue:vertex", table="active")
    answer = await worker.fetch(LOG, "active", targets=(LogTarget(key="k", record=item),), part=LogPart())
    assert answer.failure.kind == "rejected"


@module
async def test_secrets_and_escapes_do_not_leave_the_worker(server: WandbEmulator, worker: WorkerProcess) -> None:
    """What a run printed is plain and without keys in the log, in the evidence and in the reason."""
    run = server.world.run("acme", "arr", "run0005")
    assert run is not None
    key = "hf_" + "a1" * 16
    run.printed.text = f"\x1b[31mValueError: bad token {key}\x1b[0m \x1b]0;title\x07\n"
    targets = await wanted(worker, "run0005")
    [outcome] = (await worker.fetch(OUTCOMES, "completed", targets=targets)).outcomes
    [page] = (await worker.fetch(LOG, "completed", targets=targets, part=LogPart())).logs
    texts = [*outcome.evidence, *(entry.text for entry in page.entries), str(outcome.reason)]
    assert any("ValueError" in text for text in texts)
    assert not any(key in text or "\x1b" in text or "title" in text for text in texts)


# --- offline ---------------------------------------------------------------------------------------------------------

SCRIPT = """
import os, sys, wandb
settings = wandb.Settings(x_disable_stats=True, x_transaction_log_flush_interval=0.1)
run = wandb.init(mode="offline", dir=sys.argv[1], entity="acme", project="arr", id="tripped", settings=settings)
for step in range(1500):
    print("step", step)
open("/nowhere/data.parquet")
"""


@pytest.fixture(scope="module")
def tripped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `.wandb` file of a run of the real SDK that printed 1,500 lines and raised."""
    root = tmp_path_factory.mktemp("offline")
    (root / "make.py").write_text(SCRIPT)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment |= {"HOME": str(root), "TMPDIR": str(root), "WANDB_SILENT": "true"}
    command = [sys.executable, str(root / "make.py"), str(root)]
    assert subprocess.run(command, env=environment, capture_output=True, timeout=100, check=False).returncode == 1
    [path] = root.glob("wandb/offline-run-*/run-tripped.wandb")
    return path


def copied(file: Path, to: Path, kept: str) -> None:
    """Copy a run's file, and what `kept` names of the rest."""
    place = to / file.parent.name
    (place / "files").mkdir(parents=True)
    (place / file.name).write_bytes(file.read_bytes())
    if kept == "output.log":
        (place / "files" / kept).write_bytes((file.parent / "files" / kept).read_bytes())


WHOLE = [f"step {step}" for step in range(1500)]


@module
@pytest.mark.parametrize("kept", ["output.log", "records"])
async def test_an_offline_run_says_why_and_shows_all_it_printed(
    tripped: Path, tmp_path: Path, server: WandbEmulator, kept: str
) -> None:
    """From its `output.log`, or where a copy has none from the records of its file: why, by what, and every line."""
    copied(tripped, tmp_path / "runs", kept)
    scope = str(tmp_path / "runs")
    async with working(tmp_path, server.url, scope, WANDB_API_KEY=KEY) as worker:
        targets = await wanted(worker, "tripped", scope=scope)
        [outcome] = (await worker.fetch(OUTCOMES, "completed", targets=targets)).outcomes
        assert outcome.reason is not None
        assert outcome.reason.text.startswith("FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/data.")
        assert outcome.root is not None
        assert outcome.evidence[outcome.root].startswith("FileNotFoundError")
        found: list[LogEntry] = []
        token: str | None = None
        while token is not None or not found:
            part = LogPart(token=token, most=400)
            [page] = (await worker.fetch(LOG, "completed", targets=targets, part=part)).logs
            found[:0] = page.entries
            token = page.token
    assert [entry.text for entry in found[:1500]] == WHOLE
    assert found[1500].text == "Traceback (most recent call last):"
    assert len({entry.id for entry in found}) == len(found)
    assert all(entry.at for entry in found) == (kept == "records")


@pytest.fixture
def gone(tmp_path: Path) -> Record:
    """The record of an offline run that is not there, and whose path leads to somebody's secrets."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "secret").write_text("secret\n")
    told = {"path": str(tmp_path / "secret")}
    return record("gone", table="completed", scope=str(tmp_path / "runs"), state=State.FAILED, detail=told)


@module
async def test_an_offline_log_that_is_gone_is_an_error(tmp_path: Path, gone: Record, server: WandbEmulator) -> None:
    """A record whose directory was deleted has no log: said, and nothing else of the disk is read in its place."""
    scope = gone.scope
    async with working(tmp_path, server.url, scope, WANDB_API_KEY=KEY) as worker:
        answer = await worker.fetch(LOG, "completed", targets=(LogTarget(key="k", record=gone),), part=LogPart())
        assert (answer.failure.kind, answer.logs) == ("rejected", [])
        [outcome] = (await worker.fetch(OUTCOMES, "completed", targets=(LogTarget(key="k", record=gone),))).outcomes
        assert str(outcome.problem).startswith("log not readable: ")


# --- pieces ----------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=30)), st.integers(1, 7))
def test_pages_of_a_file_are_the_file(lines: list[str], most: int) -> None:
    """Whatever is in it: each line once, in order, with the place at which it begins."""
    data = "".join(f"{line}\n" for line in lines).encode()
    found: list[LogEntry] = []
    token: str | None = None
    while True:
        page = page_of_file(lambda start, end: data[start:end], len(data), LogPart(token=token, most=most))
        found[:0] = page.entries
        token = page.token
        if token is None:
            break
    assert [data[int(entry.id) :].split(b"\n")[0].decode() for entry in found] == lines


nodes = st.fixed_dictionaries(
    {"name": st.sampled_from(["output.log", None, 3])},
    optional={
        name: st.none() | st.integers() | st.floats() | st.text() | st.sampled_from(["7", "²", "9" * 5000, "http://["])
        for name in ("url", "directUrl", "sizeBytes")
    },
)


@settings(max_examples=200, deadline=None)
@given(nodes | st.none() | st.text())
def test_any_answer_is_a_file_or_none(node: object) -> None:
    """Whatever the server says of a file, it has an address and a size, or it is none."""
    data = {"project": {"run": {"files": {"edges": [{"node": node}]}}}}
    found = file_of(data, "http://127.0.0.1:9")
    assert found is None or (found.url and 0 < found.size < 2**63)


@pytest.mark.parametrize("url", ["http://[", "file:///etc/passwd", "ftp://127.0.0.1/x", "", "http://127.0.0.1:0/a b"])
def test_an_address_that_is_none_is_an_error_of_ours(url: str) -> None:
    """Nothing but the web is asked, least of all the disk."""
    with pytest.raises(FetchError):
        download(url, 0, 4, key=KEY, home="http://127.0.0.1:9", deadline_s=5)


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("10%\r20%\r30%", "30%"),
        ("an error\r", "an error"),
        ("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07", "red link"),
        ("a\x00b\x08c\x7f\u009bd", "abcd"),
        ("\ud800", "?"),
        ("x" * 10_000, "x" * (LONGEST_LINE - 1) + "…"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [redacted]"),
    ],
)
def test_a_line_is_plain(line: str, plain: str) -> None:
    """As it would stand on a terminal in the end, bounded, and without what nobody should see."""
    assert plain_line(line) == plain


def _ignored(_: Message) -> None:
    pass


def failed_runs(number: int) -> tuple[LogTarget, ...]:
    """Runs that failed, as the engine asks for their outcomes."""
    rows = [record(f"r{at:02d}", table="completed", state=State.FAILED) for at in range(number)]
    return tuple(LogTarget(key=f"key of {row.id}", record=row) for row in rows)


def asking(targets: tuple[LogTarget, ...], seconds: float = 20.0, calls: int = 100) -> Ask:
    """A fetch of the outcomes of these."""
    fetch = Fetch(
        table=OUTCOMES, generation=1, scopes=("completed",), soft_deadline_s=seconds, targets=targets, calls=calls
    )
    return Ask(fetch, "completed", Calls(fetch, _ignored), Threads())


PRINTS = LogText((LogEntry(text="MemoryError"),))


async def test_a_few_outputs_are_read_at_a_time_and_each_is_told_as_it_comes() -> None:
    """Never more than five at once; what is read is yielded while others are still being read."""
    reading: set[str] = set()
    most = 0
    go_on = asyncio.Event()

    async def printed(_ask: Ask, row: Record, _part: LogPart) -> LogText:
        nonlocal most
        reading.add(row.id)
        most = max(most, len(reading))
        if row.id == "r00":
            await go_on.wait()
        await asyncio.sleep(0)
        reading.discard(row.id)
        return PRINTS

    told: list[Outcome] = []
    targets = failed_runs(12)
    async for some in outcomes(asking(targets), targets, printed):
        told += some
        if len(told) == 11:
            assert reading == {"r00"}
            go_on.set()
    assert [outcome.key for outcome in told][-1] == "key of r00"
    assert {outcome.key for outcome in told} == {target.key for target in targets}
    assert {outcome.reason.rule for outcome in told if outcome.reason} == {"out_of_memory"}
    assert most == AT_ONCE


async def test_what_goes_wrong_with_one_output_is_told_of_it_alone() -> None:
    """Errors of ours with how long to wait, errors of nobody, and silence: each is the problem of its run."""
    ways: dict[str, Exception] = {"r01": Throttled("too many", retry_after_s=7.0), "r02": KeyError("token=hunter22")}

    async def printed(ask: Ask, row: Record, _part: LogPart) -> LogText:
        if row.id in ways:
            raise ways[row.id]
        if row.id == "r03":
            await asyncio.sleep(ask.left_s())
            raise ask.no_answer("ConsoleLog")
        return PRINTS

    targets = failed_runs(10)
    told = {one.key[-3:]: one async for some in outcomes(asking(targets, 2.0), targets, printed) for one in some}
    assert sorted(told) == [f"r{at:02d}" for at in range(10)]
    bad = {id_: outcome for id_, outcome in told.items() if outcome.problem}
    assert {id_: str(outcome.problem) for id_, outcome in bad.items()} == {
        "r01": "log not readable: too many",
        "r02": "log not readable: run r02: KeyError: 'token=[redacted]'",
        "r03": "log not readable: ConsoleLog completed page 1: no answer in 0.8 s",
    }
    assert {outcome.retry_after_s for outcome in bad.values()} == {None, 7.0}


@pytest.mark.parametrize(("runs", "seconds", "each_s"), [(1, 60.0, READ_S), (5, 4.0, 3.6), (20, 20.0, 4.9)])
async def test_readings_share_the_time_of_the_fetch(runs: int, seconds: float, each_s: float) -> None:
    """A server that hangs is given up on after a few seconds, and sooner where others wait for their turn."""
    given: list[float] = []

    async def printed(ask: Ask, _row: Record, _part: LogPart) -> LogText:
        given.append(ask.fetch.soft_deadline_s)
        return PRINTS

    targets = failed_runs(runs)
    assert [one async for some in outcomes(asking(targets, seconds), targets, printed) for one in some]
    assert given == pytest.approx([each_s] * runs, abs=0.1)


@pytest.mark.parametrize(("calls", "seconds", "read"), [(3, 20.0, 3), (0, 20.0, 0), (9, 0.5, 0)])
async def test_no_more_is_read_than_there_are_calls_and_time_for(calls: int, seconds: float, read: int) -> None:
    """The rest stays unread without a word; what has no output is told all the same."""
    tried: list[str] = []

    async def printed(_ask: Ask, row: Record, _part: LogPart) -> LogText:
        tried.append(row.id)
        return PRINTS

    said = Reason(text="stopped by its owner", origin="wandb")
    killed = record("killed", table="completed", state=State.CANCELLED, reason=said)
    item = record("item", table="completed", state=State.FAILED, scope="queue:vertex", reason=said)
    silent = tuple(LogTarget(key=f"key of {row.id}", record=row) for row in (killed, item))
    targets = (*silent, *failed_runs(5))
    asks = outcomes(asking(targets, seconds, calls), targets, printed)
    told = [outcome async for some in asks for outcome in some]
    assert [outcome.key for outcome in told[:2]] == ["key of killed", "key of item"]
    assert [(one.reason, one.entries, one.problem) for one in told[:2]] == [(said, 0, None)] * 2
    assert (len(told), tried) == (2 + read, [f"r{at:02d}" for at in range(read)])


async def test_readings_end_with_the_fetch_that_asked() -> None:
    """Closed while outputs are being read, it leaves none behind."""
    ended: list[str] = []
    begun = asyncio.Event()

    async def printed(_ask: Ask, row: Record, _part: LogPart) -> LogText:
        if row.id == "r00":
            await begun.wait()
            return PRINTS
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.append(row.id)
        return PRINTS

    targets = failed_runs(3)
    async with aclosing(outcomes(asking(targets), targets, printed)) as found:
        [outcome] = await anext(found)
    assert (outcome.key, sorted(ended)) == ("key of r00", ["r01", "r02"])


async def test_a_redirect_does_not_carry_the_key_away() -> None:
    """A server may send its visitor elsewhere: the key stays at home."""
    async with serving(default_world(datetime(2026, 1, 1, tzinfo=UTC))) as elsewhere:
        where = f"{elsewhere.url}/bucket/acme/arr/run0005/output.log"

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            writer.close()

        heads: list[bytes] = []
        home = await asyncio.start_server(redirect, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{home.sockets[0].getsockname()[1]}"
        found = await asyncio.to_thread(
            lambda: download(f"{url}/files/output.log", 0, 4, key=KEY, home=url, deadline_s=20)
        )
        home.close()
        [(_, told)] = elsewhere.requests
    assert found == b"step"
    assert b"Authorization: Basic" in heads[0]
    assert "authorization" not in told
