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

from fetchers.base import Calls, LogText, Yielded, describe_call
from fetchers.demo_launches import ONLINE
from fetchers.demo_logs import log_of
from fetchers.demo_records import fixture
from fetchers.errors import NotAllowed
from fetchers.messages import Fetch, LogTarget, Outcome
from fetchers.records import Record, State, ordered
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

READS = "ListLogEntries"
LOG_S = 0.7
"""Seconds that reading a log takes."""
EVIDENCE = 12
"""Last lines of a log that a reason is shown with."""

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

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Yielded]:
        """Yield what is asked for as it stands now, after the time a service would take. Raises `NotAllowed`."""
        if fetch.targets:
            with calls.open(READS, scope):
                await asyncio.sleep(LOG_S)
            yield read(fetch, scope, datetime.now(UTC))
            return
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


def read(fetch: Fetch, scope: str, now: datetime) -> Sequence[Outcome] | LogText:
    """What the logs of the fetch's targets say: their outcomes, or the part of the only one that is asked for."""
    if fetch.part is None:
        return [outcome_of(target, now) for target in fetch.targets if target.record.table == scope]
    entries = log_of(fetch.targets[0].record, now)
    after = fetch.part.after
    if after is not None:
        return LogText(tuple(entry for entry in entries if entry.at is None or entry.at >= after))
    end = int(fetch.part.token) if fetch.part.token else len(entries)
    begin = max(0, end - fetch.part.most)
    return LogText(tuple(entries[begin:end]), str(begin) if begin else None)


def outcome_of(target: LogTarget, now: datetime) -> Outcome:
    """What the end of a record's log says; the reason is the one that its row has."""
    record = target.record
    entries = log_of(record, now)
    shown = tuple(entry.text for entry in entries[-EVIDENCE:]) if record.state is State.FAILED else ()
    words = record.reason.text.removeprefix("not launched: ") if record.reason else "-"
    root = next((number for number, line in enumerate(shown) if words in line), None)
    return Outcome(
        table=record.table,
        key=target.key,
        reason=record.reason,
        evidence=shown,
        root=root,
        rules=1,
        entries=len(entries),
    )


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
