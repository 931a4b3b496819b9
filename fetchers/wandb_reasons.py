"""Says why runs ended, from the end of what they printed: rows first, few at a time, each once, and never in the way.

What a run printed cannot change unless it runs again, so it is remembered under what would change then. A run whose
output cannot be read keeps the reason that its source gives, and is tried again ever more rarely.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from fetchers.ask import Ask
from fetchers.base import LogText
from fetchers.errors import Failure, FetchError, NoAnswer
from fetchers.messages import LogPart, LogTarget, Outcome
from fetchers.records import Reason, Record, State
from fetchers.redact import redact
from fetchers.settings import QUEUE
from fetchers.wandb_output import ENDED_BADLY, TAIL, outcome_of, unread

Printed = Callable[[Ask, Record, LogPart], Awaitable[LogText]]
"""Reads a part of what a run printed. Raises `FetchError`."""

AT_ONCE = 5
"""Outputs read at the same time."""
READ_S = 4.0
"""Seconds that a reading may take; less where the fetch is nearly over."""
DIAGNOSIS_S = 10.0
"""Seconds that it may take to understand one."""
LEAST_S = 1.0
"""Seconds that must be left of a fetch for another reading to begin."""
AGAIN_S = 60.0
"""Seconds until an output that could not be read, or held nothing yet, is tried again; doubled each time."""
AGAIN_MOST_S = 3_600.0
REMEMBERED = 5_000
"""Runs remembered; the one that has not been seen for the longest time is forgotten first."""


@dataclass
class _Known:
    """What is known of why one run ended."""

    reason: Reason | None = None
    read: bool = False
    due: float = 0.0
    """Monotonic seconds at which it is tried again."""
    wait_s: float = AGAIN_S


class Reasons:
    """The reasons of the runs of one kind of source."""

    def __init__(self, printed: Printed, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._printed = printed
        self._most = most
        """Outputs read in one fetch, of those not read before."""
        self._clock = clock
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()

    async def explained(self, ask: Ask, pages: AsyncGenerator[Sequence[Record]]) -> AsyncGenerator[Sequence[Record]]:
        """Yield the pages as they come, with the reasons that are known; then records again whose reason has come."""
        unread: list[Record] = []
        async with aclosing(pages):
            async for page in pages:
                yield [self.remembered(record) for record in page]
                unread += self._unread(page)
        unread.sort(key=lambda record: record.finished.timestamp() if record.finished else 0.0, reverse=True)
        for start in range(0, min(self._most, len(unread)), AT_ONCE):
            some = unread[start : min(start + AT_ONCE, self._most)]
            better = await self._read(ask, some)
            if better is None:
                return
            if better:
                yield better

    def remembered(self, record: Record) -> Record:
        """The record with its reason from what it printed, where that has been read."""
        key = _key(record)
        known = self._known.get(key)
        if known is None or not known.read or record.state not in ENDED_BADLY:
            return record
        self._known.move_to_end(key)
        return record if known.reason == record.reason else msgspec.structs.replace(record, reason=known.reason)

    def _unread(self, records: Iterable[Record]) -> list[Record]:
        now = self._clock()
        known = [(record, self._known.get(_key(record))) for record in records if has_output(record)]
        return [record for record, held in known if held is None or (not held.read and held.due <= now)]

    async def _read(self, ask: Ask, records: Sequence[Record]) -> list[Record] | None:
        """Read several at once; null where there is no time left for it, or none could be read: nor will others."""
        budget = min(READ_S, ask.left_s() / 2)
        if budget < LEAST_S:
            return None
        fetch = msgspec.structs.replace(ask.fetch, soft_deadline_s=budget)
        inner = Ask(fetch, ask.scope, ask.calls, ask.threads)
        if not any(await asyncio.gather(*(self._one(inner, record) for record in records))):
            return None
        better = [(record, self.remembered(record)) for record in records]
        return [found for record, found in better if found is not record]

    async def _one(self, ask: Ask, record: Record) -> bool:
        """Read one and remember what it says; false where it could not be read."""
        known = self._known.setdefault(_key(record), _Known())
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        try:
            outcome = await concluded(ask, LogTarget(key=record.id, record=record), self._printed, ask.left_s())
        except FetchError:
            self._wait(known)
            return False
        if outcome.entries:
            known.reason, known.read = outcome.reason, True
        else:
            self._wait(known)  # it may be on its way
        return True

    def _wait(self, known: _Known) -> None:
        known.due, known.wait_s = self._clock() + known.wait_s, min(AGAIN_MOST_S, known.wait_s * 2)


async def outcomes(ask: Ask, targets: Sequence[LogTarget], printed: Printed) -> AsyncGenerator[Sequence[Outcome]]:
    """Yield why these runs ended, each as soon as it is known; of those to be read, as many as `Fetch.calls` allows.

    One that cannot be read is told with its problem and fails no other: each has its share of the time. None is
    yielded of what there was no call or no time left for.
    """
    told = [target for target in targets if not has_output(target.record)]
    if told:
        yield [unread(target) for target in told]
    wanted = [target for target in targets if has_output(target.record)][: ask.fetch.calls]
    share_s = round(ask.left_s() / max(1, math.ceil(len(wanted) / AT_ONCE)), 1)
    gate = asyncio.Semaphore(AT_ONCE)
    pending = {asyncio.create_task(_outcome(ask, target, printed, share_s, gate)) for target in wanted}
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if found := [outcome for task in done if (outcome := task.result()) is not None]:
                yield found
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def _outcome(
    ask: Ask, target: LogTarget, printed: Printed, share_s: float, gate: asyncio.Semaphore
) -> Outcome | None:
    """Read one in its turn, within its share of the time; null where the fetch is nearly over by then."""
    async with gate:
        if ask.left_s() < LEAST_S:
            return None
        try:
            return await concluded(ask, target, printed, share_s)
        except FetchError as error:
            return unread(target, f"log not readable: {Failure.of(error).text}", error.retry_after_s)
        except Exception as error:  # noqa: BLE001 - the root of a task: what ends one reading must not end the others
            sys.stderr.write(redact(traceback.format_exc()))
            words = Failure.of(FetchError(f"{type(error).__name__}: {error}")).text
            return unread(target, f"log not readable: run {target.record.id}: {words}")


async def concluded(ask: Ask, target: LogTarget, printed: Printed, within_s: float) -> Outcome:
    """Why a run ended, from the end of what it printed, which is had within so many seconds. Raises `FetchError`.

    It is diagnosed in a thread: lines that are made to hurt take a second of work, and other scopes must not wait.
    """
    fetch = msgspec.structs.replace(ask.fetch, soft_deadline_s=within_s)
    text = await printed(Ask(fetch, ask.scope, ask.calls, ask.threads), target.record, TAIL)
    try:
        return await ask.threads.call(lambda: outcome_of(target, text), min(DIAGNOSIS_S, ask.left_s()))
    except TimeoutError:
        raise NoAnswer(f"what run {target.record.id} printed was not understood in {DIAGNOSIS_S:g} s") from None


def has_output(record: Record) -> bool:
    """Whether what it printed may say why it ended: it is a run, and it failed. Who killed one knows why."""
    return record.state is State.FAILED and not record.scope.startswith(QUEUE)


def _key(record: Record) -> Hashable:
    """The same for as long as the run has not run again."""
    told = record.detail
    return record.scope, record.id, record.raw_state, record.finished, told.get("heartbeat"), told.get("last_write")
