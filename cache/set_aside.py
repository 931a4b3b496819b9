"""Moves a database that cannot be used out of the way: renamed with the time, never deleted.

The caller must be the file's only user.
"""

from __future__ import annotations

import contextlib
import itertools
from datetime import UTC, datetime
from pathlib import Path

FAMILY = ("", "-wal", "-shm")
"""What a database consists of, by what is appended to its name."""


def set_aside(path: Path) -> Path:
    """Rename the database with its log and its index; return the new name. Raises `OSError`."""
    kept = _unused(path)
    for suffix in FAMILY:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{kept}{suffix}")
    return kept


def _unused(path: Path) -> Path:
    stem = f"{path.name}.set-aside-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    candidates = (path.with_name(name) for name in names)
    return next(kept for kept in candidates if not any(Path(f"{kept}{suffix}").exists() for suffix in FAMILY))
