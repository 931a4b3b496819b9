"""What a log's screen says under its lines: what to do about the line under the cursor, and where the root cause is.

Pure. What to do comes first: the line itself stands in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from monitor.advice import commands
from monitor.advice_parts import advice_parts
from monitor.ui.log_causes import CAUSE, ROOT, Cause
from monitor.ui.widgets.painted import Part

_INDENT = "   "
_DO, _SAYS = "→", "·"


class CauseSaid(msgspec.Struct, frozen=True):
    """Two lines; the words go on in the second one where nothing else stands there."""

    head: Sequence[Part] = ()
    rule: Sequence[Part] = ()
    """Goes where the words fit without it, and only then."""
    words: Part = ("", "")
    below: Sequence[Part] = ()

    def __bool__(self) -> bool:
        return bool(self.head)


def cause_said(causes: Mapping[int, Cause], cursor: int, *, next_key: str) -> CauseSaid:
    """What the line under the cursor says, and where the root cause is; `next_key` leads there, if any key does."""
    if not causes:
        return CauseSaid()
    here = causes.get(cursor)
    root = next((index for index, cause in causes.items() if cause.root), None)
    if here is not None and (here.root or root is None):
        return _whole(_mark(here), here)
    key: list[Part] = [(f"  {next_key}", "key")] if next_key else []
    if root is None:
        number = "1 line that says" if len(causes) == 1 else f"{len(causes):,} lines that say"
        return CauseSaid([(f" {CAUSE} ", "warn"), (f"{number} what went wrong", "text"), *key])
    where: list[Part] = [(f" {ROOT} ", "alarm"), (f"root cause on line {root + 1:,}", "text"), *key]
    return _whole(where, causes[root]) if here is None else _brief(here, [*where, *_told(causes[root])])


def to_copy(line: str, cause: Cause | None) -> dict[str, str]:
    """What can be copied where the cursor is, by name."""
    advice = cause.advice if cause is not None else ""
    texts = {"line": line, "advice": advice, "command": next(iter(commands(advice)), "")}
    return {name: text for name, text in texts.items() if text or name == "line"}


def _mark(cause: Cause, word: str = "cause") -> list[Part]:
    return [(f" {ROOT} root cause", "alarm")] if cause.root else [(f" {CAUSE} {word}", "warn")]


def _rule(cause: Cause) -> list[Part]:
    return [(f" · {cause.rule}", "text")] if cause.rule else []


def _told(cause: Cause) -> list[Part]:
    return [*_rule(cause), *([(f" · {cause.text}", "dim")] if cause.text else [])]


def _whole(head: Sequence[Part], cause: Cause) -> CauseSaid:
    """What to do, each command below; what it says, where nobody knows what to do."""
    parts = [*advice_parts(cause.advice)]
    if not parts:
        return CauseSaid(head, _rule(cause), (_said(_SAYS, cause.text), "text"))
    words, below = ("", parts) if parts[0].command else (parts[0].text, parts[1:])
    said: list[Part] = [(f"{part.text}  ", "key" if part.command else "strong") for part in below]
    return CauseSaid(head, _rule(cause), (_said(_DO, words), "strong"), [(_INDENT, ""), *said] if said else [])


def _brief(cause: Cause, below: Sequence[Part]) -> CauseSaid:
    """What to do, or what it says, over something else."""
    words = next((part.text for part in advice_parts(cause.advice) if not part.command), "")
    said: Part = (_said(_DO, words), "strong") if words else (_said(_SAYS, cause.text), "text")
    return CauseSaid(_mark(cause, "also"), _rule(cause), said, below)


def _said(sign: str, text: str) -> str:
    return f"{sign} {text}" if text else ""
