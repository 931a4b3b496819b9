"""Stands in for every source in the demo: fixture records, told at the pace of a real service. No network, no SDK.

Deterministic: what it tells depends on the settings' epoch, the present time and nothing else. Two things go wrong, so
that one sees what becomes of them: a region that may not be read, and a connection that dies once and takes its worker
along.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from fetchers.base import Calls, describe_call
from fetchers.demo_launches import ONLINE
from fetchers.demo_records import fixture
from fetchers.errors import NotAllowed
from fetchers.messages import Fetch
from fetchers.records import Record, ordered
from fetchers.settings import Settings

METHODS = {
    "builds": "ListBuilds",
    "runner": "ListExecutions",
    "vertex": "ListCustomJobs",
    "active": "Runs",
    "completed": "Runs",
}
"""Table → the API call that the real fetcher makes."""

LATENCY_S = {
    "us-central1": 0.15,
    "us-east4": 0.35,
    "europe-west4": 0.5,
    "europe-west1": 0.6,
    "asia-northeast1": 1.1,
    "asia-southeast1": 1.6,
    ONLINE: 0.8,
}
"""Seconds each scope takes to answer; the far ones take longer, as they do."""

REFUSED = {
    ("runner", "asia-southeast1"): "Permission 'run.executions.list' denied on resource 'projects/acme-ml/locations/"
    "asia-southeast1/jobs/-' (or resource may not exist); needs roles/run.viewer on acme-ml",
    ("vertex", "asia-southeast1"): "Permission 'aiplatform.customJobs.list' denied on resource '//aiplatform."
    "googleapis.com/projects/acme-ml/locations/asia-southeast1'; needs roles/aiplatform.viewer on acme-ml",
}
"""Table and scope that the demo's account may not read → what the service says."""

DEAD_TABLE = "builds"
DEAD_AFTER = timedelta(seconds=45)
"""After the demo's start every connection for that table that is older than this is dead: who reads from it hangs.

The watchdog kills that worker at its hard deadline, and the next one has a connection of its own.
"""


class DemoFetcher:
    """Every table, from `demo_records`."""

    def __init__(self, settings: Settings) -> None:
        self._epoch = datetime.fromtimestamp(settings.demo_epoch, UTC)
        self._connected = datetime.now(UTC)

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield the scope's records as they stand now, after the time a service would take. Raises `NotAllowed`."""
        method = METHODS[fetch.table]
        with calls.open(method, scope):
            if fetch.table == DEAD_TABLE and self._dead(datetime.now(UTC)):
                _read_for_ever()
            await asyncio.sleep(LATENCY_S.get(scope, 0.3))
        refused = REFUSED.get((fetch.table, scope))
        if refused is not None:
            raise NotAllowed(f"{describe_call(method, scope, 1)}: PERMISSION_DENIED: {refused}")
        yield listed(fixture(self._epoch, datetime.now(UTC), scope), fetch, scope)

    def _dead(self, now: datetime) -> bool:
        return self._connected < self._epoch + DEAD_AFTER <= now

    def stuck(self) -> bool:
        """Nothing here hangs in a thread."""
        return False


def _read_for_ever() -> None:
    """Read from a connection whose other end says nothing, as a client does that knows no deadline."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.recv(1)


def listed(records: Iterable[Record], fetch: Fetch, scope: str) -> list[Record]:
    """What a real service would list: the newest of the table to the limit, and before all others what is pending.

    A run that the fetch asks for by name is given in whatever state it is.
    """
    known = fetch.known.get(scope, ())
    return ordered(record for record in records if record.table == fetch.table or record.id in known)[: fetch.limit]
