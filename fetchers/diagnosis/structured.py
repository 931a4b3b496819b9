"""Unpacks a line that is a JSON object, as services and loggers write it: message, severity, error, stack trace.

Never raises: what does not decode, or is no log entry, stays the line that it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fetchers.diagnosis.prefixes import LEVELS, Level

LINES_MAX = 2_000
"""Lines of one entry that are read."""

_SEVERITY = ("severity", "level", "levelname", "lvl", "log.level", "loglevel")
_MESSAGE = ("message", "msg", "textPayload", "event", "text", "log", "MESSAGE", "short_message")
_MORE = (
    "error",
    "err",
    "exception",
    "exc_info",
    "exc_text",
    "stack_trace",
    "stacktrace",
    "traceback",
    "stack",
    "detail",
)
_NESTED = ("jsonPayload", "payload", "error", "err", "exception", "data", "fields", "record")
_DEPTH = 3
_NUMBERED = ((50, Level.ERROR), (40, Level.WARNING), (0, Level.QUIET))
"""Severities as numbers, as bunyan and pino write them, Python's among them from 40."""


class Entry(msgspec.Struct, frozen=True):
    """What one structured entry says."""

    level: Level
    lines: tuple[str, ...]
    rule: str | None = None
    """Id in a structured diagnosis; it may be anything."""


def entry_of(text: str) -> Entry | None:
    """The entry that the line is; null where it is no JSON object that says something."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    lines = tuple(_lines(value))
    rule = _rule(value)
    if not lines and rule is None:
        return None
    return Entry(_level(value), lines, rule)


def _lines(value: Mapping[str, Any]) -> Iterator[str]:
    left = LINES_MAX
    for text in dict.fromkeys(_texts(value, _DEPTH)):
        for line in text.split("\n")[:left]:
            left -= 1
            yield line.rstrip()


def _texts(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key in (*_MESSAGE, *_MORE):
        said = value.get(key)
        if isinstance(said, str) and said.strip():
            yield said
    for key in _NESTED:
        inner = value.get(key)
        if isinstance(inner, dict) and depth:
            yield from _texts(inner, depth - 1)


def _level(value: Mapping[str, Any]) -> Level:
    inner = value.get("jsonPayload")
    for holder in (value, inner if isinstance(inner, dict) else {}):
        for key in _SEVERITY:
            said = holder.get(key)
            if isinstance(said, str):
                return LEVELS.get(said.upper(), Level.UNSAID)
            if isinstance(said, int):
                return next((level for least, level in _NUMBERED if said >= least), Level.UNSAID)
    return Level.UNSAID


def _rule(value: Mapping[str, Any]) -> str | None:
    for holder in (value, value.get("jsonPayload")):
        diagnosis = holder.get("diagnosis") if isinstance(holder, dict) else None
        if isinstance(diagnosis, dict) and isinstance(diagnosis.get("rule"), str):
            return str(diagnosis["rule"])
    return None
