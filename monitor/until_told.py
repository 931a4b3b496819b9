"""Work in a loop that ends in order when the program is told to go: by SIGTERM, SIGHUP or Ctrl+C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from monitor.endings import ENDINGS, ToldToEnd

T = TypeVar("T")


async def until_told(work: Coroutine[Any, Any, T]) -> T:
    """Do the work. Raises `ToldToEnd` once a signal has cancelled it and it has cleaned up."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    told: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        told.append(number)
        if task is not None and len(told) == 1:  # `timeout` tells twice; the second must not disturb the first
            task.cancel()

    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # what `nohup` asks for
            loop.add_signal_handler(number, end, number)
    try:
        return await work
    except asyncio.CancelledError:
        if told:
            raise ToldToEnd(ENDINGS[told[0]]) from None
        raise
