"""Which failures have one cause: reasons of one rule that differ only in numbers, ids and names of their own. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Container, Iterable, Iterator

import msgspec

from fetchers.records import Record, State, order, ordered
from monitor.lineage import last_part
from monitor.text import ELLIPSIS, one_line

_SHORTEST = 4
"""Characters that a name of a record's own has at least, where it is taken out of the reason."""


Shape = tuple[str | None, str]
"""Rule, and a reason without what is only its record's own."""

_TELLING = 16
"""Characters from which on a text says enough to be known again within a longer one."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that went wrong, and all that it befell."""

    text: str
    """The reason of the newest of them, as it has it."""
    rule: str | None
    category: str | None
    advice: str | None
    """What to do about it, as it is told of the newest."""
    records: tuple[Record, ...]
    """The failures, newest first; never empty."""


def grouped(records: Iterable[Record]) -> list[Cause]:
    """The causes of the failures among the records, the one that befell most first.

    A failure with no reason is in none of them: see `unexplained`. What has not failed has no cause.
    """
    found: dict[Shape, list[Record]] = {}
    for record in ordered(failures(records)):
        if record.reason is not None:
            found.setdefault((record.reason.rule, shape(record)), []).append(record)
    together: dict[Shape, list[Record]] = {}
    for one, befallen in found.items():
        together.setdefault(core(one, found), []).extend(befallen)
    causes = (_cause(ordered(befallen)) for befallen in together.values())
    return sorted(causes, key=lambda cause: (-len(cause.records), order(cause.records[0])))


def core(one: Shape, among: Container[Shape]) -> Shape:
    """The same without who tells it, where it is among the others so; else itself."""
    rule, text = one
    return next(((rule, rest) for rest in _rests(text) if (rule, rest) in among), one)


def _rests(text: str) -> Iterator[str]:
    """What stays of a text without who says it, the shortest first: `InvalidArgument: 400 …` is told in many ways."""
    parts = text.split(": ")
    rests = (": ".join(parts[number:]) for number in range(len(parts) - 1, 0, -1))
    return (rest for rest in rests if len(rest) >= _TELLING)


def unexplained(records: Iterable[Record]) -> list[Record]:
    """The failures whose reason is not known, newest first."""
    return ordered(record for record in failures(records) if record.reason is None)


def failures(records: Iterable[Record]) -> Iterator[Record]:
    """The records that have failed."""
    return (record for record in records if record.state is State.FAILED)


def tally(failed: int, causes: int) -> str:
    """How many failures come of how many causes, in words: `7 failures, 1 cause`."""
    return f"{failed:,} failure{'' if failed == 1 else 's'}, {causes:,} cause{'' if causes == 1 else 's'}"


def _cause(befallen: list[Record]) -> Cause:
    reason = befallen[0].reason
    assert reason is not None  # noqa: S101 - it is grouped by it
    return Cause(
        text=reason.text,
        rule=reason.rule,
        category=reason.category,
        advice=reason.advice,
        records=tuple(befallen),
    )


# --- what two reasons have in common -------------------------------------------------------------------------------


def shape(record: Record) -> str:
    """The record's reason without what is only its own; empty where it has none."""
    return "" if record.reason is None else _shape(record.reason.text, tuple(_own(record)))


def _own(record: Record) -> Iterator[str]:
    """What the record is called, and what it belongs to. A name that is a plain word may mean something else."""
    yield record.id
    named = (record.name, record.scope, *map(last_part, record.links.values()))
    yield from (name for name in named if not name.isalpha())


_PLACE = re.compile(
    r"(?<![\w-])(?:africa|asia|australia|europe|me|northamerica|southamerica|us)-(?:north|south|east|west|central)+\d{1,2}"
    r"(?:-[a-f])?(?!\w)"
)
"""A region or a zone of Google: one record tells its own, another that of the job it belongs to."""

_VARIABLE = re.compile(
    r"""(?ix)
    (?P<kept> \b(?: exit(?:ed)? | status | code | signal | errno | error | http )
        (?: \s with | \s code | \s status )? [\s:=]{1,3} \d{1,5} \b )
  | \b 0x [0-9a-f]+ \b
  | \b (?= [a-z_]{0,40} \d ) \w{5,} \b
  | \d+ (?: [.,:] \d+ )*
    """
)
"""What makes each occurrence of a cause look different: addresses, ids, numbers. A status means something: it stays."""


@functools.lru_cache(maxsize=8192)
def _shape(text: str, own: tuple[str, ...]) -> str:
    """Kept, because a screen asks again with every change of a table."""
    line = _PLACE.sub(ELLIPSIS, one_line(text))
    for name in sorted({one_line(name) for name in own}, key=len, reverse=True):
        if len(name) >= _SHORTEST:
            line = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", ELLIPSIS, line)
    return _VARIABLE.sub(lambda found: found["kept"] or "#", line).casefold()
