"""What an earlier session left in a cache."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from cache.entries import Written
from cache.last_known_good import LastKnownGood
from cache.store import open_store
from cache.tenant import whose
from fetchers.records import Record
from fetchers.settings import Settings
from monitor.tables import TABLES

_place = attrgetter("table", "scope")


async def left(url: str, settings: Settings, records: Iterable[Record], at: datetime) -> None:
    """Leave these records in the cache of `url` as the last answers of their scopes, given at `at`."""
    store, notices = await open_store(url, opening_s=10, deadline_s=10)
    assert notices == []
    for (table, scope), answer in groupby(sorted(records, key=_place), _place):
        asker = whose(TABLES[table].source, settings)
        assert asker is not None
        tenant, view = asker
        written = await LastKnownGood(store).put(tenant, table, scope, list(answer), at=at, view=view)
        assert written is Written.COMMITTED
    assert await store.close(10)
