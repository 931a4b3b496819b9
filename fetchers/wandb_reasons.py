"""Says why runs ended, from the end of what they printed: a few at a time, each as soon as it is read.

Nothing is remembered here: whoever asks knows what has been read.
"""

from __future__ import annotations

import asyncio
import math
import sys
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import msgspec

from fetchers.ask import Ask
from fetchers.base import LogText
from fetchers.errors import Failure, FetchError, NoAnswer
from fetchers.messages import LogPart, LogTarget, Outcome
from fetchers.records import Record, State
from fetchers.redact import redact
from fetchers.settings import QUEUE
from fetchers.wandb_output import TAIL, outcome_of, unread

Printed = Callable[[Ask, Record, LogPart], Awaitable[LogText]]
"""Reads a part of what a run printed. Raises `FetchError`."""

AT_ONCE = 5
"""Outputs read at the same time."""
READ_S = 6.0
"""Seconds that a reading may take; less where many share the time of the fetch: people wait for what says why."""
DIAGNOSIS_S = 10.0
"""Seconds that it may take to understand one."""
LEAST_S = 1.0
"""Seconds that must be left of a fetch for another reading to begin."""


async def outcomes(ask: Ask, targets: Sequence[LogTarget], printed: Printed) -> AsyncGenerator[Sequence[Outcome]]:
    """Yield why these runs ended, each as soon as it is known; of those to be read, as many as `Fetch.calls` allows.

    One that cannot be read is told with its problem and fails no other: each has its share of the time. None is
    yielded of what there was no call or no time left for.
    """
    told = [target for target in targets if not has_output(target.record)]
    if told:
        yield [unread(target) for target in told]
    wanted = [target for target in targets if has_output(target.record)][: ask.fetch.calls]
    share_s = min(READ_S, round(ask.left_s() / max(1, math.ceil(len(wanted) / AT_ONCE)), 1))
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
