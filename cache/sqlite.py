"""Entries in one SQLite file, in WAL mode, shared by several processes. Blocking: for a store's thread only.

What a kill at any instant leaves is what was committed. A power cut keeps all committed entries of spaces that are
kept (`synchronous=FULL`: the log is on the platter before the commit is acknowledged) and may take the last few of the
others. Every entry carries a checksum: one that the disk has changed is absent, never wrong.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from cache.disk import Tell
from cache.entries import Entry, Key, Space, Write, after_prefix, pack, unpack
from cache.errors import CacheError, Unfit, Unusable
from cache.file_lock import FileLock, InUse
from cache.set_aside import FAMILY, set_aside

SCHEMA = 1
"""Raised with every change of the tables below; a file with a higher one belongs to a newer program."""
APPLICATION = 0x6D6F6E63
"""Marks our files in their header, so that no other program's database is taken for one."""
BUSY_S = 0.25
"""Seconds to wait for another process that is writing; what waits here is tried again anyway."""
OPENING_S = 5.0
"""Seconds to wait at opening, where the answer would otherwise be memory: for a store's thread, not for people."""
_PAUSE_S = 0.02
CHECK_S = 0.05
"""Seconds that looking for damage may take at opening; damage further in is found when it is met."""

_TABLES = (
    """CREATE TABLE entries (space TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, checksum INTEGER NOT NULL,
    change INTEGER NOT NULL, UNIQUE (space, key))""",
    "CREATE TABLE counter (changes INTEGER NOT NULL)",
    "INSERT INTO counter VALUES (0)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {SCHEMA}",
)
_GET = "SELECT value, checksum FROM entries WHERE space = ? AND key = ?"
_SCAN = "SELECT key, value, checksum, change FROM entries WHERE space = ? AND key >= ? AND key < ? AND change > ?"
_PUT = "INSERT OR REPLACE INTO entries (space, key, value, checksum, change) VALUES (?, ?, ?, ?, ?)"
_CHANGES = "SELECT changes FROM counter"
_COUNT = "UPDATE counter SET changes = ?"

_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_IOERR_SHORT_READ,
    }
)

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

T = TypeVar("T")


class NoWal(Unusable):
    """The file system cannot share memory between processes, which WAL needs."""


class Foreign(Unusable):
    """The file is another program's database: nothing of it is touched."""


class SqliteDisk:
    """Implements `cache.disk.Disk` on one file.

    Making one raises `Foreign`, `NoWal` or another `Unusable` where the file cannot be used, and `CacheError` where
    it cannot be read or written now. A damaged or newer file has been set aside by then.
    """

    def __init__(self, path: Path, tell: Tell) -> None:
        self._path = path
        self._tell = tell
        with _in_our_words(path):
            self._lock = FileLock(path)
            try:
                self._open: _Open | None = self._fit()
            except BaseException:
                self._lock.close()
                raise

    def get(self, space: Space, keys: Sequence[Key]) -> dict[Key, bytes]:
        """The values of those keys that are there."""
        return self._mending(lambda connection: _values(connection, space, keys))

    def scan(self, space: Space, prefix: Key, after: int) -> list[Entry]:
        """Every entry whose key begins with `prefix` and that was written since the counter stood at `after`."""
        return self._mending(lambda connection: _entries(connection, space.name, pack(prefix), after))

    def write(self, space: Space, writes: Sequence[Write]) -> list[bool]:
        """Do all the writes in one transaction; on disk when it returns."""
        return self._mending(lambda connection: _write(connection, space, writes))

    def changes(self) -> int:
        """The change counter."""
        return self._mending(_changes)

    def close(self) -> None:
        """Let go of the file."""
        with _in_our_words(self._path):
            self._let_go()
            self._lock.close()

    # --- the file ------------------------------------------------------------------------------------------------

    def _mending(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work; where the file turns out damaged, set it aside and do the work on a new one."""
        with _in_our_words(self._path):
            try:
                return work(self._current())
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                damage = error
            self._let_go()
            self._replace(f"is damaged ({damage})")
            return work(self._current())

    def _current(self) -> sqlite3.Connection:
        """The connection to the file that is at the path now: somebody may have removed the one we had."""
        if self._open is not None and not self._open.is_at(self._path):
            self._let_go()
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.renew()  # the lock's file has gone with the other, or lost its meaning
        if self._open is None:
            self._open = self._fit()
        return self._open.connection

    def _let_go(self) -> None:
        if self._open is not None:
            opened, self._open = self._open, None
            opened.connection.close()

    def _fit(self) -> _Open:
        """Open the file, or a new one in its place."""
        try:
            return _patiently(self._path)
        except Unfit as error:
            self._replace(str(error))
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._replace(f"is damaged ({error})")
        return _patiently(self._path)

    def _replace(self, why: str) -> None:
        try:
            with self._lock.alone():
                kept = set_aside(self._path)
        except InUse:
            raise Unusable(f"{self._path} {why} and another monitor uses it") from None
        except OSError as error:
            raise Unusable(f"{self._path} {why} and cannot be set aside: {error.strerror or error}") from error
        self._tell(f"a new cache is begun: the old one {why}; it was set aside as {kept}")


class _Open(msgspec.Struct, frozen=True):
    """A connection, and the file that it leads to."""

    connection: sqlite3.Connection
    file: os.stat_result

    def is_at(self, path: Path) -> bool:
        """Whether the file is still what the path names."""
        try:
            return os.path.samestat(path.stat(), self.file)
        except FileNotFoundError:
            return False


def read_entries(path: Path) -> dict[str, list[Entry]]:
    """All entries of a file that cannot be written, by space; empty where they cannot be read either."""
    for mode in dict.fromkeys((_reading_mode(path), _AS_IT_LIES)):
        with contextlib.suppress(CacheError, ValueError), _read_only(path, mode) as connection:
            spaces = [name for (name,) in connection.execute("SELECT DISTINCT space FROM entries")]
            return {name: _entries(connection, name, b"", 0) for name in spaces}
    return {}


def glance(path: Path, space: Space, prefixes: Iterable[Key]) -> list[Entry]:
    """The entries under some prefixes in a file that this process does not open, as they are now; none of no file.

    Nothing is made, altered or set aside: that is for who opens the file. Raises `CacheError` where it cannot be read
    like this.
    """
    with _in_our_words(path):
        if not path.exists() or not path.stat().st_size:
            return []
    with _read_only(path, _reading_mode(path)) as connection:
        return [entry for prefix in prefixes for entry in _entries(connection, space.name, pack(prefix), 0)]


_SHARED = "mode=ro"
"""As one reader among others: finds what is in the log, and would make log and index where there are none."""
_AS_IT_LIES = "immutable=1"
"""The file alone, without a lock. What somebody changes meanwhile its checksum does not fit."""


def _reading_mode(path: Path) -> str:
    log = Path(f"{path}-wal")
    with contextlib.suppress(OSError):
        return _SHARED if log.stat().st_size else _AS_IT_LIES
    return _AS_IT_LIES


@contextlib.contextmanager
def _read_only(path: Path, mode: str) -> Generator[sqlite3.Connection]:
    with _in_our_words(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_S, isolation_level=None
        )
        with contextlib.closing(connection), _transaction(connection, "BEGIN"):
            if _judge(connection):
                raise CacheError(f"{path} is still empty")
            yield connection


def _patiently(path: Path) -> _Open:
    """Open the file; another process may be making it just now, or mending it after a crash."""
    deadline = time.monotonic() + OPENING_S
    while True:
        try:
            return _connected(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_S)


def _connected(path: Path) -> _Open:
    """Open the file, which is made where it is missing; it can be read and written when this returns."""
    _make_private(path)
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return _Open(connection, path.stat())


def _make_private(path: Path) -> None:
    """Make the file ours alone before SQLite opens it: `-wal` and `-shm` take their mode from it."""
    with contextlib.suppress(FileExistsError):
        # An existing file is not opened here: closing it again would take SQLite's locks from this whole process.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _sync(path.parent)
    for suffix in FAMILY:
        ours = Path(f"{path}{suffix}")
        if ours.is_file():  # somebody's directory of that name is not ours to lock
            with contextlib.suppress(FileNotFoundError):
                ours.chmod(0o600)


def _sync(directory: Path) -> None:
    """See that a new file's name survives a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    with _transaction(connection, "BEGIN"):  # one look: another process may be making the tables just now
        new = _judge(connection)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise NoWal(f"{path}: no WAL on its file system")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone leaves it in the drive's cache
    connection.execute("PRAGMA trusted_schema = OFF")
    if new:
        _create(connection)
    _check(connection)
    with _transaction(connection, "BEGIN IMMEDIATE"):
        connection.execute(_COUNT, (_changes(connection),))


def _judge(connection: sqlite3.Connection) -> bool:
    """Whether the database is still empty. Raises `Foreign` or `Unfit` where it is not ours to use."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0 and application in (0, APPLICATION) and schema <= SCHEMA:
        return True
    if application != APPLICATION:
        raise Foreign("it is another program's database")
    if schema > SCHEMA:
        raise Unfit(f"is of a newer monitor (schema {schema}, here {SCHEMA})")
    try:
        connection.execute(_SCAN, ("", b"", b"", 0)).fetchone()
        connection.execute(_CHANGES).fetchone()[0]
    except (sqlite3.OperationalError, TypeError) as error:
        raise Unfit(f"is damaged ({error})") from None
    return False


def _create(connection: sqlite3.Connection) -> None:
    with _transaction(connection, "BEGIN IMMEDIATE"):
        if not _judge(connection):
            return  # another process was first
        for statement in _TABLES:
            connection.execute(statement)


def _check(connection: sqlite3.Connection) -> None:
    """Look for damage for as long as there is time. Raises `Unfit`."""
    deadline = time.monotonic() + CHECK_S
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 1_000)
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return
    finally:
        connection.set_progress_handler(None, 0)
    if verdict != "ok":
        raise Unfit(f"is damaged ({verdict})")


# --- entries -----------------------------------------------------------------------------------------------------


def _values(connection: sqlite3.Connection, space: Space, keys: Sequence[Key]) -> dict[Key, bytes]:
    with _transaction(connection, "BEGIN"):
        found = {key: _stored(connection, space, pack(key)) for key in keys}
    return {key: value for key, value in found.items() if value is not None}


def _write(connection: sqlite3.Connection, space: Space, writes: Sequence[Write]) -> list[bool]:
    connection.execute(f"PRAGMA synchronous = {'FULL' if space.keep else 'NORMAL'}")
    with _transaction(connection, "BEGIN IMMEDIATE"):
        change = _changes(connection) + 1
        done = [_write_one(connection, space, write, change) for write in writes]
        if any(done):
            connection.execute(_COUNT, (change,))
    return done


def _write_one(connection: sqlite3.Connection, space: Space, write: Write, change: int) -> bool:
    key = pack(write.key)
    stored = _stored(connection, space, key)
    if stored is not None and not write.outdated(stored):
        return False
    connection.execute(_PUT, (space.name, key, write.value, _checksum(key, write.value), change))
    return True


def _stored(connection: sqlite3.Connection, space: Space, key: bytes) -> bytes | None:
    row = connection.execute(_GET, (space.name, key)).fetchone()
    return row[0] if row is not None and _sound(key, row[0], row[1]) else None


def _entries(connection: sqlite3.Connection, space: str, low: bytes, after: int) -> list[Entry]:
    rows = connection.execute(_SCAN, (space, low, after_prefix(low), after))
    return [Entry(unpack(key), value, change) for key, value, checksum, change in rows if _sound(key, value, checksum)]


def _changes(connection: sqlite3.Connection) -> int:
    counter: int = connection.execute(_CHANGES).fetchone()[0]
    return counter


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Generator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def _in_our_words(path: Path) -> Generator[None]:
    """Let SQLite's and the system's errors out as `CacheError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise CacheError(f"{path}: {error}") from error
    except OSError as error:
        raise CacheError(f"{path}: {error.strerror or error}") from error


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code in _DAMAGE or code & 0xFF in _DAMAGE


def _sound(key: bytes, value: object, checksum: object) -> bool:
    return isinstance(value, bytes) and checksum == _checksum(key, value)


def _checksum(key: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(key))
