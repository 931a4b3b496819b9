"""Records a session of the demo: `python docs/record.py COLUMNSxROWS FILE.cast`, to be played by `asciinema play`.

The program runs on a terminal of its own, somebody presses the keys of `JOURNEY`, and what it writes is kept with the
times, as asciicast version 2.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from pathlib import Path

JOURNEY = (
    (4.0, "n"),
    (1.5, "n"),
    (1.5, "n"),
    (2.0, "\r"),
    (4.0, "y"),
    (2.0, "\x1b"),
    (1.5, "\x1b"),
    (1.5, "/"),
    *((0.15, key) for key in "state:failed"),
    (1.5, "\r"),
    (2.0, "z"),
    (3.0, "\x1b"),
    (1.5, "\x1b"),
    (2.0, "?"),
    (3.0, "\x1b"),
    (2.0, "T"),
    (3.0, "T"),
    (20.0, "q"),
)
"""Seconds before a key, and the key."""

LAST_S = 2.0
"""Seconds after which a program that was told to leave has left."""

PROGRAM = (sys.executable, "-P", "-m", "monitor", "--demo", "--utc")


def record(columns: int, rows: int) -> Iterator[tuple[float, str]]:
    """Yield what the program writes, with the seconds since its start."""
    child, terminal = pty.fork()
    if not child:
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        for name in ("TMUX", "STY", "NO_COLOR"):
            environment.pop(name, None)
        os.execve(PROGRAM[0], PROGRAM, environment)  # noqa: S606 - our own interpreter
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    began, decoder = time.monotonic(), getincrementaldecoder("utf-8")("replace")
    try:
        for wait, key in (*JOURNEY, (LAST_S, "")):
            until = time.monotonic() + wait
            while (left := until - time.monotonic()) > 0:
                if select.select([terminal], [], [], left)[0]:
                    yield (time.monotonic() - began, decoder.decode(os.read(terminal, 65536)))
            os.write(terminal, key.encode())
    except OSError:
        pass  # the end of the terminal is the end of the program
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def main() -> None:
    """Write the file."""
    size, file = sys.argv[1:]
    columns, rows = map(int, size.split("x"))
    with Path(file).open("w") as cast:
        head = {
            "version": 2,
            "width": columns,
            "height": rows,
            "title": "monitor --demo",
            "env": {"TERM": "xterm-256color"},
        }
        cast.write(json.dumps(head) + "\n")
        cast.writelines(
            json.dumps([round(seconds, 3), "o", text], ensure_ascii=False) + "\n"
            for seconds, text in record(columns, rows)
        )


if __name__ == "__main__":
    main()
