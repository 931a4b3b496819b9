"""Reads the logs of many records with as few calls as they need: together first, alone where that was too little.

A page of a thousand entries tells of every log that it holds in full, or that says in it what went wrong. Logs that are
not in it at all are read together once more where there are too many to read each alone. Pages are asked for side by
side, but one log is judged after another, and told at once: what is done counts, however soon the time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fetchers.errors import BadAnswer, FetchError, Rejected
from fetchers.gcp import Session, is_absent
from fetchers.log_entries import in_order, moment_of, name_of, place_of
from fetchers.log_outcomes import diagnosis_of, is_specific, newest, outcome_of, unreadable
from fetchers.log_pages import EntryPage, OutOfCalls, Quota, read_page, request_for
from fetchers.log_queries import COUNTS, SOURCES, begin_of, chunks, end_of, query, within
from fetchers.messages import LogTarget, Outcome
from fetchers.records import State

AT_ONCE = 16
"""Pages that are asked for or wait to be judged: no call is made for what nobody would come to, and a page may take
tens of megabytes of the worker's memory.
"""
TOGETHER = 50
"""Logs that one page is asked for: more would crowd each other out of its thousand entries."""
COUNTED_TOGETHER = 300
"""Launch agents whose count of jobs one page is asked for: a line each."""


@dataclass
class Reading:
    """What one fetch has done so far, over all of its tables and tries."""

    quota: Quota
    until: float = math.inf
    """Time of the loop at which what has not been judged is left to the next fetch."""
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    done: set[tuple[str, str]] = field(default_factory=set)
    """Table and key of the logs that have their outcome."""
    failures: dict[str, FetchError] = field(default_factory=dict)
    """Why a first try for a table failed."""
    judging: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held for the page that is judged: of many that were judged side by side, all would be half done at the end."""
    unjudged: int = 0
    """Pages that have arrived."""


@dataclass(frozen=True)
class _Query:
    """One page to be asked for."""

    targets: tuple[LogTarget, ...]
    counts: bool = False
    """Whether only the count of jobs is asked for."""

    @property
    def alone(self) -> bool:
        return len(self.targets) == 1


@dataclass
class _Found:
    """What one page left open."""

    query: _Query
    crowded: list[LogTarget] = field(default_factory=list)
    """Logs of which the page held too little to be certain."""
    unseen: list[LogTarget] = field(default_factory=list)
    """Logs of which it held nothing, although it did not hold everything."""
    failure: FetchError | None = None


class Rounds:
    """The calls of one table's part of a fetch."""

    def __init__(self, session: Session, reading: Reading, crowded: set[tuple[str, str]]) -> None:
        """`crowded` outlives the fetch: logs that a shared page held too little of are not read with others again."""
        self._session = session
        self._reading = reading
        self._crowded = crowded
        self._tasks: set[asyncio.Task[_Found]] = set()
        self._told: asyncio.Queue[Outcome | asyncio.Task[_Found]] = asyncio.Queue()
        """Outcomes as they become known, and the tasks that have ended, each behind the outcomes that it told."""
        self._failure: FetchError | None = None

    async def run(self, targets: Sequence[LogTarget]) -> AsyncGenerator[list[Outcome]]:
        """Yield outcomes as logs are judged, until the time is over.

        Raises the first `FetchError` once what was under way has ended.
        """
        if not self._reading.quota.left and self._session.scope in self._reading.failures:
            raise self._reading.failures[self._session.scope]  # a second try without a call left has not gone well
        self._start(self._first(targets))
        try:
            while self._tasks and (told := await self._heard()) is not None:
                if isinstance(told, Outcome):
                    self._done(told)
                    yield [told]
                else:
                    self._ended(told)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._failure is not None:
            self._reading.failures[self._session.scope] = self._failure
            raise self._failure

    async def _heard(self) -> Outcome | asyncio.Task[_Found] | None:
        """What is told next; null where the time is over, and it is we who take so long and not the service."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._reading.until):
                return await self._told.get()
        return None if self._reading.unjudged else await self._told.get()

    def _done(self, outcome: Outcome) -> None:
        place = outcome.table, outcome.key
        self._reading.done.add(place)
        self._crowded.discard(place)

    def _ended(self, task: asyncio.Task[_Found]) -> None:
        self._tasks.discard(task)
        found = task.result()
        self._failure = self._failure or found.failure
        if self._failure is None:
            self._start(self._next(found))

    # --- which pages to ask for ----------------------------------------------------------------------------------

    def _start(self, queries: Iterable[_Query]) -> None:
        """Begin what the quota has calls for; what it has none for stays unread."""
        for one in queries:
            if self._reading.quota.take():
                task = asyncio.create_task(self._read(one))
                task.add_done_callback(self._told.put_nowait)
                self._tasks.add(task)

    def _first(self, targets: Sequence[LogTarget]) -> Iterator[_Query]:
        """Yield queries for all of a table: failures before successes, those known to be long alone."""
        left = [target for target in targets if _place(target) not in self._reading.done]
        agents = [target for target in left if target.record.state is State.SUCCEEDED]
        failures = [target for target in left if target.record.state is not State.SUCCEEDED]
        together = [target for target in failures if _place(target) not in self._crowded]
        yield from _grouped(together, TOGETHER)
        yield from (_Query((target,)) for target in failures if _place(target) in self._crowded)
        yield from _grouped(agents, COUNTED_TOGETHER, counts=True)

    def _next(self, found: _Found) -> Iterator[_Query]:
        """Yield queries for what a page left open: each alone where there are calls enough, else the unseen together.

        Every page tells of some log that it was asked for, or all of them are crowded: this comes to an end.
        """
        starved = found.crowded + found.unseen
        if len(starved) > self._reading.quota.left:
            yield from _grouped(found.unseen, TOGETHER)
            starved = found.crowded
        yield from (_Query((target,)) for target in starved)

    # --- one page ------------------------------------------------------------------------------------------------

    async def _read(self, query: _Query) -> _Found:
        async with self._reading.gate:
            try:
                page = await read_page(self._session, self._request(query), self._reading.quota)
            except OutOfCalls:
                return _Found(query)
            except FetchError as error:
                return self._failed(query, error)
            self._reading.unjudged += 1
            try:
                async with self._reading.judging:
                    return await self._judged(query, page)
            finally:
                self._reading.unjudged -= 1

    def _request(self, asked: _Query) -> Any:
        records = [target.record for target in asked.targets]
        more = within(begin_of(records), end_of(records)) + ([COUNTS] if asked.counts else [])
        return request_for(self._session, query(records, *more))

    def _failed(self, query: _Query, error: FetchError) -> _Found:
        """A log of which the service gives nothing readable has a problem of its own; anything else ends the fetch."""
        if query.alone and isinstance(error, BadAnswer | Rejected) and not is_absent(error):
            self._told.put_nowait(unreadable(query.targets[0], str(error), error.retry_after_s))
            return _Found(query)
        return _Found(query, failure=error)

    async def _judged(self, query: _Query, page: EntryPage) -> _Found:
        found = _Found(query)
        entries = in_order(page.entries)
        logs = _told_apart(query, entries)
        for target in query.targets:
            await self._judge(found, target, logs[_place(target)], whole=_is_whole(target, entries, page))
        if len(found.unseen) == len(query.targets):  # it told of none: together they would be asked for ever
            self._crowd(found, found.unseen)
            found.unseen = []
        return found

    async def _judge(self, found: _Found, target: LogTarget, entries: list[Any], *, whole: bool) -> None:
        certain = whole or found.query.alone or found.query.counts
        if not (entries or certain):
            found.unseen.append(target)
            return
        read = newest(entries)
        diagnosis = await diagnosis_of(read)
        if certain or is_specific(diagnosis):
            whole = whole and len(read) == len(entries) and not found.query.counts
            self._told.put_nowait(outcome_of(target, diagnosis, read, whole=whole))
        else:
            self._crowd(found, [target])

    def _crowd(self, found: _Found, targets: Sequence[LogTarget]) -> None:
        """Have logs read alone, in the next fetch where calls or time are over before."""
        found.crowded.extend(targets)
        self._crowded.update(map(_place, targets))


def _place(target: LogTarget) -> tuple[str, str]:
    return target.record.table, target.key


def _grouped(targets: Sequence[LogTarget], most: int, *, counts: bool = False) -> Iterator[_Query]:
    for indices in chunks([target.record for target in targets], most):
        yield _Query(tuple(targets[index] for index in indices), counts)


def _told_apart(query: _Query, entries: Iterable[Any]) -> defaultdict[tuple[str, str], list[Any]]:
    """The entries of each log; of two records with one name, the one of the entry's region."""
    source = SOURCES[query.targets[0].record.table]
    named: defaultdict[str, list[LogTarget]] = defaultdict(list)
    for target in query.targets:
        named[target.record.id].append(target)
    logs: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for entry in entries:
        targets = named[name_of(entry, source)]
        for target in targets:
            if len(targets) == 1 or target.record.scope == place_of(entry):
                logs[_place(target)].append(entry)
    return logs


def _is_whole(target: LogTarget, entries: Sequence[Any], page: EntryPage) -> bool:
    """Whether the page holds all of a log: it is the last, or reaches back beyond the record's creation."""
    if not page.token:
        return True
    begin = begin_of([target.record])
    oldest = moment_of(entries[0]) if entries else None
    return begin is not None and oldest is not None and oldest < begin
