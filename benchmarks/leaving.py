"""How long leaving takes, for every way to leave and everything that can hang meanwhile.

`python -m benchmarks.leaving [TIMES]` prints the whole table.

Each cell is the seconds from the key or the signal to the end of the program's process, median and worst; `!` marks
one after which a process, a temporary file or a terminal that is not as it was found was left a second later, and makes
the exit status 1.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from tests.emulators.control import Emulators, running
from tests.support.hangs import HANGS, WAYS, Scene, seconds_to_end

TIMES = 3
LEFT_S = 1.0
"""Seconds after which nothing may be left."""


def leave(emulators: Emulators, home: Path, hang: str, way: str) -> tuple[float, str]:
    """Seconds that one program took to leave, and what it left."""
    case = HANGS[hang]
    scene = Scene(home, emulators, demo=case.demo, site=case.site)
    terminal_goes = way == "the terminal is closed"
    with scene.terminal:
        try:
            with case.begin(scene):
                try:
                    took = seconds_to_end(scene, way)
                except AssertionError:
                    return float("inf"), "!"
                left = scene.wait_until_gone(LEFT_S)
            return took, "!" if left or not (terminal_goes or scene.given_back()) else ""
        finally:
            scene.end()


def cell(emulators: Emulators, base: Path, hang: str, way: str, times: int) -> str:
    """`median (worst)` of some times."""
    found = [leave(emulators, base / f"{hang}-{way}-{n}".replace(" ", ""), hang, way) for n in range(times)]
    seconds = [took for took, _ in found]
    return f"{statistics.median(seconds):.2f} ({max(seconds):.2f}){max(mark for _, mark in found)}"


def main(times: int = TIMES, hangs: tuple[str, ...] = tuple(HANGS), ways: tuple[str, ...] = tuple(WAYS)) -> bool:
    """Print the table; whether nothing was left in any of its cells."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print("| hangs | " + " | ".join(ways) + " |")
    print("|---" * (len(ways) + 1) + "|", flush=True)
    clean = True
    with tempfile.TemporaryDirectory() as directory, running(regions=2, config=Path(directory) / "c") as emulators:
        for hang in hangs:
            row = [cell(emulators, Path(directory), hang, way, times) for way in ways]
            print(f"| {hang} | " + " | ".join(row) + " |", flush=True)
            clean = clean and not any(found.endswith("!") for found in row)
    return clean


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES))
