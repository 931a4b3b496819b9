"""The whole program against the emulators: real clients, real processes, a real terminal."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from fetchers.settings import DEFAULT_REGIONS
from monitor.tables import TABLES
from tests.emulators.control import Emulators, running
from tests.emulators.google_world import NINE_DAYS, default_world
from tests.support.environment import WANDB_KEY, bare
from tests.support.terminal import MONITOR, Terminal

LATENCY_S = 0.3

EXECUTIONS_BY_STATE = {"succeeded": 108, "failed": 18, "running": 6, "queued": 6, "cancelled": 6}
"""What the emulator's default world holds."""


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """18 regions, 300 ms a call."""
    home = tmp_path_factory.mktemp("emulators")
    with running(latency=LATENCY_S, config=home / "config.toml") as found:
        yield found


@pytest.fixture
def config(emulators: Emulators, tmp_path: Path) -> str:
    """A configuration that points at the emulators, with logs of this test's own."""
    path = tmp_path / "config.toml"
    text = emulators.config.partition("[cache]")[0] + f'[logs]\ndir = "{tmp_path / "logs"}"\n'
    path.write_text(text)
    return str(path)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An empty home, and a key."""
    home = tmp_path / "home"
    home.mkdir()
    return bare(home, WANDB_API_KEY=WANDB_KEY)


def monitor(
    arguments: Sequence[str], environment: dict[str, str], directory: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the installed program to its end."""
    return subprocess.run(
        [MONITOR, *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment,
        cwd=directory,
        timeout=60,
    )


def tables_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The tables of a JSON answer."""
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["tables"]
    return found


def test_ls_gives_five_live_tables_with_the_right_rows(config: str, environment: dict[str, str]) -> None:
    """Status 0; every row that the services hold, in its region and with its state, and none that they do not."""
    done = monitor(["--config", config, "ls", "-o", "json"], environment)
    tables = tables_of(done)
    assert done.returncode == 0, done.stderr
    assert {name: table["freshness"] for name, table in tables.items()} == dict.fromkeys(TABLES, "live")
    world = default_world(DEFAULT_REGIONS, datetime.now(UTC))
    executions = {region: len(found) for region, found in world.executions.items() if found}
    assert Counter(row["scope"] for row in tables["runner"]["records"]) == executions
    assert Counter(row["state"] for row in tables["runner"]["records"]) == EXECUTIONS_BY_STATE
    builds = {region: len(found) for region, found in world.builds.items() if found}
    assert Counter(row["scope"] for row in tables["builds"]["records"]) == builds
    states = {row["id"]: row["state"] for name in ("active", "completed") for row in tables[name]["records"]}
    assert states == {
        "run0000": "running",
        "run0001": "running",
        "run0002": "queued",
        "item-1": "queued",
        "run0003": "succeeded",
        "run0004": "succeeded",
        "run0005": "failed",
        "run0006": "failed",
        "run0007": "cancelled",
    }


def test_a_nine_day_job_behind_five_hundred_newer_ones_is_there(config: str, environment: dict[str, str]) -> None:
    """It is beyond any first page, and running."""
    records = tables_of(monitor(["--config", config, "ls", "vertex", "-o", "json"], environment))["vertex"]["records"]
    assert [(row["name"], row["state"]) for row in records if row["name"] == NINE_DAYS] == [(NINE_DAYS, "running")]


def test_every_fault_of_one_region_is_told_and_the_others_are_live(
    config: str, environment: dict[str, str], emulators: Emulators
) -> None:
    """One region never answers, one refuses: status 3, `partial`, both named with call and cause."""
    emulators.fault("google", "never", "ListExecutions", "us-east1")
    emulators.fault("google", "PERMISSION_DENIED", "ListExecutions", "us-west1")
    try:
        done = monitor(["--config", config, "ls", "runner", "-o", "json", "--timeout", "5"], environment)
    finally:
        emulators.fault("google", None, "ListExecutions", "us-east1")
        emulators.fault("google", None, "ListExecutions", "us-west1")
    runner = tables_of(done)["runner"]
    assert done.returncode == 3
    assert runner["freshness"] == "partial"
    errors = {name: scope["error"] for name, scope in runner["scopes"].items() if scope["freshness"] == "failed"}
    assert set(errors) == {"us-east1", "us-west1"}
    assert "ListExecutions us-east1 page 1" in errors["us-east1"]
    assert "PERMISSION_DENIED" in errors["us-west1"]
    assert "roles/run.viewer" in errors["us-west1"]
    assert len([scope for scope in runner["scopes"].values() if scope["freshness"] == "live"]) == 16


def test_hundreds_of_regions_are_asked_once_each(environment: dict[str, str], tmp_path: Path) -> None:
    """More than polling would ask at once, and none of them there: each says what the service said of it."""
    path, regions = tmp_path / "config.toml", [f"region-{number}" for number in range(206)]
    with running(regions=1, config=path) as own:
        lines = [line for line in own.config.splitlines() if not line.startswith("regions = ")]
        path.write_text("\n".join(lines).replace("[gcp]\n", f"[gcp]\nregions = {json.dumps(regions)}\n"))
        done = monitor(["--config", str(path), "ls", "builds", "runner", "-o", "json"], environment)
        asked = own.calls("google")
    assert done.returncode == 3, done.stderr
    for table in tables_of(done).values():
        errors = {name: scope["error"] for name, scope in table["scopes"].items() if name != "global"}
        assert [name for name, error in errors.items() if f"{name} page 1: NOT_FOUND" not in error] == []
        assert errors.keys() == {*regions}
    lists = {"ListBuilds": ("global", *regions), "ListExecutions": regions}
    assert asked.pop("ListLogEntries", 0) <= 1  # why what was listed in `global` has failed
    assert asked == {f"{method} {place}": 1 for method, places in lists.items() for place in places}


def test_csv_has_a_row_for_every_record(config: str, environment: dict[str, str]) -> None:
    """It is read back by the standard library's own reader."""
    done = monitor(["--config", config, "ls", "active", "completed", "-o", "csv"], environment)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.returncode == 0
    assert len(rows) == 9
    assert {row["table"] for row in rows} == {"active", "completed"}


def test_one_shot_commands_leave_neither_process_nor_file(
    config: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """Workers, wandb-core and their private directories are gone when the answer is printed."""
    environment["LEFT_BEHIND_BY"] = mark = str(tmp_path)
    environment["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    assert monitor(["--config", config, "ls"], environment).returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [process.cmdline() for process in psutil.process_iter() if carries(process, mark)] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_one_shot_command_that_is_told_to_end_leaves_nothing(
    config: str, environment: dict[str, str], tmp_path: Path, emulators: Emulators, number: signal.Signals
) -> None:
    """Told twice in the middle of calls that never return, with wandb-core running: no process, no file, no word."""
    environment["LEFT_BEHIND_BY"] = mark = str(tmp_path)
    environment["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    emulators.fault("google", "never")
    emulators.fault("wandb", "hang")
    before = sum(emulators.calls("wandb").values())
    command = [MONITOR, "--config", config, "ls", "--timeout", "60"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while sum(emulators.calls("wandb").values()) == before:
            assert process.poll() is None
            time.sleep(0.02)
        assert any("wandb-core" in one.name() for one in psutil.process_iter() if carries(one, mark))
        assert list((tmp_path / "tmp").iterdir())
        process.send_signal(number)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
        emulators.fault("google", None)
        emulators.fault("wandb", None)
    assert (process.returncode, out, err) == (128 + number, b"", b"")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [one.cmdline() for one in psutil.process_iter() if carries(one, mark)] == []


def carries(process: psutil.Process, mark: str) -> bool:
    """Whether a process that has not ended inherited the mark."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("LEFT_BEHIND_BY") == mark
    except psutil.Error:
        return False


def test_what_was_last_known_is_printed_without_asking(
    config: str, environment: dict[str, str], emulators: Emulators
) -> None:
    """Status 4 and a line where nothing is; afterwards the same rows, stale, at status 0 and without a call."""
    none = monitor(["--config", config, "ls", "runner", "--cached"], environment)
    assert (none.returncode, none.stderr) == (4, "monitor: nothing is cached yet\n")
    asked = tables_of(monitor(["--config", config, "ls", "runner", "-o", "json"], environment))["runner"]
    calls = emulators.calls("google")
    done = monitor(["--config", config, "ls", "runner", "-o", "json", "--cached"], environment)
    cached = tables_of(done)["runner"]
    assert done.returncode == 0
    assert cached["records"] == asked["records"]
    assert cached["freshness"] == "stale"
    assert emulators.calls("google") == calls


def test_session_logs_hold_every_fetch_and_every_call(config: str, environment: dict[str, str], tmp_path: Path) -> None:
    """One line per fetch with its scopes, one per API call with its region and page."""
    assert monitor(["--config", config, "ls", "runner"], environment).returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "logs" / "fetches.jsonl").read_text().splitlines()]
    fetch, *logs = [line for line in lines if "outcome" in line]
    assert (fetch["table"], fetch["outcome"], fetch["kills"]) == ("runner", "complete", 0)
    assert {(line["table"], line["outcome"]) for line in logs} <= {("logs", "complete")}  # it may leave before its end
    assert set(fetch["scopes"]) == set(DEFAULT_REGIONS)
    assert 0 < fetch["budget"] < 1
    calls = [line for line in lines if line.get("call") == "ListExecutions"]
    assert {line["scope"] for line in calls} == set(DEFAULT_REGIONS)
    assert all(line["took_s"] >= LATENCY_S for line in calls)
    assert {line["scope"] for line in lines if line.get("call") == "ListLogEntries"} == {"runner"}
    assert (tmp_path / "logs" / "monitor.log").read_text().splitlines()


def test_the_first_region_is_on_screen_while_others_are_still_loading(
    config: str, environment: dict[str, str], emulators: Emulators
) -> None:
    """One region answers at once, all others after four seconds: its rows do not wait."""
    emulators.latency("google", 4, "ListExecutions")
    emulators.latency("google", 0, "ListExecutions", "us-central1")
    try:
        with Terminal([MONITOR, "--config", config], environment=environment) as terminal:
            terminal.wait(lambda: "us-central1" in rows_of(terminal, "runner"), "rows of us-central1")
            terminal.wait(lambda: "1/18 regions" in title_of(terminal, "runner"), "one region live, the others loading")
            terminal.wait(lambda: "18/18 regions" in title_of(terminal, "runner"), "all regions")
            terminal.wait(lambda: "live" in title_of(terminal, "runner"), "live")
    finally:
        emulators.latency("google", LATENCY_S, "ListExecutions")
        emulators.latency("google", LATENCY_S, "ListExecutions", "us-central1")


def test_the_dashboard_shows_five_live_tables_and_its_processes_stay_light(
    config: str, environment: dict[str, str]
) -> None:
    """Rows of all five sources; neither screen nor engine has mapped an SDK, every worker only its own."""
    with Terminal([MONITOR, "--config", config], columns=200, rows=60, environment=environment) as terminal:
        terminal.wait(lambda: all("live" in title_of(terminal, name) for name in TABLES), "five live tables")
        terminal.wait_for("running-0")  # a frame arrives in pieces: its titles may be there before its rows
        terminal.wait(lambda: "✗ 2 failed" in title_of(terminal, "completed"), "the two failed runs")
        screen = psutil.Process(terminal.pid)
        [engine] = screen.children()
        for process in (screen, engine):
            for sdk in ("/grpc/", "/google/", "/wandb/"):
                assert sdk not in Path(f"/proc/{process.pid}/maps").read_text()
        terminal.wait(lambda: workers_below(engine) == {"builds", "runner", "vertex", "wandb", "logs"}, "five workers")


def test_emulators_that_are_unplugged_leave_the_rows_and_say_so(environment: dict[str, str], tmp_path: Path) -> None:
    """The services vanish under a running screen: rows stay, marked stale, with the cause; keys still answer."""
    path = tmp_path / "config.toml"
    with (
        running(regions=2, config=path) as own,
        Terminal([MONITOR, "--config", str(path)], environment=environment) as terminal,
    ):
        terminal.wait(lambda: "live" in title_of(terminal, "runner"), "live")
        own.stop()
        terminal.send("r")
        terminal.wait(lambda: "stale" in title_of(terminal, "runner"), "stale")
        assert "vertex-ai-launcher" in rows_of(terminal, "runner")
        terminal.send("?")
        terminal.wait_for("next table")


def workers_below(engine: psutil.Process) -> set[str]:
    """The sources that have a worker."""
    commands = [child.cmdline() for child in engine.children()]
    return {command[command.index("fetchers.worker") + 1] for command in commands if "fetchers.worker" in command}


def title_of(terminal: Terminal, table: str) -> str:
    """The title line of a table."""
    number = f"{list(TABLES).index(table) + 1} {table}"
    return next((line for line in terminal.lines if line[1:].startswith(number)), "")


def rows_of(terminal: Terminal, table: str) -> str:
    """What is below a table's title, down to the next one."""
    lines = terminal.lines
    titles = [n for n, line in enumerate(lines) if any(line == title_of(terminal, name) for name in TABLES if line)]
    begin = next((n for n in titles if lines[n] == title_of(terminal, table)), len(lines))
    end = next((n for n in titles if n > begin), len(lines))
    return "\n".join(lines[begin + 1 : end])


# --- nothing but a directory of offline runs ---------------------------------------------------------------------

OFFLINE_RUN = """
import os, sys, wandb
run = wandb.init(mode="offline", project="arr", name=sys.argv[1], dir=".")
for step in range(5):
    run.log({"loss": 1 / (step + 1)})
if sys.argv[1] == "fails":
    sys.exit(3)  # what the SDK sees; `raise SystemExit(3)` it records as 0
if sys.argv[1] == "goes-on":
    print("on", flush=True)
    sys.stdin.read()
run.finish()
"""


def test_runs_of_a_bare_wandb_directory_are_listed(environment: dict[str, str], tmp_path: Path) -> None:
    """No project, no key, no configuration: real offline runs, finished, failed and still running."""
    work = tmp_path / "work"
    work.mkdir()
    del environment["WANDB_API_KEY"]
    script = [sys.executable, "-c", OFFLINE_RUN]
    quiet = environment | {"WANDB_SILENT": "true"}
    for name in ("finishes", "fails"):
        subprocess.run([*script, name], cwd=work, env=quiet, check=False, capture_output=True, timeout=60)
    with subprocess.Popen(
        [*script, "goes-on"], cwd=work, env=quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as still:
        assert still.stdout is not None
        assert still.stdout.readline() == "on\n"
        wait_for_file(work)
        done = monitor(["ls", "active", "completed", "-o", "json"], environment, work)
        still.communicate("")
    tables = tables_of(done)
    assert done.returncode == 0, done.stderr
    assert [row["state"] for row in tables["active"]["records"]] == ["running"]
    ended = {row["state"]: row["detail"].get("exit_code") for row in tables["completed"]["records"]}
    assert ended == {"succeeded": 0, "failed": 3}


def wait_for_file(work: Path) -> None:
    """Wait until the third run's file is there; the SDK writes it from another process."""
    end = time.monotonic() + 30
    while len(list(work.glob("wandb/offline-run-*/*.wandb"))) < 3:
        assert time.monotonic() < end, list(work.rglob("*"))
        time.sleep(0.05)


def test_unconfigured_tables_say_what_to_set(environment: dict[str, str], tmp_path: Path) -> None:
    """With nothing at all, `ls` ends with status 4 and one line that helps."""
    del environment["WANDB_API_KEY"]
    done = monitor(["ls"], environment, tmp_path)
    assert done.returncode == 4
    assert "/.config/monitor/config.toml" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_hostile_working_directory_changes_nothing(config: str, environment: dict[str, str], tmp_path: Path) -> None:
    """Modules of our names that lie in the working directory are never imported, by no process of ours."""
    hostile = tmp_path / "hostile"
    trap = f"open({str(tmp_path / 'trapped')!r}, 'a').write(__file__ + '\\n'); raise SystemExit('trapped')"
    for name in ("monitor", "fetchers", "cache", "google", "textual"):
        (hostile / name).mkdir(parents=True)
        (hostile / name / "__init__.py").write_text(trap)
    for name in ("logging.py", "click.py", "asyncio.py", "msgspec.py", "wandb.py"):
        (hostile / name).write_text(trap)
    done = monitor(["--config", config, "ls", "-o", "json"], environment, hostile)
    assert done.returncode == 0, done.stderr
    with Terminal([MONITOR, "--config", config], environment=environment, directory=hostile) as terminal:
        terminal.wait(lambda: all("live" in title_of(terminal, name) for name in TABLES), "five live tables")
    assert not (tmp_path / "trapped").exists()
