"""Words and facts for what has been found: a line of the log becomes a finding that can be shown."""

from __future__ import annotations

from collections.abc import Sequence

from fetchers.diagnosis.advice import advise, well_formed
from fetchers.diagnosis.facts import facts_of
from fetchers.diagnosis.headline import TEXT_MAX, headline
from fetchers.diagnosis.hits import Hit
from fetchers.diagnosis.model import Category, Finding
from fetchers.records import Reason
from fetchers.redact import redact


def finding_of(hit: Hit, neighbours: Sequence[str], *, fatal: bool) -> Finding:
    """What the hit says; `neighbours` are lines around it that may name more."""
    rule = hit.rule
    lines = [redact(line) for line in (hit.text, *neighbours)]
    told = {name: value for name, value in hit.facts.items() if _open(value, hit.text)}
    facts = well_formed(facts_of(rule.id, lines) | told)
    return Finding(
        rule=rule.id,
        category=rule.category.value,
        origin=rule.origin,
        line=hit.number,
        text=headline(lines[0]),
        facts={name: redact(value)[:TEXT_MAX] for name, value in facts.items()},
        advice=redact(advise(rule, facts)),
        fatal=fatal,
        exit_status=rule.category.exit_status,
    )


def _open(value: str, text: str) -> bool:
    """Whether the value may be told: not where it was read from what is a secret in the text."""
    return value not in text or value in redact(text)


def reason_of(finding: Finding) -> Reason:
    """The finding as a record shows it."""
    return Reason(
        text=finding.text,
        rule=finding.rule,
        category=finding.category,
        origin=finding.origin,
        fatal=Category(finding.category).pointless,
        advice=finding.advice or None,
    )
