"""What is shown of entries that are too much for one frame: a share of each, and never half a secret."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from google.cloud.logging_v2.types import LogEntry

from fetchers.log_extraction import LogsFetcher
from fetchers.log_parts import PAGE_BYTES, shown
from tests.emulators.google import GoogleEmulator
from tests.gcp_asking import settings_for
from tests.log_asking import part_of, target_of, write

SECRET = "hf_" + "a1B2" * 8


@pytest.fixture
async def google() -> AsyncIterator[GoogleEmulator]:
    """A server without logs."""
    async with GoogleEmulator() as emulator:
        yield emulator


def texts_of(*payloads: str) -> list[str]:
    """What is shown of such entries."""
    return [one.text for one in shown([LogEntry.pb(LogEntry(text_payload=text)) for text in payloads])]


def test_what_fits_is_shown_whole() -> None:
    """Entries whose text fits together are not cut, however unlike they are."""
    long = "\n".join(["word " * 200] * 2_000).rstrip()
    assert texts_of("short", long) == ["short", long]


def test_each_of_too_many_has_its_share_and_says_how_much_is_missing() -> None:
    """Long entries are cut, short ones are whole."""
    long = f"{'word ' * 99}word\n" * 12_000
    short, *cut = texts_of("short", long, long)
    assert short == "short"
    for text in cut:
        kept, _, missing = text.partition("… [")
        assert PAGE_BYTES // 3 - 2_000 < len(kept) <= PAGE_BYTES // 3
        assert int(missing.partition(" ")[0].replace(",", "")) == len(long.rstrip()) - len(kept)


@pytest.mark.parametrize("before", range(0, 60, 7))
def test_a_cut_never_leaves_half_a_secret(before: int) -> None:
    """A key that stands where its entry's share ends is shown neither whole nor in part."""
    share = PAGE_BYTES // 3
    line = "x" * 99 + "\n"
    text = (line * (share // 100))[: share - before - 1] + f" {SECRET}\n" + line * 20_000
    for one in texts_of(text, text, text):
        assert "hf_" not in one
        assert "… [" in one


async def test_megabytes_are_cleaned_beside_the_loop(google: GoogleEmulator) -> None:
    """While a large part of a log is made safe, whatever else waits for the loop gets its turn again and again."""
    small, large = target_of("small"), target_of("large")
    write(google, small, [("INFO", f"key=abc token: x {SECRET}")])
    write(google, large, [("INFO", f"key=abc token: x {SECRET}\n" * 2_000)] * 40, count=40)
    fetcher = LogsFetcher(settings_for(google.endpoint))
    await part_of(fetcher, small)  # the first part compiles and connects
    began = last = time.monotonic()
    longest = 0.0
    reading = asyncio.ensure_future(part_of(fetcher, large))
    while not reading.done():
        await asyncio.sleep(0.001)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    await fetcher.close()
    assert len(reading.result().entries) == 40
    assert longest < (last - began) / 3
