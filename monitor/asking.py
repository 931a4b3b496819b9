"""Tables as one command asks for them: once, within a bounded time, or as they were last known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from cache.errors import CacheError
from fetchers.errors import Failure, NoAnswer
from monitor import exit_codes, freshness, process_age
from monitor.changes import ScopeStatus, Start, TableStatus
from monitor.freshness import Freshness
from monitor.invocation import Invocation
from monitor.mirror import Mirror
from monitor.output import complain
from monitor.progress import SHOWN_AFTER_S, patiently, status_line, told
from monitor.tables import TABLES
from monitor.text import counted

if TYPE_CHECKING:
    from cache.last_known_good import Answers
    from monitor.inquiry import OneReason
    from monitor.recollection import Reading

_TO_PRINT_S = 0.2
"""What is left of the time for ending the workers and printing."""
_LEAST_S = 0.1
CACHE_S = 2.0
"""Seconds in which the cache's disk is to say what was last known."""


def configured(start: Start) -> tuple[str, ...]:
    """The tables that there is something to ask of, and that are not switched off."""
    return tuple(name for name, plan in start.tables.items() if plan.enabled and TABLES[name].scopes(start.settings))


def not_asked(invocation: Invocation, start: Start) -> Iterable[str]:
    """Why what nobody named is not among the tables: a source that is half configured, or nothing that is at all."""
    names = [name for name, plan in start.tables.items() if plan.enabled]
    halves = dict.fromkeys(text for name in names if (text := TABLES[name].half(start.settings)))
    return halves or ([] if configured(start) else [_nothing(invocation, start)])


def _nothing(invocation: Invocation, start: Start) -> str:
    off = [name for name, plan in start.tables.items() if not plan.enabled]
    if len(off) == len(start.tables):
        return f"every table is switched off: edit {invocation.file}"
    if off := [name for name in off if TABLES[name].scopes(start.settings)]:
        return f"what is configured is switched off: set tables.NAME.enabled for {', '.join(off)} in {invocation.file}"
    begin = (
        f"edit {invocation.file}"
        if invocation.file
        else f"`{invocation.line('config init')}` writes a file to begin with"
    )
    return f"nothing is configured: {begin}; `monitor --demo ls` shows an example"


# --- asking ------------------------------------------------------------------------------------------------------


def ask(
    command: str, start: Start, tables: Sequence[str], timeout_s: float, inquiry: OneReason | None = None
) -> Mirror:
    """Ask what is configured among the tables, at most until `timeout_s` after the process began, and an inquiry."""
    asked = _among(tables, configured(start))
    left = max(_LEAST_S, timeout_s - process_age.seconds() - _TO_PRINT_S)
    within = _Within(math.floor(left * 10) / 10, timeout_s)
    mirror = _collect(command, start, asked, within, inquiry) if asked else Mirror()
    for name in tables:
        status = mirror.status.get(name) or _unasked(start, name)
        mirror.status[name] = settled(status, f"no answer within --timeout {timeout_s:g}")
    return mirror


def recall(start: Start, tables: Sequence[str]) -> tuple[Mirror, Lack]:
    """Return what the cache holds of the tables, and why it does not hold the rest; it is left as it is."""
    from monitor import recollection  # noqa: PLC0415 - --help and wrong command lines need no cache

    answers, lack = _recalled(recollection.begin(start))
    mirror = Mirror()
    for change in recollection.told(start, _among(tables, configured(start)), answers):
        mirror.apply(change)
    for name in tables:
        mirror.status[name] = settled(mirror.status.get(name) or _unasked(start, name), lack.why)
    return mirror, lack


class Lack(NamedTuple):
    """Why something is not cached, and the exit status where nothing is."""

    why: str
    status: int


def _recalled(reading: Reading) -> tuple[Answers, Lack]:
    try:
        answers = patiently("reading the cache", partial(reading.result, CACHE_S))
        return answers, Lack("nothing is cached yet", exit_codes.NOTHING_CONFIGURED)
    except TimeoutError:
        return {}, Lack("the cache's disk does not answer", exit_codes.NOT_ALL_LIVE)
    except CacheError as error:
        return {}, Lack(f"the cache cannot be read: {error}", exit_codes.NOT_ALL_LIVE)


def _among(tables: Sequence[str], ready: Sequence[str]) -> list[str]:
    return [name for name in tables if name in ready]


class _Within(NamedTuple):
    """How long it may take."""

    left_s: float
    """Seconds from now."""
    timeout_s: float
    """Seconds since the process began, as was asked for."""


def _collect(command: str, start: Start, asked: Sequence[str], within: _Within, inquiry: OneReason | None) -> Mirror:
    import asyncio  # noqa: PLC0415 - --help and wrong command lines need no loop

    from monitor import session_log  # noqa: PLC0415 - as above
    from monitor.collect import collect  # noqa: PLC0415 - as above
    from monitor.until_told import until_told  # noqa: PLC0415 - as above

    log, problem = session_log.start(start.log_dir, command)
    if problem:
        complain(problem, exit_codes.OK)
    line = status_line()

    def say(text: str) -> None:
        line.erase()
        complain(text, exit_codes.OK)

    def watch(mirror: Mirror) -> None:
        if (taken := process_age.seconds()) >= SHOWN_AFTER_S:
            line.show(told(asked, mirror.status, taken, within.timeout_s))

    try:
        return asyncio.run(until_told(collect(start, asked, within.left_s, log, say, watch=watch, inquiry=inquiry)))
    finally:
        line.erase()
        log.close()


def _unasked(start: Start, name: str) -> TableStatus:
    scopes = TABLES[name].scopes(start.settings)
    return TableStatus(
        table=name,
        enabled=start.tables[name].enabled,
        missing=None if scopes else TABLES[name].missing(start.settings),
        scopes=dict.fromkeys(scopes, ScopeStatus()),
    )


def settled(status: TableStatus, why: str) -> TableStatus:
    """The status with every scope that has not answered failed: what is printed does not load any more."""
    if status.missing is not None or not status.enabled:
        return status
    late = Failure(kind=NoAnswer.kind, text=why)
    scopes = {
        name: scope
        if scope.fetched_at or scope.failure
        else msgspec.structs.replace(scope, failure=late, loading=False)
        for name, scope in status.scopes.items()
    }
    return msgspec.structs.replace(status, scopes=scopes)


# --- what is wrong -----------------------------------------------------------------------------------------------


def unread(status: TableStatus) -> str:
    """What is not known of the reasons of a table, in one line; empty where all are."""
    if status.unreadable:
        return f"{status.table}: logs cannot be read, so some reasons are not known: {status.unreadable}"
    if status.unread:
        return f"{status.table}: {counted(status.unread, 'log')} not read yet, so some reasons are not known; ask again"
    return ""


def trouble(status: TableStatus, now: datetime) -> str:
    """What is wrong with a table, in one line; empty where nothing is."""
    match freshness.of_table(status, now):
        case Freshness.DISABLED:
            return f"{status.table} is switched off by tables.{status.table}.enabled"
        case Freshness.UNCONFIGURED:
            return status.missing or ""
        case found:
            return "" if found.good else f"{status.table} is {found}: {freshness.error(status) or 'no answer'}"
