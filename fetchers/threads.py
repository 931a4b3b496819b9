"""Calls that may never return, each in a daemon thread of its own: never the default pool, never joined.

A thread cannot be ended. What this gives instead is an answer or an error in time, and the knowledge that a thread
is still in there, so that the process can be replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs blocking calls and remembers those that were given up on."""

    def __init__(self) -> None:
        self._abandoned: list[threading.Thread] = []

    async def call(self, work: Callable[[], T], deadline_s: float, name: str | None = None) -> T:
        """Return what `work` returns or raise what it raises. Raises `TimeoutError` after `deadline_s` seconds."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        thread = threading.Thread(target=_run, args=(work, loop, answer), daemon=True, name=name)
        thread.start()
        try:
            async with asyncio.timeout(deadline_s):
                return await answer
        except (TimeoutError, asyncio.CancelledError):
            self._abandoned.append(thread)
            raise

    def stuck(self) -> bool:
        """Whether a call that was given up on has still not returned."""
        self._abandoned = [thread for thread in self._abandoned if thread.is_alive()]
        return bool(self._abandoned)


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T]) -> None:
    def settle(result: Callable[[], None]) -> None:
        if not answer.done():
            result()

    try:
        value = work()
    except BaseException as error:  # noqa: BLE001 - the border of a thread: whoever waits is told
        problem = error if isinstance(error, Exception) else RuntimeError(repr(error))
        outcome = lambda: answer.set_exception(problem)  # noqa: E731 - two ways to settle, side by side
    else:
        outcome = lambda: answer.set_result(value)  # noqa: E731
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle, outcome)
