"""The very first frame shows what was last known, marked with its age, whatever the engine and the disk do."""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import RenderableType
from textual.screen import Screen

from cache.last_known_good import Answer
from fetchers.records import Record, State
from fetchers.settings import Gcp, Settings
from monitor import recollection
from monitor.changes import RowsChanged, Start, TableChanged, TableStatus
from monitor.config import Config
from monitor.invocation import start_demo
from monitor.link import EngineProcess
from monitor.tables import TABLES, TablePlan
from monitor.ui.app import LATER
from monitor.ui.screens.dashboard import SPINNER
from tests.support.environment import bare, logs_of
from tests.support.last_session import left
from tests.support.terminal import MONITOR, Terminal
from tests.ui.scripted import Stage, record, rows, scope, status

EAST = "us-east1"
SETTINGS = Settings(gcp=Gcp(project="acme-ml", regions=(EAST,)))
AGO = timedelta(minutes=6)

SOON_S = 15.0
"""Seconds that a first frame may take on a busy machine."""


def started(url: str, settings: Settings = SETTINGS, log_dir: Path | None = None) -> Start:
    """The first word to an engine for every table, of which only Google's are set up."""
    return Start(
        settings=settings,
        tables=dict.fromkeys(TABLES, TablePlan()),
        log_dir=str(log_dir) if log_dir else None,
        cache_url=url,
    )


def executions(number: int = 3) -> list[Record]:
    """One that runs and some that ended."""
    return [record("runner", place, State.SUCCEEDED if place else State.RUNNING) for place in range(number)]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A cache that an earlier session has left."""
    found = f"sqlite:///{tmp_path / 'cache' / 'cache.db'}"
    asyncio.run(left(found, SETTINGS, executions(), datetime.now(UTC) - AGO))
    return found


# --- on the screen -------------------------------------------------------------------------------------------------


def frames(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every frame that a terminal is shown from now on, as text."""
    found, display = list[str](), stage.app._display

    def shown(screen: Screen[None], frame: RenderableType | None) -> None:
        if frame is not None and not stage.app._batch_count:
            found.append(stage.text())
        display(screen, frame)

    monkeypatch.setattr(stage.app, "_display", shown)
    return found


async def test_known_rows_are_on_the_very_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the word for it and their age, where they will stay: no later frame moves or empties anything."""
    stage = Stage(known=[rows("runner", executions()), status("runner", {EAST: scope(360, live=False, rows=3)})])
    seen = frames(stage, monkeypatch)
    async with stage.open():
        assert "name-0" in seen[0]
        assert "last answer 6 min ago · stale" in seen[0]
    assert len({re.sub(f"[·{SPINNER}]", "·", frame) for frame in seen}) == 1


async def test_the_cursor_stays_on_top_until_someone_moves_it() -> None:
    """Known rows are not taken for chosen ones: what is newer comes in above, in view, and under the cursor."""
    stage = Stage(known=[rows("builds", [record("builds", 5)]), status("builds", {EAST: scope(360, live=False)})])
    async with stage.open():
        await stage.tell(rows("builds", [record("builds", 1, State.RUNNING)]), status("builds"))
        assert stage.app.dashboard.table.under_cursor == record("builds", 1, State.RUNNING)


async def test_a_table_that_is_not_set_up_beside_known_rows() -> None:
    """It says what to do, on the first frame like the others."""
    missing = TableChanged(status=TableStatus(table="vertex", missing="set gcp.project"))
    stage = Stage(known=[rows("runner", executions()), status("runner"), missing])
    async with stage.open():
        assert "set gcp.project" in stage.text()
        assert "name-0" in stage.text()


# --- what is read --------------------------------------------------------------------------------------------------


def seen(start: Start) -> set[str]:
    """The ids of the rows that a screen would begin with."""
    changes = recollection.recalled(start, recollection.begin(start), 10)
    return {row.id for change in changes if isinstance(change, RowsChanged) for row in change.upserts.values()}


def test_rows_of_another_tenant_are_not_read(url: str) -> None:
    """Another project, another address or another filter: nothing of it, not even for a frame."""
    assert seen(started(url)) == {"id-0", "id-1", "id-2"}
    for other in (
        Gcp(project="another", regions=(EAST,)),
        Gcp(project="acme-ml", regions=(EAST,), jobs=("launcher",)),
        Gcp(project="acme-ml", regions=("us-west1",)),
    ):
        assert seen(started(url, Settings(gcp=other))) == set()


def test_the_demo_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where there is a cache in its usual place."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert recollection.begin(start_demo(Config())).result(10) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_hangs_is_waited_for_a_moment_only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reader never comes back, and nobody waits for it."""
    monkeypatch.setattr("cache.last_known_good.glance_all", lambda *_: threading.Event().wait())
    start = started(url)
    reading = recollection.begin(start)
    began = time.monotonic()
    assert recollection.recalled(start, reading) == ()
    assert recollection.PATIENCE_S <= time.monotonic() - began < recollection.PATIENCE_S + SOON_S


# --- the engine ----------------------------------------------------------------------------------------------------


async def test_the_engine_s_first_word_already_holds_what_the_screen_shows(tmp_path: Path) -> None:
    """No table falls back from stale to loading, and no row goes away, between the first frame and the first answer."""
    at = datetime.now(UTC) - AGO
    known = recollection.told(started("memory:"), TABLES, {("runner", EAST): Answer(at, tuple(executions()))})
    link = EngineProcess(started("memory:", log_dir=tmp_path / "logs"), known)
    try:
        async with asyncio.timeout(20):
            async for change in link.changes():
                assert not (isinstance(change, RowsChanged) and change.removed)
                if isinstance(change, TableChanged) and change.status.table == "runner":
                    assert change.status.scopes[EAST].fetched_at == at
                    assert change.status.scopes[EAST].rows == 3
                    break
    finally:
        link.close()


# --- the program ---------------------------------------------------------------------------------------------------

SITE = """
import os, signal, sqlite3, sys, threading
if "monitor.engine" in sys.orig_argv:
    os.kill(os.getpid(), signal.SIGSTOP)
elif "HUNG_DISK" in os.environ:
    sqlite3.connect = lambda *_, **__: threading.Event().wait()
elif "LOADED" in os.environ:
    write = os.write
    def writing(fd, data):
        if b"name-0" in data:
            with open(os.environ["LOADED"], "w") as file:
                print(*sys.modules, sep="\\n", file=file)
            os.write = write
        return write(fd, data)
    os.write = writing
"""
"""For the start of every interpreter: an engine that never says a word, and, each where it is asked for, a disk that
hangs, and a note of what is loaded as the first row is written to the terminal."""

NOT_NEEDED = {
    *("google.auth", "google.api_core", "grpc", "wandb", "psutil", "re2", "click", "json", "ctypes"),
    *("cache.background", "cache.terminal_state", "monitor.keeping", "monitor.launch", "monitor.session_log"),
    *("monitor.command_line", "monitor.commands.ls", "monitor.findings", "monitor.export", "monitor.programs"),
    *("monitor.filters", "monitor.fields", "monitor.filter_values", *LATER),
}
"""Modules that the first frame does not wait for: each takes a part of a millisecond, and there were many."""


@pytest.fixture
def program(url: str, tmp_path: Path) -> Callable[..., Terminal]:
    """Starts the dashboard on the cache, with an engine that never says a word."""
    home = tmp_path / "home"
    (home / "site").mkdir(parents=True)
    (home / "site" / "sitecustomize.py").write_text(SITE)
    config = home / "config.toml"
    config.write_text(
        f'[gcp]\nproject = "acme-ml"\nregions = ["{EAST}"]\n[cache]\nurl = "{url}"\n[logs]\ndir = "{logs_of(home)}"\n'
    )
    path = os.pathsep.join(filter(None, (str(home / "site"), os.environ.get("PYTHONPATH"))))

    def start(**more: str) -> Terminal:
        return Terminal([MONITOR, "--config", str(config)], environment=bare(home, PYTHONPATH=path, **more))

    return start


def test_the_program_shows_them_without_any_engine(program: Callable[..., Terminal]) -> None:
    """The engine is stopped before its first instruction; the rows are there, with their age, and keys answer."""
    with program() as terminal:
        terminal.wait_for("name-0", SOON_S)
        terminal.wait_for("last answer 6 min ago · stale", SOON_S)
        terminal.send("?")
        terminal.wait(lambda: "name-0" not in terminal.text, "the help", SOON_S)
        terminal.send("?")
        terminal.wait_for("name-0", SOON_S)
        terminal.send("q")
        assert terminal.wait_for_end() == 0


def test_a_hung_disk_holds_up_neither_the_first_frame_nor_the_exit(program: Callable[..., Terminal]) -> None:
    """The reader hangs for good; the screen says that it is loading, and `q` ends the program at once."""
    with program(HUNG_DISK="1") as terminal:
        terminal.wait_for("waiting for the engine", SOON_S)
        terminal.send("q")
        assert terminal.wait_for_end(SOON_S) == 0
        assert "name-0" not in terminal.text


def test_the_first_frame_waits_for_no_module_that_it_does_not_need(
    program: Callable[..., Terminal], tmp_path: Path
) -> None:
    """Those of the SDKs, of other commands and of other keys come later, or never."""
    noted = tmp_path / "loaded"
    with program(LOADED=str(noted)) as terminal:
        terminal.wait_for("name-0", SOON_S)
        loaded = set(noted.read_text().split())
        terminal.send("q")
        assert terminal.wait_for_end() == 0
    assert {"monitor.ui.app", "cache.sqlite"} <= loaded
    assert loaded & NOT_NEEDED == set()
