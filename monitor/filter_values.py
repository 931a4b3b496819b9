"""What one value of a record is tested by: text found, states and flags named, numbers, durations and times compared.

Pure: no Textual, no clock. Nothing here takes longer than in proportion to the text it looks at.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from fetchers.errors import FilterError
from fetchers.records import State
from monitor.fields import Field, Kind, Value, seen
from monitor.text import LIMIT, duration

Find = Callable[[str], bool]
Test = Callable[[Value, datetime], bool]


class Piece(NamedTuple):
    """What is looked for in one place: bare text, quoted text or a regular expression."""

    text: str
    at: int
    sign: str = ""
    """How it is compared: `<`, `<=`, `>`, `>=`, `=`; empty: it is found."""
    find: Find | None = None
    """How a regular expression is found."""
    quoted: bool = False


# --- text ---------------------------------------------------------------------------------------------------------


def needle_of(text: str) -> tuple[str, bool]:
    """What to look for, and whether case counts."""
    shown = seen(text)
    exact = any(character.isupper() for character in shown)
    return (shown if exact else shown.casefold()), exact


def _containing(text: str) -> Find:
    needle, exact = needle_of(text)
    if exact:
        return lambda found: needle in seen(found)
    return lambda found: needle in seen(found).casefold()


def _equal_to(text: str) -> Find:
    needle, exact = needle_of(text)
    if exact:
        return lambda found: needle == seen(found)
    return lambda found: needle == seen(found).casefold()


# --- regular expressions -----------------------------------------------------------------------------------------

_BY_LINE = "(?m)"
"""Goes before an expression: `^` and `$` are for lines. Nobody typed it, so no error says it."""
_REGEX_MEMORY = 1 << 20
"""Bytes that one expression may take, its tables included."""
_REGEX_STEPS = 400
"""Steps of a compiled expression: what is linear can still be slow, and beyond some 500 a row takes milliseconds."""
_ESCAPED = re.compile(r"\\.", re.DOTALL)


def searching(pattern: str, at: int) -> Find:
    """Find by RE2: Python's own `re` can take for ever, and nobody could stop it."""
    try:
        import re2  # noqa: PLC0415 - only an expression with a regular one needs it
    except ImportError:
        raise FilterError(
            "regular expressions need the package google-re2, which is not installed: search for words", at
        ) from None
    options = re2.Options()
    options.log_errors = False  # it would write over the screen
    options.never_capture = True
    options.max_mem = _REGEX_MEMORY
    options.case_sensitive = any(character.isupper() for character in _ESCAPED.sub("", pattern))
    try:
        regex = re2.compile(f"{_BY_LINE}{pattern}".encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        raise FilterError(f"the regular expression at {at + 1} cannot be used: {_said(error)}", at) from None
    if regex.programsize > _REGEX_STEPS:
        raise FilterError(f"the regular expression at {at + 1} is too large: repeat less in it", at)
    return lambda text: regex.search(text[:LIMIT].encode()) is not None


def _said(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return told.decode(errors="replace").replace(_BY_LINE, "", 1) if isinstance(told, bytes) else "it is no text"


# --- values ------------------------------------------------------------------------------------------------------


def ticks(asked: Field, pieces: Sequence[Piece]) -> bool:
    """Whether the answer for one value can change as time passes."""
    if asked.kind is Kind.TIME:
        return any(piece.sign and _seconds(piece.text) is not None for piece in pieces)
    return asked.kind is Kind.SECONDS


def test_of(asked: Field, name: str, piece: Piece) -> Test:
    """The test of a value of the field. Raises `FilterError` for what no value could be."""
    if asked.kind is Kind.TEXTS:
        of_one = test_of(Field(Kind.TEXT, asked.read), name, piece)
        return lambda value, now: any(of_one(text, now) for text in str(value).split("\n"))
    show = _SHOWN[asked.kind]
    if (find := piece.find) is not None:
        return lambda value, now: value is not None and find(seen(show(value, now)))
    if piece.quoted and not piece.text:
        return lambda value, now: value is None or not show(value, now)
    if piece.sign and asked.kind in _COMPARED:
        return _COMPARED[asked.kind](name, piece)
    if piece.sign not in {"", "="}:
        raise FilterError(f"{name} is {asked.kind.value}, which has no order: write {name}:{piece.text}", piece.at)
    return _FOUND.get(asked.kind, _text)(name, piece, show)


_Show = Callable[[Any, datetime], str]


def _text(_name: str, piece: Piece, show: _Show) -> Test:
    find = _equal_to(piece.text) if piece.sign else _containing(piece.text)
    return lambda value, now: value is not None and find(show(value, now))


def _state(_name: str, piece: Piece, _show: _Show) -> Test:
    """States by how they begin: `fail` is a start."""
    start = piece.text.lower()
    states = frozenset(state for state in State if state.value.startswith(start))
    if not states:
        words = ", ".join(state.value for state in State)
        raise FilterError(f"no state {piece.text!r}: there are {words}; raw_state has the source's own", piece.at)
    return lambda value, _now: value in states


_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def _flag(name: str, piece: Piece, _show: _Show) -> Test:
    meant = next((flag for word, flag in _FLAGS.items() if word.startswith(piece.text.lower())), None)
    if meant is None:
        raise FilterError(f"{name} is yes or no, and not {piece.text!r}", piece.at)
    return lambda value, _now: value is meant


def _number_or_text(_name: str, piece: Piece, show: _Show) -> Test:
    """A number is found where it is the same, text where it contains what is looked for."""
    number, flag = _number(piece.text), _FLAGS.get(piece.text.lower())
    in_text = _text(_name, piece, show)

    def test(value: Value, now: datetime) -> bool:
        if isinstance(value, bool):
            return value is flag
        if isinstance(value, int | float):
            return value == number
        return in_text(value, now)

    return test


_FOUND: dict[Kind, Callable[[str, Piece, _Show], Test]] = {
    Kind.STATE: _state,
    Kind.FLAG: _flag,
    Kind.NUMBER: _number_or_text,
}
"""How a value is found that is not simply text."""


# --- comparing ---------------------------------------------------------------------------------------------------

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)([kKmMgG]?)")
_TIMES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+|\d+(?:\.\d+)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BEGUN = re.compile(r"[+-]?\d*\.?|[\d.smhdw]*[\d.]|[\d:TZ+-]*")
"""What may yet become a number, a duration or a date."""


def _number(text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    return float(found[1]) * _TIMES[found[2].lower()] if found else None


def _seconds(text: str) -> float | None:
    text = text.replace(" ", "")
    if not _SPAN.fullmatch(text):
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in _PART.findall(text))


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _unlike(name: str, piece: Piece, wanted: str) -> FilterError:
    begun = _BEGUN.fullmatch(piece.text) is not None
    return FilterError(f"{name} wants {wanted}, and not {piece.text!r}", piece.at, unfinished=begun)


def _by_number(name: str, piece: Piece) -> Test:
    compare, wanted = _SIGNS[piece.sign], _number(piece.text)
    if wanted is None:
        if piece.sign == "=":
            return _text(name, piece, _SHOWN[Kind.NUMBER])
        raise _unlike(name, piece, "a number such as 1000, 0.5 or 10k")

    def test(value: Value, _now: datetime) -> bool:
        number = _as_number(value)
        return number is not None and compare(number, wanted)

    return test


def _as_number(value: Value) -> float | None:
    """A value's number; a source may send one as text."""
    if isinstance(value, str):
        return _number(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _by_seconds(name: str, piece: Piece) -> Test:
    compare, wanted = _SIGNS[piece.sign], _seconds(piece.text)
    if wanted is None:
        raise _unlike(name, piece, "a duration such as 90s, 5m or 1h30m")
    return lambda value, _now: isinstance(value, int | float) and compare(value, wanted)


def _by_time(name: str, piece: Piece) -> Test:
    """By age where a duration is given, else by the calendar."""
    compare, ago, date = _SIGNS[piece.sign], _seconds(piece.text), _date(piece.text)
    if ago is not None:  # `20260131` too: a date has dashes here
        return lambda value, now: isinstance(value, datetime) and compare((now - value).total_seconds(), ago)
    if date is None:
        raise _unlike(name, piece, "an age such as 2h, or a date such as 2026-01-31 or 2026-01-31T14:00")

    def test(value: Value, now: datetime) -> bool:
        moment = date if date.tzinfo else date.replace(tzinfo=now.tzinfo)
        return isinstance(value, datetime) and compare(value, moment)

    return test


_COMPARED: dict[Kind, Callable[[str, Piece], Test]] = {
    Kind.NUMBER: _by_number,
    Kind.SECONDS: _by_seconds,
    Kind.TIME: _by_time,
}


# --- values as text ----------------------------------------------------------------------------------------------


def _shown_scalar(value: Any, _now: datetime) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _shown_seconds(value: Any, _now: datetime) -> str:
    return duration(value) if isinstance(value, int | float) and math.isfinite(value) else str(value)


def _shown_time(value: Any, now: datetime) -> str:
    try:
        return f"{value.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError):  # the first or the last day of the calendar
        return f"{value:%Y-%m-%d}"


_SHOWN: dict[Kind, _Show] = {
    Kind.TEXT: _shown_scalar,
    Kind.STATE: _shown_scalar,
    Kind.FLAG: _shown_scalar,
    Kind.NUMBER: _shown_scalar,
    Kind.SECONDS: _shown_seconds,
    Kind.TIME: _shown_time,
}
