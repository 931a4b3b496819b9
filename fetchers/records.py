"""The record: one frozen type from the SDK's answer to the cell, the cache and the JSON.

Imports nothing of ours and no SDK; everything else may import it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

Scalar = str | int | float | bool | None
"""A value of `Record.detail`."""


class State(enum.StrEnum):
    """What a record is doing, in the words that all five sources share."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def ended(self) -> bool:
        """True where the source will not change the record any more."""
        return self in _ENDED

    @property
    def pending(self) -> bool:
        """True for what is queued or running: its end has not been seen yet."""
        return self in _PENDING


_ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
_PENDING = frozenset({State.QUEUED, State.RUNNING})


# Neither can be part of a cycle, and thousands of them are made at a time: the garbage collector, which would look
# through the whole program for them, and hold the loop for it, is spared both.


class Reason(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a record ended as it did, in one line."""

    text: str
    """The root cause, one line, plain text."""
    rule: str | None = None
    """Id of the diagnosis rule that found it; null where the source itself said it."""
    category: str | None = None
    """Family of the cause, e.g. `config`, `quota`, `resources`."""
    origin: str | None = None
    """Who said it: `agent`, `gcp`, `wandb`, `python`, `container` or `user`."""
    fatal: bool = False
    """Whether trying again unchanged is pointless."""
    advice: str | None = None
    """What to do about it, from our own catalogue."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of one table. Times are timezone-aware UTC."""

    table: str
    """Name of the table it belongs to, e.g. `builds`."""
    id: str
    """The source's own short id; unique within its scope."""
    name: str
    """What people call it."""
    state: State
    raw_state: str
    """The source's own word for the state, also where we do not know it yet."""
    scope: str
    """Where it was asked for: a region, `entity/project`, a queue or a directory."""
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    reason: Reason | None = None
    url: str | None = None
    """Its page in the source's console."""
    links: dict[str, str] = {}
    """What it belongs to, by kind: `wandb_run`, `vertex_job`, `execution`, `build`, `image`."""
    detail: dict[str, Scalar] = {}
    """What a detail screen shows: flat, string keys."""

    @property
    def time(self) -> datetime | None:
        """The time that orders it among records of its state: end, else start, else creation."""
        return self.finished or self.started or self.created

    def seconds(self, now: datetime) -> float | None:
        """How long it ran, or has run until `now`; waiting time while queued. Never negative."""
        start = self.started or self.created
        end = self.finished if self.state.ended else now
        if start is None or end is None:
            return None
        return max(0.0, (end - start).total_seconds())


_RANK = {State.RUNNING: 0, State.QUEUED: 1, State.UNKNOWN: 2}
_ENDED_RANK = 3
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def order(record: Record) -> tuple[int, float, str]:
    """Sort key of a row: running, queued, unknown, then ended; newest first within each."""
    time = record.time or _LONG_AGO
    return (_RANK.get(record.state, _ENDED_RANK), -_timestamp(time), record.id)


def _timestamp(time: datetime) -> float:
    return (time - _LONG_AGO).total_seconds()


def ordered(records: Iterable[Record]) -> list[Record]:
    """The records in the order every table, export and JSON shows them."""
    return sorted(records, key=order)
