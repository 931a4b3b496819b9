"""The filter language of Google's list calls, as far as anyone here uses it.

Comparisons joined by AND, OR (which binds tighter), NOT and parentheses; a comparison may name a group of values:
`labels."a/b"=("x" OR "y")`. Two terms side by side are joined by AND.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

Lookup = Callable[[str], Any]
"""Value of a path such as `labels.team` in some message; raises `FilterError` for a path that it has not."""
Predicate = Callable[[Lookup], bool]


class FilterError(Exception):
    """The filter cannot be understood; the services answer INVALID_ARGUMENT."""


class Ranked(int):
    """An enum value that compares by its number and is written by its name."""

    names: dict[str, int]

    @classmethod
    def of(cls, value: int, names: dict[str, int]) -> Ranked:
        """A value among its names."""
        ranked = cls(value)
        ranked.names = names
        return ranked


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<op>!=|>=|<=|=~|[=<>:])
      | (?P<mark>[()])
      | (?P<word>[^\s"()=<>!:]+)
    )""",
    re.VERBOSE,
)
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    ":": lambda value, wanted: str(wanted).lower() in str(value).lower(),
    "=~": lambda value, wanted: re.search(str(wanted), str(value)) is not None,
}


def parse(text: str) -> Predicate:
    """The predicate that a filter is; an empty one holds always. Raises `FilterError`."""
    if not text.strip():
        return lambda _: True
    reader = _Reader(_tokens(text))
    predicate = reader.conjunction()
    if reader.peek() is not None:
        raise FilterError(f"unexpected {reader.peek()!r}")
    return predicate


Token = tuple[str, str]


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise FilterError(f"cannot read {text[at : at + 20]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _unquoted(token: Token) -> str:
    kind, text = token
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "string" else text


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self.peek()
        if token is None:
            raise FilterError("the filter ends too early")
        self._at += 1
        return token

    def _take(self, *wanted: Token) -> bool:
        if self.peek() not in wanted:
            return False
        self._at += 1
        return True

    def conjunction(self) -> Predicate:
        terms = [self._disjunction()]
        while self._take(("word", "AND")) or self.peek() not in (None, ("mark", ")")):
            terms.append(self._disjunction())
        return lambda lookup: all(term(lookup) for term in terms)

    def _disjunction(self) -> Predicate:
        terms = [self._term()]
        while self._take(("word", "OR")):
            terms.append(self._term())
        return lambda lookup: any(term(lookup) for term in terms)

    def _term(self) -> Predicate:
        if self._take(("word", "NOT"), ("word", "-")):
            inner = self._term()
            return lambda lookup: not inner(lookup)
        if self._take(("mark", "(")):
            inside = self.conjunction()
            self._close()
            return inside
        return self._comparison()

    def _close(self) -> None:
        if not self._take(("mark", ")")):
            raise FilterError("a parenthesis is not closed")

    def _comparison(self) -> Predicate:
        path = self._path()
        kind, sign = self._next()
        if kind != "op":
            raise FilterError(f"no comparison after {path}")
        values = self._values()
        compare = _OPERATORS[sign]
        return lambda lookup: any(_holds(compare, lookup(path), value) for value in values)

    def _path(self) -> str:
        """A path may end in a quoted key: `labels."run.googleapis.com/execution_name"`."""
        path = _unquoted(self._next())
        while path.endswith("."):
            path += _unquoted(self._next())
        return path

    def _values(self) -> list[str]:
        if not self._take(("mark", "(")):
            return [_unquoted(self._next())]
        values = [_unquoted(self._next())]
        while self._take(("word", "OR")):
            values.append(_unquoted(self._next()))
        self._close()
        return values


def _holds(compare: Callable[[Any, Any], Any], value: Any, literal: str) -> bool:
    if value is None:
        return False
    return bool(compare(value, _as(value, literal)))


def _as(value: Any, literal: str) -> Any:
    """The literal as the type of what it is compared with."""
    try:
        if isinstance(value, Ranked):
            return int(literal) if literal.isdigit() else value.names[literal]
        if isinstance(value, datetime):
            return datetime.fromisoformat(literal)
        return type(value)(literal)
    except (ValueError, KeyError) as error:
        raise FilterError(f"{literal!r} is no value for this field") from error
