"""exec → first frame, on a real pty, beside a bare Textual app that shows one `Static`."""

from __future__ import annotations

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
from pathlib import Path

from benchmarks.paired import HEAD, paired

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


def main() -> None:
    """Print the row."""
    monitor = str(Path(sys.executable).parent / "monitor")
    with tempfile.TemporaryDirectory() as directory:
        bare = Path(directory) / "bare.py"
        bare.write_text(BARE_APP)
        result = paired(
            lambda: first_frame([monitor, "--demo"], b"completed"),
            lambda: first_frame([sys.executable, str(bare)], b"first-frame"),
            RUNS,
        )
    print(HEAD)
    print(result.row("exec → first frame of the demo (120x40), beside a bare Textual app"))


if __name__ == "__main__":
    main()
