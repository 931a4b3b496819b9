"""The dashboard under every fault: keys answer throughout, rows stay, other tables are live, and the cause is named.

That every fault is named in every source is the matter of `tests/test_faults.py`; here each is seen on a screen.
"""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from monitor.tables import TABLES
from tests.emulators.control import Emulators, running
from tests.support.environment import bare, logs_of
from tests.support.faults import CASES
from tests.support.hangs import BUSY, HELD, TRAPS
from tests.support.keys import ZONE, Person
from tests.support.stage import Case, Stage, befallen, lasting, quick
from tests.support.terminal import MONITOR, Terminal

TIMEOUT_S = 3
"""Of every table."""

LIMIT_S = 30.0
"""Seconds within which a change must have come to the screen, on a machine that is busy."""

WITHOUT_WORDS = {"import-hangs", "drip", "grows"}
"""Faults that end otherwise, or later, on a screen than in an answer that is due: they are not live, that is all."""


def once(cases: Sequence[Case]) -> list[Case]:
    """Each fault in one source, another one for each in turn."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(case.fault, []).append(case)
    return [those[turn % len(those)] for turn, those in enumerate(found.values())]


def runs(cases: Sequence[Case]) -> list[tuple[Case, ...]]:
    """Several of them on one screen."""
    return [*quick(once(cases)), *lasting(once(cases))]


AT_ANY_TIME = runs([case for case in CASES if case.any_time])
FROM_THE_START = runs([case for case in CASES if not case.any_time])

FIRST_CALLS = {"Viewer"}
"""What a worker calls once; under one that has run for a while, the call that goes wrong is another."""


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Two regions, no latency."""
    with running(regions=2, drip=1, config=tmp_path_factory.mktemp("emulators") / "config.toml") as found:
        yield found


@contextlib.contextmanager
def dashboard(stage: Stage) -> Iterator[Person]:
    """Somebody at the dashboard of a stage, whose tables have little time to answer."""
    stage.settings += "".join(f"[tables.{table}]\ntimeout_s = {TIMEOUT_S}\n" for table in TABLES)
    command = [MONITOR, "--config", str(stage.config)]
    with Terminal(command, columns=200, rows=60, environment=stage.environment | {"TZ": ZONE}) as terminal:
        terminal.wait(lambda: "1 builds" in terminal.text, "the first frame")
        person = Person(terminal)
        yield person
        print(f"the slowest of {len(person.waits)} keys was answered in {max(person.waits):.3f} s")
        terminal.send("q")
        terminal.wait_for_end()


@pytest.fixture(scope="module")
def person(emulators: Emulators, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Somebody at a dashboard on which all is well; the emulators are the only ones to say otherwise."""
    with befallen([], emulators, tmp_path_factory.mktemp("home")) as stage, dashboard(stage) as found:
        yield found


def befalls(run: Sequence[Case]) -> dict[str, Case]:
    """Table → what befalls it."""
    return {table: case for case in run for table in sorted(case.tables) if case.status}


def look(person: Person, befallen_by: dict[str, Case]) -> None:
    """Press keys until every table is what it must be, and read each error that there is."""

    def all_told() -> bool:
        return all(person.is_live(table) is (table not in befallen_by) for table in TABLES)

    person.ask_until(all_told, f"live but {[*map(str, befallen_by.values())]}", LIMIT_S)
    for table, case in befallen_by.items():
        if case.fault not in WITHOUT_WORDS:
            person.choose(table)
            words = [words for words in case.words if words not in FIRST_CALLS]
            person.terminal.wait(lambda words=words: person.reads(words), f"{table}: {words}")  # type: ignore[misc]


@pytest.mark.parametrize("run", AT_ANY_TIME, ids=lambda run: "+".join(map(str, run)))
def test_a_fault_that_comes_and_goes_costs_neither_keys_nor_rows(
    run: Sequence[Case], person: Person, emulators: Emulators, tmp_path: Path
) -> None:
    """Live, then befallen for longer than a deadline, then live again, with keys pressed and answered throughout."""
    look(person, {})
    with befallen(run, emulators, tmp_path):
        look(person, befalls(run))
        person.go_round()
        person.sees_rows()
    look(person, {})


@pytest.mark.parametrize("run", FROM_THE_START, ids=lambda run: "+".join(map(str, run)))
def test_a_fault_that_is_there_from_the_start_costs_no_key(
    run: Sequence[Case], emulators: Emulators, tmp_path: Path
) -> None:
    """Keys answer from the first frame on; the error is told, and tables of other sources are live."""
    with befallen(run, emulators, tmp_path) as stage, dashboard(stage) as person:
        look(person, befalls(run))
        person.go_round()


# --- the engine ------------------------------------------------------------------------------------------------------

SILENT_S = 6
"""Seconds of silence after which an engine is replaced here; it beats every five."""

IMPATIENT = f"""
import functools, sys
from monitor import cli
from monitor.commands import dashboard
dashboard.EngineProcess = functools.partial(dashboard.EngineProcess, silent_s={SILENT_S})
sys.exit(cli.main(["--demo"]))
"""
"""The demo, with a screen that waits less for its engine."""

ENGINE_FAULTS: dict[str, tuple[signal.Signals, str]] = {
    "killed": (signal.SIGKILL, r"\(SIGKILL\)"),
    "stopped": (signal.SIGSTOP, rf"silent for {SILENT_S} s; it gave no stacks"),
    "busy in Python": (BUSY, rf"silent for {SILENT_S} s; its stacks are in monitor.log"),
    "held in C": (HELD, rf"silent for {SILENT_S} s; its stacks are in monitor.log"),
}
"""What befalls it, and how the notice names it."""

REPLACED_S = 40.0
"""Seconds in which all four must have been replaced, told of, and live again, on a machine that is busy."""


@contextlib.contextmanager
def impatient(home: Path) -> Iterator[Person]:
    """Somebody at a demo whose engine can be stalled from outside."""
    home.mkdir()
    (home / "sitecustomize.py").write_text(TRAPS)
    environment = bare(home, PYTHONPATH=str(home), TZ=ZONE)
    command = [sys.executable, "-P", "-c", IMPATIENT]
    with Terminal(command, columns=160, rows=50, environment=environment) as terminal:
        yield Person(terminal)


def engine_of(person: Person) -> psutil.Process:
    """The engine of a screen."""
    [engine] = psutil.Process(person.terminal.pid).children()
    return engine


def all_live(person: Person) -> bool:
    """Whether every title says so, but for the region that the demo may not read."""
    return all(person.is_live(table) or "5/6 regions" in person.title(table) for table in TABLES)


def says(person: Person, pattern: str) -> bool:
    """Whether a notice on the screen does."""
    return re.search(pattern, person.terminal.text) is not None


def test_an_engine_that_ends_or_hangs_is_replaced_under_the_hands(tmp_path: Path) -> None:
    """Keys answer and rows stay throughout; the notice says how it ended, and the log holds where it hung."""
    with contextlib.ExitStack() as stack:
        people = {fault: stack.enter_context(impatient(tmp_path / fault.replace(" ", "-"))) for fault in ENGINE_FAULTS}
        for person in people.values():
            person.terminal.wait(lambda person=person: all_live(person), "live tables")  # type: ignore[misc]
        engines = {fault: engine_of(person) for fault, person in people.items()}
        for fault, (number, _) in ENGINE_FAULTS.items():
            engines[fault].send_signal(number)
        until_each(people, lambda fault: says(people[fault], ENGINE_FAULTS[fault][1]), "notice of its end")
        until_each(people, lambda fault: all_live(people[fault]), "live tables")
        print(f"slowest keys: {[max(person.waits) for person in people.values()]} s")
        assert not any(psutil.pid_exists(engine.pid) for engine in engines.values())
    for fault in ("busy in Python", "held in C"):
        log = (logs_of(tmp_path / fault.replace(" ", "-")) / "monitor.log").read_text()
        assert "most recent call first" in log
        assert "sitecustomize.py" in log


def until_each(people: dict[str, Person], holds: Callable[[str], bool], what: str) -> None:
    """All press keys until it has held once of the screen of each; rows are on all of them all the time."""
    end, waited_for = time.monotonic() + REPLACED_S, set(people)
    while waited_for := {fault for fault in waited_for if not holds(fault)}:
        fault = min(waited_for)
        assert time.monotonic() < end, f"{fault}: no {what} in {REPLACED_S:g} s\n{people[fault].terminal.text}"
        for person in people.values():
            person.go_on()
            person.sees_rows()
