"""What waits for the disk: reads, writes that must not be lost, and writes of which only the newest counts.

Pure bookkeeping, bounded in number and in bytes; whoever uses it from two threads holds a lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from cache.disk import Disk
from cache.entries import Key, Space, Write, Written
from cache.errors import CacheError

MOST_READS = 1_000
MOST_KEPT = 20_000
"""Writes that must not be lost; one more is not accepted."""
MOST_BYTES = 64 * 1024 * 1024
"""Of each sort of write: a machine's memory is no place for what a dead disk will not take."""
BATCH = 200
"""Writes of one transaction: few enough for a read to come between."""


class Waiter:
    """A future that another thread settles; settling it twice, or after its loop has ended, does nothing."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()

    def answer(self, value: object) -> None:
        """Give what was asked for."""
        self._settle(self.future.set_result, value)

    def fail(self, error: Exception) -> None:
        """Raise where it is awaited."""
        self._settle(self.future.set_exception, error)

    def _settle(self, settle: Callable[[Any], None], value: object) -> None:
        def now() -> None:
            if not self.future.done():
                settle(value)

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(now)


class Read(msgspec.Struct, frozen=True):
    """One read and who waits for it."""

    work: Callable[[Disk], object]
    waiter: Waiter


class Pending(msgspec.Struct, frozen=True):
    """One write and who waits for it."""

    write: Write
    waiters: list[Waiter]

    @property
    def size(self) -> int:
        """Bytes it holds."""
        return len(self.write.value)

    def settle(self, outcome: Written) -> None:
        """Tell everyone who waits."""
        for waiter in self.waiters:
            waiter.answer(outcome)


Ident = tuple[Key, bytes]
"""What makes two writes one: the key where only the newest counts, key and value where none may be lost."""


class Queue(msgspec.Struct):
    """The writes of one space, oldest first."""

    space: Space
    pending: dict[Ident, Pending] = msgspec.field(default_factory=dict)
    size: int = 0

    def add(self, new: Pending) -> None:
        """Accept a write, or settle it as dropped; may drop older ones where only the newest counts."""
        ident = self._ident(new)
        old = self.pending.get(ident)
        if old is not None and self.space.keep:
            old.waiters.extend(new.waiters)
            return
        if old is not None:
            self._remove(ident).settle(Written.DROPPED)
        if self._full(new):
            new.settle(Written.DROPPED)
            return
        self._insert(ident, new)

    def take(self) -> list[Pending]:
        """Remove the oldest writes: one transaction's worth."""
        return [self._remove(ident) for ident in list(self.pending)[:BATCH]]

    def put_back(self, batch: Iterable[Pending]) -> None:
        """Return what could not be written to the head of the queue."""
        later, self.pending, self.size = list(self.pending.values()), {}, 0
        for pending in (*batch, *later):
            self.add(pending)

    def clear(self) -> None:
        """Drop everything."""
        for ident in list(self.pending):
            self._remove(ident).settle(Written.DROPPED)

    def _full(self, new: Pending) -> bool:
        if not self.space.keep:
            while self.pending and self.size + new.size > MOST_BYTES:
                self._remove(next(iter(self.pending))).settle(Written.DROPPED)
        return len(self.pending) >= MOST_KEPT or self.size + new.size > MOST_BYTES

    def _ident(self, pending: Pending) -> Ident:
        return pending.write.key, pending.write.value if self.space.keep else b""

    def _insert(self, ident: Ident, pending: Pending) -> None:
        self.pending[ident] = pending
        self.size += pending.size

    def _remove(self, ident: Ident) -> Pending:
        removed = self.pending.pop(ident)
        self.size -= removed.size
        if not self.pending:
            self.pending = {}  # which gives back the room that a burst has taken
        return removed


class Backlog:
    """Everything that waits."""

    def __init__(self) -> None:
        self._reads: deque[Read] = deque()
        self._queues: dict[str, Queue] = {}

    @property
    def writes(self) -> int:
        """How many writes wait."""
        return sum(len(queue.pending) for queue in self._queues.values())

    def add_read(self, read: Read) -> None:
        """Accept a read, or fail it where too many wait."""
        if len(self._reads) >= MOST_READS:
            read.waiter.fail(CacheError(f"the cache is busy: {MOST_READS} reads wait for the disk"))
        else:
            self._reads.append(read)

    def take_read(self) -> Read | None:
        """Remove the oldest read that somebody still waits for."""
        while self._reads:
            read = self._reads.popleft()
            if not read.waiter.future.done():
                return read
        return None

    def add_write(self, space: Space, pending: Pending) -> None:
        """Accept a write, or settle it as dropped."""
        self._queues.setdefault(space.name, Queue(space)).add(pending)

    def take_writes(self) -> tuple[Queue, list[Pending]] | None:
        """Remove one transaction's worth of writes: first of what must not be lost."""
        waiting = [queue for queue in self._queues.values() if queue.pending]
        if not waiting:
            return None
        queue = min(waiting, key=lambda queue: not queue.space.keep)
        return queue, queue.take()

    def clear(self) -> None:
        """Drop everything."""
        while (read := self.take_read()) is not None:
            read.waiter.fail(CacheError("the cache is closed"))
        for queue in self._queues.values():
            queue.clear()
