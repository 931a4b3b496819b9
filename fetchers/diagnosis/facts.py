"""What the lines of a failure name: machine types, accounts, permissions, quotas, images, and so on."""

from __future__ import annotations

from collections.abc import Sequence

import re2

_LOOKED_FOR: tuple[str, ...] = (
    r'(?i)\bmachine[ _-]?type\b[ :="\'`]*(?P<machine_type>[a-z]\d?\w*-[a-z]+\w*-\w+)',
    r"\b[Pp]ermission \W?(?P<permission>[a-z]\w+(?:\.\w+){1,3})\W? ",
)


def facts_of(rule: str, lines: Sequence[str]) -> dict[str, str]:
    """What these lines name, the line that says the failure first and then its neighbours; the first mention counts."""
    del rule
    found: dict[str, str] = {}
    for line in lines:
        for regex in _LOOKED_FOR:
            match = re2.search(regex, line)
            if match:
                found = {key: value for key, value in match.groupdict().items() if value} | found
    return found
