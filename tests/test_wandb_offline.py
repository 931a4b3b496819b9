"""Offline runs: real ones written by the SDK in child processes, and directories that no healthy SDK would leave."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.terminal_state import life
from fetchers.ask import Ask
from fetchers.base import Calls
from fetchers.errors import NoAnswer, NotAllowed, Rejected
from fetchers.messages import Fetch, Message
from fetchers.records import Record, State
from fetchers.threads import Threads
from fetchers.wandb_file import Content, read
from fetchers.wandb_log import BLOCK, HEADER, records
from fetchers.wandb_offline import OfflineRuns, found, judged

# --- real runs ---------------------------------------------------------------------------------------------------

SCRIPT = """
import os, pathlib, sys, time
import wandb
kind, directory = sys.argv[1:]
settings = wandb.Settings(x_disable_stats=True, x_transaction_log_flush_interval=0.1)
run = wandb.init(mode="offline", dir=directory, entity="acme", project="arr", id=kind, name=f"a {kind} run",
                 group="nightly", tags=["a", "b"], config={"lr": 0.1, "image": "registry/arr:7"}, settings=settings)
for step in range(30):
    run.log({"loss": 1 / (step + 1), "step_name": "warm"})
if kind == "failed":
    raise ValueError("no such column: price")
if kind == "finished":
    sys.exit(0)
written = pathlib.Path(run.settings.sync_file)
while written.stat().st_size < 1000:
    time.sleep(0.01)
if kind == "crashed":
    os._exit(9)
print("running", flush=True)
sys.stdin.read()
"""


@dataclass
class RealRuns:
    """The directory that the SDK wrote to."""

    root: Path

    def file(self, run: str) -> Path:
        """The file of one of the runs."""
        (path,) = self.root.glob(f"wandb/offline-run-*-{run}/run-{run}.wandb")
        return path


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRuns]:
    """One run that finished, one that raised, one that vanished, and one that goes on."""
    root = tmp_path_factory.mktemp("offline")
    (root / "make.py").write_text(SCRIPT)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment |= {"HOME": str(root), "TMPDIR": str(root), "WANDB_SILENT": "true"}
    children = {
        kind: subprocess.Popen(
            [sys.executable, str(root / "make.py"), kind, str(root)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for kind in ("finished", "failed", "crashed", "going")
    }
    going = children.pop("going")
    assert {kind: child.wait(60) for kind, child in children.items()} == {"finished": 0, "failed": 1, "crashed": 9}
    assert going.stdout is not None
    assert going.stdout.readline() == b"running\n"
    yield RealRuns(root)
    going.communicate(timeout=30)


def ask(directory: Path, known: Sequence[str] = (), limit: int = 100) -> Ask:
    """A fetch of one directory."""
    scope = str(directory)
    fetch = Fetch(
        table="active",
        generation=1,
        scopes=(scope,),
        soft_deadline_s=20,
        limit=limit,
        known={scope: tuple(known)},
    )
    return Ask(fetch, scope, Calls(fetch, _ignored), Threads())


def _ignored(_: Message) -> None:
    pass


def after(seconds: float = 0) -> OfflineRuns:
    """Runs as they are seen so many seconds from now."""
    return OfflineRuns(lambda: datetime.now(UTC) + timedelta(seconds=seconds))


async def gathered(pages: AsyncIterator[Sequence[Record]]) -> dict[str, Record]:
    """All records, by id."""
    return {record.id: record async for page in pages for record in page}


async def test_a_run_that_finished_has_succeeded_and_tells_what_it_was(real: RealRuns) -> None:
    """Name, project, start, end, steps, config links and metrics of a finished run come out of its file."""
    run = (await gathered(after().completed(ask(real.root))))["finished"]
    assert (run.state, run.raw_state, run.table, run.reason) == (State.SUCCEEDED, "finished", "completed", None)
    assert (run.name, run.links) == ("a finished run", {"image": "registry/arr:7"})
    wanted = {"entity": "acme", "project": "arr", "group": "nightly", "tags": "a, b", "step": 29, "exit_code": 0}
    assert wanted.items() <= run.detail.items()
    assert run.detail["summary.loss"] == pytest.approx(1 / 30)
    assert run.started is not None
    assert run.finished is not None
    assert timedelta(0) <= run.finished - run.started < timedelta(minutes=1)


async def test_a_run_that_raised_has_failed_for_that_reason(real: RealRuns) -> None:
    """The reason of a failed run is the exception it died of, with its exit code."""
    run = (await gathered(after().completed(ask(real.root))))["failed"]
    assert (run.state, run.raw_state) == (State.FAILED, "failed")
    assert run.reason is not None
    assert run.reason.text == "ValueError: no such column: price (exit code 1)"
    assert run.detail["exit_code"] == 1


async def test_a_process_that_vanished_is_a_crash_seconds_later(real: RealRuns) -> None:
    """A run without an end whose process is gone from this machine has crashed, long before its file is old."""
    run = (await gathered(after(10).completed(ask(real.root))))["crashed"]
    assert (run.state, run.raw_state) == (State.FAILED, "crashed")
    assert run.reason is not None
    assert run.finished is not None


async def test_a_process_that_lives_is_a_run_that_runs(real: RealRuns) -> None:
    """A run whose process lives is running even after an hour without a write, and is marked stale then."""
    run = (await gathered(after().active(ask(real.root))))["going"]
    assert (run.state, run.table, run.finished, run.detail.get("stale")) == (State.RUNNING, "active", None, None)
    run = (await gathered(after(3600).active(ask(real.root))))["going"]
    assert (run.state, run.detail.get("stale")) == (State.RUNNING, True)


async def test_a_run_that_has_just_ended_is_still_told_of(real: RealRuns) -> None:
    """Active holds what runs, and the end of what was last seen running, however long ago that was."""
    assert set(await gathered(after(10).active(ask(real.root)))) == {"going"}
    seen = await gathered(after(10).active(ask(real.root, known=["finished", "going", "never-was"])))
    assert {run: record.state for run, record in seen.items()} == {"finished": State.SUCCEEDED, "going": State.RUNNING}
    seen = await gathered(after(10 * 86400).active(ask(real.root, known=["finished"])))
    assert seen["finished"].state is State.SUCCEEDED


async def test_completed_stops_at_the_limit(real: RealRuns) -> None:
    """At most `limit` ended runs are given, those written last."""
    every = await gathered(after(10).completed(ask(real.root)))
    last = max(every.values(), key=lambda record: str(record.detail["last_write"]))
    assert len(every) == 3
    (only,) = (await gathered(after(10).completed(ask(real.root, limit=1)))).values()
    assert only.detail["last_write"] == last.detail["last_write"]


async def test_the_directory_or_its_parent(real: RealRuns) -> None:
    """The `wandb` directory and the one that holds it give the same runs."""
    assert {file.path for file in found(real.root)} == {file.path for file in found(real.root / "wandb")}


async def test_a_synced_run_says_so(real: RealRuns) -> None:
    """The marker that `wandb sync` leaves is shown."""
    assert (await gathered(after().completed(ask(real.root))))["finished"].detail["synced"] is False
    marker = real.file("finished").with_name("run-finished.wandb.synced")
    marker.touch()
    assert (await gathered(after().completed(ask(real.root))))["finished"].detail["synced"] is True
    marker.unlink()


async def test_a_file_that_grows_is_read_again_and_no_other(real: RealRuns, tmp_path: Path) -> None:
    """A file is read anew when it has changed, and only then."""
    whole = real.file("finished").read_bytes()
    path = put(tmp_path, "grows", whole[:1500])
    runs = after()
    assert (await gathered(runs.active(ask(tmp_path))))["grows"].state is State.RUNNING
    path.write_bytes(whole)
    assert (await gathered(runs.completed(ask(tmp_path))))["grows"].state is State.SUCCEEDED
    status = path.stat()
    with path.open("r+b") as file:  # the same length and time: as good as unchanged
        file.write(bytes(len(whole)))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (await gathered(runs.completed(ask(tmp_path))))["grows"].state is State.SUCCEEDED


# --- what is judged by age ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exit_code", "age_s", "alive", "expected"),
    [
        (0, 9999, None, "finished"),
        (137, 1, True, "failed"),
        (None, 1, None, "running"),
        (None, 299, None, "running"),
        (None, 301, None, "crashed"),
        (None, 9999, True, "running"),
        (None, 4, False, "running"),
        (None, 6, False, "crashed"),
    ],
)
def test_how_a_run_stands(exit_code: int | None, age_s: float, alive: bool | None, expected: str) -> None:
    """An end is believed; without one the process decides; where that is unknown, the age of the last write."""
    assert judged(Content(exit_code=exit_code), age_s, lambda: alive) == expected


# --- directories that no healthy SDK would leave -----------------------------------------------------------------


def put(root: Path, run: str, content: bytes, stamp: str = "20260301_120000") -> Path:
    """Write a file as if the SDK had."""
    path = root / f"offline-run-{stamp}-{run}" / f"run-{run}.wandb"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


async def test_odd_files_do_not_hide_good_ones(real: RealRuns, tmp_path: Path) -> None:
    """Pipes, loops, garbage, empty files and runs known online are passed over; the good run is there."""
    whole = real.file("finished").read_bytes()
    put(tmp_path, "good", whole)
    put(tmp_path, "empty", b"")
    put(tmp_path, "garbage", os.urandom(5000))
    put(tmp_path, "damaged", whole[:900] + os.urandom(300) + whole[1200:])
    put(tmp_path, "fifo", b"").unlink()
    os.mkfifo(tmp_path / "offline-run-20260301_120000-fifo" / "run-fifo.wandb")
    put(tmp_path, "folder", b"").unlink()
    (tmp_path / "offline-run-20260301_120000-folder" / "run-folder.wandb").mkdir()
    (tmp_path / "offline-run-20260301_120000-loop").symlink_to("offline-run-20260301_120000-loop")
    (tmp_path / "offline-run-20260301_120000-nothing").mkdir()
    (tmp_path / "offline-run-20260301_120000-dangling").symlink_to("nowhere")
    (tmp_path / "latest-run").symlink_to("offline-run-20260301_120000-good")
    (tmp_path / "run-20260301_120000-online").mkdir()
    seen = await gathered(after(400).completed(ask(tmp_path)))
    assert seen["good"].state is State.SUCCEEDED
    assert set(seen) == {"good", "empty", "damaged"}
    assert seen["empty"].raw_state == "crashed"


async def test_a_file_cut_anywhere_is_read_as_far_as_it_goes(real: RealRuns, tmp_path: Path) -> None:
    """A truncated file never raises, and has no end unless it is whole."""
    whole = real.file("failed").read_bytes()
    path = tmp_path / "run.wandb"
    for size in [*range(0, len(whole), 61), len(whole) - 1]:
        path.write_bytes(whole[:size])
        assert read(path).exit_code is None
    path.write_bytes(whole)
    assert read(path).exit_code == 1


async def test_a_run_resumed_in_a_new_directory_is_one_row(real: RealRuns, tmp_path: Path) -> None:
    """Of several directories of one run id the newest counts."""
    put(tmp_path, "again", real.file("failed").read_bytes(), "20260301_110000")
    put(tmp_path, "again", real.file("finished").read_bytes(), "20260301_120000")
    assert (await gathered(after().completed(ask(tmp_path))))["again"].state is State.SUCCEEDED


async def test_an_offline_run_that_fails_again_has_another_life(real: RealRuns, tmp_path: Path) -> None:
    """What was read of its first failure is not taken for the reason of the second; read twice, it lives once."""
    file = put(tmp_path, "again", real.file("failed").read_bytes())
    lives = []
    for written in (1_700_000_000, 1_700_000_000, 1_700_003_600):
        os.utime(file, (written, written))
        lives.append(life((await gathered(after().completed(ask(tmp_path))))["again"]))
    assert lives[0] == lives[1] != lives[2]


async def test_a_thousand_runs_are_a_matter_of_seconds(real: RealRuns, tmp_path: Path) -> None:
    """A thousand runs come in pages, all of them, within the deadline of one fetch."""
    whole = real.file("finished").read_bytes()
    for at in range(1000):
        put(tmp_path, f"run{at}", whole)
    sizes = [len(page) async for page in after().completed(ask(tmp_path, limit=1000))]
    assert sum(sizes) == 1000
    assert max(sizes) <= 50


async def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """A directory that does not exist is an error that names it and the setting."""
    with pytest.raises(Rejected, match=r"nowhere.*wandb\.offline_dirs"):
        await gathered(after().active(ask(tmp_path / "nowhere")))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_may_not_be_read(tmp_path: Path) -> None:
    """A directory without permission is an error of its own kind."""
    tmp_path.chmod(0)
    try:
        with pytest.raises(NotAllowed):
            found(tmp_path)
    finally:
        tmp_path.chmod(0o700)


async def test_a_disk_that_hangs_holds_nothing_up() -> None:
    """A call that does not return is an error by its deadline, and the process is known to be stuck until it does."""
    fetch = Fetch(table="active", generation=1, scopes=("d",), soft_deadline_s=0.1)
    threads, release = Threads(), threading.Event()
    with pytest.raises(NoAnswer, match=r"ReadRuns d page 3: no answer in 0\.1 s"):
        await Ask(fetch, "d", Calls(fetch, _ignored), threads).call("ReadRuns", 3, release.wait)
    assert threads.stuck()
    release.set()
    for thread in threads._abandoned:
        thread.join(5)
    assert not threads.stuck()


# --- the log in the file -----------------------------------------------------------------------------------------


def log_of(payloads: Sequence[bytes]) -> bytes:
    """Write a log as the format says, for comparison with what is read."""
    log = bytearray(b":W&B\xe1\xbe\x00")
    for payload in payloads:
        rest, first = payload, True
        while first or rest:
            room = BLOCK - len(log) % BLOCK
            if room < HEADER:
                log += bytes(room)
                room = BLOCK
            part, rest = rest[: room - HEADER], rest[room - HEADER :]
            kind = {(True, True): 1, (True, False): 2, (False, False): 3, (False, True): 4}[first, not rest]
            log += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes((kind,)))), len(part), kind) + part
            first = False
    return bytes(log)


sizes = st.lists(st.integers(0, 3 * BLOCK) | st.integers(BLOCK - 20, BLOCK), max_size=8)


def payloads_of(lengths: Sequence[int]) -> list[bytes]:
    """Distinct payloads of those lengths."""
    return [bytes((at + 1,)) * length for at, length in enumerate(lengths)]


@settings(max_examples=60, deadline=None)
@given(sizes)
def test_what_was_written_is_read(lengths: list[int]) -> None:
    """Every record of a whole log is read, in order, whatever its length."""
    written = payloads_of(lengths)
    assert list(records(log_of(written))) == written


@settings(max_examples=60, deadline=None)
@given(sizes, st.integers(0, 8 * BLOCK))
def test_a_cut_log_gives_its_beginning(lengths: list[int], cut: int) -> None:
    """A log cut anywhere gives the records before the cut, whole, and nothing else."""
    written = payloads_of(lengths)
    kept = list(records(log_of(written)[:cut]))
    assert kept == written[: len(kept)]


@settings(max_examples=60, deadline=None)
@given(sizes, st.integers(0, 8))
def test_a_log_can_be_read_from_any_block(lengths: list[int], block: int) -> None:
    """Reading from the beginning of a block gives the last records, whole, and nothing else."""
    written = payloads_of(lengths)
    kept = list(records(log_of(written)[block * BLOCK :], block * BLOCK))
    assert kept == written[len(written) - len(kept) :]


@settings(max_examples=60, deadline=None)
@given(sizes, st.integers(HEADER, 8 * BLOCK), st.integers(1, 255))
def test_damage_costs_records_but_invents_none(lengths: list[int], at: int, flip: int) -> None:
    """After one damaged byte every record that is read is one that was written, in order."""
    written = payloads_of(lengths)
    log = bytearray(log_of(written))
    if at < len(log):
        log[at] ^= flip
    remaining = iter(written)
    assert all(any(read == other for other in remaining) for read in records(bytes(log)))
