"""The filter language of the screen and of `ls --filter`: an expression becomes one question to a record.

    word  "two words"  !word      text of the row; lower case finds either case, an upper-case letter is meant
    /regex/                       a regular expression in RE2's syntax, which takes linear time whatever it is
    column:value  column:a,b      in one column, field, link or detail; any of several
    took:>1h  when:<2h  step:>=1k durations, ages (or dates) and numbers compared; `=` is the whole text
    mine:yes  why:""              yes or no; nothing there

All parts must hold. Pure: no Textual, no clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from fetchers.errors import FilterError
from fetchers.records import Record
from monitor.columns import COLUMNS
from monitor.fields import Field, Value, field, line, lines, main_names, names
from monitor.filter_values import Piece, Test, needle_of, searching, test_of, ticks
from monitor.text import TYPED

Matches = Callable[[Record, datetime], bool]
"""Whether a record is meant, at a present time in the zone that times are shown in."""

LONGEST = TYPED
"""Characters of an expression."""


class Filter(msgspec.Struct, frozen=True):
    """An expression that has been understood."""

    text: str
    """As it was typed."""
    matches: Matches
    ticks: bool
    """Whether what matches can change as time passes, the records being what they are."""
    columns: tuple[str, ...]
    """The names of columns in it, each once."""

    def lacking(self, table: str) -> list[str]:
        """The columns in it that a table does not have: none of its records has a value there."""
        return [name for name in self.columns if field(table, name) is None]


def parse(text: str, tables: Collection[str] = tuple(COLUMNS)) -> Filter:
    """Understand an expression about records of these tables; one of blanks alone means every record.

    Raises `FilterError`, also for a column that no table at all has; one that only others have holds in no row.
    """
    if len(text) > LONGEST:
        raise FilterError(f"the filter is longer than {LONGEST:,} characters: shorten it", LONGEST)
    terms = list(_terms(text, tables))
    tests = [*_words([term.word for term in terms if term.word]), *(term.test for term in terms if term.test)]
    columns = tuple(dict.fromkeys(term.column for term in terms if term.column))
    return Filter(text, _all(tests), any(term.ticks for term in terms), columns)


def _all(tests: Sequence[Matches]) -> Matches:
    if not tests:
        return lambda _record, _now: True
    if len(tests) == 1:
        return tests[0]

    def matches(record: Record, now: datetime) -> bool:
        for test in tests:  # noqa: SIM110 - `all` would cost as much as a test
            if not test(record, now):
                return False
        return True

    return matches


# --- words -------------------------------------------------------------------------------------------------------


class _Word(NamedTuple):
    """Text to be found somewhere in a row, or not to be."""

    text: str
    exact: bool
    """Whether upper and lower case differ."""
    wanted: bool


class _Term(NamedTuple):
    """One part of an expression: a word, or a test of its own."""

    word: _Word | None = None
    test: Matches | None = None
    ticks: bool = False
    column: str = ""


def _words(words: Sequence[_Word]) -> Iterator[Matches]:
    """One test for all words of a kind: a row is put together once for them."""
    for blank, row in ((False, line), (True, lines)):
        if some := [word for word in words if (" " in word.text) is blank]:
            yield _found(some, row)


def _found(words: Sequence[_Word], row: Callable[[Record], str]) -> Matches:
    def matches(record: Record, _now: datetime) -> bool:
        text = row(record)
        folded = text.casefold()
        for needle, exact, wanted in words:  # noqa: SIM110 - as above
            if (needle in (text if exact else folded)) is not wanted:
                return False
        return True

    return matches


# --- reading an expression ---------------------------------------------------------------------------------------

_BLANKS = re.compile(r"\s*")
_COLUMN = re.compile(r'((?:label|summary|detail)\.[^\s:"]+|[A-Za-z_][\w.-]*):(?!//)')
"""A name and its colon; `https://…` is text."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_REGEX = re.compile(r"/((?:[^/\\]|\\.|/(?![\s,]|$))*)/")
_WORD = re.compile(r"\S+")
_PIECE = re.compile(r"[^\s,]*")
_SIGN = re.compile(r"[<>]=?|=")
_UNQUOTED = re.compile(r'\\(["\\])')


def _terms(text: str, tables: Collection[str]) -> Iterator[_Term]:
    at = _past_blanks(text, 0)
    while at < len(text):
        wanted = text[at] != "!"
        at += not wanted
        column = _COLUMN.match(text, at)
        if column:
            pieces, end = _pieces(text, column.end())
            yield _of_column(column[1], column.start(), pieces, tables, wanted=wanted)
        else:
            piece, end = _piece(text, at, _WORD)
            yield _of_row(piece, wanted=wanted)
        at = _past_blanks(text, end)
        if at == end < len(text):
            raise FilterError(f"a blank is missing at {end + 1}, before {text[end : end + 20]!r}", end)


def _past_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _pieces(text: str, at: int) -> tuple[list[Piece], int]:
    """Read `a,b`; the pieces, and where they end."""
    found: list[Piece] = []
    while True:
        sign = _SIGN.match(text, at)
        at = sign.end() if sign else at
        piece, at = _piece(text, at, _PIECE)
        found.append(piece._replace(sign=sign[0]) if sign else piece)
        if not text.startswith(",", at):
            return found, at
        at += 1


def _piece(text: str, at: int, bare: re.Pattern[str]) -> tuple[Piece, int]:
    """Read one piece; the piece, and where it ends."""
    if text.startswith('"', at):
        if quoted := _QUOTED.match(text, at):
            return Piece(_UNQUOTED.sub(r"\1", quoted[1]), at, quoted=True), quoted.end()
        raise FilterError(f'the quote at {at + 1} is not closed: end it with "', at, unfinished=True)
    if text.startswith("/", at):
        regex = _REGEX.match(text, at)
        if regex and regex[1]:
            return Piece(regex[1], at, find=searching(regex[1], at)), regex.end()
        raise FilterError(
            f"the regular expression at {at + 1} is not closed: end it with /, or put text in quotes",
            at,
            unfinished=True,
        )
    found = bare.match(text, at)
    if not found or not found[0]:
        raise FilterError(f"something to look for is missing at {at + 1}", at, unfinished=not text[at:].strip())
    return Piece(found[0], at), found.end()


def _of_row(piece: Piece, *, wanted: bool) -> _Term:
    if (find := piece.find) is not None:
        return _Term(test=lambda record, _now: find(lines(record)) is wanted)
    return _Term(word=_Word(*needle_of(piece.text), wanted))


def _of_column(name: str, at: int, pieces: Sequence[Piece], tables: Collection[str], *, wanted: bool) -> _Term:
    fields = _having(name, tables) or _having(name, COLUMNS)
    if not fields:
        raise _no_column(name, at, tables)
    asked = {table: [test_of(one, name, piece) for piece in pieces] for table, one in fields.items()}
    reads = {table: (one.read, asked[table]) for table, one in fields.items()}

    def matches(record: Record, now: datetime) -> bool:
        read, tests = reads.get(record.table, _NOTHING)
        value = read(record, now)
        for test in tests:
            if test(value, now):
                return wanted
        return not wanted

    return _Term(test=matches, ticks=any(ticks(one, pieces) for one in fields.values()), column=name)


def _having(name: str, tables: Collection[str]) -> dict[str, Field]:
    """What the name is in those of the tables that have such a thing."""
    return {table: found for table in tables if (found := field(table, name)) is not None}


_NOTHING: tuple[Callable[[Record, datetime], Value], list[Test]] = (lambda _record, _now: None, [])


def _no_column(name: str, at: int, tables: Collection[str]) -> FilterError:
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong expression needs it

    known = dict.fromkeys(name for table in tables for name in names(table))
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    main = dict.fromkeys(name for table in tables for name in main_names(table))
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(main)} and more."
    return FilterError(f"no column {name!r}: {advice} Text with a colon goes in quotes", at)
