"""What to do about a failure, from our own catalogue, with what is known about it filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fetchers.diagnosis.model import Rule

_PLACE = re.compile(r"\{(\w+)\}")
_PLAIN = re.compile(r"[\w@.:/-]+")


def advise(rule: Rule, facts: Mapping[str, str]) -> str:
    """The advice of `rule` for a failure with these facts; what is unknown stands in capitals."""

    def filled(place: re.Match[str]) -> str:
        value = facts.get(place[1], "")
        return value if _PLAIN.fullmatch(value) else place[1].upper()

    return _PLACE.sub(filled, rule.advice)
