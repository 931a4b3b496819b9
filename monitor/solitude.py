"""An engine that is alone ends, whatever holds its loop: it must not run on for nobody, and neither may its workers.

Its loop ends it as soon as the viewer's end of the socket closes. These stand behind that: a thread, for a loop that
is held in Python or waits for something, and the kernel's timer, for code that lets no thread run.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable

ORDERLY_S = 2.0
"""Seconds that the loop has to end in order, once the viewer is gone."""

HELD_S = 30.0
"""Seconds of processor time without a word from the loop after which the kernel ends the process."""

_SWITCH_S = 0.0001
"""Seconds after which a loop that computes has to let the last act go on."""

_GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)


def end_when_alone(wire: int, last_act: Callable[[], None]) -> None:
    """Watch the socket in a thread: when its other end has closed and the process does not end, do `last_act` and exit.

    `last_act` is called in that thread. Where none can be started, the loop alone watches.
    """

    def watch() -> None:
        alone = select.poll()
        alone.register(wire, _GONE)
        alone.poll()
        time.sleep(ORDERLY_S)
        sys.setswitchinterval(_SWITCH_S)
        try:
            last_act()
        finally:
            os._exit(1)

    try:
        threading.Thread(target=watch, daemon=True, name="solitude").start()
    except RuntimeError:
        return


def loop_lives(limit_s: float = HELD_S) -> None:
    """Say that the loop lives; unless it is said again, the process ends after `limit_s` seconds of processor time.

    A process that is stopped or asleep uses none, so that a pause of the program ends nobody.
    """
    signal.setitimer(signal.ITIMER_PROF, limit_s)
