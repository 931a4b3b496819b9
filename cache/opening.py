"""Finds a file that can be a cache, and memory where there is none; says which and why. Blocking."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from cache import location
from cache.disk import Disk, Tell
from cache.entries import Entry, Key, Space
from cache.errors import CacheError
from cache.memory import MemoryDisk
from cache.sqlite import NoWal, SqliteDisk, read_entries
from cache.sqlite import glance as glance_at

SCHEME = "sqlite:///"


class Remote(CacheError):
    """The file would be on a network file system."""


def open_file(url: str | None, tell: Tell, mounts: Path = location.MOUNTS) -> Disk:
    """The disk that `sqlite:///PATH` or null (the default) names, or the next best. Never raises."""
    asked = location.default() if url is None else _path(url)
    if asked is None:
        tell(f"the cache is kept in memory: {url} is not an address such as sqlite:////home/you/monitor.db")
        return MemoryDisk()
    for path in location.candidates(asked):
        try:
            disk = _open(path, tell, mounts)
        except (Remote, NoWal) as error:
            tell(f"{error}; the cache is kept on a local disk instead")
        except (CacheError, OSError, ValueError) as error:
            return _memory(path, error, tell)
        else:
            if path != asked:
                tell(f"the cache is {path}")
            return disk
    return _memory(asked, CacheError("no local disk"), tell)


def glance(url: str | None, space: Space, prefixes: Iterable[Key], mounts: Path = location.MOUNTS) -> list[Entry]:
    """What the file holds under some prefixes that `open_file` would open first; it is left alone.

    Raises `CacheError` where it cannot be read, or not now.
    """
    asked = location.default() if url is None else _path(url)
    if asked is None:
        raise CacheError(f"{url} names no file")
    for path in dict.fromkeys((asked, location.default())):
        if location.network_type(path, _read(mounts)) is None:
            return glance_at(Path(os.path.realpath(path)), space, prefixes)
    raise Remote(f"{asked} is on a network file system")


def _path(url: str) -> Path | None:
    path = url.removeprefix(SCHEME)
    if not url.startswith(SCHEME) or not path:
        return None
    return Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 - `Path.expanduser` raises for an unknown user


def _open(path: Path, tell: Tell, mounts: Path) -> Disk:
    if (kind := location.network_type(path, _read(mounts))) is not None:
        raise Remote(f"{path} is on a network file system ({kind})")
    file = Path(os.path.realpath(path))  # all who share a file share the lock beside it, whatever links lead there
    if (notice := location.make_directory(file.parent, file.name)) is not None:
        tell(notice)
    return SqliteDisk(file, tell)


def _read(mounts: Path) -> str:
    with contextlib.suppress(OSError):
        return mounts.read_text(errors="surrogateescape")
    return ""


def _memory(path: Path, error: Exception, tell: Tell) -> Disk:
    disk = MemoryDisk()
    for space, entries in read_entries(path).items():
        disk.adopt(space, entries)
    cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error).removeprefix(f"{path}: ")
    where = "" if str(path) in cause else f": {path}"
    tell(f"the cache is kept in memory: {cause}{where}")
    return disk
