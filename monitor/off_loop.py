"""Work that may wait for a disk, out of a loop that must not: what hangs in it holds up neither keys nor the exit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from monitor.progress import begun

T = TypeVar("T")


async def off_loop(work: Callable[[], T], limit_s: float, name: str) -> T:
    """Do `work` in a thread of its own that nobody joins, and return what it returns or raise what it raises.

    Raises `TimeoutError` after `limit_s` seconds; what the work then still does goes unnoticed. Raises `RuntimeError`
    where no thread can be started.
    """
    async with asyncio.timeout(limit_s):
        return await asyncio.wrap_future(begun(work, name))
