"""What the dashboard sends to its terminal while it only ticks: over ssh, and in a pane that is open all day.

`python -m benchmarks.bytes_sent [SECONDS]`: the real program on a pty, its engine a script. With 50 running rows for a
quarter of so many seconds, beside a `DataTable` of Textual whose rows tick likewise; with nothing running, and every
table asked each 30 seconds, for all of them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.cockpit import LOADING_S, choose_vertex, cockpit, settle
from monitor.tables import TABLES
from tests.support.environment import bare
from tests.support.terminal import Terminal

SECONDS = 120.0
SMALL, LARGE = (80, 24), (200, 60)
A_SECOND, A_MINUTE = 2500, 300
"""The limits, at 80x24: with 50 running rows, and with none."""
REST_S = 12.0
"""Seconds until marks of what is new have gone, and the age of what has been told is no longer that of a moment."""


def sent(terminal: Terminal, seconds: float) -> int:
    """How many bytes are written to the terminal in so many seconds."""
    before = len(terminal.raw)
    settle(terminal, seconds)
    return len(terminal.raw) - before


def ours(tables: Iterable[str], size: tuple[int, int], state: str, seconds: float) -> float:
    """Bytes a second of the dashboard, with 50 rows of each of these tables."""
    with tempfile.TemporaryDirectory() as home:
        rows = dict.fromkeys(tables, 50)
        with cockpit(Path(home), rows, *size, state=state) as terminal:
            choose_vertex(terminal, 50)
            settle(terminal, REST_S)
            return sent(terminal, seconds) / seconds


def theirs(size: tuple[int, int], seconds: float) -> float:
    """Bytes a second of a `DataTable` with 50 rows that tick."""
    root = Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "benchmarks.plain_tables", "50", "0"]
        environment = bare(Path(home), PYTHONPATH=str(root))
        with Terminal(command, columns=size[0], rows=size[1], environment=environment) as terminal:
            terminal.wait_for("train-", LOADING_S)
            settle(terminal)
            return sent(terminal, seconds) / seconds


def main(seconds: float = SECONDS) -> bool:
    """Print the rows; whether both limits were kept."""
    short = seconds / 4
    running, plain = ours(["vertex"], SMALL, "running", short), theirs(SMALL, short)
    idle = 60 * ours(["vertex"], SMALL, "succeeded", seconds)
    print("| sent to the terminal | ours | beside: `DataTable` | ratio |\n|---|---|---|---|")
    print(f"| 80x24, 50 running rows, bytes a second | {running:,.0f} | {plain:,.0f} | {running / plain:.3f} |")
    print(f"| 80x24, nothing running, polled every 30 s, bytes a minute | {idle:,.0f} | – | – |")
    print(f"| 200x60, 5 × 50 running, bytes a second | {ours(TABLES, LARGE, 'running', short):,.0f} | – | – |")
    quiet = 60 * ours(TABLES, LARGE, "succeeded", seconds)
    print(f"| 200x60, 5 × 50 ended, polled every 30 s, bytes a minute | {quiet:,.0f} | – | – |")
    return running < A_SECOND and idle < A_MINUTE


if __name__ == "__main__":
    sys.exit(not main(*map(float, sys.argv[1:])))
