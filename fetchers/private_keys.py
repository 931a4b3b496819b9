"""Finds the lines of a private key that was printed over several of them, also where its first or last is missing.

Pure and linear in its input. A key that stands on one line is the business of `fetchers.redact`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

BEGINS = r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
ENDS = r"-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"

_MIXED = (
    r"(?!(?:[A-Za-z0-9+]{0,12}/){6})"
    r"(?=(?:[A-Za-z+/]*+\d){3})(?=(?:[a-z0-9+/]*+[A-Z]){3})(?=[A-Z0-9+/]*+[a-z])"
)
"""No hash in hexadecimal, no ruler, no path, no name of a C++ symbol."""
ENCODED = rf"(?<![\w+/-])(?=[A-Za-z0-9+/]{{60}}){_MIXED}[A-Za-z0-9+/]{{60,}}+={{0,2}}(?![\w-])"
"""As long as a line of a key, and as mixed."""
ENCODED_ALONE = rf"(?<!\S)(?=[A-Za-z0-9+/]{{40}}){_MIXED}[A-Za-z0-9+/]{{40,}}+={{0,2}}\s*+\Z"
"""The same of a key that was folded into shorter lines: at the end of a line, behind nothing or a blank."""

_MARK = re.compile(rf"(?P<begins>{BEGINS})|(?P<ends>{ENDS})|{ENCODED}|{ENCODED_ALONE}")
_END = re.compile(ENDS)
_WORD = r"[A-Za-z0-9+/]{4,}={0,2}"
_AROUND = r"""[\s"'()+>|,;]*+"""
_ANY_BODY = re.compile(rf"{_AROUND}{_WORD}(?:\\[nr]|{_AROUND})*+")
"""What the last line of a key may look like: also a word."""
_BODY = re.compile(rf"{_AROUND}(?=[A-Za-z]*+[0-9+/=]){_WORD}(?:\\[nr]|[\s\"'(),;])*+")
"""A line of a key: where no end of it is in sight, a word such as `Killed` is none."""
_BETWEEN = re.compile(r"\s*+(?:(?:Proc-Type|DEK-Info|Version|Comment): .{0,200})?")
"""What else may stand in a key."""

_LONGEST = 400
"""Lines of a key, and those of others among them."""
_OTHERS = 20
"""Lines of others in a row, behind which no more of the key is looked for."""
_HEAD_MAX = 200


def lines_of_keys(lines: Sequence[str]) -> set[int]:
    """Places of the lines that belong to a key of several lines; its first line need not be among them."""
    found: set[int] = set()
    for place, line in enumerate(lines):
        mark = None if place in found else _MARK.search(line)
        if mark is None:
            continue
        if mark["ends"]:
            found.update(_before(lines, place))
        elif _END.search(line, mark.end()) is None:
            found.update(_behind(lines, place, line[: mark.start()]))
    return found


def _before(lines: Sequence[str], end: int) -> Iterator[int]:
    """The line before the end of a key, of which nothing else is left: too short to be known by itself."""
    head = _head(lines[end][: lines[end].index("-----END")])
    if end and _ANY_BODY.fullmatch(_without(head, lines[end - 1])):
        yield end - 1


def _behind(lines: Sequence[str], start: int, before: str) -> Iterator[int]:
    """The lines that follow in the key; `before` is what stood before the key in its first line."""
    head, others = _head(before), 0
    for place in range(start + 1, min(len(lines), start + _LONGEST)):
        line = _without(head, lines[place])
        if _END.search(line):
            yield place
            yield from _before(lines, place)
            return
        if _BODY.fullmatch(line):
            others = 0
            yield place
        elif not _BETWEEN.fullmatch(line):
            others += 1
            if others > _OTHERS or head is None or head.match(lines[place]):
                return


def _head(text: str) -> re.Pattern[str] | None:
    """What stands before each line of a key, such as the time and who wrote it; null where there is nothing."""
    if not text.strip() or len(text) > _HEAD_MAX:
        return None
    return re.compile(re.sub(r"\d+", lambda _: r"\d+", re.escape(text)))


def _without(head: re.Pattern[str] | None, line: str) -> str:
    match = head.match(line) if head else None
    return line[match.end() :] if match else line
