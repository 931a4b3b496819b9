"""Who uses a file: a lock beside it, shared by all its users, held alone by one that moves it away.

A database that is renamed under another process which has it open is lost to that process, and its next checkpoint
would remove the log of the file that took its place. The kernel frees the lock of a process that dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path

SUFFIX = "-lock"
PATIENCE_S = 1.0
"""Seconds to wait for another process that is moving the file away: it needs milliseconds."""
_PAUSE_S = 0.01


class InUse(Exception):
    """Other processes use the file."""


class FileLock:
    """This process's part in the lock, shared from the beginning. Blocking: for a store's thread only.

    Raises `OSError` where there cannot be a lock file, `TimeoutError` among them.
    """

    def __init__(self, path: Path) -> None:
        self._path = f"{path}{SUFFIX}"
        self._fd = self._opened()

    def renew(self) -> None:
        """Share the lock that is at the path now: somebody may have removed the one we had."""
        before, self._fd = self._fd, self._opened()
        os.close(before)

    @contextlib.contextmanager
    def alone(self) -> Generator[None]:
        """Be the only user for a moment. Raises `InUse` at once where there are others."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _share(self._fd)  # an attempt that failed may have cost the lock we had
            raise InUse from None
        try:
            yield
        finally:
            _share(self._fd)

    def close(self) -> None:
        """Let go."""
        os.close(self._fd)

    def _opened(self) -> int:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _share(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _share(descriptor: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError("another monitor is moving it away") from None
            time.sleep(_PAUSE_S)
        else:
            return
