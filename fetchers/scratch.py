"""A worker's private directory: made where it was told to, held by a lock, removed by whoever ends the worker.

Whoever ends a worker removes its directory; where that one was killed too, the next worker that needs one finds by
the lock that nobody holds it, and removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from pathlib import Path

SCRATCH = "MONITOR_SCRATCH"
"""Environment variable that says where; not made until it is needed."""

_PREFIX = "monitor-worker-"
_LOCK = "in-use"
_MAKING_S = 3600.0
_ATTEMPTS = 3
"""To remove a directory: who has just been killed may be in the middle of making one more file there."""
_held: list[int] = []


def new_scratch() -> Path:
    """Return a path for one worker; nothing is there yet.

    Whether anything can be written there is nobody's business until something is: most workers write nothing.
    """
    return _temporary() / f"{_PREFIX}{uuid.uuid4().hex}"


def _temporary() -> Path:
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return Path(next(filter(None, named), "/tmp"))  # noqa: S108 - the name below it is new and made for us alone


def private_directory() -> Path:
    """Make the directory that only we can read, held by a lock until this process ends; remove those nobody holds."""
    directory = Path(os.environ.get(SCRATCH) or new_scratch())
    _sweep(directory.parent)
    hidden = _hidden(directory)  # where nobody sweeps, until it is locked
    hidden.mkdir(mode=0o700)
    (hidden / _LOCK).touch(mode=0o600)
    if (lock := _lock(hidden)) is not None:
        _held.append(lock)
    return hidden.rename(directory)


def remove(directory: Path) -> None:
    """Remove what a worker that has ended left there; nothing where it never made it. Blocks on the disk."""
    for path in (directory, _hidden(directory)):
        for _ in range(_ATTEMPTS):
            shutil.rmtree(path, ignore_errors=True)
            if not path.exists():
                break


def _hidden(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}")


def _sweep(parent: Path) -> None:
    for left in [*parent.glob(f"{_PREFIX}*"), *parent.glob(f".{_PREFIX}*")]:
        if left.name.startswith(".") and not _forgotten(left):
            continue
        if (lock := _lock(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


def _forgotten(hidden: Path) -> bool:
    """Whether a directory that is still being made was begun so long ago that nobody does."""
    try:
        return time.time() - hidden.stat().st_mtime > _MAKING_S
    except OSError:
        return False


def _lock(directory: Path) -> int | None:
    """Return a descriptor that holds the directory's lock; null where another process does, or it is not ours."""
    try:
        descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
