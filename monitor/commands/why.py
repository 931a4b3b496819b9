"""`monitor why`: the reason of one record and what it rests on; or the causes of all failures."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click
import msgspec

from cache.errors import CacheError
from fetchers.errors import ConfigError
from fetchers.messages import Outcome
from fetchers.records import Record, State
from monitor import because, exit_codes, freshness
from monitor.asking import CACHE_S, ask, configured, not_asked, recall, trouble, unread
from monitor.because import Because
from monitor.changes import Start, TableStatus
from monitor.inquiry import OneReason
from monitor.invocation import Invocation
from monitor.lineage import Row
from monitor.local_time import LOCAL
from monitor.lookup import called, lookup, near
from monitor.mirror import Mirror
from monitor.output import answer, answer_json, complain
from monitor.paint import brush
from monitor.progress import DISK_S, patiently
from monitor.tables import TABLES
from monitor.text import cut_middle, one_line
from monitor.timeout_option import timeout_option

if TYPE_CHECKING:
    from cache.terminal_state import Final

_WIDE = 200
"""Cells of a line where neither $COLUMNS nor a terminal says how many there are."""
_MOST_MEANT = 20
"""Records that are listed where several may be meant."""
_MOST_OF_WORD = 80
"""Cells of what was typed that are told back."""


@click.command(
    epilog="""\b
Examples:
  monitor why arr-train-7f3a                a part of an id or a name will do
  monitor why runner/us-central1/launcher-x7k2p -o json
  monitor why --all                         7 failures, 1 cause

\b
ID is the id or the name of a record of any table, the address of its page, or
a part that no other has. What has ended and was read before is told from the
cache, and nobody is asked; --cached asks nobody in any case.

\b
-o json prints one object: schema, at, and
  record    as `monitor ls -o json` has it, its reason included
  known     whether it is known why, or nothing is to be known
  problem   why it is not known
  said      the reason that the source itself gave; null where there is none
  evidence  the lines of its log that say so: text, root (the root cause)
  read      of its log: at, cached, entries, whole, jobs, rules; or null
  asked     of its table: at, live
or matches where several may be meant: table, id, name, scope, state. --all:
  tables    the freshness of each
  failures  how many there are
  causes    the biggest first: text, rule, category, advice, count, records
  unexplained  the records with no reason known: table, id, name, scope, …

\b
Exit status: 0 it is known why, or that nothing went wrong, or it has not
ended yet; 3 the record is there, but it is not known why, or not now (with
--all: not of every failure, or a table did not answer, or is not cached);
4 no such record, or nothing is configured; 64 several may be meant.
"""
)
@click.argument("word", metavar="[ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="The failures of all tables, by what caused them.")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", help="Format.")
@timeout_option
@click.option("--cached", is_flag=True, help="Tell what was last known, and ask nobody.")
@click.pass_obj
def command(
    invocation: Invocation, *, word: str | None, everything: bool, output: str, timeout_s: float, cached: bool
) -> int:
    """Say why a record ended as it did: the root cause, the lines of its log that say so, and what to do."""
    if (not word) != everything or (everything and word is not None):
        raise click.UsageError("wanted an ID, or --all for every failure", click.get_current_context())
    start = patiently("reading the configuration", invocation.start, min(timeout_s, DISK_S))
    for line in not_asked(invocation, start):
        complain(line, exit_codes.OK)
    tables = configured(start)
    if not tables:
        return exit_codes.NOTHING_CONFIGURED
    wanted = _Wanted(invocation, start, tables, output, timeout_s, cached)
    return _all(wanted) if word is None else _one(word, wanted)


class _Wanted(msgspec.Struct, frozen=True):
    """What the command line asks for, but of whom."""

    invocation: Invocation
    start: Start
    tables: tuple[str, ...]
    output: str
    timeout_s: float
    cached: bool

    @property
    def now(self) -> datetime:
        """The present, in the zone that times are shown in."""
        now = datetime.now(UTC)
        return now if self.invocation.utc else now.astimezone(LOCAL)

    @property
    def width(self) -> int:
        """Cells of a line."""
        return shutil.get_terminal_size((_WIDE, 24)).columns


# --- one record ----------------------------------------------------------------------------------------------------


def _one(word: str, wanted: _Wanted) -> int:
    remembered, why_not = recall(wanted.start, wanted.tables)
    find = lookup if wanted.cached else called
    rows = find(word, remembered.rows)
    kept = _kept(wanted.start, remembered, rows[0]) if len(rows) == 1 else None
    if kept is not None and (wanted.cached or _is_enough(kept)):
        return _tell(kept, wanted)
    if wanted.cached:
        return _several(word, rows, remembered, wanted) if rows else _nowhere(word, remembered, wanted, why_not.why)
    return _asked(word, wanted, kept)


def _kept(start: Start, mirror: Mirror, row: Row) -> Because:
    """What the caches know of a row."""
    record = mirror.rows[row.table][row.key]
    scope = mirror.status[row.table].scopes.get(record.scope)
    known = Because(
        record=record,
        asked_at=scope.fetched_at if scope else None,
        trouble="this is what was last known; without --cached its source is asked",
    )
    final = _final(start, record)
    if final is None:
        return known
    return msgspec.structs.replace(
        known,
        record=final.record,
        outcome=_reread(final),
        read_at=final.written_at,
        cached=True,
        said=final.said,
        live=final.settled,
    )


def _reread(final: Final) -> Outcome | None:
    """What its log said, as the rules of today see it."""
    from fetchers.diagnosis.reread import better  # noqa: PLC0415 - loads all rules

    return None if final.outcome is None else better(final.outcome, final.said) or final.outcome


def _is_enough(kept: Because) -> bool:
    """Whether nobody has to be asked: it cannot change any more, and all that its log says is known."""
    if not kept.live or kept.record.state is State.UNKNOWN:
        return False
    if kept.outcome is not None:
        return kept.outcome.problem is None
    return kept.record.state is not State.FAILED and kept.record.state not in TABLES[kept.record.table].read


def _final(start: Start, record: Record) -> Final | None:
    from cache.tenant import tenant_of  # noqa: PLC0415 - --help and wrong command lines need no cache
    from cache.terminal_state import glance_final  # noqa: PLC0415 - as above

    tenant = tenant_of(TABLES[record.table].source, start.settings)
    try:
        return patiently("reading the cache", partial(glance_final, start.cache_url, tenant, record), CACHE_S)
    except (CacheError, ConfigError):  # a disk that does not say: then the source is asked
        return None


def _asked(word: str, wanted: _Wanted, kept: Because | None) -> int:
    """Ask the sources: those of the record's own table where it is known which that is."""
    inquiry = OneReason(partial(_meant, word))
    tables = wanted.tables if kept is None else _beside(kept.record.table, wanted.tables)
    mirror = ask("why", wanted.start, tables, wanted.timeout_s, inquiry)
    rows = [inquiry.row] if inquiry.row is not None else lookup(word, mirror.rows)
    if len(rows) == 1:
        return _tell(_told(mirror, rows[0], inquiry, wanted.now), wanted)
    if rows:
        return _several(word, rows, mirror, wanted)
    if kept is not None:
        return _tell(msgspec.structs.replace(kept, trouble="its source lists it no more"), wanted)
    return _nowhere(word, mirror, wanted, "")


def _meant(word: str, mirror: Mirror, complete: bool) -> Row | None:
    """The row that is meant: one that is called so and has just been told; of all rows one that alone has the word."""
    rows = lookup(word, mirror.rows) if complete else called(word, mirror.rows)
    if len(rows) != 1:
        return None
    row = rows[0]
    status, record = mirror.status.get(row.table), mirror.rows[row.table][row.key]
    scope = status.scopes.get(record.scope) if status is not None else None
    return row if complete or (scope is not None and scope.live) else None


def _beside(table: str, tables: Sequence[str]) -> list[str]:
    """The table, and those that share its rows."""
    family = TABLES[table].family
    return [name for name in tables if name == table or (family and TABLES[name].family == family)]


def _told(mirror: Mirror, row: Row, inquiry: OneReason, now: datetime) -> Because:
    """What the engine has told of a row."""
    record, status, answer = mirror.rows[row.table][row.key], mirror.status[row.table], inquiry.answer
    scope = status.scopes.get(record.scope)
    failure = scope.failure.text if scope is not None and scope.failure is not None else ""
    return Because(
        record=record,
        outcome=answer.outcome if answer else None,
        read_at=answer.read_at if answer else None,
        cached=answer.cached if answer else False,
        said=answer.said if answer else None,
        asked_at=scope.fetched_at if scope else None,
        live=scope is not None and freshness.of_scope(scope, status, now).good,
        trouble=failure or status.unreadable or "",
    )


def _tell(known: Because, wanted: _Wanted) -> int:
    if wanted.output == "json":
        answer_json(because.render_json(known, wanted.now))
    else:
        paint = brush(colour=wanted.invocation.colourful())
        answer(because.render_text(known, wanted.now, width=wanted.width, paint=paint))
    return exit_codes.NOT_KNOWN if because.lack(known) else exit_codes.OK


# --- none, or several ----------------------------------------------------------------------------------------------


def _several(word: str, rows: Sequence[Row], mirror: Mirror, wanted: _Wanted) -> int:
    """List those that may be meant."""
    from monitor.cause_report import match_json, meant  # noqa: PLC0415 - not every word means several

    short = cut_middle(one_line(word), _MOST_OF_WORD)
    status = complain(f"{len(rows):,} records may be meant by {short!r}: say more of it, or an id", exit_codes.USAGE)
    records = [mirror.rows[row.table][row.key] for row in rows]
    if wanted.output == "json":
        answer_json(match_json(records, wanted.now))
        return status
    for row, record in zip(rows[:_MOST_MEANT], records, strict=False):
        answer(f"{meant(row.key, record, wanted.now, wanted.width)}\n")
    if (hidden := len(records) - _MOST_MEANT) > 0:
        answer(f"and {hidden:,} more\n")
    return status


def _nowhere(word: str, mirror: Mirror, wanted: _Wanted, why_not: str) -> int:
    """Say that there is no such record; or, where a table has not answered, that it may be there."""
    alike, word = near(word, mirror.rows), cut_middle(one_line(word), _MOST_OF_WORD)
    hint = f"; did you mean {' or '.join(alike)}?" if alike else f"; `{wanted.invocation.line('ls')}` lists them all"
    silent = [text for status in mirror.status.values() if (text := trouble(status, wanted.now))]
    if silent and not wanted.cached:
        return complain(f"no record {word!r} in what has answered; {silent[0]}{hint}", exit_codes.NOT_KNOWN)
    number = sum(map(len, mirror.rows.values()))
    if not number:
        return complain(f"no record {word!r}: {why_not or 'the tables are empty'}", exit_codes.NO_SUCH_RECORD)
    return complain(f"no record {word!r} among {number:,}{hint}", exit_codes.NO_SUCH_RECORD)


# --- every failure -------------------------------------------------------------------------------------------------


def _all(wanted: _Wanted) -> int:
    from monitor import cause_report  # noqa: PLC0415 - not needed for one record
    from monitor.same_cause import grouped, unexplained  # noqa: PLC0415 - as above

    mirror, wrong = _last_known(wanted) if wanted.cached else _every(wanted)
    records = [record for rows in mirror.rows.values() for record in rows.values()]
    causes, unknown, now = grouped(records), unexplained(records), wanted.now
    if wanted.output == "json":
        found = {name: freshness.of_table(mirror.status[name], now) for name in wanted.tables}
        answer_json(cause_report.render_json(causes, unknown, found, now))
    elif records or not wrong:
        width, paint = wanted.width, brush(colour=wanted.invocation.colourful())
        answer(cause_report.render_text(causes, unknown, now, width=width, paint=paint, whole=not wrong))
    late = [unread(mirror.status[name]) for name in wanted.tables]
    for line in dict.fromkeys(filter(None, [*wrong, *late])):
        complain(line, exit_codes.NOT_KNOWN)
    return exit_codes.NOT_KNOWN if unknown or wrong else exit_codes.OK


def _last_known(wanted: _Wanted) -> tuple[Mirror, list[str]]:
    """What is cached, and of which tables nothing is: what was last known is old, and no less known for it."""
    mirror, lack = recall(wanted.start, wanted.tables)
    lacking = [name for name in wanted.tables if not _has_answered(mirror.status[name])]
    return mirror, [lack.why] if len(lacking) == len(wanted.tables) else [f"{name}: {lack.why}" for name in lacking]


def _has_answered(status: TableStatus) -> bool:
    """Whether it ever has."""
    return any(scope.fetched_at for scope in status.scopes.values())


def _every(wanted: _Wanted) -> tuple[Mirror, list[str]]:
    """What the tables tell now, and what is wrong with them."""
    mirror = ask("why", wanted.start, wanted.tables, wanted.timeout_s)
    return mirror, [text for name in wanted.tables if (text := trouble(mirror.status[name], wanted.now))]
