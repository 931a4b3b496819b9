"""Work that may wait for a disk, out of a loop that must not: what hangs in it holds up neither keys nor the exit."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def off_loop(work: Callable[[], T], limit_s: float, name: str) -> T:
    """Do `work` in a thread of its own that nobody joins, and return what it returns or raise what it raises.

    Raises `TimeoutError` after `limit_s` seconds; what the work then still does goes unnoticed. Raises `RuntimeError`
    where no thread can be started.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(put: Callable[[], None]) -> None:
        if not answer.done():
            put()

    def do() -> None:
        try:
            put = partial(answer.set_result, work())
        except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
            put = partial(answer.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, put)

    threading.Thread(target=do, name=name, daemon=True).start()
    async with asyncio.timeout(limit_s):
        return await answer
