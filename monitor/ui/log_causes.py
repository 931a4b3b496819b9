"""Which lines of a log say why: what the diagnosis finds in those that have been read. Knows no screen.

The lines are diagnosed in pieces, between which keys get their turn; only what has been read can be found.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from fetchers.messages import Outcome
from fetchers.records import Record, State
from monitor.off_loop import off_loop
from monitor.text import ELLIPSIS, clean, one_line
from monitor.ui.log_text import LogLine

if TYPE_CHECKING:  # its rules are many: they are loaded when there is a log to diagnose
    from fetchers.diagnosis import LogReader
    from fetchers.diagnosis.model import Diagnosis, Finding

ROOT = "▶"
"""Stands before the root cause."""

CAUSE = "!"
"""Stands before another line that says what went wrong."""

TURN_S = 0.004
"""Seconds of work after which keys get their turn, ..."""

REST_S = 0.002
"""... and seconds that it lasts."""

LOADING_S = 60.0
"""Seconds that the rules may take to load."""

_PIECE = 10
"""Lines that are given to the reader at a time."""

_FIRST = 2
"""Number that the reader gives to the first line: there is a line end before it."""


class Cause(msgspec.Struct, frozen=True):
    """What a line says; clean."""

    text: str
    rule: str = ""
    advice: str = ""
    root: bool = False
    """Whether it is why the record ended as it did."""


_ENOUGH = 300
"""Characters of a line of evidence that it is known by: it may have been cut."""

Causes = dict[int, Cause]
"""Index of a line → what it says."""


class Pace:
    """Gives keys their turn while there is much to do."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + TURN_S

    async def rest(self) -> None:
        """Wait, where it is time to."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(REST_S)
            self._until = time.perf_counter() + TURN_S


async def diagnosed(lines: Sequence[LogLine], pace: Pace) -> Diagnosis | None:
    """Return what these lines say together; null where the rules could not be loaded."""
    try:
        reader = await off_loop(_reader, LOADING_S, "rules")
    except (TimeoutError, RuntimeError):
        return None  # a machine without a thread, or without time, has other troubles
    for start in range(0, len(lines), _PIECE):
        piece = lines[start : start + _PIECE]
        reader.feed("".join(_fed(piece)).encode())
        await pace.rest()
    return reader.finish()


def _reader() -> LogReader:
    """The first one has all rules compiled: a tenth of a second in which keys would wait."""
    reader: LogReader = importlib.import_module("fetchers.diagnosis").LogReader()
    return reader


def _fed(lines: Sequence[LogLine]) -> Iterator[str]:
    """As the log had them, behind a line end each: what a long line goes on with stands behind it."""
    for line in lines:
        yield f"\n{line.text}" if line.begins else line.text


def causes(lines: Sequence[LogLine], found: Diagnosis | None, record: Record, known: Outcome | None) -> Causes:
    """Which lines say what. The root cause that is `known` from the whole log counts before what a part of it says."""
    said = _found(lines, found, record) if found is not None else {}
    root = _known_root(lines, known)
    if root is not None:
        said = {index: msgspec.structs.replace(cause, root=False) for index, cause in said.items()}
        said[root] = _as_known(said.get(root), record)
    return said


def _found(lines: Sequence[LogLine], found: Diagnosis, record: Record) -> Causes:
    """What the diagnosis of these lines says; only what failed has a root cause."""
    numbers = [index for index, line in enumerate(lines) if line.begins]
    said: Causes = {}
    for finding in (*found.others, *([found.finding] if found.finding else ())):
        if 0 <= finding.line - _FIRST < len(numbers):
            root = finding is found.finding and record.state is State.FAILED
            said[numbers[finding.line - _FIRST]] = _cause(finding, root=root)
    return said


def _cause(finding: Finding, *, root: bool) -> Cause:
    return Cause(one_line(finding.text), one_line(finding.rule), one_line(finding.advice), root)


def _as_known(cause: Cause | None, record: Record) -> Cause:
    """The record's own reason, where it has one."""
    if record.reason is None:
        return msgspec.structs.replace(cause or Cause(""), root=True)
    reason = record.reason
    return Cause(one_line(reason.text), one_line(reason.rule or ""), one_line(reason.advice or ""), root=True)


def _known_root(lines: Sequence[LogLine], known: Outcome | None) -> int | None:
    """The last line that is the one that the reason was read from."""
    if known is None or known.root is None or not 0 <= known.root < len(known.evidence):
        return None
    sought = clean(known.evidence[known.root]).strip()[:_ENOUGH].rstrip(ELLIPSIS)
    return next((at for at in range(len(lines) - 1, -1, -1) if sought and sought in lines[at].text), None)
