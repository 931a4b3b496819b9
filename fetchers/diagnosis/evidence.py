"""Puts together what a log has said: the root cause, further findings, and lines that give the same root alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from fetchers.diagnosis.findings import finding_of
from fetchers.diagnosis.hits import Hit
from fetchers.diagnosis.margins import AFTER, BEFORE, Margins
from fetchers.diagnosis.model import Diagnosis, EvidenceLine, Finding
from fetchers.diagnosis.prefixes import Level
from fetchers.diagnosis.tracebacks import HEAD
from fetchers.diagnosis.whereabouts import rank_of
from fetchers.redact import redact, redact_lines

EVIDENCE_MAX = 50
"""Lines."""
CONTEXT_BEFORE = 5
CONTEXT_AFTER = 4
OTHERS_MAX = 20

Alone = Callable[[Sequence[str]], Hit | None]
"""Finds the root cause of some lines alone."""


def diagnosis_of(hits: Sequence[Hit], root: Hit, margins: Margins, detected: frozenset[str], alone: Alone) -> Diagnosis:
    """What the log says about the root cause that has been chosen; the reader adds what it has counted."""
    kept = _kept(root, margins)
    around = range(root.number - CONTEXT_BEFORE, root.number + CONTEXT_AFTER + 1)
    context = [(number, kept[number]) for number in around if number in kept] or [(root.number, redact(root.text))]
    neighbours = [text for number, text in context if number != root.number]
    # A terminal may have broken the line.
    neighbours += [root.text + text for number, text in context if number == root.number + 1]
    return Diagnosis(
        finding=finding_of(_whole(root, kept), neighbours, fatal=root.rule.id in detected),
        others=others_of(hits, root, detected),
        evidence=_evidence(root, kept, alone),
        context=tuple(_one_after_another(context)),
        context_from=context[0][0],
    )


def _whole(root: Hit, kept: Mapping[int, str]) -> Hit:
    """The root cause with what its words leave to others: the rank in the line's head, what follows a colon."""
    rank = rank_of(kept.get(root.number, ""))
    below = kept.get(root.number + 1, "").strip()
    text = f"Rank {rank['rank']}: {root.text}" if rank and root.rule.id == "collective_failure" else root.text
    if text.endswith(":") and below and not below.startswith(("Traceback", "File ", "~", "^")):
        text = f"{text} {below}"
    return replace(root, text=text, facts=rank | root.facts)


def _kept(root: Hit, margins: Margins) -> dict[int, str]:
    """The lines around the root cause, and the head of its traceback; a secret may be spread over them."""
    wide = range(root.number - BEFORE, root.number + AFTER + 1)
    lines = margins.get(sorted({root.head, *wide}))
    texts = redact_lines(text for _, text in lines)
    return {number: text for (number, _), text in zip(lines, texts, strict=True)}


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


def _evidence(root: Hit, kept: Mapping[int, str], alone: Alone) -> tuple[EvidenceLine, ...]:
    """The widest choice of lines around the root cause that leads to it again; whatever fits, its own line is there."""
    lines: list[tuple[int, str]] = []
    for lines in _choices(root, kept):
        found = alone([text for _, text in lines])
        if found is not None and found.rule.id == root.rule.id and lines[found.number - 1][0] == root.number:
            break
    return tuple(EvidenceLine(number=number, text=text, root=number == root.number) for number, text in lines)


def _choices(root: Hit, kept: Mapping[int, str]) -> Iterator[list[tuple[int, str]]]:
    head = [root.head] if root.head != root.number else []
    wide = range(root.number - BEFORE, root.number + AFTER + 1)
    for numbers in (
        [*head, *wide],
        [*head, *range(root.number - BEFORE, root.number + 1)],
        [*head, root.number],
        [root.number],
    ):
        yield [(number, kept[number]) for number in sorted(set(numbers)) if number in kept][-EVIDENCE_MAX:]
    text = redact(root.text)
    if head:
        yield [(root.head, f"{HEAD}):"), (root.number, text)]
    yield [(root.number, text)]
