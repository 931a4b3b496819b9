"""One fetch of one scope, as a source that works in threads needs it: what is asked, until when, and the call log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from fetchers.base import Calls, describe_call
from fetchers.errors import NoAnswer
from fetchers.messages import Fetch
from fetchers.threads import Threads

MARGIN_S = 0.4
"""How long before the fetch's own deadline a call gives up, so that its error can still be told."""
_LEAST_S = 0.05
_SLACK_S = 0.1
"""A call with a timeout of its own is waited for a little longer: its thread has then ended."""

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """One fetch of one scope, and the threads its calls run in."""

    fetch: Fetch
    scope: str
    calls: Calls
    threads: Threads
    _begun: float = field(default_factory=time.monotonic)

    @property
    def known(self) -> tuple[str, ...]:
        """Ids last seen queued or running in this scope."""
        return self.fetch.known.get(self.scope, ())

    def left_s(self) -> float:
        """Seconds that a call may still take; never nothing, so that even a late call is made and logged."""
        budget = self.fetch.soft_deadline_s
        return max(_LEAST_S, self._begun + budget - min(MARGIN_S, budget / 5) - time.monotonic())

    async def call(self, method: str, page: int, work: Callable[[], T]) -> T:
        """Do `work` in a thread, logged as `method`. Raises `NoAnswer` in time, or what `work` raises.

        The log entry is closed by the thread itself: a call that hangs stays open there.
        """

        def logged() -> T:
            with self.calls.open(method, self.scope, page):
                return work()

        try:
            return await self.threads.call(logged, self.left_s() + _SLACK_S)
        except TimeoutError:
            raise self.no_answer(method, page) from None

    def no_answer(self, method: str, page: int = 1) -> NoAnswer:
        """The error of a call that did not come back."""
        call = describe_call(method, self.scope, page)
        return NoAnswer(f"{call}: no answer in {self.fetch.soft_deadline_s:g} s")
