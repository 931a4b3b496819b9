"""Reads the kept evidence of an outcome again, where the rules have become better since."""

from __future__ import annotations

import msgspec

from fetchers.diagnosis import RULES_VERSION, diagnose
from fetchers.diagnosis.merge import merged
from fetchers.messages import Outcome
from fetchers.records import Reason


def better(outcome: Outcome, said: Reason | None) -> Outcome | None:
    """What the rules of today read in the evidence; null where they are those that read it, or it holds nothing.

    `said` is what the source itself said of the record.
    """
    if outcome.rules >= RULES_VERSION:
        return None
    if not outcome.evidence:
        return msgspec.structs.replace(outcome, rules=RULES_VERSION)
    finding = diagnose(outcome.evidence).finding
    if finding is None:
        return msgspec.structs.replace(outcome, rules=RULES_VERSION)
    return msgspec.structs.replace(outcome, reason=merged(said, finding), root=finding.line - 1, rules=RULES_VERSION)
