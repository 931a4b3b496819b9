"""The life of one record of the demo, in minutes from its start, and the record at any moment of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from fetchers.records import Reason, Record, Scalar, State
from fetchers.wandb_records import ITEM_STATES, RUN_STATES, table_of

NEVER = math.inf


class Phase(NamedTuple):
    """From this minute on the source says this word."""

    at: float
    word: str


_BUILDS = {
    "STATUS_UNKNOWN": State.UNKNOWN,
    "PENDING": State.QUEUED,
    "QUEUED": State.QUEUED,
    "WORKING": State.RUNNING,
    "SUCCESS": State.SUCCEEDED,
    "FAILURE": State.FAILED,
    "INTERNAL_ERROR": State.FAILED,
    "TIMEOUT": State.FAILED,
    "CANCELLED": State.CANCELLED,
    "EXPIRED": State.FAILED,
}
_VERTEX = {
    "JOB_STATE_UNSPECIFIED": State.UNKNOWN,
    "JOB_STATE_QUEUED": State.QUEUED,
    "JOB_STATE_PENDING": State.QUEUED,
    "JOB_STATE_RUNNING": State.RUNNING,
    "JOB_STATE_SUCCEEDED": State.SUCCEEDED,
    "JOB_STATE_FAILED": State.FAILED,
    "JOB_STATE_CANCELLING": State.RUNNING,
    "JOB_STATE_CANCELLED": State.CANCELLED,
    "JOB_STATE_PAUSED": State.QUEUED,
    "JOB_STATE_EXPIRED": State.FAILED,
    "JOB_STATE_UPDATING": State.RUNNING,
    "JOB_STATE_PARTIALLY_SUCCEEDED": State.FAILED,
}
_RUNNER = {
    "PENDING": (State.QUEUED, "CONDITION_PENDING"),
    "RUNNING": (State.RUNNING, "CONDITION_RECONCILING"),
    "SUCCEEDED": (State.SUCCEEDED, "CONDITION_SUCCEEDED"),
    "FAILED": (State.FAILED, "CONDITION_FAILED"),
    "CANCELLED": (State.CANCELLED, "CONDITION_FAILED"),
    "UNKNOWN": (State.UNKNOWN, "STATE_UNSPECIFIED"),
}


def _themselves(states: Mapping[str, State]) -> dict[str, tuple[State, str]]:
    return {word: (state, word) for word, state in states.items()}


WORDS: dict[str, dict[str, tuple[State, str]]] = {
    "builds": _themselves(_BUILDS),
    "runner": _RUNNER,
    "vertex": _themselves(_VERTEX),
    "runs": _themselves(RUN_STATES),
    "items": _themselves(ITEM_STATES),
}
"""Kind of record → a phase's word → the state and the source's own word; a test compares it with the real fetchers."""

Moving = Callable[["Moment"], Mapping[str, Scalar]]
"""What of a record's detail changes while it runs."""


class Link(NamedTuple):
    """From this minute on the other record exists."""

    since: float
    kind: str
    target: str


def _still(_moment: Moment) -> Mapping[str, Scalar]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Story:
    """One record from its first minute to its last."""

    kind: str
    """A key of `WORDS`: which table it is in, but for runs and queue items, whose state says that."""
    scope: str
    id: str
    name: str
    phases: tuple[Phase, ...]
    """In order; what the last one says stays so."""
    reason: Reason | None = None
    """Why it ended as it did."""
    url: str | None = None
    links: tuple[Link, ...] = ()
    detail: Mapping[str, Scalar] = field(default_factory=dict)
    after: Mapping[str, Scalar] = field(default_factory=dict)
    """Further detail, once it has ended."""
    moving: Moving = _still
    gone: float = NEVER
    """The minute from which its source does not list it any more."""

    def listed(self, minute: float) -> bool:
        """Whether the source lists it at that minute."""
        return self.phases[0].at <= minute < self.gone


@dataclass(frozen=True)
class Moment:
    """One minute of a story."""

    story: Story
    minute: float
    now: datetime
    state: State

    @property
    def started(self) -> float | None:
        """The minute in which it began to run; null where it has not, or never did."""
        words = WORDS[self.story.kind]
        began = next((at for at, word in self.story.phases if words[word][0] is State.RUNNING), None)
        return None if began is None or began > self.minute else began

    @property
    def finished(self) -> float | None:
        """The minute in which it ended; null where it has not."""
        return self.story.phases[-1].at if self.state.ended else None

    @property
    def ran(self) -> float:
        """Minutes that it has run so far."""
        if self.started is None:
            return 0.0
        return (self.minute if self.finished is None else self.finished) - self.started

    @property
    def share(self) -> float:
        """How much of its running is behind it, from 0 to 1."""
        last = self.story.phases[-1].at
        return 0.0 if self.started is None else min(1.0, self.ran / max(last - self.started, 1e-9))


def record_of(story: Story, epoch: datetime, minute: float) -> Record:
    """The record at a minute from the demo's start, which is at `epoch`."""
    word = next(word for at, word in reversed(story.phases) if at <= minute)
    state, raw = WORDS[story.kind][word]
    moment = Moment(story, minute, _time(epoch, minute), state)
    return Record(
        table=table_of(state) if story.kind in {"runs", "items"} else story.kind,
        id=story.id,
        name=story.name,
        state=state,
        raw_state=raw,
        scope=story.scope,
        created=_time(epoch, story.phases[0].at),
        started=None if moment.started is None else _time(epoch, moment.started),
        finished=None if moment.finished is None else _time(epoch, moment.finished),
        reason=story.reason if state.ended else None,
        url=story.url,
        links={kind: target for since, kind, target in story.links if since <= minute},
        detail={**story.detail, **story.moving(moment), **(story.after if state.ended else {})},
    )


def _time(epoch: datetime, minute: float) -> datetime:
    return epoch + timedelta(seconds=round(minute * 60, 3))
