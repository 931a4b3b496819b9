"""The session logs: whole lines from several processes, no secrets, and never a reason to wait."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fetchers.messages import CallEnded, CallStarted
from monitor import session_log
from monitor.line_file import LineFile
from monitor.session_log import FETCHES, MONITOR_LOG, SessionLog

ROOT = Path(__file__).resolve().parent.parent
AT = datetime(2026, 1, 1, tzinfo=UTC)
BEGAN = CallStarted(id=1, table="runner", generation=3, method="ListExecutions", scope="us-east1", page=2, at=AT)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SessionLog]:
    """A session log of this process in a directory of its own."""
    opened, problem = session_log.start(str(tmp_path / "logs"), "test")
    assert problem is None
    yield opened
    opened.close()


def lines(log: SessionLog, file: str) -> list[dict[str, Any]]:
    """What is in a file by now."""
    assert log.flush(5)
    return [json.loads(line) for line in (log.directory / file).read_text().splitlines()]


def fail(why: str) -> None:
    """Raise."""
    raise RuntimeError(why)


def documented(heading: str) -> list[str]:
    """The fields that logs/README.md names in the table below the first line that holds `heading`."""
    page = (ROOT / "logs" / "README.md").read_text()
    blocks = page[page.index(heading) :].split("\n\n")
    table = next(block for block in blocks if block.startswith("|"))
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]


# --- what is written -----------------------------------------------------------------------------------------------


def test_a_fetch_is_one_line_with_the_fields_the_readme_names(log: SessionLog) -> None:
    """A fetch that answered for one of two scopes is partial."""
    log.fetch(
        table="runner",
        generation=3,
        scopes={"us-east1": "complete", "us-west1": "timeout"},
        took_s=2.0,
        budget=0.1,
        kills=1,
    )
    (line,) = lines(log, FETCHES)
    assert list(line) == documented("A **fetch**")
    assert line["outcome"] == "partial"
    assert line["scopes"] == {"us-east1": "complete", "us-west1": "timeout"}
    assert (line["took_s"], line["budget"], line["kills"]) == (2.0, 0.1, 1)


@pytest.mark.parametrize(
    ("scopes", "outcome"),
    [({"a": "complete"}, "complete"), ({"a": "worker", "b": "timeout"}, "failed"), ({}, "complete")],
)
def test_the_outcome_of_a_fetch_follows_from_its_scopes(log: SessionLog, scopes: dict[str, str], outcome: str) -> None:
    """All good is complete, none good is failed."""
    log.fetch(table="vertex", generation=1, scopes=scopes, took_s=1, budget=0.1)
    assert lines(log, FETCHES)[0]["outcome"] == outcome


def test_the_average_is_that_of_the_tables_last_twenty_fetches(log: SessionLog) -> None:
    """A slow fetch is forgotten after twenty others, and another table's does not count."""
    for took_s in (100.0, *([1.0] * 20)):
        log.fetch(table="runner", generation=1, scopes={}, took_s=took_s, budget=0.1)
    log.fetch(table="builds", generation=1, scopes={}, took_s=7, budget=0.1)
    averages = [line["average_s"] for line in lines(log, FETCHES)]
    assert averages[:2] == [100.0, 50.5]
    assert averages[-2:] == [1.0, 7.0]


def test_a_call_is_one_line_with_the_fields_the_readme_names(log: SessionLog) -> None:
    """It holds when it began and ended, and what it asked."""
    log.call(BEGAN, CallEnded(id=1, at=AT + timedelta(seconds=1.5)))
    (line,) = lines(log, FETCHES)
    assert list(line) == documented("A **call**")
    assert (line["began"], line["ended"], line["took_s"]) == (
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:01.500000Z",
        1.5,
    )
    assert (line["call"], line["scope"], line["page"], line["error"]) == ("ListExecutions", "us-east1", 2, None)


def test_a_call_that_never_returned_says_what_was_done(log: SessionLog) -> None:
    """Its end is null and its error is the watchdog's."""
    log.call(BEGAN, None, "no answer in 20 s; worker killed")
    (line,) = lines(log, FETCHES)
    assert (line["ended"], line["took_s"], line["error"]) == (None, None, "no answer in 20 s; worker killed")


def test_what_the_loggers_say_is_logged_with_its_traceback(log: SessionLog) -> None:
    """Every field is one that the README names."""
    try:
        fail("the cause")
    except RuntimeError:
        logging.getLogger("monitor.somewhere").exception("failed: %s", "it")
    line = lines(log, MONITOR_LOG)[-1]
    assert list(line) == documented("## `monitor.log`")
    assert (line["level"], line["logger"], line["text"]) == ("ERROR", "monitor.somewhere", "failed: it")
    assert (line["role"], line["pid"]) == ("test", os.getpid())
    assert "RuntimeError: the cause" in line["trace"]


def test_secrets_never_reach_the_disk(log: SessionLog) -> None:
    """Not in a message, not in a traceback, not in a scope's outcome."""
    try:
        fail("Authorization: Bearer abcdef1234567890")
    except RuntimeError:
        logging.getLogger("fetchers.x").exception("password=%s", "hunter2")
    log.fetch(table="a", generation=1, scopes={"a": "token=abcdef1234567890"}, took_s=1, budget=0)
    assert log.flush(5)
    written = "".join(path.read_text() for path in log.directory.iterdir())
    assert "[redacted]" in written
    assert "hunter2" not in written
    assert "1234567890" not in written


def test_no_half_of_a_secret_reaches_the_disk(log: SessionLog) -> None:
    """A long text is cut, and what is hidden in it makes it shorter: the cut falls into no key."""
    key = "AIza" + "Sy0Bx9Qm7" * 4
    for before in range(39_955, 39_995, 9):
        hidden = f"api_key={'abcdefgh1' * 11} " * 320
        logging.getLogger("fetchers.x").error("%s", f"{hidden}{'x' * (before - len(hidden))} {key} {'y' * 9_000}")
    assert log.flush(5)
    written = "".join(path.read_text() for path in log.directory.iterdir())
    assert "[redacted]" in written
    assert "Sy0Bx" not in written


_AWKWARD = """
import logging, sys
from monitor import session_log
log, _ = session_log.start(sys.argv[1], "test")
logging.getLogger("monitor.x").info("%d", "no number")
logging.getLogger("monitor.x").info("half a pair: \\ud800, two\\nlines")
log.flush(5)
"""


def test_nothing_that_is_logged_can_fail_or_print(tmp_path: Path) -> None:
    """Arguments that do not fit, half a surrogate pair, a line break: one whole line each, the terminal untouched."""
    script = [sys.executable, "-c", _AWKWARD, str(tmp_path)]
    ran = subprocess.run(script, capture_output=True, text=True, timeout=30, check=True, cwd=ROOT)
    assert ran.stdout + ran.stderr == ""
    texts = [json.loads(line)["text"] for line in (tmp_path / MONITOR_LOG).read_text().splitlines()]
    assert texts[-2:] == ["'%d' (TypeError in its arguments)", "half a pair: \\ud800, two\nlines"]


def test_the_files_are_private(log: SessionLog) -> None:
    """Nobody else may read them."""
    assert log.flush(5)
    assert (log.directory / MONITOR_LOG).stat().st_mode & 0o777 == 0o600
    assert log.directory.stat().st_mode & 0o777 == 0o700


def test_the_default_directory_is_that_of_the_checkout() -> None:
    """A checkout keeps its logs in its own `logs/`."""
    assert session_log.default_dir() == ROOT / "logs"


# --- when the disk does not ----------------------------------------------------------------------------------------


def test_a_directory_that_cannot_be_written_is_a_notice(tmp_path: Path) -> None:
    """It names the directory and what to do, and the program goes on."""
    (tmp_path / "file").write_text("")
    log, problem = session_log.start(str(tmp_path / "file" / "logs"), "test")
    assert problem is not None
    assert "Not a directory" in problem
    assert str(tmp_path / "file") in problem
    assert "logs.dir" in problem
    log.call(BEGAN, None)
    log.close()


def test_a_link_or_a_pipe_in_the_files_place_is_not_written(tmp_path: Path) -> None:
    """Neither can lead the log, or its writer, astray."""
    (tmp_path / "target").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError, match=name):
            LineFile(tmp_path / name, 1000, 1).append(b"x\n")
    assert (tmp_path / "target").read_text() == ""


_FULL_DISK = """
import resource, sys
from monitor import session_log
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
session_log._RETRY_S = 0.0
log, problem = session_log.start(sys.argv[1], "test")
for _ in range(100):
    log.say("INFO", "x", "y" * 100)
    log.flush(5)
print(problem, log.problem, sep="\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.say("INFO", "x", "after")
log.flush(5)
print(log.problem)
"""


def test_a_full_disk_costs_lines_and_says_how_many(tmp_path: Path) -> None:
    """While it is full there is a problem to show; afterwards every line is whole and the gap is counted."""
    script = [sys.executable, "-c", _FULL_DISK, str(tmp_path)]
    ran = subprocess.run(script, capture_output=True, text=True, timeout=30, check=True, cwd=ROOT)
    first, full, after = ran.stdout.splitlines()
    assert (first, after) == ("None", "None")
    assert "no session log: " in full
    written = (tmp_path / MONITOR_LOG).read_text().splitlines()
    texts = [json.loads(line)["text"] for line in written if line.endswith("}")]
    kept = texts.count("y" * 100)
    assert texts[-2:] == [f"{100 - kept} lines are missing here: the disk did not take them in time", "after"]
    assert 0 < kept < 100


def test_a_disk_that_hangs_holds_nobody_up(log: SessionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logging returns at once, the queue is bounded, flushing gives up in time, and the loss is said afterwards."""
    assert log.flush(5)
    hung, stuck = threading.Event(), threading.Event()
    real = LineFile.append

    def append(self: LineFile, data: bytes) -> None:
        stuck.set()
        assert hung.wait(60)
        real(self, data)

    monkeypatch.setattr(LineFile, "append", append)
    log.call(BEGAN, None)
    assert stuck.wait(5)
    began = time.perf_counter()
    for _ in range(session_log.QUEUED + 5):
        log.call(BEGAN, None)
    assert not log.flush(0.05)
    assert time.perf_counter() - began < 2
    hung.set()
    assert "5 lines are missing here" in lines(log, MONITOR_LOG)[-1]["text"]


# --- several processes, one file -----------------------------------------------------------------------------------

_WRITER = """
import sys
from pathlib import Path
from monitor.line_file import LineFile
file = LineFile(Path(sys.argv[1]), 20_000, 100)
for number in range(1000):
    file.append(b"%s %04d %s\\n" % (sys.argv[2].encode(), number, b"x" * (number % 97)))
"""


def test_several_processes_append_and_turn_over_without_losing_a_line(tmp_path: Path) -> None:
    """Each line of each process is there once and whole, however often the file turned over."""
    path = tmp_path / "shared.log"
    names = ("a", "b", "c")
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name], cwd=ROOT) for name in names]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    files = sorted(tmp_path.iterdir(), key=lambda file: -int(file.suffix[1:]) if file.suffix != ".log" else 0)
    assert len(files) > 2
    found = [line.split() for file in files for line in file.read_text().splitlines()]
    for name in names:
        assert sorted(int(number) for writer, number, *_ in found if writer == name) == list(range(1000))
    assert all(rest == ([] if int(number) % 97 == 0 else ["x" * (int(number) % 97)]) for _, number, *rest in found)


def test_old_files_are_kept_up_to_a_number(tmp_path: Path) -> None:
    """The oldest goes, the newest stays under its name."""
    file = LineFile(tmp_path / "log", 10, 2)
    for number in range(5):
        file.append(b"line %d\n" % number)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "log": "line 4\n",
        "log.1": "line 3\n",
        "log.2": "line 2\n",
    }


def test_a_file_that_somebody_removed_is_made_anew(tmp_path: Path) -> None:
    """The next line is not written into the void."""
    file = LineFile(tmp_path / "log", 1000, 1)
    file.append(b"one\n")
    (tmp_path / "log").unlink()
    file.append(b"two\n")
    assert (tmp_path / "log").read_text() == "two\n"
