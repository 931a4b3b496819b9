"""The bytes of a log as they come: from a file, a pipe or standard input, also where it was compressed with gzip.

Memory stays bounded however much comes, and nothing is waited for that Ctrl+C would not end.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import zlib
from collections.abc import Callable, Generator, Iterator
from types import FrameType

from fetchers.errors import MonitorError

PIECE = 256 * 1024
"""Bytes that are read, or unpacked, at a time."""

_GZIP = b"\x1f\x8b"
_WINDOW = 16 + zlib.MAX_WBITS
"""What tells zlib that a gzip header comes first."""
_STDIN = 0


class Unreadable(MonitorError):
    """A log cannot be read, or not to its end."""


class Stopped(Exception):
    """Ctrl+C has ended the reading; what came before is there."""


def size_of(fd: int) -> int | None:
    """Bytes that a file has; null for what has no end that is known."""
    status = os.fstat(fd)
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_size else None


def position(fd: int) -> int:
    """Bytes of a file that have been read, as they are on the disk."""
    return os.lseek(fd, 0, os.SEEK_CUR)


@contextlib.contextmanager
def opened(name: str | None) -> Generator[int]:
    """The descriptor of a file; null: of standard input. Raises `Unreadable`."""
    if name is None:
        yield _STDIN
        return
    try:
        fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(_why(error)) from error
    try:
        yield fd
    finally:
        os.close(fd)


def pieces(fd: int, waiting: Callable[[], None], wait_s: float) -> Iterator[bytes]:
    """Yield what is in the log, unpacked; call `waiting` after each `wait_s` seconds in which nothing came.

    Raises `Unreadable`, and `Stopped` where somebody presses Ctrl+C meanwhile.
    """
    with _interruptions() as told:
        raw = _raw(fd, told, waiting, wait_s)
        first = next(raw, b"")
        while len(first) == 1 and (more := next(raw, b"")):
            first += more
        if first.startswith(_GZIP):
            yield from _heeding(told, _unpacked(first, raw))
            return
        yield first
        yield from raw


def _raw(fd: int, told: list[int], waiting: Callable[[], None], wait_s: float) -> Iterator[bytes]:
    while True:
        ready = select.select([fd, *told], [], [], wait_s)[0]
        if told and told[0] in ready:
            raise Stopped
        if not ready:
            waiting()
            continue
        try:
            data = os.read(fd, PIECE)
        except OSError as error:
            raise Unreadable(_why(error)) from error
        if not data:
            return
        yield data


def _heeding(told: list[int], unpacked: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same, until somebody presses Ctrl+C: one piece of what is packed may hold gigabytes."""
    for piece in unpacked:
        if select.select(told, [], [], 0)[0]:
            raise Stopped
        yield piece


@contextlib.contextmanager
def _interruptions() -> Generator[list[int]]:
    """A descriptor that can be read from once somebody presses Ctrl+C; none where that is to do nothing.

    No exception that comes from nowhere: what has been read is not lost on its way.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # what `nohup` and a shell's `&` ask for
        yield []
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def tell(_number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(BlockingIOError):  # it has been told often enough
            os.write(writing, b"!")

    signal.signal(signal.SIGINT, tell)
    try:
        yield [reading]
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(reading)
        os.close(writing)


def _unpacked(first: bytes, more: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what one or several gzip members hold."""
    member, packed, whole = zlib.decompressobj(_WINDOW), first, False
    while packed or (packed := next(more, b"")):
        try:
            data = member.decompress(packed, PIECE)
        except zlib.error as error:
            raise Unreadable(f"its gzip data is damaged ({error}); what came before was read") from error
        packed, whole = member.unconsumed_tail, member.eof
        if whole:
            packed = (member.unused_data or next(more, b"")).lstrip(b"\0")  # a tape's padding
            member = zlib.decompressobj(_WINDOW)
        yield data
    if not whole:
        raise Unreadable("its gzip data ends too early; what there is was read")


def _why(error: OSError) -> str:
    """What is wrong with a file, and what to do where that is not plain."""
    if isinstance(error, IsADirectoryError):
        return "is a directory: name the files in it"
    return (error.strerror or str(error)).lower()
