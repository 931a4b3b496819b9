"""What a store's thread works on: blocking, used by one thread, and free to hang."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from cache.entries import Entry, Key, Space, Write

Tell = Callable[[str], None]
"""Takes one line for people; may be called from any thread."""


class Disk(Protocol):
    """Where entries are.

    Every method raises `CacheError` where trying again later is right, and `Unusable` where it is not.
    """

    def get(self, space: Space, keys: Sequence[Key]) -> dict[Key, bytes]:
        """The values of those keys that are there."""
        ...

    def scan(self, space: Space, prefix: Key, after: int) -> list[Entry]:
        """Every entry whose key begins with `prefix` and that was written since the counter stood at `after`."""
        ...

    def write(self, space: Space, writes: Sequence[Write]) -> list[bool]:
        """Do all the writes or none, in order; true for each that was done, false where what is stored stays."""
        ...

    def changes(self) -> int:
        """The change counter: grows with every write, of any process."""
        ...

    def close(self) -> None:
        """Let go of the file; nothing is asked after it."""
        ...
