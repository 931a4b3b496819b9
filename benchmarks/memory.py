"""Memory of all processes of a dashboard over ten minutes: five live tables of 18 regions, one worker killed half way.

`python -m benchmarks.memory [MINUTES]`. What counts is PSS: a page that several processes share is divided among them.
Other programs on the machine that map the same libraries make it smaller, so the private part is told apart.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from monitor.tables import TABLES
from tests.emulators.control import running
from tests.support.environment import WANDB_KEY, bare
from tests.support.kills_census import title
from tests.support.terminal import MONITOR, Terminal

MINUTES = 10.0
EVERY_S = 5.0
RESPAWNING_S = 15.0
"""Seconds after the kill in which one looks all the time."""
KILLED = "vertex"
LIMIT_MB = 350
LATENCY_S = 0.3


@dataclass(frozen=True)
class Part:
    """One process at one moment, in MB."""

    name: str
    pss: float
    private: float
    rss: float


def parts(screen: int) -> list[Part]:
    """Every process of the program."""
    found = []
    for process in (psutil.Process(screen), *psutil.Process(screen).children(recursive=True)):
        try:
            memory = process.memory_full_info()
            found.append(Part(title(process), memory.pss / 1e6, memory.uss / 1e6, memory.rss / 1e6))
        except psutil.Error:  # it ended while we looked
            continue
    return found


def total(sample: list[Part]) -> float:
    """PSS of all of them, MB."""
    return sum(part.pss for part in sample)


def watched(terminal: Terminal, seconds: float, every_s: float) -> list[list[Part]]:
    """Look again and again while the program runs."""
    samples, end, due = [], time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        assert terminal.read()
        if time.monotonic() >= due:
            due = time.monotonic() + every_s
            samples.append(parts(terminal.pid))
    return samples


def is_live(terminal: Terminal) -> Callable[[], bool]:
    """Whether the screen says of all tables that they are live."""

    def holds() -> bool:
        titles = [line for line in terminal.lines if any(f"{name} " in line[:16] for name in TABLES)]
        return sum(" live" in line for line in titles) == len(TABLES)

    return holds


def kill(screen: int) -> None:
    """Kill the worker that costs most."""
    for process in psutil.Process(screen).children(recursive=True):
        if title(process) == KILLED:
            process.send_signal(signal.SIGKILL)


def measured(minutes: float) -> list[list[Part]]:
    """Every look, from the first frame to the end."""
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "config.toml"
        environment = bare(Path(directory) / "home", WANDB_API_KEY=WANDB_KEY)
        with (
            running(latency=LATENCY_S, config=config),
            Terminal([MONITOR, "--config", str(config)], environment=environment) as terminal,
        ):
            samples = watched(terminal, RESPAWNING_S, 0.5)
            terminal.wait(is_live(terminal), "five live tables", 60)
            samples += watched(terminal, minutes * 30, EVERY_S)
            kill(terminal.pid)
            samples += watched(terminal, RESPAWNING_S, 0.5)
            terminal.wait(is_live(terminal), "five live tables again", 60)
            samples += watched(terminal, minutes * 30, EVERY_S)
            terminal.send("q")
            terminal.wait_for_end()
    return samples


def main(minutes: float = MINUTES) -> None:
    """Print the peak, process by process."""
    samples = measured(minutes)
    peak, last = max(samples, key=total), samples[-1]
    print(f"{minutes:g} minutes, {len(samples)} looks; peak {total(peak):.0f} MB, at the end {total(last):.0f} MB\n")
    print("| process, at the peak | PSS, MB | of it private | shared | RSS |\n|---|---|---|---|---|")
    for part in peak:
        shared = part.pss - part.private
        print(f"| {part.name} | {part.pss:.0f} | {part.private:.0f} | {shared:.0f} | {part.rss:.0f} |")
    print(f"| all | {total(peak):.0f} | {sum(part.private for part in peak):.0f} | | |")
    assert total(peak) < LIMIT_MB


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
