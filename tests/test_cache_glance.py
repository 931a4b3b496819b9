"""A look at a cache's file that leaves it as it is: whatever state an earlier program left it in, or another is in."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cache import sqlite
from cache.entries import Key, Space, Write, never
from cache.errors import CacheError
from cache.opening import glance as glance_at
from cache.sqlite import SqliteDisk
from cache.store import glance

SPACE = Space("newest", keep=False)
OURS: Key = ("ours", "1")
THEIRS: Key = ("theirs", "1")


def opened(path: Path) -> SqliteDisk:
    """The file, with two entries of two owners in it."""
    path.parent.mkdir(exist_ok=True)
    disk = SqliteDisk(path, pytest.fail)
    assert disk.write(SPACE, [Write(OURS, b"a", never), Write(THEIRS, b"b", never)]) == [True, True]
    return disk


def looked(path: Path) -> dict[Key, bytes]:
    """What a look finds under one of the two owners; every file beside it is as it was before."""
    before = left(path)
    try:
        return {entry.key: entry.value for entry in glance(f"sqlite:///{path}", SPACE, [("ours",), ("nobody",)])}
    finally:
        assert left(path) == before


def left(path: Path) -> dict[str, tuple[int, bytes]]:
    """Every file in the cache's directory, with mode and content; of the log's index, which readers share, the mode."""
    if not path.parent.is_dir():
        return {}
    return {
        file.name: (
            file.lstat().st_mode,
            b"" if file.name.endswith("-shm") or not file.is_file() else file.read_bytes(),
        )
        for file in path.parent.iterdir()
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet, in a directory that is not there yet."""
    return tmp_path / "cache" / "cache.db"


# --- what is found -------------------------------------------------------------------------------------------------


def test_a_file_that_was_closed_is_read(path: Path) -> None:
    """Only what is under the prefixes, and no log is begun."""
    opened(path).close()
    assert looked(path) == {OURS: b"a"}


def test_a_file_that_somebody_is_writing_to_is_read(path: Path) -> None:
    """What another program has committed is there while it is still in the log, even within its next transaction."""
    disk = opened(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert looked(path) == {OURS: b"a"}
    other.close()
    disk.close()


def test_what_a_kill_left_in_the_log_is_read(path: Path, tmp_path: Path) -> None:
    """A file whose entries are all in its log, and nobody has it open."""
    disk = opened(path)
    copy = tmp_path / "copy" / path.name
    shutil.copytree(path.parent, copy.parent)
    disk.close()
    assert looked(copy) == {OURS: b"a"}


def test_memory_holds_nothing_to_look_at() -> None:
    """The demo's store."""
    assert glance("memory:", SPACE, [()]) == []


# --- what is left to who opens it ----------------------------------------------------------------------------------


def _nothing(_: Path) -> None:
    pass


def _empty(path: Path) -> None:
    path.parent.mkdir()
    path.touch()


def _random(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(os.urandom(10_000))


def _cut(path: Path) -> None:
    opened(path).close()
    os.truncate(path, 5_000)


def _newer(path: Path) -> None:
    opened(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {sqlite.SCHEMA + 1}")


def _foreign(path: Path) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")


def _directory(path: Path) -> None:
    path.mkdir(parents=True)


def _loop(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(path)


@pytest.mark.parametrize("make", [_nothing, _empty, _loop])
def test_where_no_file_is_there_is_nothing(path: Path, make: Callable[[Path], None]) -> None:
    """None at all, one of no bytes, a link to itself: no entries, and none is made."""
    make(path)
    assert looked(path) == {}


@pytest.mark.parametrize("make", [_random, _cut, _newer, _foreign, _directory])
def test_a_file_that_is_none_of_ours_is_left_as_it_is(path: Path, make: Callable[[Path], None]) -> None:
    """An error, nothing made, nothing set aside."""
    make(path)
    with pytest.raises(CacheError):
        looked(path)


def test_a_network_file_system_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file in the platform's directory is looked at instead, as it would be opened instead."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "local"))
    opened(_made(tmp_path / "local" / "monitor" / "cache.db")).close()
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {tmp_path}/remote nfs rw 0 0\n")
    found = glance_at(f"sqlite:///{tmp_path}/remote/cache.db", SPACE, [("ours",)], mounts)
    assert [entry.key for entry in found] == [OURS]


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    return path
