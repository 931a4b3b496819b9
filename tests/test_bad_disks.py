"""Whatever is wrong under the cache, the program goes on, says so in one line, and answers as if there were none.

`CASES` is the whole list: what is wrong, the words a person must find, and what `ls --cached` says afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from cache import sqlite
from cache.opening import open_file
from cache.store import glance
from cache.tenant import tenant_of
from cache.terminal_state import SPACE, Final
from fetchers.settings import Gcp, Settings
from monitor import exit_codes
from tests.emulators.control import Emulators, running
from tests.support.environment import bare
from tests.support.last_session import left
from tests.support.records import record
from tests.support.terminal import MONITOR, Terminal

OLD = "from-an-earlier-session"
SLOW_COMMITS = """
import sqlite3, time
class Slow(sqlite3.Connection):
    def execute(self, sql, *more):
        if sql == "COMMIT":
            time.sleep(0.15)
        return super().execute(sql, *more)
connect = sqlite3.connect
sqlite3.connect = lambda *a, **k: connect(*a, **{"factory": Slow} | k)
"""
"""For the start of every interpreter: a disk that takes its time."""


# --- the program and what it asks ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """One region, no latency."""
    with running(regions=1, config=tmp_path_factory.mktemp("emulators") / "config.toml") as found:
        yield found


@dataclass
class Place:
    """A machine with a cache in some place, and the program on it."""

    home: Path
    told: str
    """The emulators' configuration."""
    file: Path = field(init=False)
    """Where the cache is configured to be."""
    before: str = ""
    """A shell command that comes before the program, in a mount namespace of its own."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file = self.home / "cache" / "cache.db"

    @property
    def settings(self) -> Settings:
        """What the program asks."""
        return Settings(gcp=msgspec.convert(tomllib.loads(self.told)["gcp"], Gcp))

    @property
    def url(self) -> str:
        """Of the cache."""
        return f"sqlite:///{self.file}"

    def fill(self, settings: Settings | None = None) -> None:
        """Leave a row of an earlier session in the cache."""
        (region,) = self.settings.gcp.regions
        row = record(OLD, scope=region, state="succeeded")
        asyncio.run(left(self.url, settings or self.settings, [row], datetime.now(UTC) - timedelta(hours=1)))

    def command(self, *arguments: str) -> list[str]:
        """The program's command line."""
        config = self.home / "config.toml"
        off = "\n".join(f"[tables.{name}]\nenabled = false" for name in ("builds", "vertex", "active", "completed"))
        text = self.told.partition("[wandb]")[0]
        config.write_text(f'{text}[cache]\nurl = "{self.url}"\n[logs]\ndir = "{self.home / "logs"}"\n{off}\n')
        command = [MONITOR, "--config", str(config), *arguments]
        return ["unshare", "-rm", "sh", "-c", f"{self.before} && {shlex.join(command)}"] if self.before else command

    def ls(self, *arguments: str) -> tuple[dict[str, Any], list[str], int]:
        """The table of runners that `ls` prints, the lines on standard error, and the status."""
        done = subprocess.run(
            self.command("ls", "runner", "-o", "json", *arguments),
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=bare(self.home) | self.environment,
            timeout=60,
        )
        assert done.stdout, done.stderr
        table: dict[str, Any] = json.loads(done.stdout)["tables"]["runner"]
        return table, done.stderr.splitlines(), done.returncode

    def dashboard(self) -> Terminal:
        """The dashboard on a terminal."""
        return Terminal(self.command(), environment=bare(self.home) | self.environment)


@pytest.fixture
def place(tmp_path: Path, emulators: Emulators) -> Place:
    """A machine of its own."""
    return Place(tmp_path, emulators.config)


# --- what may be wrong ---------------------------------------------------------------------------------------------


def never_there(_: Place) -> None:
    """There is nothing at all, as on a new machine."""


def a_file_for_a_directory(place: Place) -> None:
    """No directory can be made."""
    place.file.parent.touch()


def where_nothing_can_be_made(place: Place) -> None:
    """A file system that takes no files, from anyone."""
    place.file = Path("/proc/monitor/cache.db")


def a_directory_for_a_file(place: Place) -> None:
    """A directory that holds something."""
    (place.file / "theirs").mkdir(parents=True)


def a_link_to_itself(place: Place) -> None:
    """A loop of links."""
    place.file.parent.mkdir()
    place.file.symlink_to(place.file)


def a_link_to_a_file_that_is_not_there_yet(place: Place) -> None:
    """A cache that was moved to another disk, by a link."""
    place.file.parent.mkdir()
    (place.home / "elsewhere").mkdir()
    place.file.symlink_to(place.home / "elsewhere" / "cache.db")


def a_pipe(place: Place) -> None:
    """Nothing can be sought in it, and reading it waits for ever."""
    place.file.parent.mkdir()
    os.mkfifo(place.file)


def no_bytes(place: Place) -> None:
    """As a crash at its making leaves it."""
    place.file.parent.mkdir()
    place.file.touch()


def random_bytes(place: Place) -> None:
    """Somebody else's file, or a dying disk's."""
    place.file.parent.mkdir()
    place.file.write_bytes(random.Random(1).randbytes(50_000))


def half_of_it(place: Place) -> None:
    """Cut off."""
    place.fill()
    os.truncate(place.file, place.file.stat().st_size // 2)


def _altered(place: Place, statement: str) -> None:
    place.fill()
    with contextlib.closing(sqlite3.connect(place.file)) as connection:
        connection.execute(statement)


def a_newer_version(place: Place) -> None:
    """Written by a program after this one."""
    _altered(place, f"PRAGMA user_version = {sqlite.SCHEMA + 1}")


def an_older_version(place: Place) -> None:
    """Written by a program before this one: used as it is."""
    _altered(place, "PRAGMA user_version = 0")


def another_program_s(place: Place) -> None:
    """A sound database that is none of ours."""
    place.file.parent.mkdir()
    with contextlib.closing(sqlite3.connect(place.file)) as connection:
        connection.execute("CREATE TABLE theirs (a)")


def another_tenant_s(place: Place) -> None:
    """Rows of another project, and of none else."""
    place.fill(Settings(gcp=msgspec.structs.replace(place.settings.gcp, project="another")))


def _crashed(place: Place) -> None:
    """Leave the file as a killed program does, all that matters in its log."""
    place.fill()
    kept = place.home / "kept"
    with contextlib.closing(sqlite3.connect(place.file, isolation_level=None)) as connection:
        connection.execute("UPDATE counter SET changes = changes + 1")
        shutil.copytree(place.file.parent, kept)
    shutil.rmtree(place.file.parent)
    kept.rename(place.file.parent)


def a_log_without_its_index(place: Place) -> None:
    """A killed program's file, and somebody tidied up."""
    _crashed(place)
    Path(f"{place.file}-shm").unlink()


def a_log_of_another_database(place: Place) -> None:
    """A log that SQLite takes for the file's own, and the file for theirs."""
    place.fill()
    theirs = place.home / "theirs.db"
    with contextlib.closing(sqlite3.connect(theirs, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE theirs (a)")
        connection.execute("INSERT INTO theirs VALUES (zeroblob(20000))")
        shutil.copy(f"{theirs}-wal", f"{place.file}-wal")


def slow(place: Place) -> None:
    """Every commit takes its time."""
    site = place.home / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SLOW_COMMITS)
    path = filter(None, (str(site), os.environ.get("PYTHONPATH")))
    place.environment = {"PYTHONPATH": os.pathsep.join(path)}


def locked(place: Place) -> Iterator[None]:
    """Another program writes, and does not stop."""
    place.fill()
    with contextlib.closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def _mounted(place: Place, mount: str) -> None:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("no mount namespaces on this system")
    where = shlex.quote(str(place.file.parent))
    place.before = mount.format(where=where)
    if subprocess.run(["unshare", "-rm", "sh", "-c", place.before], check=False, capture_output=True).returncode:
        pytest.skip(f"this user may not mount: {place.before}")


def read_only(place: Place) -> None:
    """Mounted so."""
    place.fill()
    _mounted(place, "mount --bind {where} {where} && mount -o remount,bind,ro {where}")


def full(place: Place) -> None:
    """There is no room for a database."""
    place.file.parent.mkdir()
    _mounted(place, "mount -t tmpfs -o size=8k,mode=700 tmpfs {where} && head -c 4096 /dev/zero > {where}/full")


def full_soon(place: Place) -> None:
    """There is room for a database, and not for what is answered."""
    place.fill()
    _mounted(
        place,
        "mkdir {where}.disk && mount -t tmpfs -o size=64k,mode=700 tmpfs {where}.disk"
        " && cp -r {where}/. {where}.disk && mount --move {where}.disk {where} && rmdir {where}.disk",
    )


@dataclass(frozen=True)
class Case:
    """Something that is wrong."""

    spoil: Callable[[Place], Iterator[None] | None]
    says: str
    """Words of the one line on standard error; empty where nothing needs to be said."""
    cached: int = exit_codes.OK
    """Exit status of `ls --cached` afterwards."""
    remembers: bool = False
    """Whether `ls --cached` still shows the row of the earlier session: no later answer could be kept."""

    def __str__(self) -> str:
        return self.spoil.__name__


NOTHING, UNREADABLE = exit_codes.NOTHING_CONFIGURED, exit_codes.NOT_ALL_LIVE

CASES = [
    Case(never_there, ""),
    Case(a_file_for_a_directory, "in memory", NOTHING),
    Case(where_nothing_can_be_made, "in memory", NOTHING),
    Case(a_directory_for_a_file, "in memory", UNREADABLE),
    Case(a_link_to_itself, "in memory", NOTHING),
    Case(a_link_to_a_file_that_is_not_there_yet, ""),
    Case(a_pipe, "in memory", NOTHING),
    Case(no_bytes, ""),
    Case(random_bytes, "set aside"),
    Case(half_of_it, "set aside"),
    Case(a_newer_version, "newer monitor"),
    Case(an_older_version, ""),
    Case(another_program_s, "another program's database", UNREADABLE),
    Case(another_tenant_s, ""),
    Case(a_log_without_its_index, ""),
    Case(a_log_of_another_database, "another program's database", UNREADABLE),
    Case(slow, ""),
    Case(locked, "does not answer", remembers=True),
    Case(read_only, "in memory", remembers=True),
    Case(full, "in memory", NOTHING),
    Case(full_soon, "disk is full", remembers=True),
]


@pytest.fixture
def spoilt(request: pytest.FixtureRequest, place: Place) -> Iterator[Place]:
    """A place in which something is wrong."""
    spoiling = request.param.spoil(place)
    if spoiling is not None:
        next(spoiling)
    yield place
    if spoiling is not None:
        spoiling.close()


@pytest.mark.parametrize(("spoilt", "case"), [(case, case) for case in CASES], indirect=["spoilt"], ids=map(str, CASES))
def test_a_bad_disk_costs_a_line_and_nothing_else(spoilt: Place, case: Case) -> None:
    """`ls` answers live with status 0 and one line at most; `ls --cached` never says "nothing" for "not known"."""
    table, lines, status = spoilt.ls()
    assert (status, table["freshness"]) == (exit_codes.OK, "live"), lines
    assert table["records"]
    assert OLD not in {row["id"] for row in table["records"]}
    assert any(case.says in line for line in lines) if case.says else not lines, lines
    table, lines, status = spoilt.ls("--cached")
    assert status == case.cached, lines
    assert ({row["id"] for row in table["records"]} == {OLD}) == case.remembers
    assert bool(table["records"]) == (status == exit_codes.OK)
    assert len(lines) == (status != exit_codes.OK)


ON_SCREEN = [case for case in CASES if case.spoil in (a_file_for_a_directory, random_bytes, locked)]


@pytest.mark.parametrize(
    ("spoilt", "case"), [(case, case) for case in ON_SCREEN], indirect=["spoilt"], ids=map(str, ON_SCREEN)
)
def test_the_dashboard_says_so_too(spoilt: Place, case: Case) -> None:
    """A notice at the bottom, live rows above it, keys that answer, and an end at once."""
    with spoilt.dashboard() as terminal:
        terminal.wait_for(case.says)
        terminal.wait_for("live")
        terminal.send("\x1b")
        terminal.wait(lambda: case.says not in terminal.text, "the notice put away")
        terminal.send("q")
        assert terminal.wait_for_end() == 0


# --- lengths -------------------------------------------------------------------------------------------------------


def test_a_file_cut_anywhere_is_set_aside(tmp_path: Path) -> None:
    """In every header, within pages and between, one byte short: it is kept, and a new one begun; less is no file."""
    whole = Place(tmp_path, '[gcp]\nproject = "acme-ml"\nregions = ["us-east1"]\n[wandb]')
    whole.fill()
    data = whole.file.read_bytes()
    lengths = {0, 1, 15, 16, 17, 99, 100, 101, 4095, 4096, 4097, 8192, len(data) - 4096, len(data) - 1}
    for length in sorted(lengths):
        target = tmp_path / str(length) / "cache.db"
        target.parent.mkdir()
        target.write_bytes(data[:length])
        said = list[str]()
        disk = open_file(f"sqlite:///{target}", said.append)
        disk.close()
        assert ["set aside" in line for line in said] == [True] * (length > 1), (length, said)
        if said:
            (kept,) = target.parent.glob("*.set-aside-*")
            assert kept.read_bytes() == data[:length]


# --- several programs ----------------------------------------------------------------------------------------------


def kept(place: Place) -> set[str]:
    """The ids of the rows that are kept as final."""
    entries = glance(place.url, SPACE, [tenant_of("runner", place.settings).key])
    return {msgspec.msgpack.decode(entry.value, type=Final).record.id for entry in entries}


def test_programs_that_share_a_cache_lose_nothing_when_one_is_killed(place: Place) -> None:
    """Two dashboards and `ls` again and again; an engine and then its whole program are killed in the middle."""
    with place.dashboard() as doomed, place.dashboard() as other:
        for terminal in (doomed, other):
            terminal.wait_for("live")
        assert [place.ls()[1:] for _ in range(2)] == [([], exit_codes.OK)] * 2
        before = kept(place)
        assert before
        for engine in psutil.Process(doomed.pid).children():
            engine.kill()
        doomed.wait_for("starting it again")
        table, lines, status = place.ls()
        assert (lines, status, table["freshness"]) == ([], exit_codes.OK, "live")
        os.kill(doomed.pid, signal.SIGKILL)
        table, lines, status = place.ls()
        assert (lines, status, table["freshness"]) == ([], exit_codes.OK, "live")
        assert kept(place) >= before
        ended = {row["id"] for row in table["records"] if row["state"] in {"succeeded", "failed", "cancelled"}}
        assert before <= ended
        other.wait_for("live")
        assert "cache" not in other.lines[-2]
        other.send("q")
        assert other.wait_for_end() == 0
    table, lines, status = place.ls("--cached")
    assert (lines, status) == ([], exit_codes.OK)
    assert kept(place) >= before
