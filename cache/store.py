"""The narrow protocol behind both caches, and how a store is opened by its URL.

What stands behind it (a file, memory, later a server that a team shares) is no business of the caches.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from cache.disk import Disk, Tell
from cache.entries import Entry, Key, Outdated, Space, Written

DEADLINE_S = 2.0
"""Seconds a read or a write is waited for."""
OPENING_S = 1.0
"""Seconds the opening of a file is waited for before its first reads may fail."""


class Store(Protocol):
    """Entries that several processes share.

    Reads raise `CacheError` where the store does not answer in time or cannot: "not there" is never said for "do not
    know". Writes never raise; `Written` tells what became of them. Nothing blocks the loop.
    """

    async def get(self, space: Space, keys: Sequence[Key]) -> dict[Key, bytes]:
        """The values of those keys that are there."""
        ...

    async def scan(self, space: Space, prefix: Key = (), after: int = 0) -> list[Entry]:
        """Every entry whose key begins with `prefix`; `after`: only those written since `changes()` gave that."""
        ...

    async def put_once(self, space: Space, key: Key, value: bytes) -> Written:
        """Store the value unless there is one."""
        ...

    async def replace(self, space: Space, key: Key, value: bytes, outdated: Outdated) -> Written:
        """Store the value where there is none or `outdated` says so of the one there is; atomic between processes."""
        ...

    async def changes(self) -> int:
        """The change counter: grows with every write, of any process."""
        ...

    def notices(self) -> list[str]:
        """What people should know that came up since the last call: one line each."""
        ...

    async def flush(self, timeout_s: float) -> bool:
        """Wait until nothing waits for the disk; false where that takes longer than `timeout_s` seconds."""
        ...

    async def close(self, timeout_s: float) -> bool:
        """Flush and let go, in at most `timeout_s` seconds; false where writes were left. Never holds the exit."""
        ...


class Opened(NamedTuple):
    """A store, and what to tell people about how it was opened."""

    store: Store
    notices: list[str]


async def open_store(url: str | None = None, opening_s: float = OPENING_S, deadline_s: float = DEADLINE_S) -> Opened:
    """Open `sqlite:///PATH`, `memory:`, or for null the file in the platform's cache directory. Never raises.

    Where the file cannot be used, another or memory is, and a notice says so. Where opening takes longer than
    `opening_s` seconds it goes on in the background: until it is done reads fail and writes wait.
    """
    from cache.background import BackgroundStore  # noqa: PLC0415 - a glance needs no queues

    store = BackgroundStore(functools.partial(open_disk, url), deadline_s)
    await store.opened(opening_s)
    return Opened(store, store.notices())


def glance(url: str | None, space: Space, prefixes: Sequence[Key]) -> list[Entry]:
    """The entries under some prefixes of what the URL names, without opening it: nothing is made or altered; blocks.

    Raises `CacheError` where nothing can be read like this.
    """
    if url == "memory:":
        return []
    from cache.opening import glance as glance_at_file  # noqa: PLC0415 - memory needs no SQLite

    return glance_at_file(url, space, prefixes)


def open_disk(url: str | None, tell: Tell) -> Disk:
    """Open what the URL names; blocks. Falls back to memory, with a notice."""
    if url == "memory:":
        from cache.memory import MemoryDisk  # noqa: PLC0415 - as above

        return MemoryDisk()
    from cache.opening import open_file  # noqa: PLC0415 - memory needs no SQLite

    return open_file(url, tell)
