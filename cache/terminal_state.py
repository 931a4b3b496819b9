"""The final record of what cannot change any more, with why it ended and what that was read from; asked for once.

A record is final 60 s after its end, when its log has had time to arrive; what is found twice as late is the last
look. After that only better rules, or a W&B run that came back to life, may write it anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from cache.entries import Key, Space, Written
from cache.evidence import bounded
from cache.store import Store, glance
from cache.tenant import Tenant, for_anyone
from fetchers.messages import Outcome
from fetchers.records import Reason, Record, Scalar
from fetchers.redact import redacted

SPACE = Space("terminal_state", keep=True)
"""Nothing is ever thrown away here: an entry is about a kilobyte, is found by its key however many there are, and what
a source has forgotten can be had nowhere else. A thousand ended jobs a day make a third of a gigabyte in a year."""
ARRIVAL = timedelta(seconds=60)
"""How long a log may take to arrive after the end of what wrote it."""
UNREAD = 0
"""In place of a version of the rules: nobody has read the log."""
LIFE = ("attempt", "heartbeat", "last_write")
"""Details that tell one life of a W&B run from the next: a run can resume, and "crashed" is a guess. An offline run has
no server to send heartbeats to: it writes."""

Life = tuple[Scalar, ...]


class Final(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one record."""

    record: Record
    """With the reason that was found."""
    said: Reason | None = None
    """What the source itself said of it."""
    outcome: Outcome | None = None
    """What its log said, with the lines that say it, which better rules read again; null where nobody has read it."""
    written_at: datetime
    """When it was looked at, UTC; better rules that read its evidence again leave that as it was."""
    settled: bool
    """Whether this was the last look at the log."""

    @property
    def life(self) -> Life:
        """Which life of the record this is; the same for everything that lives once."""
        return life(self.record)

    @property
    def rules(self) -> int:
        """Version of the rules that read its log; higher is better."""
        return UNREAD if self.outcome is None else self.outcome.rules

    @property
    def evidence(self) -> tuple[str, ...]:
        """The lines that the reason was read from."""
        return () if self.outcome is None else self.outcome.evidence


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Final)


class TerminalStates:
    """Final records of every tenant, in a store that several processes share."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(
        self,
        tenant: Tenant,
        record: Record,
        now: datetime,
        outcome: Outcome | None = None,
        said: Reason | None = None,
    ) -> Written:
        """Keep the final state of a record that has ended; secrets, and whether it is `mine`, are taken out.

        `EARLY`: it has not ended, or less than 60 s ago by `now` (aware): put it again later. `REFUSED`: what is kept
        is as good. `PENDING`: accepted, and committed as soon as the disk takes it. `DROPPED`: put it again later.
        """
        if not is_final(record, now):
            return Written.EARLY
        final = Final(
            record=redacted(for_anyone(record)),
            said=said,
            outcome=outcome and msgspec.structs.replace(outcome, evidence=bounded(outcome.evidence)),
            written_at=now.astimezone(UTC),
            settled=is_settled(record, now),
        )
        return await self._store.replace(
            SPACE, resource_key(tenant, record), _encoder.encode(final), lambda stored: _outdated(stored, final)
        )

    async def get(self, tenant: Tenant, record: Record) -> Final | None:
        """What is kept of the record. Raises `CacheError` where the store cannot say."""
        return (await self.get_many(tenant, [record]))[0]

    async def get_many(self, tenant: Tenant, records: Sequence[Record]) -> list[Final | None]:
        """What is kept of each record, in their order; null where nothing is, or only of another life of it.

        Raises `CacheError` where the store cannot say.
        """
        keys = [resource_key(tenant, record) for record in records]
        values = await self._store.get(SPACE, keys)
        found = [_decoded(values.get(key)) for key in keys]
        return [
            final if final is not None and final.life == life(record) else None
            for final, record in zip(found, records, strict=True)
        ]


def glance_final(url: str | None, tenant: Tenant, record: Record) -> Final | None:
    """What is kept of the record in the store of that URL, which is not opened; blocks. See `TerminalStates.get`.

    Raises `CacheError` where nothing can be read like this.
    """
    key = resource_key(tenant, record)
    found = [_decoded(entry.value) for entry in glance(url, SPACE, [key]) if entry.key == key]
    return next((final for final in found if final is not None and final.life == life(record)), None)


def is_final(record: Record, now: datetime) -> bool:
    """Whether the record has ended, and long enough ago for its log to have arrived."""
    return record.state.ended and _since_end(record, now) >= ARRIVAL


def is_settled(record: Record, now: datetime) -> bool:
    """Whether a look at the record's log at `now` is the last that is needed."""
    return record.state.ended and _since_end(record, now) >= 2 * ARRIVAL


def _since_end(record: Record, now: datetime) -> timedelta:
    return timedelta.max if record.time is None else now - record.time


def life(record: Record) -> Life:
    """Which life of a W&B run the record is of; the same for everything that lives once."""
    return tuple(record.detail.get(name) for name in LIFE)


def resource_key(tenant: Tenant, record: Record) -> Key:
    """The key of a record: its full resource name where its source has such names, else its place among ours."""
    resource = record.detail.get("resource")
    # A launch-queue item's `resource` is the kind of machine it asks for: only a path is a name.
    if isinstance(resource, str) and "/" in resource:
        return (*tenant.key, "resource", resource)
    return (*tenant.key, "row", record.table, record.scope, record.id)


def _decoded(value: bytes | None) -> Final | None:
    if value is not None:
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            return _decoder.decode(value)
    return None


def _outdated(value: bytes, new: Final) -> bool:
    """Whether what is stored yields to `new`: unreadable, of an earlier life, by older rules, or a first look."""
    old = _decoded(value)
    if old is None:
        return True
    if old.life != new.life:
        return _ended(old) <= _ended(new)
    return (old.rules, old.settled) < (new.rules, new.settled)


def _ended(final: Final) -> datetime:
    return final.record.time or final.written_at
