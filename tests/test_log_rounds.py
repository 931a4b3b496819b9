"""How the logs of many are read within one fetch: in which order they are judged, and what is left when it ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry

from fetchers.base import Calls
from fetchers.diagnosis.matcher import matcher
from fetchers.gcp import Session
from fetchers.log_outcomes import JUDGED, PIECE, diagnosis_of
from fetchers.log_pages import API, LARGEST_ANSWER, Quota
from fetchers.log_rounds import AT_ONCE, Reading, Rounds
from fetchers.messages import LogTarget, Outcome
from monitor.memory_watch import MEMORY_MOST
from tests.log_asking import OOM, fetch_of, target_of

PIECES = 16
"""In which one log of these tests is judged."""
LINE = f"{'z' * 1_000}\n" * (PIECE // 1_001)
VAGUE = "Traceback (most recent call last):\n  File 'a.py', line 1, in a\n    b()\nRuntimeError: the worker is gone\n"
"""What may have followed from something else."""


class Service:
    """Answers at once with all entries of whoever is asked for; of several at a time, it says that there are more."""

    def __init__(self, logs: dict[str, list[str]]) -> None:
        """`logs`: what each execution has written, oldest first."""
        self._logs = logs
        self.asked: list[set[str]] = []
        """Names that each request held."""
        self.answers = asyncio.Event()
        self.answers.set()
        self._called = asyncio.Condition()

    async def list_log_entries(self, request: Any, **_: Any) -> Any:
        """Give the entries of all that the filter names, one after another, newest first."""
        names = set(re.findall(r'"(log-\d+)"', request.filter))
        async with self._called:
            self.asked.append(names)
            self._called.notify_all()
        await self.answers.wait()
        entries = [entry for name in sorted(names) for entry in self._entries(name)]
        token = "more" if len(names) > 1 else ""
        return SimpleNamespace(_response=ListLogEntriesResponse(entries=entries, next_page_token=token))

    def _entries(self, name: str) -> Iterable[LogEntry]:
        labels = {"run.googleapis.com/execution_name": name}
        for number, text in reversed([*enumerate(self._logs[name])]):
            yield LogEntry(text_payload=text, insert_id=f"{number:04}", labels=labels)

    async def called(self, times: int) -> None:
        """Wait until it has been asked so often."""
        async with asyncio.timeout(20), self._called:
            await self._called.wait_for(lambda: len(self.asked) >= times)


def rounds(
    service: Service, targets: Sequence[LogTarget], crowded: set[tuple[str, str]], reading: Reading | None = None
) -> Rounds:
    """The rounds of one fetch, for one table."""
    calls = Calls(fetch_of(targets), lambda _: None)
    table = targets[0].record.table
    return Rounds(Session(API, service, "acme-ml", table, calls, 20), reading or Reading(Quota(60)), crowded)


def places(targets: Iterable[LogTarget]) -> set[tuple[str, str]]:
    """Table and key of each."""
    return {(target.record.table, target.key) for target in targets}


@pytest.fixture
async def turns() -> AsyncIterator[list[int]]:
    """The turns that the loop has taken."""
    taken = [0]

    async def count() -> None:
        while True:
            await asyncio.sleep(0)
            taken[0] += 1

    counting = asyncio.ensure_future(count())
    yield taken
    counting.cancel()


async def test_one_log_is_judged_after_another(turns: list[int]) -> None:
    """Of long logs that arrive at the same moment, the first is told long before the last has been judged."""
    targets = [target_of(f"log-{n}") for n in range(8)]
    service = Service({target.record.id: [LINE] * (PIECES - 1) + [OOM] for target in targets})
    told = []
    async with aclosing(rounds(service, targets, places(targets)).run(targets)) as found:
        async for outcomes in found:
            told.extend([turns[0]] * len(outcomes))
    assert len(told) == 8
    assert told[-1] - told[0] > 6 * (PIECES - 2)


async def test_the_rules_are_compiled_beside_the_loop(turns: list[int]) -> None:
    """The first log of all has every rule compiled: whatever else waits for the loop gets its turn meanwhile."""
    matcher.cache_clear()
    await diagnosis_of([])
    assert turns[0] > 5


async def test_a_log_known_to_be_long_is_read_alone_by_the_next_fetch() -> None:
    """Where the time is over before long logs were read alone, no page is asked for them together once more."""
    targets = [target_of(f"log-{n}") for n in range(2)]
    service = Service({target.record.id: [VAGUE] * 300 for target in targets})
    crowded: set[tuple[str, str]] = set()
    reading = asyncio.ensure_future(_all(rounds(service, targets, crowded), targets))
    await service.called(1)
    service.answers.clear()
    await service.called(3)
    reading.cancel()
    await asyncio.wait([reading])
    service.answers.set()
    assert len(await _all(rounds(service, targets, crowded), targets)) == 2
    assert service.asked[0] == {"log-0", "log-1"}
    assert [len(names) for names in service.asked[1:]] == [1] * 4
    assert crowded == set()


async def test_when_the_time_is_over_what_has_arrived_is_left_to_the_next_fetch() -> None:
    """Whoever has more to judge than the time allows ends without an error, and what was told counts."""
    targets = [target_of(f"log-{n}") for n in range(4)]
    service = Service({target.record.id: [LINE] * PIECES for target in targets})
    reading, crowded = Reading(Quota(60)), places(targets)
    told = []
    async with aclosing(rounds(service, targets, crowded, reading).run(targets)) as found:
        async for outcomes in found:
            told += outcomes
            reading.until = asyncio.get_running_loop().time()
    assert 1 <= len(told) < 4
    assert crowded == places(targets) - {(outcome.table, outcome.key) for outcome in told}
    assert len(await _all(rounds(service, targets, crowded), targets)) == 4


async def test_tables_share_the_pages_that_are_held_at_a_time() -> None:
    """However many tables are read at once, no more pages are asked for than a worker has memory for."""
    service, reading = Service({}), Reading(Quota(60))
    service.answers.clear()
    asked = []
    for table in ("runner", "vertex"):
        targets = [target_of(f"log-{n}", table) for n in range(AT_ONCE)]
        part = rounds(service, targets, places(targets), reading)
        asked.append(asyncio.ensure_future(_all(part, targets)))
    await service.called(AT_ONCE)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(service.asked) == AT_ONCE
    for one in asked:
        one.cancel()
    await asyncio.wait(asked)


async def test_of_a_very_long_log_the_end_is_judged() -> None:
    """Megabytes are not worked through while others wait: the outcome says how much it rests on."""
    target = target_of("log-0")
    entries = JUDGED // len(LINE) + 10
    service = Service({"log-0": [LINE] * (entries - 1) + [OOM]})
    (outcome,) = await _all(rounds(service, [target], set()), [target])
    assert outcome.reason is not None
    assert outcome.reason.rule == "out_of_memory"
    assert entries - 20 < outcome.entries < entries
    assert not outcome.whole


async def _all(asked: Rounds, targets: Sequence[LogTarget]) -> list[Outcome]:
    async with aclosing(asked.run(targets)) as found:
        return [outcome async for outcomes in found for outcome in outcomes]


def test_the_pages_held_at_a_time_fit_into_a_worker() -> None:
    """Pages as large as they may be, each at four times its size on the wire, leave memory for the rest."""
    assert 4 * AT_ONCE * LARGEST_ANSWER <= MEMORY_MOST / 2
