"""Both caches as the engine uses them: what to paint before the first answer, and what of each answer to keep.

Nothing here is waited for by the engine: a disk that is slow, full or gone costs what it would have kept, and says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from cache.entries import Written
from cache.errors import CacheError
from cache.last_known_good import LastKnownGood
from cache.store import Store, open_store
from cache.tenant import Tenant, tenant_of, whose
from cache.terminal_state import Final, Life, TerminalStates, is_final, is_settled, life
from fetchers.messages import Outcome
from fetchers.records import Reason, Record
from fetchers.settings import Settings
from monitor.changes import Restore
from monitor.tables import TABLES

CLOSING_S = 0.2
"""Seconds that leaving may take for the sake of the disk."""

_KEPT = frozenset({Written.COMMITTED, Written.REFUSED, Written.PENDING})
"""What needs no second attempt."""

SAME = timedelta(minutes=2)
"""An answer that is the same as the one before is not written again for so long: most are, twice a minute, and each
would be a megabyte for the disk. After a crash its age is told too high by as much at most, never too low."""

log = logging.getLogger(__name__)


class _Place(NamedTuple):
    """One scope of one table, and whose."""

    tenant: Tenant
    table: str
    scope: str


_Ended = tuple[str, Life]
"""A record that has ended, by its id, and which life of it: a W&B run that was resumed ends again."""


def _ended(record: Record) -> _Ended:
    return record.id, life(record)


def _source(numbered: tuple[int, Record]) -> str:
    return TABLES[numbered[1].table].source


class Keeping:
    """What outlives the session, for the sources of one configuration."""

    def __init__(self, url: str | None, settings: Settings, tables: Iterable[str]) -> None:
        self._sources = {TABLES[table].source for table in tables}
        self._settings = settings
        self._opening = asyncio.ensure_future(open_store(url))
        self._tasks: set[asyncio.Task[None]] = set()
        self._notices: list[str] = []
        self._said = False
        """Whether anything has been said of the disk."""
        self._last: dict[_Place, tuple[datetime, Sequence[Record]]] = {}
        """The answer of each scope that was kept last, and its time."""
        self._settled: dict[_Place, frozenset[_Ended]] = {}
        """Of each scope's last answer the ended records that need no further look."""

    # --- before the first answer

    async def known(self) -> AsyncIterator[Restore]:
        """Yield what the scopes answered last, each with its time; nothing where the store does not say."""
        store = await self._store()
        known = {source: whose(source, self._settings) for source in sorted(self._sources)}
        for source, asker in known.items():
            if asker is None:
                continue
            try:
                answers = await LastKnownGood(store).load_all(*asker)
            except CacheError as error:
                log.warning("the last answers of %s are not known: %s", source, error)
                continue
            for (table, scope), answer in answers.items():
                yield Restore(table=table, scope=scope, fetched_at=answer.at, records=answer.records)

    # --- after each answer

    def answered(self, table: str, scope: str, records: Sequence[Record], at: datetime) -> None:
        """Keep a scope's complete answer, and of its records those that will not change any more."""
        self._begin(self._keep(table, scope, records, at))

    async def _keep(self, table: str, scope: str, records: Sequence[Record], at: datetime) -> None:
        store = await self._store()
        source = TABLES[table].source
        place = _Place(tenant_of(source, self._settings), table, scope)
        keeping = [self._keep_final(TerminalStates(store), place, records, at)]
        if (asker := whose(source, self._settings)) is not None:
            keeping.append(self._keep_last(LastKnownGood(store), place, asker[1], records, at))
        await asyncio.gather(*keeping)

    async def _keep_last(
        self, answers: LastKnownGood, place: _Place, view: str, records: Sequence[Record], at: datetime
    ) -> None:
        if self._is_news(place, records, at):
            written = await answers.put(*place, records, at=at, view=view)
            if written in _KEPT:
                self._last[place] = (at, records)

    def _is_news(self, place: _Place, records: Sequence[Record], at: datetime) -> bool:
        """Whether an answer differs from what is kept, or is so much younger that its age would be told wrong."""
        kept_at, kept = self._last.get(place, (None, ()))
        return kept_at is None or abs(at - kept_at) >= SAME or records != kept

    async def _keep_final(
        self, states: TerminalStates, place: _Place, records: Sequence[Record], now: datetime
    ) -> None:
        settled = self._settled.get(place, frozenset()) & {_ended(record) for record in records}
        fresh = [record for record in records if _ended(record) not in settled and is_final(record, now)]
        putting = []
        for record in fresh:  # none waits for the one before: what comes while the disk works is its next transaction
            putting.append(asyncio.ensure_future(states.put(place.tenant, record, now)))
            await asyncio.sleep(0)
        outcomes = await asyncio.gather(*putting)
        self._settled[place] = settled | {
            _ended(record)
            for record, written in zip(fresh, outcomes, strict=True)
            if written in _KEPT and is_settled(record, now)
        }

    # --- why

    async def finals(self, records: Sequence[Record]) -> list[Final | None]:
        """What is kept of each record, in their order; null where nothing is, or the store does not say."""
        store = await self._store()
        kept: dict[int, Final | None] = {}
        for source, asked in groupby(sorted(enumerate(records), key=_source), key=_source):
            numbered = list(asked)
            tenant = tenant_of(source, self._settings)
            try:
                found = await TerminalStates(store).get_many(tenant, [record for _, record in numbered])
            except CacheError as error:
                log.warning("why records of %s ended is not known: %s", source, error)
                continue
            kept |= dict(zip((number for number, _ in numbered), found, strict=True))
        return [kept.get(number) for number in range(len(records))]

    def concluded(self, record: Record, outcome: Outcome, said: Reason | None, now: datetime) -> None:
        """Keep what the log of a record said that was read at `now`; `said` is what its source itself said."""
        self._begin(self._conclude(record, outcome, said, now))

    async def _conclude(self, record: Record, outcome: Outcome, said: Reason | None, now: datetime) -> None:
        tenant = tenant_of(TABLES[record.table].source, self._settings)
        await TerminalStates(await self._store()).put(tenant, record, now, outcome, said)

    # --- throughout

    def notices(self) -> list[str]:
        """What people should know that came up since the last call: one line each."""
        lines, self._notices = self._notices, []
        if self._opening.done() and not self._opening.cancelled() and not self._opening.exception():
            opened = self._opening.result()
            lines = [*opened.notices, *opened.store.notices(), *lines]
            opened.notices.clear()
        self._said = self._said or bool(lines)
        return lines

    async def close(self, timeout_s: float = CLOSING_S) -> None:
        """Give the disk so many seconds to take what is still under way, and let go; say where it did not."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s / 2)
        kept = not self._tasks
        if self._opening.done():
            kept = await self._opening.result().store.close(timeout_s / 2) and kept
        else:
            self._opening.cancel()
        self._notices = self.notices()
        if not kept and not self._said:  # else it has been said what is wrong
            self._notices.append("the cache's disk is too slow: the last answers are not kept")

    async def _store(self) -> Store:
        return (await asyncio.shield(self._opening)).store  # who is cancelled takes it from nobody else

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._tasks = set()  # which gives back the room that a burst has taken
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an answer could not be kept", exc_info=error)
