"""A real terminal: a program on a pty, its screen kept by pyte, and ways to wait for what a person would see."""

from __future__ import annotations

import array
import fcntl
import functools
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pyte
from pyte import modes
from pyte.screens import Char, wcwidth

MONITOR = str(Path(sys.executable).parent / "monitor")
"""The installed program."""

PATIENCE_S = 20.0

_NOT_OURS = ("PYTHONDONTWRITEBYTECODE", "COLUMNS", "LINES")
"""A test runner's own size is not this terminal's."""

_CLOSED = -1


@functools.cache
def _is_narrow(character: str) -> bool:
    return bool(wcwidth(character) == 1)


class _Screen(pyte.Screen):  # type: ignore[misc]  # pyte has no types
    """As pyte's, which takes most of the time of a test that looks at many frames; plain runs are drawn at once."""

    def draw(self, data: str) -> None:
        """Put characters where the cursor is: those of one cell each that end within the line, without more ado."""
        data = data.translate(self.g1_charset if self.charset else self.g0_charset)
        begin, end = self.cursor.x, self.cursor.x + len(data)
        if end > self.columns or modes.IRM in self.mode or not all(map(_is_narrow, data)):
            self.dirty.update(range(max(0, self.cursor.y - 1), self.cursor.y))  # a mark may join the line above
            super().draw(data)
            return
        line, looks = self.buffer[self.cursor.y], self.cursor.attrs[1:]
        for x, character in enumerate(data, begin):
            line[x] = Char(character, *looks)
        self.cursor.x = end
        self.dirty.add(self.cursor.y)


class Terminal:
    """A program on a pty of `columns` × `rows`; a context manager that leaves no process behind."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.screen = _Screen(columns, rows)
        self.raw = b""
        """All that was ever written to the terminal."""
        self._stream = pyte.ByteStream(self.screen)
        self._lines: list[str] = []
        self.status: int | None = None
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _become(command, {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | dict(environment or {}), directory)
        self.resize(columns, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the terminal, as a window that is closed does; nothing can be read from it any more."""
        if self._fd != _CLOSED:
            os.close(self._fd)
        self._fd = _CLOSED

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, as a window manager does."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wipe(self) -> None:
        """Leave nothing on the screen, as another program may that writes to the same terminal."""
        self.screen.erase_in_display(2)

    def send(self, keys: str | bytes) -> None:
        """Type; bytes are sent as they are."""
        os.write(self._fd, keys.encode() if isinstance(keys, str) else keys)

    def read(self, wait_s: float = 0.05) -> bool:
        """Take in what the program writes; false once it has closed the terminal."""
        if select.select([self._fd], [], [], wait_s)[0]:
            try:
                data = os.read(self._fd, 1 << 16)
            except OSError:
                return False
            self.raw += data
            self._stream.feed(data)
            return bool(data)
        return True

    @property
    def lines(self) -> list[str]:
        """The screen as text; a line is put together again where something was painted on it."""
        if self.screen.dirty or len(self._lines) != self.screen.lines:
            old, painted = dict(enumerate(self._lines)), self.screen.dirty.copy()
            self.screen.dirty.clear()
            self._lines = [
                "".join(self.cells(y)).rstrip() if y in painted or y not in old else old[y]
                for y in range(self.screen.lines)
            ]
        return self._lines

    def cells(self, y: int) -> list[str]:
        """One line by cells; the second cell of a wide character is empty, also while its first is being painted."""
        line = self.screen.buffer[y]
        return [line[x].data for x in range(self.screen.columns)]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def wait(self, holds: Callable[[], bool], what: str, limit_s: float = PATIENCE_S) -> None:
        """Read until `holds`; an error that shows the screen where it does not in time."""
        end = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"not in {limit_s:g} s: {what}\n{self.text}")
            if not self.read() and not holds():
                raise AssertionError(f"the program has ended before: {what}\n{self.text}")

    def wait_for(self, text: str, limit_s: float = PATIENCE_S) -> None:
        """Read until `text` is on the screen."""
        self.wait(lambda: text in self.text, repr(text), limit_s)

    def wait_for_end(self, limit_s: float = PATIENCE_S) -> int:
        """Read until the program has ended; its exit status, or 128 + the signal that ended it."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if self._has_ended() and self.status is not None:
                self._drain()
                return self.status
            self.read(0.01)
        raise AssertionError(f"still running after {limit_s:g} s\n{self.text}")

    def _drain(self) -> None:
        """Read what the program wrote last; the terminal gives it in pieces."""
        before = -1
        while len(self.raw) > before:
            before = len(self.raw)
            self.read(0)

    def wait_until_dead(self, limit_s: float = PATIENCE_S) -> int:
        """As `wait_for_end`, without reading a byte of what the program writes."""
        end = time.monotonic() + limit_s
        while not self._has_ended():
            assert time.monotonic() < end, f"still running after {limit_s:g} s\n{self.text}"
            time.sleep(0.002)
        assert self.status is not None
        return self.status

    def _has_ended(self) -> bool:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            self.status = code if code >= 0 else 128 - code
        return bool(pid)

    @property
    def unread(self) -> int:
        """Bytes that the program has written and nobody has read yet."""
        found = array.array("i", [0])
        fcntl.ioctl(self._fd, termios.FIONREAD, found)
        return found[0]

    @property
    def foreground(self) -> int:
        """The process that has the terminal: the program, or what its shell runs."""
        return os.tcgetpgrp(self._fd)

    @property
    def mode(self) -> list[object]:
        """All settings of the terminal, as `termios.tcgetattr` gives them."""
        return list(termios.tcgetattr(self._fd))

    def is_cooked(self) -> bool:
        """Whether the terminal echoes and takes whole lines, as a shell wants it."""
        flags = termios.tcgetattr(self._fd)[3]
        return bool(flags & termios.ECHO) and bool(flags & termios.ICANON)


def _become(command: Sequence[str], more: Mapping[str, str], directory: Path | None) -> None:
    """In the child: become the program, or say why not."""
    try:
        if directory is not None:
            os.chdir(directory)
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
        os.execvpe(command[0], list(command), environment | dict(more))  # noqa: S606
    finally:
        os._exit(127)
