"""A source that answers at once with a thousand rows a table, all of them changed since the last time."""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from fetchers.base import Calls
from fetchers.messages import Fetch
from fetchers.records import Record, State

SOURCES = {
    "fetchers.builds": "BuildsFetcher",
    "fetchers.runner": "RunnerFetcher",
    "fetchers.vertex": "VertexFetcher",
    "fetchers.runs": "RunsFetcher",
}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAGE = 100
STATES = (State.RUNNING, State.SUCCEEDED, State.FAILED)


class ManyRows:
    """Implements `fetchers.base.Fetcher`."""

    rows = 1000

    def __init__(self, _settings: Any) -> None:
        self._fetches = itertools.count()

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield the scope's share of the rows, in pages."""
        turn, share = next(self._fetches), self.rows // len(fetch.scopes)
        with calls.open("List", scope):
            for start in range(0, share, PAGE):
                yield [_record(fetch.table, scope, number, turn) for number in range(start, min(share, start + PAGE))]

    def stuck(self) -> bool:
        """Never."""
        return False


def _record(table: str, scope: str, number: int, turn: int) -> Record:
    state = STATES[(number + turn) % len(STATES)]
    if table in {"active", "completed"}:
        state = State.RUNNING if table == "active" else State.FAILED
    created = NOON - timedelta(minutes=7 * number)
    return Record(
        table=table,
        id=f"{table}-{scope}-{number}",
        name=f"train-{number}-{turn}",
        state=state,
        raw_state=f"JOB_STATE_{state.upper()}",
        scope=scope,
        created=created,
        started=created + timedelta(seconds=20),
        finished=created + timedelta(minutes=5, seconds=turn) if state.ended else None,
        url=f"https://console.example/{table}/{number}",
        links={"image": f"registry.example/launch/arr:{number}"},
        detail={"machine_type": "a2-highgpu-1g", "created_by": "ana@acme.example", "turn": turn},
    )


def install(rows: int) -> None:
    """Stand in for every source of this process."""
    ManyRows.rows = rows
    for name, fetcher in SOURCES.items():
        module = types.ModuleType(name)
        setattr(module, fetcher, ManyRows)
        sys.modules[name] = module
