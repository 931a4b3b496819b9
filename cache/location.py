"""Where a cache's file may be: on a local disk, in a directory that is ours alone. Blocking: for a store's thread only.

A network file system cannot share memory between processes, which the database's log needs, and may hang.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

FILE = "cache.db"
MOUNTS = Path("/proc/self/mounts")
"""What is mounted where and what it is, on Linux; elsewhere every file system counts as local."""

NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smbfs", "smb2", "smb3", "ncpfs", "afs", "coda", "davfs", "webdav", "fuse"),
        *("9p", "virtiofs", "vboxsf", "prl_fs", "drvfs"),
        *("ceph", "glusterfs", "lustre", "beegfs", "gpfs", "mmfs", "pvfs2", "orangefs", "ocfs2", "gfs", "gfs2"),
    }
)
"""File systems that other machines can change; `fuse.NAME` too, `fuseblk` (a local disk) not."""


def candidates(asked: Path) -> Iterator[Path]:
    """Where to try: as asked, in the platform's cache directory, in the directory for temporary files."""
    yield asked
    if asked != default():
        yield default()
    yield _temporary() / FILE


def default() -> Path:
    """The file in the platform's cache directory."""
    return platformdirs.user_cache_path("monitor", appauthor=False) / FILE


def _temporary() -> Path:
    """A directory among the temporary files; a new one where someone else has taken the name that we know again."""
    directory = Path(tempfile.gettempdir()) / f"monitor-cache-{os.geteuid()}"
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return directory if ours else Path(tempfile.mkdtemp(prefix=f"{directory.name}-"))


def network_type(path: Path, mounts: str) -> str | None:
    """The type of the network file system that `path` is on, by a text like /proc/self/mounts; null where local."""
    place = os.path.realpath(path)
    points = [(_plain(point), kind) for point, kind in _mounts(mounts) if _within(place, _plain(point))]
    longest = max((len(point) for point, _ in points), default=0)
    kind = next((kind for point, kind in reversed(points) if len(point) == longest), "")  # the last covers the others
    return kind if kind in NETWORK or kind.startswith("fuse.") else None


def _mounts(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) > 2:  # noqa: PLR2004 - device, point, type
            yield fields[1], fields[2]


def _plain(point: str) -> str:
    """Undo the kernel's octal escapes of blanks."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)


def _within(place: str, point: str) -> bool:
    return point in ("/", place) or place.startswith(f"{point}/")


def make_directory(directory: Path, file: str) -> str | None:
    """See that the directory is there and ours alone; return what people should know about it. Raises `OSError`.

    One that holds anything but `file` and its kin is somebody's own and keeps its mode.
    """
    missing = [parent for parent in (directory, *directory.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)
    found = directory.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
    if not found.st_mode & 0o077:
        return None
    if found.st_uid == os.geteuid() and all(entry.name.startswith(file) for entry in directory.iterdir()):
        directory.chmod(0o700)
        return None
    if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
        return f"others may write to {directory}: they can take the cache away, though not read it"
    return None
