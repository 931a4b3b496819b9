"""What a store holds: entries in spaces, under keys of several strings; and the bytes that a key becomes."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple

import msgspec

Key = tuple[str, ...]
"""The parts of a key, from the general to the special; a scan takes the first few."""

Outdated = Callable[[bytes], bool]
"""Told the value that is stored; true where it is to be replaced. Runs in the store's thread and must be pure."""

_END = b"\x1f"
_ESCAPE = b"\x1b"
_ESCAPED = ((_ESCAPE, _ESCAPE + b"0"), (_END, _ESCAPE + b"1"))


class Space(msgspec.Struct, frozen=True):
    """A kind of entries, and what a write of it is worth."""

    name: str
    keep: bool
    """Whether every accepted write is kept until it is on disk; else only the newest value of each key counts."""


class Written(enum.StrEnum):
    """What became of a write."""

    COMMITTED = "committed"
    """On disk: the death of this process does not undo it."""
    REFUSED = "refused"
    """What is stored under the key stays: it is as good or better."""
    PENDING = "pending"
    """Not on disk by the deadline; tried again until it is, or the store is closed."""
    DROPPED = "dropped"
    """Will not be written: a newer value took its place, too much waits for the disk, or the store is closed."""
    EARLY = "early"
    """Not asked of the store: the record is not final yet."""


class Entry(NamedTuple):
    """One entry of a space."""

    key: Key
    value: bytes
    change: int
    """The store's change counter when it was written."""


class Write(msgspec.Struct, frozen=True):
    """One write that a store is asked for."""

    key: Key
    value: bytes
    outdated: Outdated


def never(_: bytes) -> bool:
    """The `Outdated` of what is put once."""
    return False


def pack(key: Key) -> bytes:
    """The key as bytes: different keys differ, and a key's first parts are the first bytes of the whole."""
    return b"".join(_escape(part) + _END for part in key)


def unpack(data: bytes) -> Key:
    """The key that `pack` made into `data`. Raises `ValueError` for anything else."""
    if data and not data.endswith(_END):
        raise ValueError(f"not a key: {data!r}")
    return tuple(_unescape(part) for part in data.split(_END)[:-1])


def after_prefix(data: bytes) -> bytes:
    """The first bytes that sort behind every key that begins with the packed `data`."""
    return data[:-1] + bytes([_END[0] + 1]) if data else b"\xff"


def _escape(part: str) -> bytes:
    data = part.encode("utf-8", "surrogatepass")
    for plain, escaped in _ESCAPED:
        data = data.replace(plain, escaped)
    return data


def _unescape(data: bytes) -> str:
    for plain, escaped in reversed(_ESCAPED):
        data = data.replace(escaped, plain)
    return data.decode("utf-8", "surrogatepass")
