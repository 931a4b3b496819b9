"""The last complete answer of every scope and its time: what is painted before the first fetch, marked with its age."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Generator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from cache.entries import Entry, Space, Written
from cache.store import Store, glance
from cache.tenant import Tenant, for_anyone
from fetchers.records import Record

SPACE = Space("last_known_good", keep=False)
"""One entry a scope, so as many as were ever configured. That of a scope which is not asked any more is not shown, and
is there, with its age, once it is configured again."""
SKEW = timedelta(minutes=10)
"""A stored time further ahead than this was told by a wrong clock, and yields to any other."""


class Answer(NamedTuple):
    """What a scope answered."""

    at: datetime
    """When, UTC."""
    records: tuple[Record, ...]


Answers = dict[tuple[str, str], Answer]
"""Table and scope → what it answered."""


class _Stored(msgspec.Struct, frozen=True):
    at: datetime
    records: tuple[Record, ...]


class _Age(msgspec.Struct, frozen=True):
    at: datetime


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)
_age = msgspec.msgpack.Decoder(_Age)


class LastKnownGood:
    """The last answers of every tenant, in a store that several processes share."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(
        self, tenant: Tenant, table: str, scope: str, records: Sequence[Record], *, at: datetime, view: str = ""
    ) -> Written:
        """Keep a complete answer, unless a later one is kept already.

        The records are as a worker told them, without secrets; whether they are `mine` is not kept. `at` is aware.
        `view` tells apart what the same scope answers under different filters. Never raises for the store's sake; while
        the disk is slow only the newest answer of each scope waits for it.
        """
        moment = at.astimezone(UTC)
        value = _encoder.encode(_Stored(moment, tuple(map(for_anyone, records))))
        key = (*tenant.key, view, table, scope)
        return await self._store.replace(SPACE, key, value, lambda stored: _older(stored, moment))

    async def load_all(self, tenant: Tenant, view: str = "") -> Answers:
        """The last answer of each (table, scope) of the tenant. Raises `CacheError` where the store cannot say.

        An answer that an older or newer program wrote and this one cannot read is left out.
        """
        answers: Answers = {}
        entries = await self._store.scan(SPACE, (*tenant.key, view))
        with _uncollected():
            for entry in entries:
                answers |= _answered(entry)
                await asyncio.sleep(0)
        return answers


def glance_all(url: str | None, whose: Iterable[tuple[Tenant, str]]) -> Answers:
    """The last answers of some tenants, each under its view, in the store of that URL, which is not opened; blocks.

    Raises `CacheError` where nothing can be read like this.
    """
    prefixes = list(dict.fromkeys((*tenant.key, view) for tenant, view in whose))
    answers: Answers = {}
    for entry in glance(url, SPACE, prefixes):
        answers |= _answered(entry)
    return answers


def _answered(entry: Entry) -> Answers:
    answer = _answer(entry)
    return {} if answer is None else {(entry.key[-2], entry.key[-1]): answer}


def _answer(entry: Entry) -> Answer | None:
    with contextlib.suppress(msgspec.MsgspecError, ValueError):
        stored = _decoder.decode(entry.value)
        return Answer(stored.at.astimezone(UTC), stored.records)
    return None


def _older(value: bytes, moment: datetime) -> bool:
    with contextlib.suppress(msgspec.MsgspecError, ValueError, OverflowError):
        stored = _age.decode(value).at
        return stored <= moment or stored > moment + SKEW
    return True


@contextlib.contextmanager
def _uncollected() -> Generator[None]:
    """Half the time of decoding would go into looking for garbage among what has just been made."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
