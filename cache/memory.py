"""A disk that is none: entries of this process alone, gone with it."""

from __future__ import annotations

from collections.abc import Sequence

from cache.entries import Entry, Key, Space, Write


class MemoryDisk:
    """Implements `cache.disk.Disk`; never fails."""

    def __init__(self) -> None:
        self._spaces: dict[str, dict[Key, Entry]] = {}
        self._changes = 0

    def get(self, space: Space, keys: Sequence[Key]) -> dict[Key, bytes]:
        """The values of those keys that are there."""
        entries = self._spaces.get(space.name, {})
        return {key: entries[key].value for key in keys if key in entries}

    def scan(self, space: Space, prefix: Key, after: int) -> list[Entry]:
        """Every entry whose key begins with `prefix` and that was written since the counter stood at `after`."""
        entries = self._spaces.get(space.name, {}).values()
        return [entry for entry in entries if entry.key[: len(prefix)] == prefix and entry.change > after]

    def write(self, space: Space, writes: Sequence[Write]) -> list[bool]:
        """Do the writes."""
        return [self._write(space, write) for write in writes]

    def _write(self, space: Space, write: Write) -> bool:
        entries = self._spaces.setdefault(space.name, {})
        stored = entries.get(write.key)
        if stored is not None and not write.outdated(stored.value):
            return False
        self._changes += 1
        entries[write.key] = Entry(write.key, write.value, self._changes)
        return True

    def adopt(self, space: str, entries: Sequence[Entry]) -> None:
        """Begin with entries that were read elsewhere."""
        self._spaces.setdefault(space, {}).update({entry.key: entry for entry in entries})
        self._changes = max([self._changes, *(entry.change for entry in entries)])

    def changes(self) -> int:
        """How many writes there have been."""
        return self._changes

    def close(self) -> None:
        """Nothing to let go of."""
