"""Why the scopes of a table failed: one line for each cause, that names the scopes it befell. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import msgspec

from monitor.changes import TableStatus
from monitor.tables import TABLES
from monitor.text import ELLIPSIS, one_line

_NAMES_SHOWN = 2


class Cause(msgspec.Struct, frozen=True):
    """One thing that went wrong."""

    line: str
    """What it is and where, clean."""
    scopes: tuple[str, ...]
    """The scopes that failed of it."""


def causes(status: TableStatus) -> list[Cause]:
    """Return the causes in the order of the scopes; each scope that failed is in exactly one."""
    texts = tuple((name, scope.failure.text) for name, scope in status.scopes.items() if scope.failure)
    return [*_causes(status.table, len(status.scopes), texts)]


@functools.lru_cache(maxsize=64)
def _causes(table: str, number: int, texts: tuple[tuple[str, str], ...]) -> tuple[Cause, ...]:
    """Of a table of so many scopes. Kept, because a screen asks several times a second, and an error may be a page."""
    found: dict[str, list[str]] = {}
    for name, text in texts:
        found.setdefault(_without(name, text), []).append(name)
    said = dict(texts)
    return tuple(
        Cause(_line(cause, names, said[names[0]], _named(names, table, number)), tuple(names))
        for cause, names in found.items()
    )


def _line(cause: str, names: Sequence[str], first: str, where: str) -> str:
    says_where = len(names) == 1 and _word(names[0]).search(first)
    return one_line(first if says_where else f"{where}: {cause}")


def _without(scope: str, text: str) -> str:
    """The text as it is for any scope: without the name in what was called, and with … for it further on."""
    called, colon, cause = text.partition(": ")
    return f"{_word(scope).sub('', called).strip()}{colon}{_word(scope).sub(ELLIPSIS, cause)}"


def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(text)}(?!\w)")


def _named(names: Sequence[str], table: str, number: int) -> str:
    if len(names) == number > 1:
        return f"all {number} {TABLES[table].units}"
    if len(names) <= _NAMES_SHOWN + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMES_SHOWN])} (+{len(names) - _NAMES_SHOWN})"
