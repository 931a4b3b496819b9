"""A store whose disk lives in one daemon thread of its own: a disk that hangs holds up neither loop nor exit.

The loop and the thread share a backlog under a lock that nobody holds while a disk works. A write counts as committed
only after the disk has said so; a disk that fails is asked again, at growing intervals, until it takes what waits.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from cache.backlog import Backlog, Pending, Queue, Read, Waiter
from cache.disk import Disk, Tell
from cache.entries import Entry, Key, Outdated, Space, Write, Written, never
from cache.errors import CacheError, Slow, Unusable
from cache.memory import MemoryDisk

FIRST_RETRY_S = 0.05
LONGEST_RETRY_S = 5.0
TROUBLE_S = 1.0
"""Seconds of failing writes after which people are told: another process may just be writing."""
SILENT = "the cache does not answer: its disk is slow, or another program holds it; nothing is kept until it does"

log = logging.getLogger(__name__)


class BackgroundStore:
    """Implements `cache.store.Store` on any `cache.disk.Disk`."""

    def __init__(self, open_disk: Callable[[Tell], Disk], deadline_s: float) -> None:
        self._open_disk = open_disk
        self._deadline_s = deadline_s
        self._changed = threading.Condition()
        """Guards everything below; held for a few assignments at a time, never while the disk works."""
        self._backlog = Backlog()
        self._notices: deque[str] = deque(maxlen=100)
        self._busy_since: float | None = time.monotonic()
        """When the disk began what it is doing; null while it does nothing."""
        self._silent = False
        """Whether somebody has waited in vain for what it is doing."""
        self._slow_told = False
        self._retry_at = 0.0
        self._retry_s = FIRST_RETRY_S
        self._failing_since: float | None = None
        self._failure: CacheError | None = None
        """Why the last write failed; null after a good one."""
        self._trouble_told = False
        self._idle_waiters: list[Waiter] = []
        self._end_waiters: list[Waiter] = []
        self._open_waiters: list[Waiter] = []
        self._is_open = self._closing = self._ended = False
        threading.Thread(target=self._run, name="cache", daemon=True).start()

    # --- for the loop --------------------------------------------------------------------------------------------

    async def opened(self, timeout_s: float) -> bool:
        """Wait until the disk is open; false and a notice where that takes longer than `timeout_s` seconds."""
        with self._changed:
            if self._is_open:
                return True
            self._open_waiters.append(waiter := Waiter())
        try:
            async with asyncio.timeout(timeout_s):
                await waiter.future
        except TimeoutError:
            self._tell_slow()
            return False
        return True

    async def get(self, space: Space, keys: Sequence[Key]) -> dict[Key, bytes]:
        """The values of those keys that are there."""
        values: dict[Key, bytes] = await self._read(lambda disk: disk.get(space, keys))
        return values

    async def scan(self, space: Space, prefix: Key = (), after: int = 0) -> list[Entry]:
        """Every entry whose key begins with `prefix`; `after`: only those written since `changes()` gave that."""
        entries: list[Entry] = await self._read(lambda disk: disk.scan(space, prefix, after))
        return entries

    async def changes(self) -> int:
        """The change counter: grows with every write, of any process."""
        counter: int = await self._read(lambda disk: disk.changes())
        return counter

    async def put_once(self, space: Space, key: Key, value: bytes) -> Written:
        """Store the value unless there is one."""
        return await self.replace(space, key, value, never)

    async def replace(self, space: Space, key: Key, value: bytes, outdated: Outdated) -> Written:
        """Store the value where there is none or `outdated` says so of the one there is."""
        waiter = Waiter()
        with self._changed:
            if self._closing:
                return Written.DROPPED
            self._backlog.add_write(space, Pending(Write(key, value, outdated), [waiter]))
            self._changed.notify()
        try:
            outcome: Written = await self._wait(waiter)
        except Slow:
            return Written.PENDING
        return outcome

    def notices(self) -> list[str]:
        """What people should know that came up since the last call: one line each."""
        with self._changed:
            lines = list(self._notices)
            self._notices.clear()
        return lines

    async def flush(self, timeout_s: float) -> bool:
        """Wait until nothing waits for the disk; false where that takes longer than `timeout_s` seconds."""
        return await self._when(self._idle_waiters, timeout_s)

    async def close(self, timeout_s: float) -> bool:
        """Flush and let go, in at most `timeout_s` seconds; false where writes were left."""
        begun = time.monotonic()
        flushed = await self._when(self._idle_waiters, timeout_s)
        with self._changed:
            self._closing = True
            self._changed.notify()
        left_s = max(0.0, timeout_s - (time.monotonic() - begun))
        return await self._when(self._end_waiters, left_s) and flushed

    async def _when(self, waiters: list[Waiter], timeout_s: float) -> bool:
        with self._changed:
            if self._ended:
                return True
            waiters.append(waiter := Waiter())
            self._retry_at = 0.0
            self._changed.notify()
        try:
            async with asyncio.timeout(timeout_s):
                return bool(await waiter.future)
        except TimeoutError:
            return False

    async def _read(self, work: Callable[[Disk], object]) -> Any:
        waiter = Waiter()
        with self._changed:
            if self._closing:
                raise CacheError("the cache is closed")
            self._backlog.add_read(Read(work, waiter))
            self._changed.notify()
        return await self._wait(waiter)

    async def _wait(self, waiter: Waiter) -> Any:
        """Wait for an answer; not at all where the disk has already been silent for as long as one waits."""
        with self._changed:
            since = self._busy_since
            silent = self._silent or (since is not None and time.monotonic() - since > self._deadline_s)
        await asyncio.sleep(0)  # what was answered when it was asked, e.g. a refusal, is here now
        try:
            async with asyncio.timeout(0 if silent else self._deadline_s):
                return await waiter.future
        except TimeoutError:
            with self._changed:
                self._silent = self._busy_since is not None
            self._tell_slow()
            raise Slow(f"the cache's disk gives no answer in {self._deadline_s:g} s") from None

    def _tell_slow(self) -> None:
        with self._changed:
            if not self._slow_told and self._busy_since is not None:
                self._slow_told = True
                self._notices.append(SILENT)

    # --- the thread ----------------------------------------------------------------------------------------------

    def _tell(self, line: str) -> None:
        log.warning("%s", line)
        with self._changed:
            self._notices.append(line)

    def _run(self) -> None:
        disk = self._opening()
        with self._changed:
            self._is_open = True
            self._settle(self._open_waiters)
        while (job := self._next()) is not None:
            disk = self._do(job, disk)
            del job  # what has been written is not held in memory until the next is
        if self._backlog.writes and self._failure is not None and not self._trouble_told:
            self._tell(f"the cache could not be written: {self._failure}")
        self._guard(disk.close)
        with self._changed:
            self._ended = True
            self._settle(self._idle_waiters, self._backlog.writes == 0)
            self._backlog.clear()
            self._settle(self._end_waiters)

    def _opening(self) -> Disk:
        try:
            return self._open_disk(self._tell)
        except Exception as error:
            log.exception("the cache cannot be opened")
            self._tell(f"the cache cannot be opened and is kept in memory: {error}")
            return MemoryDisk()

    def _next(self) -> Read | tuple[Queue, list[Pending]] | None:
        """What to do next, waiting for it; null once the store is to close."""
        with self._changed:
            self._busy_since, self._silent, self._slow_told = None, False, False
            while True:
                if self._closing:
                    return None
                wait_s = self._retry_at - time.monotonic()
                job = self._backlog.take_read() or (self._backlog.take_writes() if wait_s <= 0 else None)
                if job is not None:
                    self._busy_since = time.monotonic()
                    return job
                if not self._backlog.writes:
                    self._settle(self._idle_waiters)
                self._changed.wait(wait_s if self._backlog.writes else None)

    @staticmethod
    def _settle(waiters: list[Waiter], outcome: bool = True) -> None:
        while waiters:
            waiters.pop().answer(outcome)

    def _do(self, job: Read | tuple[Queue, list[Pending]], disk: Disk) -> Disk:
        """Do one thing; return the disk for the next."""
        try:
            if isinstance(job, Read):
                job.waiter.answer(job.work(disk))
            else:
                self._write(disk, *job)
        except Unusable as error:
            self._tell(f"{error}; the cache is kept in memory from now on")
            self._guard(disk.close)
            return self._do(job, MemoryDisk())
        except Exception as error:  # noqa: BLE001 - the border of the thread: whoever waits is told
            self._failed(job, error)
        return disk

    def _write(self, disk: Disk, queue: Queue, batch: list[Pending]) -> None:
        done = disk.write(queue.space, [pending.write for pending in batch])
        for pending, stored in zip(batch, done, strict=True):
            pending.settle(Written.COMMITTED if stored else Written.REFUSED)
        self._failing_since, self._retry_s, self._failure = None, FIRST_RETRY_S, None
        if self._trouble_told:
            self._trouble_told = False
            self._tell("the cache is written again")

    def _failed(self, job: Read | tuple[Queue, list[Pending]], error: Exception) -> None:
        known = error if isinstance(error, CacheError) else CacheError(f"the cache failed: {error!r}")
        if known is not error:
            log.error("the cache failed", exc_info=error)
        if isinstance(job, Read):
            job.waiter.fail(known)
            return
        queue, batch = job
        if known is not error:  # a defect of ours, not of the disk: it would fail for ever, and all behind it
            for pending in batch:
                pending.settle(Written.DROPPED)
            return
        now = time.monotonic()
        with self._changed:
            queue.put_back(batch)
            self._retry_at, self._retry_s = now + self._retry_s, min(2 * self._retry_s, LONGEST_RETRY_S)
        self._failing_since, self._failure = self._failing_since or now, known
        if now - self._failing_since >= TROUBLE_S and not self._trouble_told:
            self._trouble_told = True
            self._tell(f"the cache cannot be written and is tried again: {error}")

    @staticmethod
    def _guard(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("the cache cannot be closed")
