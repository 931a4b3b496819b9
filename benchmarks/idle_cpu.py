"""What the program costs while nothing happens: processor time of the screen, the engine and the workers, apart.

`python -m benchmarks.idle_cpu [SECONDS]`, 60 by default, on a pty of 80x24. A bare Textual app with one
`Static`, which has nothing to do at all; the screen alone, told by a script, with nothing running and with 50 rows that
run; and all processes of a dashboard with real clients, over emulators of which some jobs run.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psutil

from benchmarks.cockpit import LOADING_S, choose_vertex, cockpit, settle
from benchmarks.first_frame import BARE_APP
from tests.emulators.control import running
from tests.support.environment import WANDB_KEY, bare
from tests.support.terminal import MONITOR, Terminal

SECONDS = 60.0
COLUMNS, LINES = 80, 24
REST_S = 15.0
"""Seconds until the first fetches are over."""
LIMIT = 0.01
"""Of a core."""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def role(process: psutil.Process) -> str:
    """What a process is."""
    command = process.cmdline()
    if "monitor.engine" in command:
        return "engine"
    if "fetchers.worker" in command:
        return f"worker {command[command.index('fetchers.worker') + 1]}"
    return process.name() if "wandb-core" in process.name() else "screen"


def spent(pid: int) -> dict[tuple[int, str], float]:
    """Processor seconds of a process and all below it, by pid and role; 10 ms is the finest there is."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return {(process.pid, role(process)): _seconds(process.pid) for process in family}


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def shares(terminal: Terminal, seconds: float) -> Counter[str]:
    """The share of a core that each kind of process has for so long."""
    before = spent(terminal.pid)
    settle(terminal, seconds)
    found: Counter[str] = Counter()
    for (pid, name), now in spent(terminal.pid).items():
        found[name] += (now - before.get((pid, name), 0.0)) / seconds  # type: ignore[assignment]
    return found


def live(seconds: float) -> Counter[str]:
    """All processes of a dashboard of real clients, over emulators that answer at once and always the same."""
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / "config.toml"
        with running(regions=2, latency=0.1, config=config):
            environment = bare(Path(home), WANDB_API_KEY=WANDB_KEY)
            with Terminal(
                [MONITOR, "--config", str(config)], columns=COLUMNS, rows=LINES, environment=environment
            ) as terminal:
                terminal.wait(lambda: "live" in terminal.text, "a live table", LOADING_S)
                settle(terminal, REST_S)
                return shares(terminal, seconds)


def screen(state: str, seconds: float) -> Counter[str]:
    """The screen, told what a quiet engine tells."""
    with (
        tempfile.TemporaryDirectory() as home,
        cockpit(Path(home), {"vertex": 50}, COLUMNS, LINES, state=state) as terminal,
    ):
        choose_vertex(terminal, 50)
        settle(terminal, REST_S)
        return Counter({"screen": shares(terminal, seconds)["screen"]})


def bare_app(seconds: float) -> Counter[str]:
    """A Textual app that does nothing."""
    with tempfile.TemporaryDirectory() as home:
        program = Path(home) / "bare.py"
        program.write_text(BARE_APP)
        with Terminal(
            [sys.executable, str(program)], columns=COLUMNS, rows=LINES, environment=bare(Path(home))
        ) as terminal:
            terminal.wait_for("first-frame")
            settle(terminal)
            return Counter({"screen": shares(terminal, seconds)["screen"]})


def row(what: str, found: Counter[str]) -> str:
    """One line of the table of results."""
    each = ", ".join(f"{name} {share:.2%}" for name, share in sorted(found.items()))
    return f"| {what} | {sum(found.values()):.2%} | {each} |"


def main(seconds: float = SECONDS) -> bool:
    """Print the rows; whether an idle screen keeps to its limit."""
    print("| of one core | in all | of it |\n|---|---|---|", flush=True)
    print(row("a bare Textual app", bare_app(seconds)), flush=True)
    idle = screen("succeeded", seconds)
    print(row("the screen, nothing running", idle), flush=True)
    print(row("the screen, 50 rows running", screen("running", seconds)), flush=True)
    print(row("all processes, five live tables of emulators", live(seconds)), flush=True)
    return idle["screen"] < LIMIT


if __name__ == "__main__":
    sys.exit(not main(*map(float, sys.argv[1:])))
