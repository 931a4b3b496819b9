"""What every store promises, on a file and in memory alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.entries import Outdated, Space, Written, after_prefix, pack, unpack
from cache.store import Store, open_store

KEPT = Space("kept", keep=True)
NEWEST = Space("newest", keep=False)

parts = st.text(st.characters(codec=None) | st.sampled_from("\x1b\x1f\x0001"), max_size=6)
keys = st.lists(parts, max_size=4).map(tuple)


@pytest.fixture(params=["file", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store of each sort."""
    url = f"sqlite:///{tmp_path}/cache.db" if request.param == "file" else "memory:"
    made, notices = await open_store(url, opening_s=10, deadline_s=10)
    assert notices == []
    yield made
    assert await made.close(10)


def below(value: bytes) -> Outdated:
    """Outdated is what sorts below the value."""
    return lambda stored: stored < value


async def test_what_is_put_once_stays(store: Store) -> None:
    """The first value of a key is kept, whatever is put later; other keys and spaces are none of its business."""
    assert await store.put_once(KEPT, ("a", "b"), b"first") is Written.COMMITTED
    assert await store.put_once(KEPT, ("a", "b"), b"second") is Written.REFUSED
    assert await store.put_once(NEWEST, ("a", "b"), b"other") is Written.COMMITTED
    assert await store.get(KEPT, [("a", "b"), ("a",), ("a", "c")]) == {("a", "b"): b"first"}
    assert await store.get(NEWEST, [("a", "b")]) == {("a", "b"): b"other"}


async def test_a_value_is_replaced_where_it_is_outdated(store: Store) -> None:
    """`replace` asks about the value that is stored, and leaves it where it is not outdated."""
    for value, outcome in [(b"2", Written.COMMITTED), (b"3", Written.COMMITTED), (b"1", Written.REFUSED)]:
        assert await store.replace(KEPT, ("a",), value, below(value)) is outcome
    assert await store.get(KEPT, [("a",)]) == {("a",): b"3"}


async def test_racing_writes_end_with_the_best(store: Store) -> None:
    """Of many writes at once the best is left, in whatever order they come, and each is told what became of it."""
    values = [str(number).zfill(3).encode() for number in range(0, 200, 2)]
    writes = (store.replace(KEPT, ("a",), value, below(value)) for value in values[::-1])
    assert (await asyncio.gather(*writes)).count(Written.COMMITTED) == 1
    assert await store.get(KEPT, [("a",)]) == {("a",): values[-1]}


async def test_a_scan_gives_what_is_below_a_key(store: Store) -> None:
    """A prefix is whole parts of a key: `a` is not above `ab`; the empty prefix is above everything of its space."""
    for key in [("a",), ("a", "b"), ("a", "b", "c"), ("ab",), ("b", "a"), ()]:
        await store.put_once(KEPT, key, b"value")
    await store.put_once(NEWEST, ("a", "x"), b"value")
    assert {entry.key for entry in await store.scan(KEPT, ("a",))} == {("a",), ("a", "b"), ("a", "b", "c")}
    assert {entry.key for entry in await store.scan(KEPT, ("a", "b"))} == {("a", "b"), ("a", "b", "c")}
    assert len(await store.scan(KEPT)) == 6
    assert await store.scan(KEPT, ("none",)) == []


async def test_the_change_counter_tells_what_is_new(store: Store) -> None:
    """The counter grows with every write that was done, and a scan after it gives exactly what came since."""
    await store.put_once(KEPT, ("a",), b"1")
    before = await store.changes()
    await store.put_once(KEPT, ("a",), b"2")
    assert await store.changes() == before
    await store.put_once(KEPT, ("b",), b"1")
    assert await store.changes() > before
    assert [entry.key for entry in await store.scan(KEPT, (), before)] == [("b",)]


async def test_another_process_s_writes_are_counted(tmp_path: Path) -> None:
    """Two stores on one file see each other's entries, and the counter says when to look."""
    url = f"sqlite:///{tmp_path}/cache.db"
    one, _ = await open_store(url, opening_s=10, deadline_s=10)
    two, _ = await open_store(url, opening_s=10, deadline_s=10)
    before = await one.changes()
    assert await two.put_once(KEPT, ("a",), b"1") is Written.COMMITTED
    assert await one.changes() > before
    assert await one.put_once(KEPT, ("a",), b"2") is Written.REFUSED
    assert [entry.value for entry in await one.scan(KEPT, (), before)] == [b"1"]
    assert await one.close(10)
    assert await two.get(KEPT, [("a",)]) == {("a",): b"1"}
    assert await two.close(10)


async def test_any_key_and_value_are_given_back(store: Store) -> None:
    """Keys with controls, separators and halves of characters, and values of any size, come back as they went in."""
    entries = {("", "\x1f"): b"", ("\x1b1", "\x00"): b"\x00" * 1_000_000, ("\ud800", "ü"): b"\xff"}
    for key, value in entries.items():
        assert await store.put_once(KEPT, key, value) is Written.COMMITTED
    assert await store.get(KEPT, list(entries)) == entries
    assert {entry.key: entry.value for entry in await store.scan(KEPT)} == entries


@given(keys)
def test_a_key_survives_packing(key: tuple[str, ...]) -> None:
    """Packing loses nothing."""
    assert unpack(pack(key)) == key


@given(keys, keys)
def test_packing_keeps_prefixes(key: tuple[str, ...], other: tuple[str, ...]) -> None:
    """The packed range of a key holds another key exactly where that begins with it."""
    assert (pack(key) <= pack(other) < after_prefix(pack(key))) == (other[: len(key)] == key)


@pytest.mark.parametrize("data", [b"a", b"a\x1fb", b"\xff\x1f"])
def test_what_is_no_key_is_refused(data: bytes) -> None:
    """Bytes that no key packs to are an error."""
    with pytest.raises(ValueError, match=r"not a key|decode"):
        unpack(data)
