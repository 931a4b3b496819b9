"""The record log inside a `.wandb` file: whole records out of whatever bytes are there. Pure, and never raises.

The layout is LevelDB's log: blocks of 32 KiB; each record one or more chunks of a seven-byte head (checksum, length,
kind) and a payload; a chunk never crosses a block. The file begins with seven bytes of its own. A reader may begin
at any block: fragments whose beginning it has not seen are skipped, and so is the rest of a block after a chunk that
is damaged.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

BLOCK = 32 * 1024
MAGIC = b":W&B"
HEADER = 7
"""Bytes before the first record."""

_HEAD = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def records(data: bytes, offset: int = 0) -> Iterator[bytes]:
    """Yield the records of `data`, whose first byte is byte `offset` of the log: zero or a multiple of `BLOCK`."""
    return (payload for _, payload in located(data, offset))


def located(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield the same records, each with the place in the log at which it begins."""
    parts: list[bytes] | None = None
    begun = 0
    for at, kind, payload in _chunks(data, offset):
        if kind == _FULL:
            parts = None
            yield at, payload
        elif kind == _FIRST:
            parts, begun = [payload], at
        elif parts is not None and kind in (_MIDDLE, _LAST):
            parts.append(payload)
            if kind == _LAST:
                yield begun, b"".join(parts)
                parts = None
        else:
            parts = None


def _chunks(data: bytes, offset: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield place, kind and payload of each chunk; kind 0 stands for whatever was damaged."""
    for start in range(0, len(data), BLOCK):
        block = data[start : start + BLOCK]
        at = HEADER if start + offset == 0 else 0
        while at + _HEAD.size <= len(block):
            checksum, size, kind = _HEAD.unpack_from(block, at)
            payload = block[at + _HEAD.size : at + _HEAD.size + size]
            if len(payload) < size or zlib.crc32(payload, zlib.crc32(bytes((kind,)))) != checksum:
                yield start + offset + at, 0, b""
                break
            yield start + offset + at, kind, payload
            at += _HEAD.size + size
