"""The installed program: statuses, one-line errors, and what surrounds it: pipes, encodings, hostile directories."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from monitor import __version__, process_age
from monitor.command_line import COMMANDS
from monitor.config import parse
from monitor.tables import TABLES
from tests.support.terminal import MONITOR, Terminal

RUN = "offline-run-20260101_120000-abc123"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home directory whose configuration sends the logs there too, and nothing else."""
    folder = tmp_path / ".config" / "monitor"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'[logs]\ndir = "{tmp_path / "logs"}"\n')
    (tmp_path / "work").mkdir()
    return tmp_path


def environment(place: Path, **more: str) -> dict[str, str]:
    """An environment that holds nothing of this machine's configuration."""
    return {"HOME": str(place), "PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8", **more}


def run(place: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The program's answer; it has neither terminal nor standard input."""
    return subprocess.run(
        [MONITOR, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=place / "work",
        env=environment(place, **more),
    )


def have_runs(place: Path) -> None:
    """A directory with an offline run in it, which is all that `ls` needs."""
    (place / "work" / "wandb" / RUN).mkdir(parents=True)
    (place / "work" / "wandb" / RUN / "run-abc123.wandb").write_bytes(b":W&B\x68\xbe\x00")


def complaint(ran: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line that a failed run says."""
    assert ran.returncode == status, ran.stderr
    assert ran.stderr.startswith("monitor: ")
    assert ran.stderr.count("\n") == 1
    return ran.stderr.removeprefix("monitor: ").rstrip("\n")


# --- help and usage ------------------------------------------------------------------------------------------------


def test_the_version_is_the_packages(place: Path) -> None:
    """It is said on standard output."""
    ran = run(place, "--version")
    assert (ran.stdout, ran.stderr, ran.returncode) == (f"monitor {__version__}\n", "", 0)


@pytest.mark.parametrize(
    "command", [[], *([name] for name in COMMANDS), *(["config", name] for name in ("path", "show", "init"))]
)
def test_every_help_has_an_example(place: Path, command: Sequence[str]) -> None:
    """And fits a terminal of 80 cells."""
    ran = run(place, *command, "--help")
    assert ran.returncode == 0
    assert "Example" in ran.stdout
    assert f"monitor {' '.join(command)}".rstrip() in ran.stdout.partition("Example")[2]


USAGE = {
    ("lss",): "no command 'lss'; did you mean ls?; see `monitor --help`",
    ("ls", "runer"): "no table 'runer'; did you mean runner?; see `monitor ls --help`",
    ("ls", "xyzzy"): "no table 'xyzzy'; there are builds, runner, vertex, active, completed; see `monitor ls --help`",
    ("ls", "--demo"): "no such option '--demo'; it goes before the command: monitor --demo …",
    ("ls", "--timeout", "0"): "--timeout: wanted more than 0 and at most 3600 seconds; see `monitor ls --help`",
    ("ls", "--timeout", "nan"): "--timeout: wanted more than 0 and at most 3600 seconds; see `monitor ls --help`",
    ("ls", "--timeout", "soon"): "--timeout: 'soon' is no number of seconds; see `monitor ls --help`",
    ("ls", "-o", "yaml"): "'yaml'",
    ("ls", "-o"): "option '-o' requires an argument; see `monitor ls --help`",
    ("--config",): "option '--config' requires an argument; see `monitor --help`",
    ("config",): "wanted init, path or show; see `monitor config --help`",
    ("config", "shw"): "'show'",
    ("config", "show", "-o"): "option '-o' requires an argument; see `monitor config show --help`",
    ("ls", "a\x1b[2Jb\nc"): "there are builds",
    (
        "ls",
        "--filter",
        "sate:failed",
    ): "--filter: no column 'sate': did you mean state? Text with a colon goes in quotes",
    ("ls", "vertex", "--filter", "jub:a"): "--filter: no column 'jub': ",
    (
        "ls",
        "--filter",
        "/abc",
    ): "--filter: the regular expression at 1 is not closed: end it with /, or put text in quotes;",
}


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_a_wrong_command_line_is_one_line_and_64(place: Path, arguments: Sequence[str]) -> None:
    """It says what is wrong and what to write."""
    ran = run(place, *arguments)
    assert USAGE[tuple(arguments)] in complaint(ran, 64)
    assert ran.stdout == ""
    assert "\x1b" not in ran.stderr


def test_a_filter_prints_only_what_matches(place: Path) -> None:
    """The demo's failed jobs alone; who has no such column is said once, and matches nothing."""
    ran = run(place, "--demo", "ls", "vertex", "active", "-o", "json", "--filter", "state:failed machine:/^[a-z]/")
    found = json.loads(ran.stdout)["tables"]
    assert {row["state"] for row in found["vertex"]["records"]} == {"failed"}
    assert found["active"]["records"] == []
    assert ran.stderr.count("--filter: no record of active has a 'machine'") == 1


def test_a_column_that_only_other_tables_have_is_no_mistake(place: Path) -> None:
    """It holds in no row, which one line says."""
    ran = run(place, "--demo", "ls", "active", "-o", "json", "--filter", "machine:a2")
    assert complaint(ran, 0) == "--filter: no record of active has a 'machine'"
    assert json.loads(ran.stdout)["tables"]["active"]["records"] == []


def test_a_configuration_error_is_one_line_and_64(place: Path) -> None:
    """It names the file and the key."""
    path = place / "bad.toml"
    path.write_text("[tables.runner]\ntimeout_s = 'soon'\n")
    said = complaint(run(place, "--config", str(path), "ls"), 64)
    assert said.startswith(f'{path}: tables.runner.timeout_s is "soon" (text); wanted a number of seconds')


def test_a_directory_whose_name_is_not_utf8_is_said_at_once(place: Path) -> None:
    """No worker waits for a message that cannot be written: one line and 64."""
    odd = place / os.fsdecode(b"\xff")
    odd.mkdir()
    (odd / "c.toml").write_text('[wandb]\noffline_dirs = ["/wandb"]\n[logs]\ndir = "logs"\n')
    ran = run(place, "--config", str(odd / "c.toml"), "ls", "active")
    assert "is not UTF-8" in complaint(ran, 64)


_CRASH = """
import sys
from monitor import cli, invocation

def start(self):
    self.log_dir = sys.argv[1]
    raise RuntimeError("a bug with token=abcdef1234567890 in it")

invocation.Invocation.start = start
sys.exit(cli.main(["ls"]))
"""


def test_an_internal_error_is_one_line_and_70_and_its_traceback_is_in_the_log(place: Path) -> None:
    """The line says where; no secret is in either."""
    script = [sys.executable, "-c", _CRASH, str(place / "logs")]
    ran = subprocess.run(script, capture_output=True, text=True, timeout=30, check=False, env=environment(place))
    said = complaint(ran, 70)
    log = place / "logs" / "monitor.log"
    assert said == f"internal error: RuntimeError: a bug with token=[redacted] in it; its traceback is in {log}"
    line = json.loads(log.read_text().splitlines()[-1])
    assert line["level"] == "CRITICAL"
    assert "Traceback (most recent call last)" in line["trace"]
    assert "abcdef1234567890" not in log.read_text()


def test_start_up_imports_nothing_heavy(place: Path) -> None:
    """`--version` and `--help` need neither a loop, nor a screen, nor the logs."""
    code = "import sys; from monitor.cli import main; main([sys.argv[1]]); print(*sys.modules, file=sys.stderr)"
    for option in ("--version", "--help"):
        script = [sys.executable, "-c", code, option]
        ran = subprocess.run(script, capture_output=True, text=True, timeout=30, check=True, env=environment(place))
        assert not {"asyncio", "textual", "rich", "logging", "platformdirs", "tomllib"} & set(ran.stderr.split())


# --- config --------------------------------------------------------------------------------------------------------


def test_config_path_names_the_file_and_says_if_there_is_none(place: Path) -> None:
    """The path alone is on standard output; the command that would write it is one to copy."""
    there = run(place, "config", "path")
    assert (there.stdout, there.stderr) == (f"{place}/.config/monitor/config.toml\n", "")
    missing = run(place, "config", "path", MONITOR_CONFIG=str(place / "other.toml"))
    assert (missing.stdout, missing.returncode) == (f"{place}/other.toml\n", 0)
    assert complaint(missing, 0) == "no such file yet; `monitor config init` writes one"
    named = run(place, "--config", f"{place}/my file.toml", "config", "path")
    assert f"`monitor --config '{place}/my file.toml' config init`" in complaint(named, 0)
    asked = run(place, "--config", f"{place}/my file.toml", "ls")
    assert f"`monitor --config '{place}/my file.toml' config init`" in complaint(asked, 64)


def test_config_init_writes_a_private_file_once(place: Path) -> None:
    """Directories are made; a file that is there is kept unless --force says otherwise."""
    path = place / "new" / "deep" / "config.toml"
    made = run(place, "--config", str(path), "config", "init")
    assert (made.returncode, made.stderr) == (0, f"monitor: wrote {path}\n")
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("[gcp]\nproject = 'kept'\n")
    again = complaint(run(place, "--config", str(path), "config", "init"), 64)
    assert f"`monitor --config {path} config init --force`" in again
    assert "kept" in path.read_text()
    assert run(place, "--config", str(path), "config", "init", "--force").returncode == 0
    assert "'kept'" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert run(place, "--config", str(path), "config", "show").returncode == 0


def test_config_init_where_nothing_can_be_written_is_one_line(place: Path) -> None:
    """With what to do."""
    (place / "file").write_text("")
    assert "--config" in complaint(run(place, "--config", str(place / "file" / "config.toml"), "config", "init"), 64)


def test_config_show_is_a_configuration_that_says_where_it_comes_from(place: Path) -> None:
    """What it prints is TOML, reads back the same, and names each value's origin; no key is in it."""
    key = "0123456789abcdef0123456789abcdef01234567"
    shown = run(place, "config", "show", GOOGLE_CLOUD_PROJECT="acme-ml", WANDB_API_KEY=key, WANDB_ENTITY="acme")
    assert shown.returncode == 0
    assert 'project = "acme-ml"  # $GOOGLE_CLOUD_PROJECT' in shown.stdout
    assert "# wandb key: found: $WANDB_API_KEY" in shown.stdout
    assert key not in shown.stdout
    again = parse(shown.stdout, place / "x.toml")
    assert (again.gcp.project, again.wandb.entity, again.logs.dir) == ("acme-ml", "acme", str(place / "logs"))
    assert tomllib.loads(shown.stdout)["tables"]["runner"]["timeout_s"] == 20


def test_config_show_json_has_every_value_with_its_origin(place: Path) -> None:
    """And every place that was looked at."""
    shown = json.loads(run(place, "config", "show", "-o", "json", GOOGLE_CLOUD_PROJECT="acme-ml").stdout)
    assert shown["values"]["gcp.project"] == {"value": "acme-ml", "origin": "$GOOGLE_CLOUD_PROJECT"}
    assert shown["values"]["gcp.mine"] == {"value": False, "origin": "default"}
    assert {"what": "wandb key", "where": "$WANDB_API_KEY", "value": None} in shown["looked"]


# --- ls ------------------------------------------------------------------------------------------------------------


def test_ls_with_nothing_configured_is_4(place: Path) -> None:
    """One line says what to do; JSON is an answer all the same."""
    ran = run(place, "ls", XDG_CONFIG_HOME=str(place / "none"))
    assert "`monitor config init` writes" in complaint(ran, 4)
    assert ran.stdout == ""
    there = complaint(run(place, "ls"), 4)
    assert there.startswith(f"nothing is configured: edit {place}/.config/monitor/config.toml; ")
    asked = run(place, "ls", "-o", "json")
    assert complaint(asked, 4) == there
    tables = json.loads(asked.stdout)["tables"]
    assert {table["freshness"] for table in tables.values()} == {"unconfigured"}
    assert "gcp.project" in tables["vertex"]["error"]
    assert not (place / "logs").exists()


def test_ls_of_the_demo_prints_every_table(place: Path) -> None:
    """All answer but a region that may not be read, and the fetches are in the log."""
    ran = run(place, "--demo", "ls", "-o", "json")
    assert (ran.returncode, ran.stderr) == (3, "")
    tables = json.loads(ran.stdout)["tables"]
    assert list(tables) == ["builds", "runner", "vertex", "active", "completed"]
    assert all(table["records"] for table in tables.values())
    refused = [name for name, table in tables.items() if table["freshness"] != "live"]
    assert refused == ["runner", "vertex"]
    assert all("PERMISSION_DENIED" in tables[name]["scopes"]["asia-southeast1"]["error"] for name in refused)
    fetches = [json.loads(line) for line in (place / "logs" / "fetches.jsonl").read_text().splitlines()]
    asked = {line["table"] for line in fetches if line.get("outcome") in {"complete", "partial"}}
    assert asked - {"logs"} == set(tables)


def test_a_directory_of_runs_is_all_that_ls_needs(place: Path) -> None:
    """The tables of runs answer; one that is named and not set up says how, and the status is 3."""
    have_runs(place)
    ran = run(place, "ls", "active", "completed", "-o", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    tables = json.loads(ran.stdout)["tables"]
    assert [one["id"] for table in tables.values() for one in table["records"]] == ["abc123"]
    assert list(json.loads(run(place, "ls", "-o", "json").stdout)["tables"]) == ["active", "completed"]
    mixed = run(place, "ls", "active", "builds", "active")
    assert mixed.returncode == 3
    assert [line.split()[0] for line in mixed.stdout.splitlines() if "  not set up" in line or "live" in line] == [
        "active",
        "builds",
    ]


def test_a_table_that_is_not_set_up_says_so_once(place: Path) -> None:
    """In the table where eyes look at it, on standard error for those that are told by a program."""
    shown = run(place, "ls", "vertex", "runner")
    assert (shown.returncode, shown.stderr) == (4, "")
    assert [line.partition(":")[0] for line in shown.stdout.split("\n\n")] == [
        "vertex  not set up",
        "runner  not set up",
    ]
    for output in ("json", "csv"):
        assert "gcp.project" in complaint(run(place, "ls", "vertex", "runner", "-o", output), 4)


OFF = "[tables.{}]\nenabled = false\n"


def test_what_is_switched_off_is_not_called_unconfigured(place: Path) -> None:
    """One table that was asked for, all that are configured, or all there are: the status is 4 and the text is true."""
    path = place / "c.toml"
    path.write_text(OFF.format("vertex"))
    asked = run(place, "--config", str(path), "ls", "vertex")
    assert (asked.returncode, asked.stdout, asked.stderr) == (4, "vertex  switched off by tables.vertex.enabled\n", "")
    told = run(place, "--config", str(path), "ls", "vertex", "-o", "json")
    assert complaint(told, 4) == "vertex is switched off by tables.vertex.enabled"
    path.write_text("gcp.project = 'acme-ml'\n" + "".join(map(OFF.format, ("builds", "runner", "vertex"))))
    said = complaint(run(place, "--config", str(path), "ls"), 4)
    assert said.startswith("what is configured is switched off: ")
    assert "builds, runner, vertex" in said
    path.write_text("".join(map(OFF.format, TABLES)))
    assert complaint(run(place, "--config", str(path), "ls"), 4) == f"every table is switched off: edit {path}"


def test_a_half_configured_source_is_not_left_out_silently(place: Path) -> None:
    """A line names the key that is missing; a source that is not configured at all costs none."""
    have_runs(place)
    ran = run(place, "ls", WANDB_ENTITY="acme")
    lacks = "wandb.project is missing, wandb.entity is set: set it in the configuration, or $WANDB_PROJECT"
    assert complaint(ran, 0) == lacks
    assert "abc123" in ran.stdout
    assert run(place, "ls", "active", "completed", WANDB_ENTITY="acme").stderr == ""
    (place / "work" / "wandb" / RUN).rename(place / "work" / "gone")
    assert complaint(run(place, "ls", WANDB_ENTITY="acme"), 4) == lacks


def test_a_table_that_is_piped_is_as_wide_as_columns_says(place: Path) -> None:
    """Wide where nothing says how wide."""
    have_runs(place)
    (place / "work" / "wandb").rename(place / ("long-" * 20))
    widths = []
    for more in ({"COLUMNS": "60"}, {}):
        ran = run(place, "ls", "active", WANDB_DIR=str(place / ("long-" * 20)), **more)
        assert ran.returncode == 0
        widths.append(max(map(len, ran.stdout.splitlines())))
    assert widths[0] <= 60 < widths[1]


_OPENED = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from monitor.invocation import Invocation
Invocation(demo=sys.argv[1] == "demo").start()
print("looked" if any("gcloud" in path for path in opened) else "did not look", "fetchers.demo_records" in sys.modules)
"""


@pytest.mark.parametrize(("which", "said"), [("demo", "did not look True\n"), ("real", "looked False\n")])
def test_the_demo_looks_for_no_source_and_nothing_else_loads_its_fixtures(place: Path, which: str, said: str) -> None:
    """Of the configuration it takes where the logs go, and asks the machine nothing."""
    script = [sys.executable, "-c", _OPENED, which]
    ran = subprocess.run(script, capture_output=True, text=True, check=True, timeout=30, env=environment(place))
    assert ran.stdout == said


def test_the_timeout_bounds_the_whole_run_and_what_is_late_has_failed(place: Path) -> None:
    """The demo's slowest region takes longer than this: the others are printed, its error is said, the status is 3."""
    began = time.monotonic()
    ran = run(place, "--demo", "ls", "builds", "-o", "json", "--timeout", "2")
    took = time.monotonic() - began
    table = json.loads(ran.stdout)["tables"]["builds"]
    assert ran.returncode == 3
    assert table["freshness"] == "partial"
    assert "no answer in" in table["scopes"]["asia-southeast1"]["error"]
    assert took < 2.5


def test_csv_says_on_standard_error_what_it_cannot_say_itself(place: Path) -> None:
    """Rows alone would look like all there is."""
    ran = run(place, "--demo", "ls", "runner", "-o", "csv")
    assert complaint(ran, 3).startswith("runner is partial: ")
    assert ran.stdout.startswith("table,id,name,")


def test_a_log_directory_that_cannot_be_written_costs_a_line(place: Path) -> None:
    """The tables are printed and the status is theirs."""
    (place / "file").write_text("")
    path = place / "config.toml"
    path.write_text(f'[logs]\ndir = "{place}/file/logs"\n')
    ran = run(place, "--config", str(path), "--demo", "ls", "active")
    assert "no session log: Not a directory" in complaint(ran, 0)
    assert ran.stdout.startswith("active  ")


STATUS_LINE = re.compile(rb"(?:\r\x1b\[K[^\r\n\x1b]*)*\r\x1b\[K")
"""What a command that takes longer than a second is doing, up to where it is erased: no part of its answer."""


def test_a_terminal_gets_colours_and_its_own_width(place: Path) -> None:
    """Unless --no-color, NO_COLOR or TERM=dumb asks for none."""
    have_runs(place)

    def printed(*arguments: str, **more: str) -> bytes:
        command, settings = [MONITOR, *arguments, "ls", "active"], environment(place, **more)
        with Terminal(command, columns=60, environment=settings, directory=place / "work") as terminal:
            while terminal.read(5):
                pass
            return terminal.raw

    assert b"\x1b[34m" in printed()
    for sent in (printed("--no-color"), printed(NO_COLOR="1"), printed(TERM="dumb")):
        plain = STATUS_LINE.sub(b"", sent)
        assert b"abc123" in plain
        assert b"\x1b" not in plain
        assert max(len(line.decode()) for line in plain.splitlines()) <= 60


# --- what surrounds it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_an_output_that_takes_ascii_only_gets_ascii(place: Path, output: str) -> None:
    """No traceback, and JSON that still says the same."""
    place = place / "wörk" / "…"
    (place / "work").mkdir(parents=True)
    have_runs(place)
    (place / "c.toml").write_text(f'[logs]\ndir = "{place}"\n')
    ran = run(place, "--config", str(place / "c.toml"), "ls", "active", "-o", output, PYTHONIOENCODING="ascii")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.isascii()
    assert "abc123" in ran.stdout
    if output == "json":
        (found,) = json.loads(ran.stdout)["tables"]["active"]["records"]
        assert found["scope"] == str(place / "work" / "wandb")


def test_a_reader_that_goes_away_is_no_error(place: Path) -> None:
    """Nothing is said, as with any tool before `head`."""
    command = [MONITOR, "config", "show"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(place)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(30) == 141
        assert process.stderr.read() == b""


def test_a_full_disk_behind_the_output_is_one_line(place: Path) -> None:
    """Status 70: the answer has not arrived."""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [MONITOR, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment(place)
        )
    assert complaint(ran, 70) == "cannot write the answer: No space left on device"


def test_closed_standard_files_harm_nobody(place: Path) -> None:
    """What is opened later does not become standard output."""
    have_runs(place)
    script = f'exec "{MONITOR}" ls active <&- >&- 2>&-'
    ran = subprocess.run(["sh", "-c", script], env=environment(place), cwd=place / "work", timeout=30, check=False)
    assert ran.returncode == 0
    assert "active" not in (place / "logs" / "monitor.log").read_text()


def test_ctrl_c_ends_it_at_once_with_130(place: Path) -> None:
    """No traceback, and no worker is left."""
    log = place / "logs" / "fetches.jsonl"
    process = subprocess.Popen(
        [MONITOR, "--demo", "ls"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(place)
    )
    give_up_at = time.monotonic() + 20
    while not (log.exists() and log.read_text().count("\n")):
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, b"", b"")
    assert workers
    assert psutil.wait_procs(workers, timeout=5)[1] == []


_SLOW_IMPORT = """
import sys, time

class Slow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "monitor.cli":
            print("importing", flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Slow)
"""


def test_ctrl_c_while_modules_are_imported_ends_it_with_130(place: Path) -> None:
    """No traceback, although nothing of the program is there yet to prevent it."""
    (place / "slow").mkdir()
    (place / "slow" / "sitecustomize.py").write_text(_SLOW_IMPORT)
    process = subprocess.Popen(
        [MONITOR, "ls"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(place, PYTHONPATH=str(place / "slow")),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"importing\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, b"", b"")


_HELD = """
import atexit, sys, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
atexit.register(time.sleep, 60)
from monitor.__main__ import run
run()
"""


@pytest.mark.parametrize(("argument", "status"), [("--version", 0), ("lss", 64)])
def test_nothing_holds_the_exit(place: Path, argument: str, status: int) -> None:
    """Neither a thread that hangs nor a hook; what was said has arrived, and so has the status."""
    script = [sys.executable, "-c", _HELD, argument]
    ran = subprocess.run(script, capture_output=True, text=True, timeout=20, check=False, env=environment(place))
    assert ran.returncode == status
    assert ran.stdout + ran.stderr != ""


HOSTILE = "raise SystemExit('hostile code ran')\n"


@pytest.mark.parametrize("arguments", [["--version"], ["ls", "--help"], ["config", "show"], ["--demo", "ls", "active"]])
def test_a_hostile_working_directory_is_not_imported(place: Path, arguments: Sequence[str]) -> None:
    """Our package names are common words, and so are the standard library's."""
    for name in ("monitor", "fetchers", "cache", "wandb", "click"):
        (place / "work" / name).mkdir()
        (place / "work" / name / "__init__.py").write_text(HOSTILE)
    for name in ("logging", "json", "asyncio", "msgspec"):
        (place / "work" / f"{name}.py").write_text(HOSTILE)
    ran = run(place, *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


# --- how old the process is ----------------------------------------------------------------------------------------

_AGE = "import time; began = time.monotonic(); from monitor import process_age; print(process_age.seconds())"


def test_the_age_of_a_process_counts_its_interpreters_start(place: Path) -> None:
    """Less than what its parent sees, more than nothing."""
    began = time.monotonic()
    ran = subprocess.run([sys.executable, "-c", _AGE], capture_output=True, check=True, env=environment(place))
    assert 0.005 < float(ran.stdout) <= time.monotonic() - began + 0.02


def test_the_age_does_not_count_what_the_process_was_before(place: Path) -> None:
    """A shell that waits and then becomes the program has not used the program's time."""
    script = f'sleep 2.1; exec "{sys.executable}" -c "{_AGE}"'
    ran = subprocess.run(["sh", "-c", script], capture_output=True, check=True, env=environment(place))
    assert 0.0 < float(ran.stdout) < 1.0


def test_the_age_grows_with_time() -> None:
    """By as much as the clock."""
    first, began = process_age.seconds(), time.monotonic()
    while time.monotonic() == began:
        pass
    assert process_age.seconds() > first
