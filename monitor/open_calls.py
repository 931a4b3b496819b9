"""The API calls of one worker that have begun and not ended: what it was doing when it hung or died."""

from __future__ import annotations

from collections.abc import Iterator

from fetchers.base import describe_call
from fetchers.messages import CallEnded, CallStarted, Fetch

MOST = 10_000
"""Calls that are remembered; a worker that has more of them open begins them without end, and the oldest are let go."""


class OpenCalls:
    """By the id that the worker gave them."""

    def __init__(self) -> None:
        self._calls: dict[int, CallStarted] = {}

    def started(self, call: CallStarted) -> None:
        """Note that a call has begun."""
        self._calls[call.id] = call
        if len(self._calls) > MOST:
            del self._calls[next(iter(self._calls))]

    def ended(self, end: CallEnded) -> CallStarted | None:
        """Forget a call; return how it began, null where that was never heard of."""
        return self._calls.pop(end.id, None)

    def where(self, fetch: Fetch, scope: str) -> str:
        """Name the scope's last call that began and did not end, else the scope."""
        for call in reversed(self._calls.values()):
            if (call.table, call.scope) == (fetch.table, scope):
                return describe_call(call.method, call.scope, call.page)
        return f"{fetch.table} {scope}"

    def abandon(self) -> Iterator[CallStarted]:
        """Forget every call, and yield it."""
        while self._calls:
            yield self._calls.pop(next(iter(self._calls)))
