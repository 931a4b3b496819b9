"""Fetches what logs say: of many records that have ended, why they did; of one record, its log part by part.

Many logs are read with one call and told apart by a label. One that such a page holds too little of is read alone.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

from fetchers.base import Calls, LogText, Yielded
from fetchers.errors import Rejected
from fetchers.gcp import GoogleFetcher, Session
from fetchers.log_entries import in_order, shown
from fetchers.log_pages import API, NEWEST_FIRST, OLDEST_FIRST, Quota, read_page, request_for
from fetchers.log_queries import SOURCES, begin_of, end_of, query, within
from fetchers.log_rounds import Reading, Rounds
from fetchers.logging_sdk import LoggingServiceV2AsyncClient
from fetchers.messages import LOG, Fetch, LogPart, LogTarget
from fetchers.settings import Settings

HOST = "logging.googleapis.com"

_MORE = 2
"""Calls that one part of a log may take beyond the first, where pages are empty or too large."""
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
        async with self.session(fetch, scope, calls) as session:
            if fetch.table == LOG:
                yield await _part(session, fetch)
                return
            rounds = Rounds(session, self._reading(fetch, calls), self._crowded)
            async with aclosing(rounds.run(_targets(fetch, scope))) as found:
                async for outcomes in found:
                    yield outcomes

    def _reading(self, fetch: Fetch, calls: Calls) -> Reading:
        if len(self._crowded) > REMEMBERED:
            self._crowded.clear()
        return self._readings.setdefault(calls, Reading(Quota(fetch.calls)))


def _targets(fetch: Fetch, table: str) -> list[LogTarget]:
    return [target for target in fetch.targets if target.record.table == table]


# --- one log -----------------------------------------------------------------------------------------------------


async def _part(session: Session, fetch: Fetch) -> LogText:
    part, record = fetch.part or LogPart(), fetch.targets[0].record
    if part.after is not None:
        request = request_for(session, query([record], *within(part.after, None)), OLDEST_FIRST, part.most)
        return LogText(shown((await read_page(session, request, Quota(_MORE))).entries))
    end, token = _untold(part.token) if part.token else (end_of([record]), "")
    request = request_for(session, query([record], *within(begin_of([record]), end)), NEWEST_FIRST, part.most)
    request.page_token = token
    page = await read_page(session, request, Quota(_MORE))
    return LogText(shown(in_order(page.entries)), _told(end, page.token) if page.token else None)


# A token is good for the very filter that it came with, but a record that ends meanwhile has another: ours holds both.


def _told(end: datetime | None, token: str) -> str:
    return f"{end.isoformat() if end else ''} {token}"


def _untold(told: str) -> tuple[datetime | None, str]:
    end, _, token = told.partition(" ")
    try:
        return datetime.fromisoformat(end) if end else None, token
    except ValueError:
        raise Rejected(f"{told[:40]!r} names no part of a log") from None
