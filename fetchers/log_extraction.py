"""Fetches what logs say: of many records that have ended, why they did; of one record, its log part by part.

Many logs are read with one call and told apart by a label. One that such a page holds too little of is read alone.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

from fetchers.base import Calls, LogText, Yielded
from fetchers.errors import Rejected
from fetchers.gcp import GoogleFetcher, Session
from fetchers.log_entries import in_order
from fetchers.log_pages import API, NEWEST_FIRST, OLDEST_FIRST, Quota, read_page, request_for
from fetchers.log_parts import shown
from fetchers.log_queries import SOURCES, begin_of, end_of, query, within
from fetchers.log_rounds import Reading, Rounds
from fetchers.logging_sdk import LoggingServiceV2AsyncClient
from fetchers.messages import LOG, Fetch, LogPart, LogTarget
from fetchers.settings import Settings
from fetchers.threads import Threads

HOST = "logging.googleapis.com"

_MORE = 2
"""Calls that one part of a log may take beyond the first, where pages are empty or too large."""
TIME_SHARE = 0.95
"""Of a fetch's time, after which no log is judged any more; a call has failed by then that was given none too late."""
REMEMBERED = 10_000
"""Logs of which is kept that they are to be read alone."""


class LogsFetcher(GoogleFetcher):
    """Logs of builds, executions and custom jobs."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, API, LoggingServiceV2AsyncClient, HOST)
        self._readings: weakref.WeakKeyDictionary[Calls, Reading] = weakref.WeakKeyDictionary()
        """One for each fetch: its scopes share one quota, and a second try asks only for what is missing."""
        self._crowded: set[tuple[str, str]] = set()
        """Table and key of logs that a page shared with others held too little of, and that nobody has read since."""

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Yielded]:
        """Yield `Outcome`s of the targets of one table as they become known, or the `LogText` that was asked for.

        Raises `FetchError`; outcomes yielded before count, and what no outcome names stays unread.
        """
        if scope not in SOURCES:
            raise Rejected(f"{scope}: its logs are not in Cloud Logging")
        reading = self._reading(fetch, calls)
        async with self.session(fetch, scope, calls) as session:
            if fetch.table == LOG:
                entries, token = await _part(session, fetch)
                # In a thread, which ends by itself: the logs of others are read meanwhile.
                text = await Threads().call(lambda: shown(entries), fetch.soft_deadline_s, "shown")
                yield LogText(text, token)
                return
            rounds = Rounds(session, reading, self._crowded)
            async with aclosing(rounds.run(_targets(fetch, scope))) as found:
                async for outcomes in found:
                    yield outcomes

    def _reading(self, fetch: Fetch, calls: Calls) -> Reading:
        if len(self._crowded) > REMEMBERED:
            self._crowded.clear()
        until = asyncio.get_running_loop().time() + fetch.soft_deadline_s * TIME_SHARE
        return self._readings.setdefault(calls, Reading(Quota(fetch.calls), until))


def _targets(fetch: Fetch, table: str) -> list[LogTarget]:
    return [target for target in fetch.targets if target.record.table == table]


# --- one log -----------------------------------------------------------------------------------------------------


async def _part(session: Session, fetch: Fetch) -> tuple[Sequence[Any], str | None]:
    """The entries of the part that is asked for, oldest first, and the token for what is older."""
    part, record = fetch.part or LogPart(), fetch.targets[0].record
    if part.after is not None:
        request = request_for(session, query([record], *within(part.after, None)), OLDEST_FIRST, part.most)
        return (await read_page(session, request, Quota(_MORE))).entries, None
    end, token = _untold(part.token) if part.token else (end_of([record]), "")
    request = request_for(session, query([record], *within(begin_of([record]), end)), NEWEST_FIRST, part.most)
    request.page_token = token
    page = await read_page(session, request, Quota(_MORE))
    return in_order(page.entries), _told(end, page.token) if page.token else None


# A token is good for the very filter that it came with, but a record that ends meanwhile has another: ours holds both.


def _told(end: datetime | None, token: str) -> str:
    return f"{end.isoformat() if end else ''} {token}"


def _untold(told: str) -> tuple[datetime | None, str]:
    end, _, token = told.partition(" ")
    try:
        return datetime.fromisoformat(end) if end else None, token
    except ValueError:
        raise Rejected(f"{told[:40]!r} names no part of a log") from None
