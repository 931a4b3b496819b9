"""Stands in for every source in the demo: fixture records, told at the pace of a real service. No network, no SDK.

Deterministic: what it tells depends on the settings' epoch, the present time and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

from fetchers.base import Calls
from fetchers.demo_records import LATENCY_S, METHODS, fixture
from fetchers.messages import Fetch
from fetchers.records import Record
from fetchers.settings import Settings


class DemoFetcher:
    """Every table, from `demo_records`."""

    def __init__(self, settings: Settings) -> None:
        self._epoch = datetime.fromtimestamp(settings.demo_epoch, UTC)

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield the scope's records as they stand now, after the time a service would take."""
        with calls.open(METHODS[fetch.table], scope):
            await asyncio.sleep(LATENCY_S.get(scope, 0.3))
        yield [record for record in fixture(self._epoch, datetime.now(UTC)) if _asked(record, fetch, scope)]

    def stuck(self) -> bool:
        """Nothing here can hang."""
        return False


def _asked(record: Record, fetch: Fetch, scope: str) -> bool:
    """Whether a real service would give the record: of its table, or of the run that a fetch asks for by name."""
    known = fetch.known.get(scope, ())
    return record.scope == scope and (record.table == fetch.table or record.id in known)
