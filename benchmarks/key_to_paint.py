"""From a key to the bytes that show what it did, while rows tick and others change: p50, p99 and the longest.

`python -m benchmarks.key_to_paint [KEYS]`: the real program on a pty of 120x40, its engine a script that speaks real
frames. Keys are pressed one after another, each at a random instant after the last one has been answered. Five tables
of 1,000 rows, every one of them different each second; and one of 100,000, of which 1,000 are. Beside it the same
numbers of rows in `DataTable`s of Textual, in one process that has no engine to listen to.
"""

from __future__ import annotations

import itertools
import os
import random
import select
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cockpit import LOADING_S, choose_vertex, cockpit, settle
from monitor.tables import TABLES
from tests.support.environment import bare
from tests.support.terminal import Terminal

KEYS = 300
COLUMNS, LINES = 120, 40
PAUSE_S = (0.02, 0.15)
"""Seconds between an answer and the next key, at least and at most."""
PATIENCE_S = 10.0
P99_MS = 50.0
"""The limit."""


@dataclass(frozen=True)
class Step:
    """One key, and what shows that it has been answered."""

    label: str
    keys: str
    typed: str | None = None
    """What stands in the line at the bottom afterwards; null: another row is under the cursor."""
    counts: bool = True


MOVES = (
    *(Step(key, key) for key in "jjjkj"),
    Step("PgDn", "\x1b[6~"),
    Step("j", "j"),
    Step("PgUp", "\x1b[5~"),
    *(Step(key, key) for key in "Gkgj"),
    Step("Tab", "\t"),
    Step("Shift+Tab", "\x1b[Z"),
)
TEXT = "train-v"
FINDS = (
    Step("/", "/", " / "),
    *(Step("typed into /", letter, f" / {TEXT[:n]}") for n, letter in enumerate(TEXT, 1)),
    Step("Esc", "\x1b", "", counts=False),  # an escape waits for what may follow it
    Step("s", "s", " sort"),
    Step("Esc", "\x1b", "", counts=False),
)


class Watch:
    """Reads a terminal and knows when which of its lines at the bottom came."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def bottom(self) -> list[str]:
        """The last four lines."""
        screen = self._terminal.screen
        lines = range(screen.lines - 4, screen.lines)
        return ["".join(screen.buffer[y][x].data for x in range(screen.columns)).rstrip() for y in lines]

    def answered(self, step: Step) -> float:
        """Press, and return the seconds until the answer had arrived."""
        before = _row(self.bottom())
        holds = self._typed(step.typed) if step.typed is not None else lambda: _row(self.bottom()) != before
        began = time.monotonic()
        self._terminal.send(step.keys)
        while time.monotonic() - began < PATIENCE_S:
            arrived = self._wait()
            self._terminal.read(0)
            if holds():
                return arrived - began
        raise TimeoutError(f"{step.label} was not answered:\n{self._terminal.text}")

    def _typed(self, text: str) -> Callable[[], bool]:
        def holds() -> bool:
            line = self.bottom()[-1]
            return line.startswith(text) if text else not line.startswith((" /  ", " / t", " sort"))

        return holds

    def _wait(self) -> float:
        """Wait until there is something to read, and return when that was."""
        select.select([self._terminal._fd], [], [], PATIENCE_S)  # noqa: SLF001 - before any of it is looked through
        return time.monotonic()


def _row(bottom: list[str]) -> str:
    """The name of the row under the cursor, the lowest that there is; empty for a table without rows."""
    words = (word for line in reversed(bottom) for word in line.split() if word.startswith(("train-", "nothing")))
    return next(words, "")


def pressed(terminal: Terminal, steps: Iterator[Step], keys: int) -> list[tuple[str, float]]:
    """Press so many keys; each with the milliseconds until it was answered."""
    watch, chance = Watch(terminal), random.Random(7)  # noqa: S311 - repeatable, not secret
    took: list[tuple[str, float]] = []
    while len(took) < keys:
        step = next(steps)
        seconds = watch.answered(step)
        if step.counts:
            took.append((step.label, 1000 * seconds))
        settle(terminal, chance.uniform(*PAUSE_S))
    return took


def row(what: str, took: list[tuple[str, float]]) -> str:
    """One line of the table of results."""
    times = sorted(each for _, each in took)
    slowest = max(took, key=lambda each: each[1])
    p99 = percentile(times, 0.99)
    return f"| {what} | {len(times)} | {statistics.median(times):.0f} | {p99:.0f} | {times[-1]:.0f} ({slowest[0]}) |"


def percentile(times: list[float], share: float) -> float:
    """The time that so large a share of all does not exceed."""
    return times[min(len(times) - 1, int(share * len(times)))]


def ours(home: Path, rows: Mapping[str, int], changed: int, keys: int) -> list[tuple[str, float]]:
    """The dashboard."""
    script = {"state": "running", "changed": changed, "replaced": 10, "every_s": 1.0, "took_s": 0.2}
    with cockpit(home, rows, COLUMNS, LINES, **script) as terminal:
        choose_vertex(terminal, rows["vertex"])
        settle(terminal)
        found = pressed(terminal, itertools.cycle([*MOVES, *MOVES, *FINDS]), keys)
        terminal.send("q")
        terminal.wait_for_end()
    return found


def theirs(home: Path, rows: Mapping[str, int], changed: int, keys: int) -> list[tuple[str, float]]:
    """The same in tables of Textual."""
    numbers = ",".join(str(rows[table]) for table in TABLES)
    command = [sys.executable, "-m", "benchmarks.plain_tables", numbers, str(changed)]
    environment = bare(home, PYTHONPATH=str(Path(__file__).parent.parent))
    with Terminal(command, columns=COLUMNS, rows=LINES, environment=environment) as terminal:
        terminal.wait_for("train-", LOADING_S)
        terminal.send("\t" * list(TABLES).index("vertex"))
        settle(terminal)
        return pressed(terminal, itertools.cycle(MOVES), keys)


CASES: tuple[tuple[str, dict[str, int], int], ...] = (
    ("5 × 1,000 rows, all ticking, all changed each second", dict.fromkeys(TABLES, 1000), 1000),
    ("100,000 rows, all ticking, 1,000 changed each second", dict.fromkeys(TABLES, 0) | {"vertex": 100_000}, 1000),
)


def main(keys: int = KEYS) -> bool:
    """Print the rows; whether our keys were answered in time."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print("| key → paint, 120x40 | keys | p50, ms | p99, ms | longest, ms |\n|---|---|---|---|---|", flush=True)
    good = True
    for what, rows, changed in CASES:
        with tempfile.TemporaryDirectory() as directory:
            found = ours(Path(directory), rows, changed, keys)
            print(row(what, found), flush=True)
            beside = theirs(Path(directory), rows, changed, max(30, keys // 3))
            print(row("… in `DataTable`s", beside), flush=True)
        good = good and percentile(sorted(each for _, each in found), 0.99) < P99_MS
    return good


if __name__ == "__main__":
    sys.exit(not main(*map(int, sys.argv[1:])))
