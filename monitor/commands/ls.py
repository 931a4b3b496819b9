"""`monitor ls`: ask the tables once and print them, within a bounded time, for eyes and for scripts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from fetchers.errors import FilterError
from monitor import exit_codes, freshness
from monitor.asking import Lack, ask, configured, not_asked, recall, trouble, unread
from monitor.freshness import Freshness
from monitor.invocation import Invocation
from monitor.local_time import LOCAL
from monitor.mirror import Mirror
from monitor.output import answer, answer_json, complain, nearest
from monitor.progress import DISK_S, patiently
from monitor.tables import TABLES
from monitor.timeout_option import timeout_option

if TYPE_CHECKING:
    from monitor.filters import Filter

_WIDE = 200
"""Cells of a line where neither $COLUMNS nor a terminal says how many there are."""


class _TableNames(click.ParamType[str]):
    """Names of tables; an unknown one is answered with the nearest."""

    name = "table"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a table."""
        del param
        if value not in TABLES:
            raise click.UsageError(f"no table {value!r}; {nearest(value, TABLES)}", ctx)
        return str(value)


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
@timeout_option
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
    asked = tuple(dict.fromkeys(tables)) or configured(start)
    shown = asked or tuple(TABLES)
    sought = _understood(expression, shown) if expression.strip() else None
    for line in () if tables else not_asked(invocation, start):
        complain(line, exit_codes.OK)
    if not asked and output == "table":
        return exit_codes.NOTHING_CONFIGURED
    mirror, lack = recall(start, shown) if cached else (ask("ls", start, shown, timeout_s), None)
    now = datetime.now(UTC)
    if sought is not None:
        sift(mirror, sought, now if invocation.utc or output != "table" else now.astimezone(LOCAL))
    _print(invocation, mirror, shown, now, output)
    for line in dict.fromkeys(unread(mirror.status[name]) for name in shown):
        if line:
            complain(line, exit_codes.OK)
    return _judged_cached(mirror, asked, lack) if lack else _judged(mirror, asked, now, output)


def _print(invocation: Invocation, mirror: Mirror, shown: Sequence[str], now: datetime, output: str) -> None:
    # Imported here: each format needs a library that the others do not.
    if output == "table":
        from monitor.listing import render_table  # noqa: PLC0415

        width = shutil.get_terminal_size((_WIDE, 24)).columns
        local = now if invocation.utc else now.astimezone(LOCAL)
        answer(render_table(mirror, shown, local, width=width, colour=invocation.colourful()))
        return
    from monitor.export import render_csv, render_json  # noqa: PLC0415

    if output == "csv":
        answer(render_csv(mirror, shown, now))
    else:
        answer_json(render_json(mirror, shown, now))


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


# --- judging -----------------------------------------------------------------------------------------------------

_NOT_SET_UP = frozenset({Freshness.UNCONFIGURED, Freshness.DISABLED})


def exit_status(mirror: Mirror, tables: Sequence[str], now: datetime) -> int:
    """What the exit status says of the tables; see `monitor.exit_codes`."""
    found = {freshness.of_table(mirror.status[name], now) for name in tables}
    if found <= _NOT_SET_UP:
        return exit_codes.NOTHING_CONFIGURED
    return exit_codes.OK if all(one.good for one in found) else exit_codes.NOT_ALL_LIVE


def _judged_cached(mirror: Mirror, tables: Sequence[str], lack: Lack) -> int:
    """0 where anything at all is cached."""
    known = any(scope.fetched_at for name in tables for scope in mirror.status[name].scopes.values())
    return exit_codes.OK if known else complain(*lack)


def _judged(mirror: Mirror, tables: Sequence[str], now: datetime, output: str) -> int:
    """The exit status, and lines on standard error where the output itself does not say to eyes why it is not 0."""
    status = exit_status(mirror, tables, now)
    if output == "csv" or (output == "json" and status == exit_codes.NOTHING_CONFIGURED):
        for line in dict.fromkeys(trouble(mirror.status[name], now) for name in tables):
            if line:
                complain(line, status)
    return status
