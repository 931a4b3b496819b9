"""Whatever is wrong with the cache's file, its directory or its disk: it goes on, says so, and destroys nothing."""

# ruff: noqa: ASYNC240 - a test's loop may wait for a local disk

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import resource
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from cache import location, sqlite
from cache.entries import Space, Write, Written, never
from cache.memory import MemoryDisk
from cache.opening import open_file
from cache.sqlite import SqliteDisk
from cache.store import Store, open_store

ROOT = Path(__file__).resolve().parent.parent
KEPT = Space("kept", keep=True)
NEWEST = Space("newest", keep=False)
KEY = ("a", "key")
VALUE = b"value"


def url(path: Path) -> str:
    """The URL of a file."""
    return f"sqlite:///{path}"


async def opened(path: Path) -> tuple[Store, list[str]]:
    """A store on the file, with time for a busy machine."""
    return await open_store(url(path), opening_s=10, deadline_s=10)


async def filled(path: Path, entries: int = 300, size: int = 300) -> None:
    """Make a file with entries of so many bytes and close it."""
    store, notices = await opened(path)
    assert notices == []
    writes = [store.put_once(KEPT, (str(number),), bytes(size)) for number in range(entries)]
    assert set(await asyncio.gather(*writes, store.put_once(KEPT, KEY, VALUE))) == {Written.COMMITTED}
    assert await store.close(10)


async def works(store: Store) -> None:
    """The store takes and gives."""
    assert await store.put_once(KEPT, ("new",), VALUE) in (Written.COMMITTED, Written.REFUSED)
    assert await store.get(KEPT, [("new",)]) == {("new",): VALUE}


def set_aside(path: Path) -> list[Path]:
    """The files that were set aside."""
    return sorted(path.parent.glob(f"{path.name}.set-aside-*"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet, in a directory that is not there yet."""
    return tmp_path / "cache" / "cache.db"


# --- who may read it -----------------------------------------------------------------------------------------------


async def test_files_are_ours_alone(path: Path) -> None:
    """The directory is 0700 and each file in it 0600, under any umask, also those of a file found more open."""
    umask = os.umask(0)
    try:
        await filled(path)
        path.chmod(0o644)
        path.parent.chmod(0o755)
        store, notices = await opened(path)
        await works(store)
    finally:
        os.umask(umask)
    assert notices == []
    assert path.parent.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(["cache.db", "cache.db-wal", "cache.db-shm", "cache.db-lock"], 0o600)
    await store.close(10)


async def test_a_directory_of_somebody_s_own_keeps_its_mode(tmp_path: Path) -> None:
    """A directory that holds other files is not closed to those who use it; what others could do there is said."""
    (tmp_path / "notes.txt").touch()
    tmp_path.chmod(0o777)
    store, notices = await opened(tmp_path / "cache.db")
    assert tmp_path.stat().st_mode & 0o777 == 0o777
    assert [str(tmp_path) in notice for notice in notices] == [True]
    await works(store)
    await store.close(10)


# --- a file that cannot be used ------------------------------------------------------------------------------------


def _overwrite(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _no_table(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE counter")


def _newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {sqlite.SCHEMA + 1}")


@pytest.mark.parametrize("spoil", [_overwrite, _truncate, _no_table, _newer])
async def test_an_unfit_file_is_set_aside(path: Path, spoil: Any) -> None:
    """A damaged, truncated or newer file is renamed with all its bytes, a new one begun, and one line says both."""
    await filled(path)
    spoil(path)
    spoilt = path.read_bytes()
    store, notices = await opened(path)
    await works(store)
    (kept,) = set_aside(path)
    assert [kept.name in notice and str(path) in notice for notice in notices] == [True]
    assert kept.read_bytes() == spoilt
    assert kept.stat().st_mode & 0o777 == 0o600
    await store.close(10)
    assert (await opened(path))[1] == []


async def test_a_newer_file_is_set_aside_with_its_log(path: Path, tmp_path: Path) -> None:
    """A file whose last commits are still in its `-wal` keeps them: what was set aside opens with everything."""
    await filled(path)
    _newer(path)
    live = sqlite3.connect(path)
    live.execute("PRAGMA wal_autocheckpoint = 0")
    live.execute("DELETE FROM entries")
    live.commit()
    copy = tmp_path / "copy"  # as a crash leaves it: with a log
    shutil.copytree(path.parent, copy)
    live.close()
    store, _ = await opened(copy / path.name)
    await store.close(10)
    kept = next(file for file in set_aside(copy / path.name) if not file.name.endswith(("-wal", "-shm")))
    assert sqlite3.connect(kept).execute("SELECT count(*) FROM entries").fetchone() == (0,)


async def test_a_damaged_file_is_set_aside_with_its_log(path: Path, tmp_path: Path) -> None:
    """A log whose file cannot be read any more is neither deleted nor taken for the new file's."""
    await filled(path)
    live = SqliteDisk(path, pytest.fail)
    live.write(KEPT, [Write(("more",), VALUE, never)])
    copy = tmp_path / "copy" / path.name
    shutil.copytree(path.parent, copy.parent)
    live.close()
    copy.write_bytes(b"damage" * 5_000)
    log = copy.with_name(f"{copy.name}-wal").read_bytes()
    store, notices = await opened(copy)
    assert await store.get(KEPT, [("more",), KEY]) == {}
    await works(store)
    (kept,) = (file for file in set_aside(copy) if file.name.endswith("-wal"))
    assert log
    assert kept.read_bytes() == log
    assert len(notices) == 1
    await store.close(10)


async def test_a_file_that_another_process_is_making_is_waited_for(path: Path) -> None:
    """Where the file is locked for longer than a write takes, opening waits, and does not end in memory."""
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    opening = asyncio.create_task(opened(path))
    done, _ = await asyncio.wait([opening], timeout=3 * sqlite.BUSY_S)
    assert not done
    other.execute("COMMIT")
    other.close()
    store, notices = await opening
    await works(store)
    assert notices == []
    await store.close(10)


async def test_an_unfit_file_in_use_is_left_where_it_is(path: Path) -> None:
    """A newer file that its own program has open is not moved away under it: ours keeps its cache in memory."""
    await filled(path)
    holder = SqliteDisk(path, pytest.fail)
    _newer(path)
    store, notices = await opened(path)
    await works(store)
    assert set_aside(path) == []
    assert ["in memory" in notice and "another monitor uses it" in notice for notice in notices] == [True]
    assert holder.write(KEPT, [Write(("more",), VALUE, never)]) == [True]
    holder.close()
    await store.close(10)


async def test_another_program_s_database_is_not_touched(path: Path) -> None:
    """A database that is not ours stays as it is, byte for byte, and the cache is kept in memory."""
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = path.read_bytes()
    store, notices = await opened(path)
    await works(store)
    await store.close(10)
    assert path.read_bytes() == before
    assert set_aside(path) == []
    assert ["another program's database" in notice for notice in notices] == [True]


async def test_an_empty_file_is_a_new_one(path: Path) -> None:
    """A file of no bytes, as a crash at its making leaves it, is used without a word."""
    path.parent.mkdir()
    path.touch()
    await filled(path)
    assert set_aside(path) == []


async def test_damage_met_in_use_is_set_aside_too(path: Path) -> None:
    """A file that is damaged while it is open is replaced as soon as a read meets it, and writing goes on."""
    await filled(path, 1_500, 4_000)
    store, _ = await opened(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    assert await store.scan(KEPT) == []
    await works(store)
    assert len(store.notices()) == 1
    assert set_aside(path)
    await store.close(10)


@pytest.mark.parametrize("remove", [lambda path: path.unlink(), lambda path: shutil.rmtree(path.parent)])
async def test_a_file_that_was_removed_is_made_again(path: Path, remove: Any) -> None:
    """Where someone deletes the cache under a running program the next write goes to a new file, not to a ghost."""
    await filled(path)
    store, _ = await opened(path)
    remove(path)
    assert await store.put_once(KEPT, KEY, VALUE) is Written.COMMITTED
    await store.close(10)
    again, _ = await opened(path)
    assert await again.get(KEPT, [KEY, ("1",)]) == {KEY: VALUE}
    await again.close(10)


def test_no_flipped_bit_makes_a_wrong_value(path: Path, tmp_path: Path) -> None:
    """Whichever byte of the file the disk changes, what is read is right or absent, and the program goes on."""
    values = {(str(number),): random.Random(number).randbytes(300) for number in range(60)}
    disk = SqliteDisk(path := _in(tmp_path / "whole"), pytest.fail)
    assert all(disk.write(KEPT, [Write(key, value, never) for key, value in values.items()]))
    disk.close()
    whole, chance, unharmed = path.read_bytes(), random.Random(3), 0
    for number in range(150):
        spoilt = bytearray(whole)
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        target = _in(tmp_path / str(number))
        target.write_bytes(spoilt)
        disk_or_memory = open_file(url(target), lambda _: None)
        found = disk_or_memory.get(KEPT, list(values)) | {
            entry.key: entry.value for entry in disk_or_memory.scan(KEPT, (), 0)
        }
        assert found.items() <= values.items()
        unharmed += found == values
        disk_or_memory.close()
    assert 0 < unharmed < 150


def _in(directory: Path) -> Path:
    directory.mkdir()
    return directory / "cache.db"


# --- a place that cannot be used -----------------------------------------------------------------------------------


async def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    """Where no directory can be, the cache is kept in memory and one line names the place and the cause."""
    (tmp_path / "file").touch()
    store, notices = await opened(tmp_path / "file" / "cache.db")
    await works(store)
    await store.close(10)
    assert [str(tmp_path / "file") in notice and "in memory" in notice for notice in notices] == [True]


async def test_a_directory_where_the_file_should_be(path: Path) -> None:
    """A directory of the file's name is left alone."""
    path.mkdir(parents=True)
    (path / "theirs").touch()
    store, notices = await opened(path)
    await works(store)
    await store.close(10)
    assert (path / "theirs").exists()
    assert ["in memory" in notice for notice in notices] == [True]


@pytest.mark.parametrize("text", ["redis://host", "sqlite:///", "nonsense", ""])
async def test_an_address_that_is_none(text: str) -> None:
    """An unknown address means memory, and a line that shows a right one."""
    store, notices = await open_store(text)
    await works(store)
    await store.close(10)
    assert ["in memory" in notice and "sqlite:////" in notice for notice in notices] == [True]


async def test_memory_is_quiet() -> None:
    """`memory:` is a choice, not a failure: no notice."""
    store, notices = await open_store("memory:")
    await works(store)
    assert notices == []
    await store.close(10)


def probed(command: str, path: Path) -> dict[str, Any]:
    """What a process finds that opens the cache after `command`, with mounts of its own; skips where it may not."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("no mount namespaces on this system")
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not make a mount namespace")
    probe = shlex.join([sys.executable, "-m", "tests.support.cache_probe", url(path)])
    script = f"({command}) >/dev/null 2>&1 || exit 77\n{probe}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], cwd=ROOT, check=False, capture_output=True, timeout=60, text=True
    )
    if done.returncode == 77:
        pytest.skip(f"this user may not mount: {command}")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def test_a_read_only_disk_is_still_read(path: Path) -> None:
    """On a disk mounted read-only the cache's entries are there, new ones are kept in memory, and it is said."""
    assert not probed("true", path)["there"]
    where = shlex.quote(str(path.parent))
    found = probed(f"mount --bind {where} {where} && mount -o remount,bind,ro {where}", path)
    assert found["there"]
    assert found["outcome"] == Written.REFUSED
    assert ["in memory" in notice for notice in found["notices"]] == [True]


async def test_a_full_disk_means_memory(path: Path) -> None:
    """On a disk with no room for a database the cache is kept in memory, and it is said."""
    path.parent.mkdir()
    where = shlex.quote(str(path.parent))
    found = probed(f"mount -t tmpfs -o size=8k,mode=700 tmpfs {where} && head -c 4096 /dev/zero > {where}/full", path)
    assert (found["there"], found["outcome"]) == (False, Written.COMMITTED)
    assert ["in memory" in notice for notice in found["notices"]] == [True]


@pytest.fixture
def room() -> Iterator[Any]:
    """Sets how large a file may become, which a database cannot tell from a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


async def test_a_disk_that_fills_up_in_use_loses_nothing(path: Path, room: Any) -> None:
    """What was committed before the disk was full stays, what came after waits, and is written when there is room."""
    store, _ = await open_store(url(path), opening_s=10, deadline_s=0.3)
    keys = [(str(number),) for number in range(30)]
    room(200_000)
    assert [await store.put_once(KEPT, key, b"x" * 20_000) for key in keys[:3]] == [Written.COMMITTED] * 3
    outcomes = await asyncio.gather(*(store.put_once(KEPT, key, b"x" * 20_000) for key in keys[3:]))
    assert set(outcomes) == {Written.PENDING}
    assert set(await store.get(KEPT, keys)) == set(keys[:3])
    room(resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    assert await store.flush(10)
    assert set(await store.get(KEPT, keys)) == set(keys)
    await store.close(10)


# --- a network file system -----------------------------------------------------------------------------------------

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local ext4 rw 0 0
//server/share /mnt/my\\040share cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/sdc1 /mnt/usb fuseblk rw 0 0
/dev/vdc /mnt/over ext4 rw 0 0
server:/over /mnt/over nfs rw 0 0
nonsense
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/cache/x", None),
        ("/home/me/.cache/cache.db", "nfs4"),
        ("/home/local/me/cache.db", None),
        ("/homework/cache.db", None),
        ("/mnt/my share/cache.db", "cifs"),
        ("/mnt/ssh/cache.db", "fuse.sshfs"),
        ("/mnt/usb/cache.db", None),
        ("/mnt/over/cache.db", "nfs"),
    ],
)
def test_a_network_file_system_is_recognised(place: str, kind: str | None) -> None:
    """The innermost and last mount decides; blanks in its name are understood."""
    assert location.network_type(Path(place), MOUNTS) == kind


def test_a_cache_on_a_network_file_system_is_kept_on_a_local_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written to the network; the platform's cache directory is used instead, and both are named."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "local"))
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {tmp_path}/remote nfs rw 0 0\n")
    notices: list[str] = []
    disk = open_file(url(tmp_path / "remote" / "cache.db"), notices.append, mounts)
    local = platformdirs.user_cache_path("monitor", appauthor=False) / "cache.db"
    assert disk.write(KEPT, [Write(KEY, VALUE, never)]) == [True]
    disk.close()
    assert not (tmp_path / "remote").exists()
    assert local.exists()
    assert "nfs" in notices[0]
    assert notices[1] == f"the cache is {local}"


def test_where_every_place_is_remote_the_cache_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no local disk at all there is memory, and each place that was tried is named."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    mounts = tmp_path / "mounts"
    mounts.write_text("server:/ / nfs rw 0 0\n")
    notices: list[str] = []
    assert isinstance(open_file(url(tmp_path / "cache.db"), notices.append, mounts), MemoryDisk)
    assert len(notices) == 4
    assert "in memory" in notices[-1]


def test_a_temporary_directory_that_someone_else_made_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the name is taken by a link or by another user the cache goes into a new directory of its own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"monitor-cache-{os.geteuid()}").symlink_to(tmp_path / "theirs")
    *_, last = location.candidates(Path("/x"))
    assert last.parent.stat().st_mode & 0o777 == 0o700
    assert not last.parent.samefile(tmp_path / "theirs")
