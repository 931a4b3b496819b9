"""Labelled excerpts of real logs, and how well a reader of logs does on them.

The excerpts lie beside the checkout, never in it; each is a line of JSON that names its label, its source and the line
that explains the failure. One whose label is in doubt, or that shows one service error only, is not scored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "logs.jsonl"
"""Relative to the checkout: `../shared/corpus/logs.jsonl`."""

BENIGN, ANYTHING = "benign", "other_fatal"
"""Labels of what is healthy, and of a failure that any rule may explain which says what happened."""

NEAR = 2
"""Lines between the root cause that is named and the one that explains it best."""


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """A piece of a real log, and what a fair judge says about it."""

    id: str
    label: str
    accepted: frozenset[str]
    """Labels that are right."""
    text: str
    half: str
    """`A` may be looked at when rules are written; `B` is only for measuring."""
    key_line: int | None
    """Number of the line that explains the failure best, from 1."""
    scored: bool


@dataclass(frozen=True)
class Answer:
    """What a reader of logs says about one excerpt."""

    rule: str | None
    line: int | None
    """From 1."""
    fatal: bool
    """Whether a guard would have ended the program."""


@dataclass(frozen=True)
class Verdict:
    """One excerpt, and whether the answer to it was right."""

    excerpt: Excerpt
    answer: Answer

    @property
    def detected(self) -> bool:
        """Whether anything was found."""
        return self.answer.rule is not None

    @property
    def right(self) -> bool:
        """Whether the rule is one that a fair judge accepts."""
        return self.detected and not self.excerpt.accepted.isdisjoint({ANYTHING, self.answer.rule})

    @property
    def near(self) -> bool:
        """Whether the root cause is named within two lines of the one that explains it."""
        line, key = self.answer.line, self.excerpt.key_line
        return line is not None and key is not None and abs(line - key) <= NEAR


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def part(self) -> float:
        """From 0 to 1; all of none is 1."""
        return self.count / self.of if self.of else 1.0

    def __str__(self) -> str:
        """For a table."""
        return f"{100 * self.part:.1f} % ({self.count}/{self.of})" if self.of else "–"


@dataclass(frozen=True)
class Score:
    """How well a set of excerpts was answered."""

    detected: Share
    right: Share
    near: Share
    guarded: Share
    """Failures for which a guard would have ended the program."""
    false_alarms: Share
    """Healthy excerpts that were called fatal."""
    any_finding: Share
    """Healthy excerpts for which anything was found at all."""


def excerpts(path: Path) -> list[Excerpt]:
    """What a file holds."""
    return [_excerpt(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _excerpt(raw: dict[str, object]) -> Excerpt:
    lines, key, also = raw["lines"], raw.get("key_line"), raw.get("also_acceptable") or ()
    assert isinstance(lines, list)
    assert isinstance(also, Iterable)
    return Excerpt(
        id=str(raw["id"]),
        label=str(raw["label"]),
        accepted=frozenset({str(raw["label"]), *map(str, also)}),
        text="\n".join(lines),
        half=half(str(raw["source"])),
        key_line=key + 1 if isinstance(key, int) else None,
        scored=not (raw.get("ambiguous") or raw.get("single_occurrence")),
    )


def half(source: str) -> str:
    """In which half everything from one source is."""
    return "AB"[int(hashlib.sha256(source.encode()).hexdigest(), 16) % 2]


def judged(found: Iterable[Excerpt], answer: Callable[[str], Answer]) -> list[Verdict]:
    """What a reader of logs says to each excerpt that is scored."""
    return [Verdict(excerpt, answer(excerpt.text)) for excerpt in found if excerpt.scored]


def score(verdicts: Iterable[Verdict]) -> Score:
    """How well they were answered."""
    verdicts = list(verdicts)
    failures = [verdict for verdict in verdicts if verdict.excerpt.label != BENIGN]
    healthy = [verdict for verdict in verdicts if verdict.excerpt.label == BENIGN]
    return Score(
        detected=_share(failures, lambda verdict: verdict.detected),
        right=_share(failures, lambda verdict: verdict.right),
        near=_share([one for one in failures if one.excerpt.key_line], lambda verdict: verdict.near),
        guarded=_share(failures, lambda verdict: verdict.answer.fatal),
        false_alarms=_share(healthy, lambda verdict: verdict.answer.fatal),
        any_finding=_share(healthy, lambda verdict: verdict.detected),
    )


def _share(verdicts: list[Verdict], holds: Callable[[Verdict], bool]) -> Share:
    return Share(sum(map(holds, verdicts)), len(verdicts))
