"""Puts together what a log has said: the root cause, further findings, and the lines they rest on."""

from __future__ import annotations

from collections.abc import Sequence

from fetchers.diagnosis.findings import finding_of
from fetchers.diagnosis.hits import Hit
from fetchers.diagnosis.margins import Margins
from fetchers.diagnosis.model import Diagnosis, EvidenceLine, Finding
from fetchers.diagnosis.root_cause import root_of
from fetchers.redact import redact

EVIDENCE_MAX = 50
"""Lines."""
CONTEXT_BEFORE = 5
CONTEXT_AFTER = 4
OTHERS_MAX = 20


def diagnosis_of(
    hits: Sequence[Hit],
    margins: Margins,
    *,
    progress: int,
    successes: int,
    detected: frozenset[str],
    lines: int,
    jobs: int | None,
) -> Diagnosis:
    """What the log says as a whole."""
    root = root_of(hits, progress, successes)
    if root is None:
        return Diagnosis(fatal=bool(detected), lines=lines, jobs=jobs)
    context = margins.get(range(root.number - CONTEXT_BEFORE, root.number + CONTEXT_AFTER + 1))
    neighbours = [text for number, text in context if number != root.number]
    return Diagnosis(
        finding=finding_of(root, neighbours, fatal=root.rule.id in detected),
        fatal=bool(detected),
        others=_others(hits, root, detected),
        evidence=_evidence(root, margins),
        context=tuple(redact(text) for _, text in context),
        lines=lines,
        jobs=jobs,
    )


def _others(hits: Sequence[Hit], root: Hit, detected: frozenset[str]) -> tuple[Finding, ...]:
    found: dict[tuple[str, str], Finding] = {}
    for hit in hits:
        finding = finding_of(hit, (), fatal=hit.rule.id in detected)
        found.setdefault((finding.rule, finding.text), finding)
    mine = finding_of(root, (), fatal=False)
    found.pop((mine.rule, mine.text), None)
    return tuple(found.values())[:OTHERS_MAX]


def _evidence(root: Hit, margins: Margins) -> tuple[EvidenceLine, ...]:
    numbers = range(min(root.head, root.number - CONTEXT_BEFORE), root.number + CONTEXT_AFTER + 1)
    lines = margins.get(numbers)[-EVIDENCE_MAX:]
    return tuple(EvidenceLine(number=number, text=redact(text), root=number == root.number) for number, text in lines)
