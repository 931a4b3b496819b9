"""Both caches as the engine uses them: what to paint before the first answer, and what of each answer to keep.

Nothing here is waited for by the engine: a disk that is slow, full or gone costs what it would have kept, and says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from datetime import datetime

from cache.entries import Written
from cache.errors import CacheError
from cache.last_known_good import LastKnownGood
from cache.store import Store, open_store
from cache.tenant import Tenant, tenant_of, view_of
from cache.terminal_state import TerminalStates, is_final, is_settled
from fetchers.records import Record
from fetchers.settings import Settings
from monitor.changes import Restore
from monitor.tables import TABLES

CLOSING_S = 0.2
"""Seconds that leaving may take for the sake of the disk."""

_KEPT = frozenset({Written.COMMITTED, Written.REFUSED, Written.PENDING})
"""What needs no second attempt."""

log = logging.getLogger(__name__)


def whose(source: str, settings: Settings) -> tuple[Tenant, str]:
    """Whose rows a source fetches, and under which filters: nobody else's are ever shown for them."""
    return tenant_of(source, settings), view_of(source, settings)


class Keeping:
    """What outlives the session, for the sources of one configuration."""

    def __init__(self, url: str | None, settings: Settings, tables: Iterable[str]) -> None:
        self._sources = {TABLES[table].source for table in tables}
        self._settings = settings
        self._opening = asyncio.ensure_future(open_store(url))
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled: set[tuple[Tenant, str, str, str]] = set()
        """Ended records that need no further look in this session: tenant, table, scope, id."""

    # --- before the first answer

    async def known(self) -> AsyncIterator[Restore]:
        """Yield what the scopes answered last, each with its time; nothing where the store does not say."""
        store = (await self._opening).store
        for source in sorted(self._sources):
            try:
                answers = await LastKnownGood(store).load_all(*whose(source, self._settings))
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
        store = (await self._opening).store
        tenant, view = whose(TABLES[table].source, self._settings)
        await LastKnownGood(store).put(tenant, table, scope, records, at=at, view=view)
        await self._keep_final(store, tenant, records, at)

    async def _keep_final(self, store: Store, tenant: Tenant, records: Sequence[Record], now: datetime) -> None:
        states = TerminalStates(store)
        for record in records:
            key = (tenant, record.table, record.scope, record.id)
            if key not in self._settled and is_final(record, now):
                written = await states.put(tenant, record, now)
                if written in _KEPT and is_settled(record, now):
                    self._settled.add(key)

    # --- throughout

    def notices(self) -> list[str]:
        """What people should know that came up since the last call: one line each."""
        if not self._opening.done() or self._opening.cancelled() or self._opening.exception():
            return []
        opened = self._opening.result()
        lines = [*opened.notices, *opened.store.notices()]
        opened.notices.clear()
        return lines

    async def close(self) -> None:
        """Give the disk a moment to take what is still under way, and let go."""
        if not self._opening.done():
            self._opening.cancel()
            return
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_S / 2)
        await self._opening.result().store.close(CLOSING_S / 2)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an answer could not be kept", exc_info=error)
