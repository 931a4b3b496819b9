"""Where in a program a cause was raised: its last frame that is the program's own, and the rank that says so. Pure."""

from __future__ import annotations

import re

_FRAME = re.compile(
    r"File \\*\"(?P<file>[^\"\\\n]{1,300})\\*\", line (?P<line>\d{1,7})(?:, in (?P<function>[A-Za-z_]\w*))?"
)
_FOREIGN = re.compile(r"(?:^|/)(?:site|dist)-packages/|/lib(?:64)?/python\d|/bin/|^<|^\[|[/\\]_bootstrap")
"""Files of libraries and of Python itself, and what is no file."""
_RANK = re.compile(r"(?i)\[ ?rank[ :=_-]{0,2}(?P<rank>\d{1,6})\b")
"""In brackets: a tensor has a rank too."""


def own_frame(text: str) -> dict[str, str]:
    """File, line and function of the last frame in this text that is no library's; nothing where there is none."""
    if "File " not in text:
        return {}
    found: dict[str, str | None] = {}
    for match in _FRAME.finditer(text):
        found = found if _FOREIGN.search(match["file"]) else match.groupdict()
    return {name: value for name, value in found.items() if value}


def rank_of(line: str) -> dict[str, str]:
    """The rank that a line is about, or that has written it; nothing where it names none."""
    found = _RANK.search(line)
    return {"rank": found["rank"]} if found else {}
