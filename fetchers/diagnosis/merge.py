"""Weighs what a source said of a failure against what its log says: the more specific is the reason. Pure."""

from __future__ import annotations

from fetchers.diagnosis.findings import reason_of
from fetchers.diagnosis.model import Finding
from fetchers.diagnosis.rules import RULES
from fetchers.records import Reason

_NO_RULE = -1


def merged(said: Reason | None, finding: Finding | None) -> Reason | None:
    """Return the reason to show: the log's finding, unless the source's own words are of a rule that says more."""
    if finding is None or (said is not None and _rank(said.rule) > _rank(finding.rule)):
        return said
    return reason_of(finding)


def _rank(rule: str | None) -> int:
    """How much a rule says; words that no rule knows say least."""
    found = RULES.get(rule or "")
    return _NO_RULE if found is None else found.rank
