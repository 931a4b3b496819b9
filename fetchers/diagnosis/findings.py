"""Words and facts for what has been found: a line of the log becomes a finding that can be shown."""

from __future__ import annotations

from collections.abc import Sequence

from fetchers.diagnosis.advice import advise
from fetchers.diagnosis.facts import facts_of
from fetchers.diagnosis.headline import TEXT_MAX, headline
from fetchers.diagnosis.hits import Hit
from fetchers.diagnosis.model import Category, Finding
from fetchers.records import Reason
from fetchers.redact import redact

_POINTLESS = frozenset(
    {Category.CONFIG, Category.PERMISSION, Category.NOT_FOUND, Category.IMAGE, Category.EXCEPTION, Category.WANDB}
)
"""Families of causes that do not go away by trying again."""


def finding_of(hit: Hit, neighbours: Sequence[str], *, fatal: bool) -> Finding:
    """What the hit says; `neighbours` are lines around it that may name more."""
    rule = hit.rule
    facts = facts_of(rule.id, [hit.text, *neighbours]) | hit.facts
    return Finding(
        rule=rule.id,
        category=rule.category.value,
        origin=rule.origin,
        line=hit.number,
        text=headline(shown(hit.text)),
        facts={name: redact(value)[:TEXT_MAX] for name, value in facts.items()},
        advice=redact(advise(rule, facts)),
        fatal=fatal,
        exit_status=rule.category.exit_status,
    )


def shown(text: str) -> str:
    """A line of a log as it may be stored and shown: without secrets; control characters are gone already."""
    return redact(text)


def reason_of(finding: Finding) -> Reason:
    """The finding as a record shows it."""
    return Reason(
        text=finding.text,
        rule=finding.rule,
        category=finding.category,
        origin=finding.origin,
        fatal=Category(finding.category) in _POINTLESS,
        advice=finding.advice or None,
    )
