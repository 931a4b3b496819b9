"""Leaving in time: a program that has been told to end is gone within half a second, whatever hangs in it.

The kernel's timer stands behind it: no thread, no loop and no lock has to be alive for it to end the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Protocol

from monitor.endings import ENDINGS, ToldToEnd

LATEST_S = 0.35
"""Seconds after which the program leaves without what hangs."""

LAST_ACTS_S = 0.7
"""Seconds that its last acts may take, which know no wait; then the kernel ends the program."""


class Leave(Protocol):
    """Has a program that runs in a loop leave in order, with an exit status."""

    def __call__(self, result: None = None, return_code: int = 0) -> None:
        """Begin; returns at once."""
        ...


class Departure:
    """One program's leaving. Signals and the timer belong to the main thread, and so does this."""

    def __init__(self) -> None:
        self.status: int | None = None
        """The exit status, once the end is certain."""
        self._leave: Leave | None = None
        self._last_acts: Sequence[Callable[[], None]] = ()

    def listen(self, leave: Leave, last_acts: Sequence[Callable[[], None]]) -> None:
        """From now on SIGTERM, SIGHUP and SIGINT have the program `leave`.

        `last_acts` are what must be done even where that hangs, in this order; each may fail.
        """
        self._leave, self._last_acts = leave, last_acts
        signal.signal(signal.SIGALRM, self._overdue)
        for number in ENDINGS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # what `nohup` asks for
                signal.signal(number, self._told)

    def begin(self, status: int) -> None:
        """The end is certain: from now on the time runs."""
        if self.status is None:
            self.status = status
            signal.setitimer(signal.ITIMER_REAL, LATEST_S)

    def finish(self, last_acts: Sequence[Callable[[], None]]) -> None:
        """The program has let go of all but what `last_acts` end: it does so now itself, and has the time for it."""
        self._last_acts = last_acts
        if self.status is not None:
            signal.setitimer(signal.ITIMER_REAL, LAST_ACTS_S)

    def _told(self, number: int, _frame: FrameType | None) -> None:
        if self.status is not None:
            return
        status = ENDINGS[signal.Signals(number)]
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # there is no screen yet
            raise ToldToEnd(status) from None
        self.begin(status)  # here, and not in the loop, which may be what hangs
        if self._leave is not None:
            loop.call_soon_threadsafe(self._leave, None, status)

    def _overdue(self, _number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, LAST_ACTS_S)
        for act in self._last_acts:
            with contextlib.suppress(Exception):
                act()
        os._exit(self.status or 0)
