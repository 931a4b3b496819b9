"""Pulls facts (machine type, principal, image, …) out of the lines of a cause. Pure; believes no line."""

from __future__ import annotations

from collections.abc import Sequence


def facts_of(rule: str, lines: Sequence[str]) -> dict[str, str]:
    """What the lines name, by the names of `Finding.facts`: the cause's own line first, then its neighbours."""
    del rule, lines
    return {}
