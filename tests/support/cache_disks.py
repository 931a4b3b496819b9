"""Disks under a store that hang, fail, or are watched, on a test's word."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from cache.disk import Tell
from cache.entries import Key, Space, Write
from cache.errors import CacheError
from cache.memory import MemoryDisk


class MoodyDisk(MemoryDisk):
    """Memory that can hang and fail."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        """While it is clear, everything hangs."""
        self.free.set()
        self.hanging = threading.Event()
        """Set once a call hangs."""
        self.failure: Exception | None = None
        """What every call raises."""
        self.batches: list[list[Write]] = []
        """Every transaction that was done."""
        self.tried = 0
        """Transactions that were begun."""

    def open(self, _: Tell) -> MoodyDisk:
        """Open it."""
        self._mood()
        return self

    def get(self, space: Space, keys: Sequence[Key]) -> dict[Key, bytes]:
        self._mood()
        return super().get(space, keys)

    def write(self, space: Space, writes: Sequence[Write]) -> list[bool]:
        self.tried += 1
        self._mood()
        self.batches.append(list(writes))
        return super().write(space, writes)

    def _mood(self) -> None:
        if not self.free.is_set():
            self.hanging.set()
            self.free.wait()
        if self.failure is not None:
            raise self.failure


def full() -> CacheError:
    """What a full disk raises."""
    return CacheError("database or disk is full")
