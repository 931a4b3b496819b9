"""An append-only file of whole lines that several processes share, turned over by size.

Blocking, and therefore only for a thread of its own. Every append is one `write` on an `O_APPEND` descriptor, so lines
of different processes never mix; the file is turned over by rename while its lock is held, and a process that holds
the old file notices by its inode.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Generator
from pathlib import Path

_CLOSED = -1
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Never a file behind a link that someone else laid, and never waiting for the reader of a pipe."""
_OVERFLOW = 2
"""A file that cannot be turned over stops growing at this many times its size."""


class LineFile:
    """One file. Raises `OSError` from `append`; trying again later is always right."""

    def __init__(self, path: Path, max_bytes: int, kept: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._fd = _CLOSED
        self._torn = False

    def append(self, lines: bytes) -> None:
        """Write `lines`, each of which ends in a newline, at the end of the file."""
        self._open()
        if os.fstat(self._fd).st_size + len(lines) > self._max_bytes:
            self._turn_over(len(lines))
        data = b"\n" + lines if self._torn else lines
        written = os.write(self._fd, data)
        self._torn = written < len(data)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def close(self) -> None:
        """Let go of the file; the next append opens it again."""
        if self._fd != _CLOSED:
            os.close(self._fd)
            self._fd = _CLOSED

    def _open(self) -> None:
        if self._fd != _CLOSED and self._is_current():
            return
        self.close()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(self.path, _FLAGS, 0o600)
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            self.close()
            raise OSError(errno.EINVAL, "not a regular file", str(self.path))

    def _is_current(self) -> bool:
        """Whether the path still leads to the open file: another process may have turned it over."""
        try:
            found = self.path.lstat()
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(self._fd))

    def _turn_over(self, coming: int) -> None:
        if os.fstat(self._fd).st_size == 0:
            return
        try:
            with _locked(self._fd):
                if self._is_current():
                    self._rename()
            self._open()
        except BlockingIOError:
            return  # another process is turning it over: this line still goes into the old file
        except OSError:
            if os.fstat(self._fd).st_size + coming > _OVERFLOW * self._max_bytes:
                raise

    def _rename(self) -> None:
        for age in range(self._kept, 0, -1):
            older = self._aged(age)
            with contextlib.suppress(FileNotFoundError):
                self._aged(age - 1).replace(older)

    def _aged(self, age: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{age}") if age else self.path


@contextlib.contextmanager
def _locked(fd: int) -> Generator[None]:
    """Hold the file's lock; `BlockingIOError` at once where another process holds it and is turning the file over."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = True
    except BlockingIOError:
        raise
    except OSError:
        held = False  # a file system without locks: better two processes that turn over at once than a full disk
    try:
        yield
    finally:
        if held:
            fcntl.flock(fd, fcntl.LOCK_UN)
