"""Puts together what a log has said: the root cause, further findings, and lines that give the same root alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fetchers.diagnosis.findings import finding_of, shown
from fetchers.diagnosis.hits import Hit
from fetchers.diagnosis.margins import AFTER, BEFORE, Margins
from fetchers.diagnosis.model import Diagnosis, EvidenceLine, Finding
from fetchers.diagnosis.prefixes import Level
from fetchers.diagnosis.tracebacks import HEAD

EVIDENCE_MAX = 50
"""Lines."""
CONTEXT_BEFORE = 5
CONTEXT_AFTER = 4
OTHERS_MAX = 20

Alone = Callable[[Sequence[str]], Hit | None]
"""Finds the root cause of some lines alone."""


def diagnosis_of(hits: Sequence[Hit], root: Hit, margins: Margins, detected: frozenset[str], alone: Alone) -> Diagnosis:
    """What the log says about the root cause that has been chosen; the reader adds what it has counted."""
    around = range(root.number - CONTEXT_BEFORE, root.number + CONTEXT_AFTER + 1)
    context = margins.get(around) or [(root.number, root.text)]
    neighbours = [text for number, text in context if number != root.number]
    # A terminal may have broken the line.
    neighbours += [root.text + text for number, text in context if number == root.number + 1]
    return Diagnosis(
        finding=finding_of(root, neighbours, fatal=root.rule.id in detected),
        others=others_of(hits, root, detected),
        evidence=_evidence(root, margins, alone),
        context=tuple(shown(text) for text in _one_after_another(context)),
        context_from=context[0][0],
    )


def _one_after_another(kept: Sequence[tuple[int, str]]) -> list[str]:
    """The lines from the first to the last: those that are not kept between them were blank."""
    texts = dict(kept)
    return [texts.get(number, "") for number in range(kept[0][0], kept[-1][0] + 1)]


def others_of(hits: Sequence[Hit], root: Hit | None, detected: frozenset[str]) -> tuple[Finding, ...]:
    """What else was found, in its order: not what the lines of the root cause say too, and nothing twice."""
    found: dict[tuple[str, str], Finding] = {}
    told = {hit.head for hit in hits if hit.chain} | ({root.number} if root else set())
    best = {hit.number: hit for hit in sorted(hits, key=lambda hit: (hit.rule.rank, -hit.order))}
    for hit in hits:
        if hit.level > Level.QUIET and hit.number not in told and best[hit.number] is hit:
            finding = finding_of(hit, (), fatal=hit.rule.id in detected)
            found.setdefault((finding.rule, finding.text), finding)
    if root is not None:
        mine = finding_of(root, (), fatal=False)
        found.pop((mine.rule, mine.text), None)
    return tuple(found.values())[:OTHERS_MAX]


def _evidence(root: Hit, margins: Margins, alone: Alone) -> tuple[EvidenceLine, ...]:
    """The widest choice of lines around the root cause that leads to it again; whatever fits, its own line is there."""
    lines: list[tuple[int, str]] = []
    for lines in _choices(root, margins):
        found = alone([text for _, text in lines])
        if found is not None and found.rule.id == root.rule.id and lines[found.number - 1][0] == root.number:
            break
    return tuple(EvidenceLine(number=number, text=text, root=number == root.number) for number, text in lines)


def _choices(root: Hit, margins: Margins) -> Iterator[list[tuple[int, str]]]:
    head = [root.head] if root.head != root.number else []
    wide = range(root.number - BEFORE, root.number + AFTER + 1)
    for numbers in (
        [*head, *wide],
        [*head, *range(root.number - BEFORE, root.number + 1)],
        [*head, root.number],
        [root.number],
    ):
        kept = margins.get(sorted(set(numbers)))[-EVIDENCE_MAX:]
        yield [(number, shown(text)) for number, text in kept]
    if head:
        yield [(root.head, f"{HEAD}):"), (root.number, shown(root.text))]
    yield [(root.number, shown(root.text))]
