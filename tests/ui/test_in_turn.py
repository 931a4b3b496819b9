"""Keys that arrive together, as over a slow connection, mean what they mean one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.ui.pasting import END, START
from tests.support.environment import bare
from tests.support.terminal import MONITOR, Terminal

BURSTS = {
    "/queued": ("/ queued", "/queued  "),
    "/fail\rz": ("q quit", "/fail  "),
    "yi": ("copied id",),
    "\ryi": ("copied id", "Record"),
    "st": ("TIME ↓", "q quit"),
    ":help\r": ("row up", "Esc back"),
    "??z": ("▌1 builds", "q quit"),
    f"/{START}quiet q{END}z": ("/quiet qz",),
    f":{START}help q{END}z": (" : help qz",),
}
"""What is typed in one piece, and what must be on the screen then."""


@pytest.mark.parametrize("keys", BURSTS)
def test_each_key_acts_on_what_the_one_before_has_made_of_the_screen(keys: str, tmp_path: Path) -> None:
    """What is typed into a line that the first key opens is no command: nothing is zoomed, opened, set or ended."""
    with Terminal([MONITOR, "--demo"], columns=160, rows=24, environment=bare(tmp_path / "home")) as terminal:
        terminal.wait(lambda: "▌● " in terminal.text or "▌✗ " in terminal.text, "rows")
        terminal.send(keys)
        terminal.wait(lambda: all(word in terminal.text for word in BURSTS[keys]), f"{BURSTS[keys]} after {keys!r}")
