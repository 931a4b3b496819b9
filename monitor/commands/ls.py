"""`monitor ls`: ask the tables once and print them, within a bounded time, for eyes and for scripts."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from cache.errors import CacheError
from fetchers.errors import Failure, FilterError, NoAnswer
from monitor import exit_codes, freshness, process_age
from monitor.changes import ScopeStatus, Start, TableStatus
from monitor.freshness import Freshness
from monitor.invocation import Invocation
from monitor.local_time import LOCAL
from monitor.mirror import Mirror
from monitor.output import answer, complain, nearest
from monitor.progress import DISK_S, SHOWN_AFTER_S, patiently, status_line, told
from monitor.tables import TABLES
from monitor.text import counted

if TYPE_CHECKING:
    from cache.last_known_good import Answers
    from monitor.filters import Filter
    from monitor.recollection import Reading

_TO_PRINT_S = 0.2
"""What is left of the time for ending the workers and printing."""
_LEAST_S = 0.1
_WIDE = 200
"""Cells of a line where neither $COLUMNS nor a terminal says how many there are."""
_LONGEST_S = 3600.0
CACHE_S = 2.0
"""Seconds in which the cache's disk is to say what was last known."""


class _TableNames(click.ParamType[str]):
    """Names of tables; an unknown one is answered with the nearest."""

    name = "table"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a table."""
        del param
        if value not in TABLES:
            raise click.UsageError(f"no table {value!r}; {nearest(value, TABLES)}", ctx)
        return str(value)


class _Seconds(click.ParamType[float]):
    """How long the whole may take."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds, if they are some and not too many."""
        del param
        try:
            seconds = float(value)
        except ValueError:
            raise click.UsageError(f"--timeout: {value!r} is no number of seconds", ctx) from None
        if not 0 < seconds <= _LONGEST_S:
            raise click.UsageError(f"--timeout: wanted more than 0 and at most {_LONGEST_S:g} seconds", ctx)
        return seconds


@click.command(
    epilog="""\b
Examples:
  monitor ls                       every table that is configured
  monitor ls runner vertex         two of them
  monitor ls --cached              what was last known, at once, without asking
  monitor ls --filter 'state:failed when:<2h'
  monitor ls vertex -o json | jq '.tables[].records[].name'

\b
A filter is words and tests, all of which must hold:
  resnet "out of memory" !nightly  text of the row, or not
  /sweep-\\d+$/                     a regular expression (RE2)
  state:failed,running             a column, or anything else of a record: one of
  took:>1h when:<2h step:>=10k     longer than, less long ago than, at least
  mine:yes why:""                  yes or no, and nothing there

\b
Exit status: 0 all live, 3 something is partial, stale, failed or not set up,
4 nothing is configured. With --cached: 0, 4 where nothing is cached, 3 where
the cache cannot be read.
"""
)
@click.argument("tables", metavar="[TABLE]...", nargs=-1, type=_TableNames())
@click.option("-o", "output", type=click.Choice(["table", "json", "csv"]), default="table", help="Format.")
@click.option(
    "--timeout",
    "timeout_s",
    metavar="S",
    type=_Seconds(),
    default=30.0,
    show_default=True,
    help="Seconds until the answer is printed, counted from the start.",
)
@click.option("--cached", is_flag=True, help="Print what was last known, and ask nobody.")
@click.option("--no-reasons", is_flag=True, help="Read no logs: say only why what failed did where its source says it.")
@click.option(
    "--filter", "expression", metavar="EXPR", default="", help="Print only the records that match; see below."
)
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    tables: tuple[str, ...],
    output: str,
    timeout_s: float,
    cached: bool,
    no_reasons: bool,
    expression: str,
) -> int:
    """Print the tables once: builds, runner, vertex, active, completed; by default those that are configured."""
    start = patiently("reading the configuration", invocation.start, min(timeout_s, DISK_S))
    start = msgspec.structs.replace(start, reasons=not no_reasons)
    asked = tuple(dict.fromkeys(tables)) or _configured(start)
    shown = asked or tuple(TABLES)
    sought = _understood(expression, shown) if expression.strip() else None
    for line in () if tables else _not_asked(invocation, start):
        complain(line, exit_codes.OK)
    if not asked and output == "table":
        return exit_codes.NOTHING_CONFIGURED
    mirror, lack = recall(start, shown) if cached else (ask(start, shown, timeout_s), None)
    now = datetime.now(UTC)
    if sought is not None:
        sift(mirror, sought, now if invocation.utc or output != "table" else now.astimezone(LOCAL))
    answer(_rendered(invocation, mirror, shown, now, output))
    for line in dict.fromkeys(_unread(mirror.status[name]) for name in shown):
        if line:
            complain(line, exit_codes.OK)
    return _judged_cached(mirror, asked, lack) if lack else _judged(mirror, asked, now, output)


def _configured(start: Start) -> tuple[str, ...]:
    return tuple(name for name, plan in start.tables.items() if plan.enabled and TABLES[name].scopes(start.settings))


def _not_asked(invocation: Invocation, start: Start) -> Iterable[str]:
    """Why what nobody named is not among the tables: a source that is half configured, or nothing that is at all."""
    names = [name for name, plan in start.tables.items() if plan.enabled]
    halves = dict.fromkeys(text for name in names if (text := TABLES[name].half(start.settings)))
    return halves or ([] if _configured(start) else [_nothing(invocation, start)])


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


def _rendered(invocation: Invocation, mirror: Mirror, shown: Sequence[str], now: datetime, output: str) -> str:
    # Imported here: each format needs a library that the others do not.
    if output == "table":
        from monitor.listing import render_table  # noqa: PLC0415

        width = shutil.get_terminal_size((_WIDE, 24)).columns
        local = now if invocation.utc else now.astimezone(LOCAL)
        return render_table(mirror, shown, local, width=width, colour=invocation.colourful())
    from monitor.export import ascii_json, render_csv, render_json  # noqa: PLC0415

    if output == "csv":
        return render_csv(mirror, shown, now)
    text = render_json(mirror, shown, now)
    return text if _takes_unicode() else ascii_json(text)


def _takes_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "") == "utf8"


# --- filtering ---------------------------------------------------------------------------------------------------


def _understood(expression: str, tables: Sequence[str]) -> Filter:
    """The filter for these tables; says which of them lack a column that only others have."""
    from monitor.filters import parse  # noqa: PLC0415 - most calls have no filter

    try:
        sought = parse(expression, tables)
    except FilterError as error:
        raise click.UsageError(f"--filter: {error}", click.get_current_context()) from error
    for column in sought.columns:
        if lacking := [table for table in tables if column in sought.lacking(table)]:
            complain(f"--filter: no record of {', '.join(lacking)} has a {column!r}", exit_codes.OK)
    return sought


def sift(mirror: Mirror, sought: Filter, now: datetime) -> None:
    """Take the records out that do not match; what is known of their tables and scopes stays."""
    for table, rows in mirror.rows.items():
        mirror.rows[table] = {key: record for key, record in rows.items() if sought.matches(record, now)}
        mirror.hidden[table] = len(rows) - len(mirror.rows[table])


# --- asking ------------------------------------------------------------------------------------------------------


def ask(start: Start, tables: Sequence[str], timeout_s: float) -> Mirror:
    """Ask what is configured among the tables, at most until `timeout_s` after the process began."""
    asked = _among(tables, _configured(start))
    left = max(_LEAST_S, timeout_s - process_age.seconds() - _TO_PRINT_S)
    mirror = _collect(start, asked, math.floor(left * 10) / 10, timeout_s) if asked else Mirror()
    for name in tables:
        status = mirror.status.get(name) or _unasked(start, name)
        mirror.status[name] = settled(status, f"no answer within --timeout {timeout_s:g}")
    return mirror


def recall(start: Start, tables: Sequence[str]) -> tuple[Mirror, _Lack]:
    """Return what the cache holds of the tables, and why it does not hold the rest; it is left as it is."""
    from monitor import recollection  # noqa: PLC0415 - --help and wrong command lines need no cache

    answers, lack = _recalled(recollection.begin(start))
    mirror = Mirror()
    for change in recollection.told(start, _among(tables, _configured(start)), answers):
        mirror.apply(change)
    for name in tables:
        mirror.status[name] = settled(mirror.status.get(name) or _unasked(start, name), lack.why)
    return mirror, lack


class _Lack(NamedTuple):
    """Why something is not cached, and the exit status where nothing is."""

    why: str
    status: int


def _recalled(reading: Reading) -> tuple[Answers, _Lack]:
    try:
        answers = patiently("reading the cache", partial(reading.result, CACHE_S))
        return answers, _Lack("nothing is cached yet", exit_codes.NOTHING_CONFIGURED)
    except TimeoutError:
        return {}, _Lack("the cache's disk does not answer", exit_codes.NOT_ALL_LIVE)
    except CacheError as error:
        return {}, _Lack(f"the cache cannot be read: {error}", exit_codes.NOT_ALL_LIVE)


def _among(tables: Sequence[str], ready: Sequence[str]) -> list[str]:
    return [name for name in tables if name in ready]


def _collect(start: Start, asked: Sequence[str], left_s: float, timeout_s: float) -> Mirror:
    import asyncio  # noqa: PLC0415 - --help and wrong command lines need no loop

    from monitor import session_log  # noqa: PLC0415 - as above
    from monitor.collect import collect  # noqa: PLC0415 - as above
    from monitor.until_told import until_told  # noqa: PLC0415 - as above

    log, problem = session_log.start(start.log_dir, "ls")
    if problem:
        complain(problem, exit_codes.OK)
    line = status_line()

    def say(text: str) -> None:
        line.erase()
        complain(text, exit_codes.OK)

    def watch(mirror: Mirror) -> None:
        if (taken := process_age.seconds()) >= SHOWN_AFTER_S:
            line.show(told(asked, mirror.status, taken, timeout_s))

    try:
        return asyncio.run(until_told(collect(start, asked, left_s, log, say, watch=watch)))
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


# --- judging -----------------------------------------------------------------------------------------------------

_NOT_SET_UP = frozenset({Freshness.UNCONFIGURED, Freshness.DISABLED})


def exit_status(mirror: Mirror, tables: Sequence[str], now: datetime) -> int:
    """What the exit status says of the tables; see `monitor.exit_codes`."""
    found = {freshness.of_table(mirror.status[name], now) for name in tables}
    if found <= _NOT_SET_UP:
        return exit_codes.NOTHING_CONFIGURED
    return exit_codes.OK if all(one.good for one in found) else exit_codes.NOT_ALL_LIVE


def _judged_cached(mirror: Mirror, tables: Sequence[str], lack: _Lack) -> int:
    """0 where anything at all is cached."""
    known = any(scope.fetched_at for name in tables for scope in mirror.status[name].scopes.values())
    return exit_codes.OK if known else complain(*lack)


def _judged(mirror: Mirror, tables: Sequence[str], now: datetime, output: str) -> int:
    """The exit status, and lines on standard error where the output itself does not say to eyes why it is not 0."""
    status = exit_status(mirror, tables, now)
    if output == "csv" or (output == "json" and status == exit_codes.NOTHING_CONFIGURED):
        for line in dict.fromkeys(_trouble(mirror.status[name], now) for name in tables):
            if line:
                complain(line, status)
    return status


def _unread(status: TableStatus) -> str:
    """What is not known of the reasons of a table, in one line; empty where all are."""
    if status.unreadable:
        return f"{status.table}: logs cannot be read, so some reasons are not known: {status.unreadable}"
    if status.unread:
        return f"{status.table}: {counted(status.unread, 'log')} not read yet, so some reasons are not known; ask again"
    return ""


def _trouble(status: TableStatus, now: datetime) -> str:
    """What is wrong with a table, in one line; empty where nothing is."""
    match freshness.of_table(status, now):
        case Freshness.DISABLED:
            return f"{status.table} is switched off by tables.{status.table}.enabled"
        case Freshness.UNCONFIGURED:
            return status.missing or ""
        case found:
            return "" if found.good else f"{status.table} is {found}: {freshness.error(status) or 'no answer'}"
