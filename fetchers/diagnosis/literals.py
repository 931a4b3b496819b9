"""Works out which words a line must hold for a pattern to fit: one fast search for all of them spares most lines.

Pure. A pattern that cannot be taken apart, or that needs no word, is said to have none.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_parser: Any = re._parser  # type: ignore[attr-defined] # noqa: SLF001 - the tree of a pattern is what only it gives

MOST = 24
"""Words of which a pattern may need one; with more of them it is no help to look for them."""
SHORTEST = 3
"""Characters."""
_ASCII = 128
"""Other letters have forms that bytes in small letters do not show."""
_CHOICE = 6
"""Characters of a class that are tried one by one."""


class _Part(NamedTuple):
    """What a part of a pattern can match."""

    exact: frozenset[str] | None
    """All that it can match, in small letters; None where that is not known."""
    needs: frozenset[str] | None
    """Words of which every match holds one; None where there are none."""


_ANYTHING = _Part(None, None)
_NOTHING = _Part(frozenset({""}), None)


def words_of(pattern: str) -> frozenset[str] | None:
    """Words in small letters of which a line in small letters holds one if the pattern fits; None if it needs none."""
    try:
        part = _sequence(_parser.parse(pattern))
    except (re.error, RecursionError, OverflowError):
        return None
    needs = _best((part.needs, part.exact))
    return None if needs is None else frozenset(needs)


def shortest(words: Iterable[str]) -> list[str]:
    """Those of the words that hold no other of them: where a longer one stands, there stands one of these."""
    kept: list[str] = []
    for word in sorted(words, key=len):
        if not any(other in word for other in kept):
            kept.append(word)
    return kept


def _sequence(items: Iterable[tuple[Any, Any]]) -> _Part:
    run: frozenset[str] = frozenset({""})
    found: list[frozenset[str] | None] = []
    whole = True
    for operator, argument in items:
        part = _part(str(operator), argument)
        joined = _joined(run, part.exact)
        if joined is not None:
            run = joined
            continue
        whole = False
        found += [run, part.needs]
        run = part.exact if part.exact is not None else frozenset({""})
    return _Part(run if whole else None, _best((*found, run)))


def _part(operator: str, argument: Any) -> _Part:
    match operator:
        case "LITERAL":
            return _choice([("LITERAL", argument)])
        case "IN":
            return _choice(argument)
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return _NOTHING
        case "SUBPATTERN":
            return _sequence(argument[-1])
        case "BRANCH":
            return _branches([_sequence(items) for items in argument[1]])
    return _repeated(*argument) if operator.endswith("_REPEAT") else _ANYTHING


def _choice(members: Sequence[tuple[Any, Any]]) -> _Part:
    if len(members) <= _CHOICE and all(str(operator) == "LITERAL" and value < _ASCII for operator, value in members):
        return _Part(frozenset(chr(value).lower() for _, value in members), None)
    return _ANYTHING


def _branches(parts: Sequence[_Part]) -> _Part:
    exact = _union(part.exact for part in parts)
    needs = _union(_best((part.needs, part.exact)) for part in parts)
    return _Part(exact, needs)


def _repeated(least: int, most: int, items: Iterable[tuple[Any, Any]]) -> _Part:
    part = _sequence(items)
    if (least, most) == (0, 1) and part.exact is not None:
        return _Part(part.exact | {""}, None)
    if least == most == 1:
        return part
    return _Part(None, _best((part.needs, part.exact)) if least else None)


def _joined(run: frozenset[str], exact: frozenset[str] | None) -> frozenset[str] | None:
    if exact is None or len(run) * len(exact) > MOST:
        return None
    return frozenset("".join(pair) for pair in itertools.product(run, exact))


def _union(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    together: set[str] = set()
    for one in sets:
        if one is None:
            return None
        together |= one
    return frozenset(together) if len(together) <= MOST else None


def _best(choices: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """The words that are rarest in ordinary text: long ones, few of them, not numbers."""
    usable = [words for words in choices if words and min(map(len, words)) >= SHORTEST]
    return max(usable, key=_worth, default=None)


def _worth(words: frozenset[str]) -> tuple[float, int]:
    weakest = min(sum(0.5 if letter.isdigit() else 1.0 for letter in word) for word in words)
    return (weakest, -len(words))
