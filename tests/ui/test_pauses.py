"""Time that passes as it should not: a program that was stopped kills nobody, a clock that jumps disturbs nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from fetchers.records import State
from monitor.tables import TABLES
from tests.emulators.control import Emulators, running
from tests.support.environment import logs_of
from tests.support.hangs import await_state
from tests.support.keys import ZONE, Person
from tests.support.stage import befallen
from tests.support.terminal import Terminal
from tests.test_engine import Stage as Engine
from tests.ui.scripted import Stage as Screen
from tests.ui.scripted import record, rows, status

TIMEOUT_S = 6
"""Of every table; more than an answer takes on a machine that is busy, whose rhythm is not the matter here."""

AFTERWARDS_S = 3
"""Seconds for which somebody goes on, in which whoever had misjudged the pause would show it."""

SILENT_S = 6
PAUSE_S = 7.0
"""Longer than any deadline here, and than an engine may be silent."""

IMPATIENT = f"""
import functools, sys
from monitor import cli
from monitor.commands import dashboard
dashboard.EngineProcess = functools.partial(dashboard.EngineProcess, silent_s={SILENT_S})
sys.exit(cli.main(sys.argv[1:]))
"""
"""The program, with a screen that waits less for its engine."""


@pytest.fixture
def emulators(tmp_path: Path) -> Iterator[Emulators]:
    """Two regions; Google takes its time to answer, so that there is always something under way."""
    with running(regions=2, config=tmp_path / "emulators.toml") as found:
        found.latency("google", 0.3)
        yield found


@contextlib.contextmanager
def program(emulators: Emulators, home: Path, *shell: str) -> Iterator[Person]:
    """Somebody at a live dashboard, begun by a shell where there is one."""
    home.mkdir()
    with befallen([], emulators, home) as stage:
        stage.settings += "".join(f"[tables.{table}]\ntimeout_s = {TIMEOUT_S}\n" for table in TABLES)
        (home / "impatient.py").write_text(IMPATIENT)
        command = [sys.executable, "-P", str(home / "impatient.py"), "--config", str(stage.config)]
        environment = stage.environment | {"TZ": ZONE, "PS1": "ready>"}
        with Terminal([*shell, *([] if shell else command)], rows=50, environment=environment) as terminal:
            if shell:
                terminal.wait_for("ready>")
                terminal.send(f"{' '.join(command)}\n")
            person = Person(terminal)
            terminal.wait(lambda: person.current() != "" and all(map(person.title, TABLES)), "the tables")
            person.ask_until(lambda: all(map(person.is_live, TABLES)), "live tables", 60)
            yield person


def below(terminal: Terminal) -> list[psutil.Process]:
    """Everything that runs below the terminal's first process."""
    return psutil.Process(terminal.pid).children(recursive=True)


def pause(terminal: Terminal) -> None:
    """Let the time pass."""
    end = time.monotonic() + PAUSE_S
    terminal.wait(lambda: time.monotonic() > end, "the end of the pause", 2 * PAUSE_S)


def nobody_was_killed(home: Path) -> None:
    """What the logs say."""
    log, fetches = ((logs_of(home) / name).read_text() for name in ("monitor.log", "fetches.jsonl"))
    assert "killed" not in log
    assert "replaced" not in log
    assert "the engine before this one ended" not in log
    assert [line for line in map(json.loads, fetches.splitlines()) if line.get("kills")] == []


def test_a_program_that_was_stopped_as_a_whole_kills_nobody_afterwards(emulators: Emulators, tmp_path: Path) -> None:
    """SIGSTOP of everything in the middle of a fetch, as a sleeping laptop: later the same processes go on."""
    home = tmp_path / "home"
    with program(emulators, home) as person:
        family = [psutil.Process(person.terminal.pid), *below(person.terminal)]
        calls = sum(emulators.calls("google").values())
        person.terminal.send("r")
        person.terminal.wait(lambda: sum(emulators.calls("google").values()) > calls, "a call")
        for process in family:
            process.suspend()
        for process in family:
            await_state(process, psutil.STATUS_STOPPED)
        pause(person.terminal)
        for process in reversed(family):
            process.resume()
        person.ask_until(lambda: all(map(person.is_live, TABLES)), "live tables")
        person.go_on_for(AFTERWARDS_S)
        assert all(process.is_running() for process in family)
    nobody_was_killed(home)


def test_a_screen_that_comes_back_after_a_while_finds_everything_as_it_was(
    emulators: Emulators, tmp_path: Path
) -> None:
    """Ctrl+Z, and `fg` much later: the engine went on without it, and nobody takes its silence for death."""
    home = tmp_path / "home"
    with program(emulators, home, "bash", "--norc", "--noprofile", "-i") as person:
        family = below(person.terminal)
        person.terminal.send("\x1a")
        person.terminal.wait_for("Stopped")
        pause(person.terminal)
        person.terminal.send("fg\n")
        person.terminal.wait(lambda: person.current() != "" and all(map(person.title, TABLES)), "the screen again")
        person.ask_until(lambda: all(map(person.is_live, TABLES)), "live tables")
        person.go_on_for(AFTERWARDS_S)
        assert all(process.is_running() for process in family)
        os.kill(family[0].pid, signal.SIGTERM)
        assert psutil.wait_procs(family, timeout=5)[1] == []
    nobody_was_killed(home)


DAY = timedelta(days=1)


@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_a_wall_clock_that_jumps_changes_neither_rhythm_nor_judgement(jump: timedelta) -> None:
    """Deadlines and intervals are kept by another: it asks as often as one whose clock is right, and kills none."""
    engines = [Engine("runner"), Engine("runner")]
    for engine in engines:
        await engine.begin()
        engine.answer_all()
    engines[0].clock.wrong_by = jump
    for _ in range(20):
        for engine in engines:
            engine.clock.advance(10)
            engine.answer_all()
        assert len({len(engine.worker().fetches) for engine in engines}) == 1
    assert len(engines[0].worker().fetches) > 2
    assert all(len(engine.launcher.children) == 1 for engine in engines)


async def test_ages_are_never_negative_whatever_the_clock_does() -> None:
    """Set back by a day, rows and words stay as they are; set forward, they are stale."""
    async with Screen().open() as screen:
        await screen.tell(rows("builds", [record("builds", 1, State.RUNNING), record("builds", 2)]), status("builds"))
        await screen.wait(-DAY.total_seconds())
        assert "name-1" in screen.text()
        assert "now · live" in screen.line("1 builds")
        assert " 0s " in screen.line("name-1", "● running")
        assert " -" not in screen.text()
        await screen.wait(2 * DAY.total_seconds())
        assert "stale" in screen.line("1 builds")
