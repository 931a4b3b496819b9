"""What a viewer wants to see of logs, through one source's worker: one part at a time, and always answered.

A viewer looks at one log: a newer question takes the place of one that waits. Who has to wait is told for how long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fetchers.errors import Failure, NoAnswer
from fetchers.messages import LogPage, LogTarget
from fetchers.records import Record
from monitor.changes import LogRead, ReadLog
from monitor.clock import Clock, Timer

NEVER = "gcp.log_reads_per_minute is 0: no logs are read"


class Quota(Protocol):
    """How soon a read may be made."""

    def wait_s(self, at: float) -> float | None:
        """Return in how many seconds one more read may be made; null for never."""
        ...


class Desk:
    """The questions to one worker."""

    def __init__(
        self,
        quota: Quota,
        clock: Clock,
        find: Callable[[str, str], Record | None],
        ask: Callable[[LogTarget, ReadLog], None],
        tell: Callable[[LogRead], None],
    ) -> None:
        """`find` gives the record of a table's row, `ask` sends a fetch for a part of its log."""
        self._quota, self._clock, self._find, self._ask, self._tell = quota, clock, find, ask, tell
        self._next: ReadLog | None = None
        self._current: ReadLog | None = None
        """The one that the worker has."""
        self._answered = False
        self._timer: Timer | None = None

    def take(self, question: ReadLog) -> None:
        """Answer a question as soon as may be."""
        if self._next is not None:
            self._refuse(self._next, "something else was asked for meanwhile")
        self._next = question
        self._go_on()

    def close(self) -> None:
        """Answer nothing more."""
        self._next = None
        self._wake_in(None)

    def _go_on(self) -> None:
        self._wake_in(None)
        question = self._next
        if question is None:
            return
        wait_s = self._quota.wait_s(self._clock.monotonic())
        record = self._find(question.table, question.key)
        if wait_s is None or record is None:
            self._next = None
            self._refuse(question, NEVER if record is not None else "this row is gone")
        elif wait_s:
            self._tell(LogRead(request=question.request, waits_s=wait_s))
            self._wake_in(wait_s)
        elif self._current is None:
            self._next, self._current, self._answered = None, question, False
            self._ask(LogTarget(key=question.key, record=record), question)

    def _wake_in(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if seconds is not None:
            self._timer = self._clock.call_at(self._clock.monotonic() + seconds, self._go_on)

    def page(self, event: LogPage) -> None:
        """Tell a part that was read."""
        if self._current is not None:
            self._answered = True
            self._tell(LogRead(request=self._current.request, entries=event.entries, token=event.token))

    def ended(self, failure: Failure | None) -> None:
        """Take the end of what the worker was asked, and go on."""
        question, self._current = self._current, None
        if question is not None and (failure is not None or not self._answered):
            self._tell(LogRead(request=question.request, failure=failure))
        self._go_on()

    def _refuse(self, question: ReadLog, why: str) -> None:
        failure = Failure.of(NoAnswer(f"{question.table} {question.key}: {why}"))
        self._tell(LogRead(request=question.request, failure=failure))
