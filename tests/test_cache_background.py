"""A disk that hangs or fails holds up nobody, and loses nothing that must be kept."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cache import backlog
from cache.background import SILENT, TROUBLE_S, BackgroundStore
from cache.entries import Space, Written
from cache.errors import CacheError, Slow, Unusable
from tests.support.cache_disks import MoodyDisk, full

ROOT = Path(__file__).resolve().parent.parent
KEPT = Space("kept", keep=True)
NEWEST = Space("newest", keep=False)
DEADLINE_S = 0.2


@pytest.fixture
def disk() -> MoodyDisk:
    """A disk in a good mood."""
    return MoodyDisk()


@pytest.fixture
async def store(disk: MoodyDisk) -> AsyncIterator[BackgroundStore]:
    """A store on it."""
    made = BackgroundStore(disk.open, DEADLINE_S)
    assert await made.opened(5)
    yield made
    disk.free.set()
    await made.close(5)


async def hang(disk: MoodyDisk, store: BackgroundStore) -> None:
    """Have the disk hang in a read."""
    disk.free.clear()
    with pytest.raises(Slow):
        await store.get(KEPT, [("x",)])
    assert disk.hanging.is_set()


def always(_: bytes) -> bool:
    """Replace whatever is there."""
    return True


async def until(seen: Callable[[], bool]) -> None:
    """Wait until `seen()` is true."""
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110 - a thread's doing, which sets no event of this loop
            await asyncio.sleep(0.01)


# --- a disk that hangs ---------------------------------------------------------------------------------------------


async def test_a_hung_disk_costs_a_read_its_deadline_and_the_loop_nothing(
    disk: MoodyDisk, store: BackgroundStore
) -> None:
    """A read fails at its deadline while the loop goes on; the next one, the hang being known, fails at once."""
    disk.free.clear()
    reading = asyncio.create_task(store.get(KEPT, [("a",)]))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0.005)
        turns += 1
    with pytest.raises(Slow):
        await reading
    assert turns > 5  # a loop that hangs as the disk does has one, or none
    begun = time.monotonic()
    with pytest.raises(Slow):
        await store.get(KEPT, [("b",)])
    assert time.monotonic() - begun < DEADLINE_S / 2
    assert store.notices() == [SILENT]


async def test_kept_writes_wait_for_a_hung_disk(disk: MoodyDisk, store: BackgroundStore) -> None:
    """Writes to a kept space are pending while the disk hangs, and all on disk, in order, once it answers again."""
    await hang(disk, store)
    outcomes = [await store.put_once(KEPT, (str(number),), b"value") for number in range(500)]
    assert set(outcomes) == {Written.PENDING}
    assert not await store.flush(0.05)
    disk.free.set()
    assert await store.flush(5)
    written = [write.key for batch in disk.batches for write in batch]
    assert written == [(str(number),) for number in range(500)]


async def test_only_the_newest_value_of_a_key_waits_where_only_it_counts(
    disk: MoodyDisk, store: BackgroundStore
) -> None:
    """Of many values for one key only the last is written once the disk answers; other keys keep theirs."""
    await hang(disk, store)
    for number in range(50):
        await store.replace(NEWEST, ("scope",), str(number).encode(), always)
    await store.replace(NEWEST, ("other",), b"other", always)
    disk.free.set()
    assert await store.flush(5)
    assert [(write.key, write.value) for batch in disk.batches for write in batch] == [
        (("scope",), b"49"),
        (("other",), b"other"),
    ]


async def test_who_waits_for_an_older_value_is_told_that_it_was_dropped(
    disk: MoodyDisk, store: BackgroundStore
) -> None:
    """A value that a newer one overtakes before it is written is reported dropped, the newer one committed."""
    disk.free.clear()
    blocked = asyncio.create_task(store.get(KEPT, [("x",)]))
    await until(disk.hanging.is_set)
    older = asyncio.create_task(store.replace(NEWEST, ("scope",), b"1", always))
    newer = asyncio.create_task(store.replace(NEWEST, ("scope",), b"2", always))
    await asyncio.sleep(0)
    disk.free.set()
    assert [await older, await newer] == [Written.DROPPED, Written.COMMITTED]
    await blocked


async def test_the_same_kept_write_waits_once(disk: MoodyDisk, store: BackgroundStore) -> None:
    """Putting the same final state again and again while the disk hangs does not fill the memory."""
    await hang(disk, store)
    for _ in range(100):
        await store.put_once(KEPT, ("a",), b"value")
    disk.free.set()
    assert await store.flush(5)
    assert [len(batch) for batch in disk.batches] == [1]


async def test_what_waits_is_bounded(disk: MoodyDisk, store: BackgroundStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest of the newest-only values go, and a kept write is refused rather than forgotten."""
    monkeypatch.setattr(backlog, "MOST_BYTES", 100)
    await hang(disk, store)
    for number in range(20):
        await store.replace(NEWEST, (str(number),), b"0123456789", always)
    kept = [await store.put_once(KEPT, (str(number),), b"0123456789") for number in range(11)]
    assert kept == [Written.PENDING] * 10 + [Written.DROPPED]
    disk.free.set()
    assert await store.flush(5)
    assert await store.get(KEPT, [("10",)]) == {}
    assert {write.key[0] for batch in disk.batches[1:] for write in batch} == {str(number) for number in range(10, 20)}


async def test_a_hung_disk_does_not_hold_the_exit() -> None:
    """A program whose disk hangs for ever closes its cache within the timeout and ends."""
    script = (
        "import asyncio, time\n"
        "from cache.background import BackgroundStore\n"
        "from tests.test_cache_background import KEPT\n"
        "async def main():\n"
        "    store = BackgroundStore(lambda tell: time.sleep(3600), 0.1)\n"
        "    print(await store.opened(0.1), await store.put_once(KEPT, ('a',), b'v'))\n"
        "    print(await store.close(0.2), store.notices())\n"
        "asyncio.run(main())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=20, check=True
    )
    assert done.stdout.decode().splitlines() == [
        "False pending",
        f"False {[SILENT]}",
    ]


# --- a disk that fails ---------------------------------------------------------------------------------------------


async def test_a_failing_write_is_tried_again_until_it_succeeds(disk: MoodyDisk, store: BackgroundStore) -> None:
    """While the disk is full a kept write is pending and people are told once; when there is space it is written."""
    disk.failure = full()
    begun = time.monotonic()
    assert await store.put_once(KEPT, ("a",), b"value") is Written.PENDING
    notices: list[str] = []

    def told() -> bool:
        notices.extend(store.notices())
        return bool(notices)

    await until(told)
    assert time.monotonic() - begun >= TROUBLE_S
    assert disk.tried > 2
    assert notices == ["the cache cannot be written and is tried again: database or disk is full"]
    disk.failure = None
    assert await store.flush(10)
    assert await store.get(KEPT, [("a",)]) == {("a",): b"value"}
    assert store.notices() == ["the cache is written again"]


async def test_what_comes_while_a_write_fails_is_kept_in_order(disk: MoodyDisk, store: BackgroundStore) -> None:
    """Writes that come while one is under way queue behind it, also where it fails; all are there in the end."""
    disk.free.clear()
    assert await store.put_once(KEPT, ("0",), b"value") is Written.PENDING
    assert disk.hanging.is_set()
    later = [await store.put_once(KEPT, (str(number),), b"value") for number in range(1, 20)]
    assert set(later) == {Written.PENDING}
    disk.failure = full()
    disk.free.set()
    await until(lambda: disk.tried > 1)
    disk.failure = None
    assert await store.flush(10)
    assert [write.key[0] for batch in disk.batches for write in batch] == [str(number) for number in range(20)]


async def test_what_must_be_kept_is_written_first(disk: MoodyDisk, store: BackgroundStore) -> None:
    """When a disk answers again final states go before last answers, whichever came first."""
    await hang(disk, store)
    await store.replace(NEWEST, ("newest",), b"value", always)
    await store.put_once(KEPT, ("kept",), b"value")
    disk.free.set()
    assert await store.flush(5)
    assert [write.key for batch in disk.batches for write in batch] == [("kept",), ("newest",)]


async def test_closing_says_what_could_not_be_written(disk: MoodyDisk, store: BackgroundStore) -> None:
    """With writes left that the disk never takes, `close` is over by its timeout and false."""
    disk.failure = full()
    assert await store.put_once(KEPT, ("a",), b"value") is Written.PENDING
    async with asyncio.timeout(10):
        assert not await store.close(0.1)


async def test_why_the_last_writes_were_lost_is_said_at_the_end(disk: MoodyDisk, store: BackgroundStore) -> None:
    """Also by a program that ends before a failure has lasted long enough to be told."""
    disk.failure = full()
    assert await store.put_once(KEPT, ("a",), b"value") is Written.PENDING
    await store.close(0.1)
    await until(lambda: store._ended)
    assert [str(full()) in line for line in store.notices()] == [True]


async def test_reads_go_on_while_writes_fail(disk: MoodyDisk, store: BackgroundStore) -> None:
    """A write that waits for its next try does not keep a read waiting."""
    disk.failure = full()
    assert await store.put_once(KEPT, ("a",), b"value") is Written.PENDING
    await until(lambda: disk.tried >= 3)
    disk.failure = None
    assert await store.get(KEPT, [("b",)]) == {}


async def test_a_disk_that_is_beyond_use_gives_way_to_memory(disk: MoodyDisk, store: BackgroundStore) -> None:
    """Where the file cannot be used any more the very write that found out goes to memory, and people are told."""
    disk.failure = Unusable("gone")
    assert await store.put_once(KEPT, ("a",), b"value") is Written.COMMITTED
    assert await store.get(KEPT, [("a",)]) == {("a",): b"value"}
    assert store.notices() == ["gone; the cache is kept in memory from now on"]


async def test_a_defect_fails_what_met_it_and_nothing_behind_it(disk: MoodyDisk, store: BackgroundStore) -> None:
    """An error that is no disk's is not tried for ever: its write is dropped, its read fails, the next ones succeed."""
    disk.failure = ZeroDivisionError("a defect")
    assert await store.put_once(KEPT, ("a",), b"value") is Written.DROPPED
    with pytest.raises(CacheError, match="a defect"):
        await store.get(KEPT, [("a",)])
    disk.failure = None
    assert await store.put_once(KEPT, ("a",), b"value") is Written.COMMITTED


async def test_nothing_is_accepted_after_the_end(store: BackgroundStore) -> None:
    """A closed store drops writes and fails reads, at once, and may be closed again."""
    assert await store.close(5)
    assert await store.put_once(KEPT, ("a",), b"value") is Written.DROPPED
    with pytest.raises(CacheError, match="closed"):
        await store.get(KEPT, [("a",)])
    assert await store.close(5)


async def test_closing_writes_what_waits(disk: MoodyDisk) -> None:
    """A write that nobody waited for is on disk when `close` says so."""
    store = BackgroundStore(disk.open, DEADLINE_S)
    writes = [asyncio.create_task(store.put_once(KEPT, (str(number),), b"v")) for number in range(300)]
    await asyncio.sleep(0)
    assert await store.close(5)
    assert sum(map(len, disk.batches)) == 300
    assert {await write for write in writes} == {Written.COMMITTED}
