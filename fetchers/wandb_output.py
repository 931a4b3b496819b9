"""What a run printed: parts of it as a log's pages, and what the end of it says about why the run ended. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from fetchers.base import LogText
from fetchers.diagnosis import RULES_VERSION, diagnose
from fetchers.diagnosis.merge import merged
from fetchers.messages import LogEntry, LogPart, LogTarget, Outcome
from fetchers.plain import safe_lines

OUTPUT = "output.log"
"""The file of a run that holds what it printed."""

PAGE_BYTES = 256 * 1024
"""Of a file, read at a time."""

TAIL = LogPart(most=1_000)
"""What a reason is read from: the end."""

_DIGITS = 19
_BYTE = "byte:"
"""Begins the token of a page of a file: what comes before that byte is older."""


def page_of_file(read: Callable[[int, int], bytes], size: int, part: LogPart) -> LogText:
    """One page of a file of `size` bytes, of which `read` gives those from one offset up to another.

    Pages end where the page after them began, so that every line stands on exactly one of them.
    """
    end = min(size, place(part.token, _BYTE) or 0) if part.token is not None else size
    start = max(0, end - PAGE_BYTES)
    data = read(start, end)
    if start and 0 <= (newline := data.find(b"\n")) < len(data) - 1:
        start += newline + 1
        data = data[newline + 1 :]
    lines = _located(data, start)[-part.most :]
    first = lines[0][0] if lines else 0
    return LogText(entries(lines), f"{_BYTE}{first}" if first else None)


def _located(data: bytes, start: int) -> list[tuple[int, datetime | None, str]]:
    found: list[tuple[int, datetime | None, str]] = []
    for line in data.split(b"\n"):  # a carriage return alone is the work of a progress bar and ends no line
        found.append((start, None, line.decode("utf-8", "replace")))
        start += len(line) + 1
    return found[:-1] if data.endswith(b"\n") or not data else found


def entries(lines: Iterable[tuple[int, datetime | None, str]]) -> tuple[LogEntry, ...]:
    """Lines by number or place, with their times, as the entries of a log."""
    known = list(lines)
    safe = safe_lines(text for _, _, text in known)
    return tuple(LogEntry(text=text, at=at, id=str(number)) for (number, at, _), text in zip(known, safe, strict=True))


def place(token: str | None, kind: str) -> int | None:
    """The number in a token of that kind; null for every other token."""
    number = (token or "").removeprefix(kind)
    return int(number) if token != number and number.isascii() and number.isdigit() and len(number) < _DIGITS else None


def outcome_of(target: LogTarget, text: LogText) -> Outcome:
    """Why the run ended, as far as what it printed and its source say."""
    diagnosis = diagnose("\n".join(entry.text for entry in text.entries))
    return Outcome(
        table=target.record.table,
        key=target.key,
        reason=merged(target.record.reason, diagnosis.finding),
        evidence=tuple(line.text for line in diagnosis.evidence),
        root=next((at for at, line in enumerate(diagnosis.evidence) if line.root), None),
        rules=RULES_VERSION,
        entries=len(text.entries),
        whole=text.token is None,
    )


def unread(target: LogTarget, problem: str | None = None, retry_after_s: float | None = None) -> Outcome:
    """What is known of a run whose output has not been read: what its source says."""
    record = target.record
    return Outcome(
        table=record.table, key=target.key, reason=record.reason, problem=problem, retry_after_s=retry_after_s
    )
