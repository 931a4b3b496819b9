"""The dashboard on a pty, told by a script what an engine would tell it: what the benchmarks of the screen stand on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.first_frame import CONFIG
from monitor.tables import TABLES
from tests.support.environment import bare
from tests.support.terminal import MONITOR, Terminal

SITE = Path(__file__).parent / "scripted_site"
SETTLING_S = 3.0
"""Seconds after the last row has come in which the screen may still come to rest."""
LOADING_S = 120.0


def cockpit(home: Path, rows: Mapping[str, int], columns: int, lines: int, **script: Any) -> Terminal:
    """Start the dashboard with so many rows of each table; see `scripted_engine.Script` for the rest."""
    config = home / "cockpit.toml"
    config.write_text(CONFIG.format(url=f"sqlite:///{home}/cache.db", logs=home / "logs"))
    every = dict.fromkeys(TABLES, 0) | dict(rows)
    more = {"PYTHONPATH": f"{SITE}{os.pathsep}{SITE.parent.parent}", "SCRIPT": json.dumps({"rows": every, **script})}
    return Terminal([MONITOR, "--config", str(config)], columns=columns, rows=lines, environment=bare(home, **more))


def settle(terminal: Terminal, seconds: float = SETTLING_S) -> None:
    """Read on for so long."""
    end = time.monotonic() + seconds
    terminal.wait(lambda: time.monotonic() > end, f"{seconds:g} s", seconds + 1)


def choose_vertex(terminal: Terminal, rows: int) -> None:
    """Give that table the keys once the engine has spoken, and wait until its title counts so many rows."""
    terminal.wait(lambda: "just now" in terminal.text, "word of the engine", LOADING_S)
    terminal.send("3")
    terminal.wait(
        lambda: any(line.startswith("▌3") and f"{rows:,}" in line for line in terminal.lines), "rows", LOADING_S
    )
