"""exec → first frame, on a real pty: of the demo, and with the rows of an earlier session on it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.paired import HEAD, Paired, paired
from fetchers.records import Record
from fetchers.settings import Endpoints, Gcp, Settings, Wandb
from monitor.tables import TABLES
from tests.support.last_session import left
from tests.support.records import record

RUNS = 15
LIMIT_S = 30.0

BARE_APP = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Bare(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("first-frame")

Bare().run()
"""


ROWS = 100
"""Of each table."""

NOBODY = "http://127.0.0.1:9"
SETTINGS = Settings(
    gcp=Gcp(project="acme-ml", endpoints=Endpoints(builds=NOBODY, runner=NOBODY, vertex=NOBODY)),
    wandb=Wandb(entity="acme", project="arr", base_url=NOBODY),
)

CONFIG = f"""
[gcp]
project = "acme-ml"
[gcp.endpoints]
builds = "{NOBODY}"
runner = "{NOBODY}"
vertex = "{NOBODY}"
[wandb]
entity = "acme"
project = "arr"
base_url = "{NOBODY}"
[cache]
url = "{{url}}"
[logs]
dir = "{{logs}}"
"""


def first_frame(command: list[str], sight: bytes) -> float:
    """Seconds from exec until `sight` has been written to the terminal."""
    began = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.execv(command[0], command)  # noqa: S606 - a command of our own making
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    try:
        return _until(terminal, sight, began)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _until(terminal: int, sight: bytes, began: float) -> float:
    seen = b""
    while time.monotonic() - began < LIMIT_S:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 1 << 16)
            if sight in seen:
                return time.monotonic() - began
    raise TimeoutError(f"{sight!r} was not on the screen in {LIMIT_S:g} s; seen: {seen[-500:]!r}")


def _bare(directory: Path) -> float:
    """A bare Textual app."""
    program = directory / "bare.py"
    program.write_text(BARE_APP)
    return first_frame([sys.executable, str(program)], b"first-frame")


def beside_a_bare_app(monitor: str, directory: Path) -> Paired:
    """The demo, which has nothing to remember."""
    return paired(lambda: first_frame([monitor, "--demo"], b"completed"), lambda: _bare(directory), RUNS)


def with_cached_rows(monitor: str, directory: Path) -> tuple[Paired, Paired]:
    """A row of the last table, which is on the first frame: beside a bare app, and beside the same without a cache."""
    cached = f"sqlite:///{directory / 'cached' / 'cache.db'}"
    asyncio.run(left(cached, SETTINGS, _records(), datetime.now(UTC) - timedelta(minutes=6)))
    full, none = directory / "full.toml", directory / "none.toml"
    full.write_text(CONFIG.format(url=cached, logs=directory / "logs"))
    none.write_text(CONFIG.format(url=f"sqlite:///{directory / 'none' / 'cache.db'}", logs=directory / "logs"))

    def ours() -> float:
        return first_frame([monitor, "--config", str(full)], b"row-of-completed")

    def without() -> float:
        return first_frame([monitor, "--config", str(none)], b"completed")

    return paired(ours, lambda: _bare(directory), RUNS), paired(ours, without, RUNS)


def _records() -> Iterator[Record]:
    for name, table in TABLES.items():
        scopes = table.scopes(SETTINGS)
        for number in range(ROWS):
            about = {f"key-{key}": "a value of some length" for key in range(10)}
            scope = scopes[number % len(scopes)]
            yield record(f"{name}-{number}", name, scope, state="succeeded", name=f"row-of-{name}", detail=about)


def main() -> None:
    """Print the rows."""
    monitor = str(Path(sys.executable).parent / "monitor")
    with tempfile.TemporaryDirectory() as directory:
        demo = beside_a_bare_app(monitor, Path(directory))
        cached, beside_none = with_cached_rows(monitor, Path(directory))
    print(HEAD)
    print(demo.row("exec → first frame of the demo (120x40), beside a bare Textual app"))
    print(cached.row(f"exec → {len(TABLES)} × {ROWS} cached rows on the first frame, beside a bare Textual app"))
    print(beside_none.row("the same, beside it without a cache"))


if __name__ == "__main__":
    main()
