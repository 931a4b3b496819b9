"""The largest gaps of the screen's loop and of the engine's, beside those of an idle loop in a process of its own.

The program runs on a real pty: a cold start of five tables from emulators at 300 ms a call; one source that hangs until
its worker is killed; and five tables of 1,000 rows, all of them changed at each refresh. A probe inside each process
(`gap_probe`) notes when its loop ran late by 10 ms or more, and how much of that time its own thread was at work: the
rest of it the machine was busy elsewhere, as the idle loop shows; `–` stands for none. `--stacks` also says where a
loop was held.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from monitor.tables import TABLES
from tests.emulators.control import Emulators, running
from tests.support.environment import WANDB_KEY, bare
from tests.support.terminal import MONITOR, Terminal

LATENCY_S = 0.3
TIMEOUT_S = 3.0
ROWS = 1000
REFRESHES = 10
PATIENCE_S = 120.0
HANGS = "builds"
TOLD = 6
"""Of the stacks in which a loop was held, those of the longest times."""
PROBE = Path(__file__).parent / "gap_probe"
IDLE = "import asyncio; asyncio.run(asyncio.sleep(3600))"


@dataclass(frozen=True)
class Gap:
    """One time that a loop ran late."""

    end: float
    """Monotonic seconds, the same for all processes."""
    late_s: float
    busy_s: float
    """Of it, seconds that the loop's own thread was at work."""
    spent_s: float
    """The same of all threads of its process."""
    queued_s: float
    """Of it, seconds that the thread was ready to run while others had the processors."""
    stack: str

    @property
    def ours_s(self) -> float:
        """What is left of it without that wait, which is the machine's."""
        return max(0.0, self.late_s - self.queued_s)


NONE = Gap(0, 0, 0, 0, 0, "")


@dataclass(frozen=True)
class Phase:
    """What was going on, and when."""

    name: str
    began: float
    ended: float

    def of(self, gaps: list[Gap]) -> list[Gap]:
        """The gaps that fell into it."""
        return [gap for gap in gaps if self.began <= gap.end <= self.ended]


class Session:
    """The program on a pty, measured."""

    def __init__(self, home: Path, config: Path, **more: str) -> None:
        stacks = {"GAPS_STACKS": "1"} if "--stacks" in sys.argv else {}
        self.environment = bare(
            home, WANDB_API_KEY=WANDB_KEY, PYTHONPATH=str(PROBE), GAPS_DIR=str(home), **stacks, **more
        )
        self.logs = config.parent / "logs" / "fetches.jsonl"
        self.terminal = Terminal([MONITOR, "--config", str(config)], environment=self.environment)

    def fetches(self) -> list[dict[str, object]]:
        """Every fetch that has ended, as the session log tells it."""
        lines = self.logs.read_text().splitlines() if self.logs.exists() else []
        return [fetch for line in lines if "kills" in (fetch := json.loads(line))]

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Read the screen until something is so."""
        self.terminal.wait(holds, what, PATIENCE_S)

    def until_fetched(self, times: int) -> None:
        """Read the screen until every table has been fetched so often."""

        def fetched() -> bool:
            tables = [fetch["table"] for fetch in self.fetches()]
            return all(tables.count(table) >= times for table in TABLES)

        self.until(fetched, f"every table fetched {times} times")

    def stop_worker(self, source: str) -> None:
        """Stop the worker of a source where it is."""
        for process in psutil.Process(self.terminal.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "fetchers.worker" in process.cmdline() and source in process.cmdline():
                    process.send_signal(signal.SIGSTOP)


@contextlib.contextmanager
def phase(name: str, phases: list[Phase]) -> Iterator[None]:
    """Note when the body ran, and the second after it, in which the screen settles."""
    began = time.monotonic()
    yield
    phases.append(Phase(name, began, time.monotonic()))


def settle(session: Session) -> None:
    """Read on for a second."""
    end = time.monotonic() + 1
    session.until(lambda: time.monotonic() > end, "a second")


def faults(session: Session, emulators: Emulators, phases: list[Phase]) -> None:
    """A cold start, then a source that hangs."""
    with session.terminal:
        with phase("cold start, five tables, 18 regions, 300 ms a call", phases):
            session.until_fetched(1)
            settle(session)
        with phase("one source hangs, its worker is killed", phases):
            emulators.fault("google", "never", "ListBuilds")
            session.stop_worker(HANGS)
            session.terminal.send("r")
            session.until(lambda: any(fetch["kills"] for fetch in session.fetches()), "a worker killed")
            emulators.fault("google", None, "ListBuilds")
            session.terminal.send("r")
            settle(session)
        session.terminal.send("q")
        session.terminal.wait_for_end()


def refreshes(session: Session, phases: list[Phase]) -> None:
    """Every row of five tables changes, again and again."""
    with session.terminal:
        session.until_fetched(1)
        settle(session)
        with phase(f"5 × {ROWS:,} rows, all changed, {REFRESHES} times", phases):
            for number in range(REFRESHES):
                session.terminal.send("r")
                session.until_fetched(number + 2)
            settle(session)
        session.terminal.send("q")
        session.terminal.wait_for_end()


def gaps_of(home: Path, role: str) -> list[Gap]:
    """What the probes of all processes of one kind wrote."""
    lines = [line for file in home.glob(f"{role}.*") for line in file.read_text().splitlines()]
    found = []
    for *numbers, stack in (line.split(" ", 5) for line in lines):
        end, late_s, busy_s, spent_s, queued_s = map(float, numbers)
        found.append(Gap(end, late_s, busy_s, spent_s, queued_s, stack))
    return found


def row(phase: Phase, role: str, gaps: list[Gap], idle: list[Gap]) -> str:
    """One line of the table of results."""
    worst = max(phase.of(gaps), key=lambda gap: gap.late_s, default=NONE)
    own = max(phase.of(gaps), key=lambda gap: gap.ours_s, default=NONE)
    beside = [gap.late_s for gap in idle if gap.end > worst.end - worst.late_s and gap.end - gap.late_s < worst.end]
    idlest = max((gap.late_s for gap in phase.of(idle)), default=0)
    largest = f"{_ms(worst.late_s)}: {_ms(worst.busy_s)}, {_ms(worst.queued_s)}"
    line = f"| {phase.name} | {role} | {largest} | {_ms(own.ours_s)} |"
    line += f" {_ms(max(beside, default=0))} | {_ms(idlest)} |"
    longest = sorted(phase.of(gaps), key=lambda gap: -gap.busy_s)[:TOLD]
    return "\n".join([line, *(f"    {_ms(gap.busy_s)}: {gap.stack}" for gap in longest if gap.stack)])


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds else "–"


def main() -> None:
    """Print the rows."""
    phases: list[Phase] = []
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        config = home / "config.toml"
        measured = os.environ | {"PYTHONPATH": str(PROBE), "GAPS_DIR": directory}
        idle = subprocess.Popen([sys.executable, "-c", IDLE, "idle"], env=measured)
        try:
            with running(latency=LATENCY_S, config=config) as emulators:
                tables = "".join(f"[tables.{name}]\ntimeout_s = {TIMEOUT_S}\n" for name in TABLES)
                config.write_text(config.read_text() + tables)
                faults(Session(home, config), emulators, phases)
                (home / "logs" / "fetches.jsonl").unlink()
                (home / "cache.sqlite").unlink(missing_ok=True)
                refreshes(Session(home, config, GAPS_ROWS=str(ROWS)), phases)
        finally:
            idle.kill()
            idle.wait()
        found = {role: gaps_of(home, role) for role in ("engine", "screen", "idle")}
    print(
        "| while | loop | largest gap: at work, waiting for a processor | largest without that wait"
        " | idle loop then | idle loop's largest |"
    )
    print("|---|---|---|---|---|---|")
    for each in phases:
        for role in ("engine", "screen"):
            print(row(each, role, found[role], found["idle"]))


if __name__ == "__main__":
    main()
