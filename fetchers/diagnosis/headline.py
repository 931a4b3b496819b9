"""How a line of a log is told as a reason: on one line, without what stands before an exception's class. Pure."""

from __future__ import annotations

import re

TEXT_MAX = 500
"""Characters of a finding's text."""
_TORN = 60
"""Characters at most that are given up so that a text that is cut ends with a word."""

_MODULES = r"(?:(?:[a-z_]\w{0,60}|<locals>)\.){1,8}"
_CLASS = r"_?[A-Z]\w{0,80}"
_ENDS = r"(?::(?: |$)|$)"
_PATH = re.compile(
    rf"^{_MODULES}(?={_CLASS}{_ENDS})"
    rf"|(?<![\w./:@<>-]){_MODULES}(?={_CLASS}(?:Error|Exception|Exit|Interrupt|Timeout){_ENDS})"
    rf"|(?<![\w./:@<>-])(?:[a-z_]\w{{0,60}}\.){{0,7}}(?:exceptions|errors)\.(?={_CLASS}{_ENDS})",
    re.ASCII,
)
"""The modules that hold an exception's class: they push out of a cell what has happened."""


def headline(text: str) -> str:
    """The text on one line, an exception by its class alone, at most `TEXT_MAX` characters; cut with an ellipsis."""
    line = _PATH.sub("", " ".join(text.split()))
    if len(line) <= TEXT_MAX:
        return line
    cut = line[: TEXT_MAX - 1]
    blank = cut.rfind(" ", TEXT_MAX - _TORN)
    return f"{cut[:blank] if blank > 0 else cut}…"
