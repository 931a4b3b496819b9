"""Takes off a line what stands before its message: timestamps, ranks, containers, severities, logger names.

Pure. Every pattern is anchored, bounded and free of backtracking, because lines may be anything.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple


class Level(enum.IntEnum):
    """How loud a line is."""

    QUIET = 0
    """Debug, info, notice: nothing that is said so ends a program."""
    WARNING = 1
    UNSAID = 2
    """The line does not say."""
    ERROR = 3


class Line(NamedTuple):
    """One line of a log, ready to be matched."""

    number: int
    text: str
    """Without colours, control characters and what tells only when and where it was said."""
    bare: str
    """`text` without severity and logger name too: where an exception's name would begin."""
    level: Level = Level.UNSAID
    source: str = ""
    """Which of several interleaved writers said it, e.g. `[rank0]`; empty where the line does not tell."""


LEVELS = {
    **dict.fromkeys(("TRACE", "DEBUG", "INFO", "NOTICE", "I", "D", "V"), Level.QUIET),
    **dict.fromkeys(("WARNING", "WARN", "W"), Level.WARNING),
    **dict.fromkeys(("ERROR", "ERR", "CRITICAL", "FATAL", "SEVERE", "ALERT", "EMERGENCY", "E", "F", "C"), Level.ERROR),
}
"""Severities as systems write them, in capitals."""

_TIME = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?+"
_ZONE = r"(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?+"
_DAY = r"(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d/\d\d/\d\d(?:\d\d)?+|\d{1,2}[-/][A-Z][a-z]{2}[-/]\d{4}|\d{8})"
_NAMED_DAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:[A-Z][a-z]{2} {1,2}\d{1,2}|\d{1,2} [A-Z][a-z]{2})(?: \d{4})?"
_WHEN = rf"(?:(?:{_DAY}[T _-]|{_NAMED_DAY},? )?{_TIME}{_ZONE}(?: \d{{4}})?|{_DAY})"
_GLOG = r"(?P<glog>[IWEF])\d{4,8} \d\d:\d\d:\d\d(?:\.\d+)?+ +\d+ [^\]\s]{1,120}\]"
_SITE = r"[A-Za-z_][\w./-]{0,119}:\d{1,6}"

_SOURCES = (
    r"\[?(?i:rank)[ _-]?\d{1,5}\]?:?",
    r"\[\d{1,5}\]:",
    r"\d{1,4}: (?=\S)",
    r"\[\d{1,3},\d{1,5}\]<std(?:out|err)>:",
    r"\([\w.:<>-]{1,60} pid=\d{1,9}(?:, ip=[\d.:a-f]{1,45})?\)",
    r"[A-Za-z][\w.-]{0,62}(?: {0,30}) ?\|(?= )",
    r"Step #\d{1,4}(?: - \"[\w .-]{1,80}\")?:",
    r"#\d{1,4} (?=\d{1,6}\.\d{1,4} )",
)
_STAMPS = (
    rf"[\[(<]?{_WHEN}[\])>]?[:,]?(?= |\t|$)",
    r"\[\d{1,9}\.\d{1,6}\]",
    r"\d{10}(?:\.\d{1,9})?+(?= )",
    r"\d{1,6}\.\d{1,4}(?= [^\d\s])",
    r"std(?:out|err) [FP](?= )",
    r"[>│┃](?= )",
)
_HEAD = re.compile(
    r"\s*+(?:"
    rf"{_GLOG}"
    rf"|\[(?P<torch>[IWEF])(?:\d{{4}})?+ (?:{_TIME} )?[^\]\s]{{1,120}}\]"
    rf"|\[(?P<hf>[A-Z]{{4,8}})\|{_SITE}\] {_WHEN} >>"
    rf"|(?P<tf>[IWEF]) (?:{_SITE})\]"
    rf"|(?P<source>{'|'.join(_SOURCES)})"
    rf"|(?:{'|'.join(_STAMPS)})"
    r")"
)
_BAR = re.compile(r".{0,500}?(?:it/s|s/it)[^\]]{0,200}\](?=[^\s\]])")
"""A progress bar behind which something else was written without a line end."""
_HEADS = 6
"""Parts of a head that are looked for, one after another."""

_WORDS = "TRACE|DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|ERR|CRITICAL|FATAL|SEVERE|ALERT|EMERGENCY"
_SAID = re.compile(
    rf"(?:[^\s]{{1,80}}[ \t]++){{0,4}}?(?i:level|lvl|severity)=[\"']?(?P<field>[A-Za-z]{{1,9}})\b"
    rf"|(?:[^\s\"'=]{{1,80}}[ \t]++){{0,6}}?[\[(<|]?(?P<word>{_WORDS}|(?<=[\[(<])(?i:{_WORDS}))(?=[\])>:|\s]|$)"
)
_WARNED = re.compile(r"(?:\S{1,300}: ?)?(?:[A-Za-z_]\w{0,40}\.){0,5}[A-Z]\w{0,40}Warning: ")
"""As Python's own warnings are printed."""
_NAME = r"(?![\w.]{0,79}(?:Error|Exception|Interrupt|Exit|Warning)\b)[A-Za-z_][\w.<>/-]{0,79}"
_LOGGER = re.compile(
    rf"\s*+[\[(<|]?\s*+(?:(?P<name>{_NAME}) ?(?:[-|]|:(?=\w)) ?)?[\[(<|]?(?:{_WORDS}|(?i:info|warning|error|critical))"
    rf"[\])>|]?\s*+(?:[:|-]+\s*+)?(?:{_NAME}(?::{_NAME})?(?::\d+)?(?:(?::| [-|]+) ?|:(?=[A-Z])))?"
    r"(?:\[[^\]\s]{1,120}\]:? )?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def cleaned(raw: bytes) -> str:
    """The text of one line, without control characters; a tab is kept."""
    return _CONTROLS.sub("", raw.decode("utf-8", "replace")).rstrip()


def read_line(number: int, text: str) -> Line:
    """Take the head off a line."""
    bar = _BAR.match(text) if "it/s" in text or "s/it" in text else None
    at, source, level = bar.end() if bar else 0, "", Level.UNSAID
    for _ in range(_HEADS):
        head = _HEAD.match(text, at)
        if head is None:
            break
        at = head.end()
        source = head["source"] or source
        letter = head["glog"] or head["torch"] or head["hf"] or head["tf"]
        if letter:
            level = LEVELS.get(letter, level)
    if at and at < len(text) and text[at] == " ":
        at += 1
    message = text[at:]
    if level is Level.UNSAID:
        level = said(message)
    return Line(number, message, _bare(message), level, source.strip())


def said(message: str) -> Level:
    """The severity that a message begins with."""
    match = _SAID.match(message)
    if match is None:
        return Level.WARNING if _WARNED.match(message) else Level.UNSAID
    return LEVELS.get((match["field"] or match["word"]).upper(), Level.UNSAID)


def _bare(message: str) -> str:
    match = _LOGGER.match(message)
    return message[match.end() :] if match and match.end() < len(message) else message
