"""The engine in the caller's own loop, until every table has answered once: what is behind `monitor ls`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from monitor.changes import Change, Notice, Refresh, Start
from monitor.clock import LoopClock, Timer
from monitor.engine import Engine
from monitor.flight import HARD_AFTER_SOFT_S
from monitor.inquiry import EveryReason, OneReason
from monitor.keeping import CLOSING_S, Keeping
from monitor.launch import ProcessLauncher
from monitor.mirror import Mirror
from monitor.progress import STEP_S
from monitor.session_log import SessionLog
from monitor.watchdog import EVIDENCE_S

log = logging.getLogger(__name__)

ONCE_S = 86_400.0
"""The interval of who asks once: nothing falls due again, and no answer grows old."""

TO_TELL_S = EVIDENCE_S + 0.05
"""Seconds before the end of the time at which each fetch has ended: what it says of its cause is still taken in."""

KEEPING_S = 2.0
"""Seconds that a disk has to take what has been answered, where there is so much time left."""

REASONS_S = 10.0
"""Seconds that are waited for reasons once every table has answered: two slow reads of logs, one after another."""

RECALL_S = 0.2
"""Seconds that asking may be put off for the cache; it takes a few hundredths."""


async def collect(
    start: Start,
    tables: Sequence[str],
    timeout_s: float,
    session: SessionLog | None = None,
    say: Callable[[str], None] = log.warning,
    *,
    watch: Callable[[Mirror], None] | None = None,
    inquiry: OneReason | None = None,
) -> Mirror:
    """Ask the tables once and return what they hold, at most `timeout_s` seconds later, with no worker left alive.

    A scope that has not answered by then has failed, and says so; a reason that is not known by then is missing, and
    `TableStatus.unread` counts it. `say` takes what people should know, a line each;
    `watch` is shown several times a second how far it is. With an `inquiry` nothing is waited for but its answer.
    """
    mirror, launcher, answered, clock = Mirror(), ProcessLauncher(), asyncio.Event(), LoopClock()
    sought = inquiry or EveryReason()
    rows_only: list[Timer] = []
    """The end of waiting for reasons, from when on the rows are there."""

    def tell(change: Change) -> None:
        mirror.apply(change)
        if isinstance(change, Notice):
            say(change.text)
        sought.hear(change)
        complete = all(_has_answered(mirror, table) for table in tables)
        question = sought.question(mirror, complete=complete)
        if question is not None:
            clock.call_at(clock.monotonic(), partial(engine.obey, question))  # not while it is telling
        if (complete or question) and not rows_only:
            rows_only.append(clock.call_at(clock.monotonic() + REASONS_S, answered.set))
        if sought.over(mirror, complete=complete):
            answered.set()

    budget = max(0.1, timeout_s - HARD_AFTER_SOFT_S)
    plans = {name: msgspec.structs.replace(start.tables[name], interval_s=ONCE_S, timeout_s=budget) for name in tables}
    keeping = Keeping(start.cache_url, start.settings, tables)
    engine = Engine(
        msgspec.structs.replace(start, tables=plans), launcher, clock, tell, session=session, keeping=keeping
    )
    end, closing_s = clock.monotonic() + timeout_s, CLOSING_S
    engine.answer_by(end - TO_TELL_S)
    watching = asyncio.create_task(_watch(mirror, watch)) if watch is not None else None
    try:
        async with asyncio.timeout(timeout_s):
            await engine.recall(RECALL_S)
            engine.obey(Refresh())  # all of it, in one fetch: there is no next one for what a bucket would hold back
            engine.begin()
            await answered.wait()
        closing_s = max(CLOSING_S, min(KEEPING_S, end - clock.monotonic()))
    except TimeoutError:
        engine.give_up(f"no answer in {timeout_s:g} s")
    finally:
        for timer in (*rows_only, *([watching] if watching is not None else ())):
            timer.cancel()
        launcher.leave()
        engine.close()
        launcher.end_all()
        await keeping.close(closing_s)
        for line in keeping.notices():
            say(line)
    return mirror


async def _watch(mirror: Mirror, watch: Callable[[Mirror], None]) -> None:
    while True:
        await asyncio.sleep(STEP_S)
        watch(mirror)


def _has_answered(mirror: Mirror, table: str) -> bool:
    status = mirror.status.get(table)
    if status is None:
        return False
    return not status.enabled or not status.scopes or status.took_s is not None
