"""What an offline run printed, a page at a time: from its `output.log`, else from the records of its `.wandb` file.

The SDK writes the first at once and the second every 15 s, in pieces as they were printed; a copy of a run may hold
only the second.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from google.protobuf.message import DecodeError
from wandb.proto import wandb_internal_pb2 as pb

from fetchers.base import LogText
from fetchers.messages import LogPart
from fetchers.wandb_log import BLOCK, located
from fetchers.wandb_output import OUTPUT, entries, page_of_file, place
from fetchers.wandb_records import stamped

PAGE_BLOCKS = 64
"""Blocks of a `.wandb` file looked through for one page: between what was printed lies all else that was logged."""
_OVER = 4
"""Blocks read beyond the end of a page, for a record that began on it."""

_BLOCK = "block:"
"""Begins the token of a page of a `.wandb` file: what began before that byte is older."""


def printed(path: Path, part: LogPart) -> LogText:
    """One part of what the run of this `.wandb` file printed, the end unless `part` names another.

    Raises `OSError` where nothing of it can be read.
    """
    if (part.token or "").startswith(_BLOCK):
        return _page_of_records(path, part)
    try:
        with _opened(path.parent / "files" / OUTPUT) as (read, size):
            if size:
                return page_of_file(read, size, part)
    except OSError:
        pass  # not there, or not ours to read: the records may be
    return _page_of_records(path, part)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Callable[[int, int], bytes], int]]:
    """Open a regular file; give what reads it from one offset up to another, and its size."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is no regular file")
        yield lambda start, end: os.pread(descriptor, end - start, start), status.st_size
    finally:
        os.close(descriptor)


def _page_of_records(path: Path, part: LogPart) -> LogText:
    with _opened(path) as (read, size):
        end = min(size, place(part.token, _BLOCK) or 0) if part.token is not None else size
        start = max(0, -(-end // BLOCK) - PAGE_BLOCKS) * BLOCK
        data = read(start, end + _OVER * BLOCK)
    lines = [line for line in _lines(piece for piece in _pieces(data, start) if piece[0] < end) if line[0] < end]
    kept = lines[-part.most :]
    first = kept[0][0] if len(kept) < len(lines) else start
    return LogText(entries(kept), f"{_BLOCK}{first}" if first else None)


_Piece = tuple[int, datetime | None, str]


def _pieces(data: bytes, offset: int) -> Iterator[_Piece]:
    """Yield what was printed at a time: place in the file, time and text."""
    for at, payload in located(data, offset):
        try:
            record = pb.Record.FromString(payload)
        except DecodeError:
            continue
        kind = record.WhichOneof("record_type")
        if kind in ("output_raw", "output"):
            output = getattr(record, kind)
            yield at, stamped(output.timestamp), output.line


def _lines(pieces: Iterable[_Piece]) -> list[_Piece]:
    """Put pieces together to lines, each with the time of the piece that it begins in, and a place of its own there."""
    found: list[_Piece] = []
    begun: list[str] = []
    place_of, time_of = 0, None
    for at, time, text in pieces:
        for number, part in enumerate(text.split("\n")):
            if number:
                found.append((place_of, time_of, "".join(begun)))
                begun.clear()
                at += 1  # noqa: PLW2901 - a record takes more bytes than it has lines
            if not begun:
                place_of, time_of = at, time
            begun += [part] if part else []
    return [*found, (place_of, time_of, "".join(begun))] if begun else found
