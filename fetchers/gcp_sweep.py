"""What is asked of one scope: the newest, what runs or waits behind them, and what was known and is in neither."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec

from fetchers.errors import FetchError
from fetchers.gcp import Session
from fetchers.messages import Fetch
from fetchers.records import Record


class Harvest:
    """What one scope has given so far: nothing twice, the newest up to the limit, beyond it only what has not ended."""

    def __init__(self, limit: int, wanted: Callable[[Record], bool], seen: set[str] | None = None) -> None:
        self._wanted = wanted
        self._room = limit
        self._seen = set() if seen is None else seen

    @property
    def full(self) -> bool:
        """Whether the newest records are all there."""
        return self._room <= 0

    def take(self, records: Iterable[Record]) -> list[Record]:
        """The records of a listing that belong to the answer: new ones, up to the limit; pending ones beyond it."""
        return [record for record in records if (not self.full or record.state.pending) and self._add(record)]

    def keep(self, records: Iterable[Record]) -> list[Record]:
        """The records that were asked for by name: all of them that are wanted."""
        return [record for record in records if self._add(record)]

    def missing(self, known: Sequence[str]) -> list[str]:
        """Which of the ids have not been given."""
        return [name for name in dict.fromkeys(known) if name not in self._seen]

    def _add(self, record: Record) -> bool:
        if record.id in self._seen or not self._wanted(record):
            return False
        self._seen.add(record.id)
        self._room -= 1
        return True


@dataclass(frozen=True)
class Kind:
    """One kind of resource: the calls that give it, and how it becomes a record."""

    list_method: str
    items: str
    """Field of the listing's answer that holds the resources."""
    get_method: str
    record: Callable[[Any, str, str], Record]
    """From the SDK's message, the project and the scope."""
    owner: str = ""
    """Which `detail` names the account that made it; empty where the service does not tell."""

    def records(self, session: Session, items: Iterable[Any]) -> list[Record]:
        """The records of some messages, with `mine` in their `detail` where both accounts are known."""
        found = (self.record(item, session.project, session.scope) for item in items)
        return [self._owned(record, session.account) for record in found]

    def _owned(self, record: Record, account: str | None) -> Record:
        owner = record.detail.get(self.owner)
        if not owner or not account:
            return record
        return msgspec.structs.replace(record, detail=record.detail | {"mine": owner == account})


@dataclass(frozen=True)
class Requests:
    """What to ask of one scope of an API that can filter by state."""

    newest: Any
    """Request for the newest of all, whatever their state."""
    pending: Any
    """Request for what is queued or running."""
    named: Callable[[str], Any]
    """Request for one by its id."""


async def sweep(
    session: Session, fetch: Fetch, kind: Kind, requests: Requests, wanted: Callable[[Record], bool]
) -> AsyncGenerator[list[Record]]:
    """Yield the newest, then what is queued or running behind them, then what was known and is in neither."""
    harvest = Harvest(fetch.limit, wanted)
    more = False
    async with aclosing(session.pages(kind.list_method, requests.newest, kind.items)) as pages:
        async for answer in pages:
            records = harvest.take(kind.records(session, answer.items))
            more = answer.more or len(records) < len(answer.items)
            if records:
                yield records
            if harvest.full:
                break
    if more:
        async with aclosing(session.pages(kind.list_method, requests.pending, kind.items)) as pages:
            async for answer in pages:
                records = harvest.take(kind.records(session, answer.items))
                if records:
                    yield records
    missing = harvest.missing(fetch.known.get(session.scope, ()))
    async with aclosing(recall(session, kind, map(requests.named, missing), harvest)) as named:
        async for records in named:
            yield records


async def recall(
    session: Session, kind: Kind, requests: Iterable[Any], harvest: Harvest
) -> AsyncGenerator[list[Record]]:
    """Yield the resources asked for by name that still exist, then raise the first failure if there was one."""
    found = await session.get_all(kind.get_method, requests)
    failures = [item for item in found if isinstance(item, FetchError)]
    there = [item for item in found if item is not None and not isinstance(item, FetchError)]
    if there:
        yield harvest.keep(kind.records(session, there))
    if failures:
        raise failures[0]
