"""What a command that takes longer than a second is doing, on one line of standard error that is erased at the end.

Nothing is said where standard error is no terminal, or one of letters only; a terminal that takes nothing is not
waited for.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

from fetchers.errors import ConfigError
from monitor.changes import TableStatus
from monitor.invocation import SCREENLESS
from monitor.tables import TABLES
from monitor.text import clean, counted, fit

T = TypeVar("T")

SHOWN_AFTER_S = 1.0
"""Seconds that a command takes without a word."""

STEP_S = 0.2
"""Seconds between two looks at how far it is."""

DISK_S = 20.0
"""Seconds that a disk has for the configuration and what else tells what is set up: a dozen small files."""

_COLUMNS = 80
"""Of a terminal that does not say how wide it is."""

_ERASE = "\r\x1b[K"


class StatusLine:
    """A line that is written over and over; `erase` leaves no trace of it."""

    def __init__(self, fd: int | None) -> None:
        """`fd` is the terminal, null where there is none to write to."""
        self._fd = fd
        self._shown = ""

    def show(self, text: str) -> None:
        """Say where things stand."""
        if self._fd is None or text == self._shown:
            return
        self._shown = text  # before it is: what ends us between the two has it erased
        columns = 0
        with contextlib.suppress(OSError):
            columns = os.get_terminal_size(self._fd).columns
        self._write(f"{_ERASE}{fit(clean(text), (columns or _COLUMNS) - 1).rstrip()}")

    def erase(self) -> None:
        """Leave the line empty, for what is to be said now."""
        if self._shown:
            self._write(_ERASE)
            self._shown = ""

    def _write(self, text: str) -> None:
        if self._fd is not None and select.select([], [self._fd], [], 0)[1]:
            with contextlib.suppress(OSError):
                os.write(self._fd, text.encode("utf-8", "replace"))


def status_line() -> StatusLine:
    """The line of this process."""
    there = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") not in SCREENLESS
    return StatusLine(sys.stderr.fileno() if there else None)


# --- work that may wait for a disk ---------------------------------------------------------------------------------


def patiently(what: str, work: Callable[[], T], limit_s: float = DISK_S) -> T:
    """Do `work`, which reads files, and return what it returns; say `what` it is doing once that takes long.

    Raises what `work` raises, and `ConfigError` after `limit_s` seconds: then a disk does not answer.
    """
    answer = begun(work, "patiently")
    line, began = status_line(), time.monotonic()
    try:
        while (taken := time.monotonic() - began) < limit_s:
            wait((answer,), STEP_S)
            if answer.done():
                return answer.result()
            if taken >= SHOWN_AFTER_S:
                line.show(f"{what} · {taken:.0f} s")
    finally:
        line.erase()
    raise ConfigError(f"{what} takes longer than {limit_s:g} s: a disk does not answer")


def begun(work: Callable[[], T], name: str) -> Future[T]:
    """The answer to come of `work`, which is done in a thread of its own that nobody joins.

    Raises `RuntimeError` where no thread can be started.
    """
    answer: Future[T] = Future()
    threading.Thread(target=_settle, args=(answer, work), name=name, daemon=True).start()
    return answer


def _settle(answer: Future[T], work: Callable[[], T]) -> None:
    if not answer.set_running_or_notify_cancel():
        return  # nobody waits any more
    try:
        answer.set_result(work())
    except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
        answer.set_exception(error)


# --- tables that are asked -----------------------------------------------------------------------------------------


def told(tables: Sequence[str], status: Mapping[str, TableStatus], taken_s: float, limit_s: float) -> str:
    """How far asking the tables is, after `taken_s` of at most `limit_s` seconds: what has not answered, by name."""
    waits = [_wait(name, status.get(name)) for name in tables]
    said = " · ".join(filter(None, waits)) or "all have answered"
    return f"{taken_s:.0f} s of {limit_s:g} s · {said}"


def _wait(name: str, status: TableStatus | None) -> str:
    """What a table waits for; empty where it has answered."""
    if status is None:
        return f"{name} is about to be asked"
    scopes = status.scopes.values()
    answered = sum(scope.live or (scope.failure is not None and not scope.loading) for scope in scopes)
    if answered == len(scopes):
        return f"{name}: reading {counted(status.unread, 'log')}" if status.unread else ""
    if status.waiting is not None:
        return f"{name}: {status.waiting} …"
    return f"{name} {answered}/{len(scopes)} {TABLES[name].units}"
