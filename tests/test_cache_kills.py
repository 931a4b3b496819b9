"""A cache survives the death of its writers at any instant, and several of them at once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.support.cache_kills import killed, lost, started

ROUNDS = 25


async def test_what_was_acknowledged_outlives_a_kill_at_any_instant(tmp_path: Path) -> None:
    """Whenever a writer is killed, the file opens without a notice and holds all that any writer called committed."""
    chance = random.Random(20)
    committed: list[str] = []
    for number in range(ROUNDS):
        # A new file now and then: kills while it is being made.
        url = f"sqlite:///{tmp_path}/{number // 5}/cache.db"
        if number % 5 == 0:
            committed.clear()
        committed += await asyncio.to_thread(killed, url, f"round{number}", chance)
        assert await lost(url, committed) == ([], [])
    assert committed


async def test_two_programs_write_to_one_file_and_nothing_is_lost(tmp_path: Path) -> None:
    """Two writers at once both go on writing; all that either called committed is there when both are dead."""
    url = f"sqlite:///{tmp_path}/cache.db"
    said: list[str] = []
    with started(url, "one") as one, started(url, "two") as two:
        assert one.stdout is not None
        assert two.stdout is not None
        for _ in range(40):
            said += [one.stdout.readline().decode().strip(), two.stdout.readline().decode().strip()]
        one.kill()
        said += [two.stdout.readline().decode().strip() for _ in range(40)]
        two.kill()
        said += [line.decode().strip() for line in (*one.stdout, *two.stdout)]
    assert {name.partition("-")[0] for name in said} == {"one", "two"}
    assert await lost(url, said) == ([], [])
