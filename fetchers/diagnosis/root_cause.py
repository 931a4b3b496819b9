"""Chooses the hit that explains why a program died: specific over general, cause over consequence, alive over survived.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from fetchers.diagnosis.hits import Hit
from fetchers.diagnosis.prefixes import Level

SURVIVED_BY = 3
"""Signs of progress after a failure by which the program has survived it."""


def root_of(hits: Sequence[Hit], progress: int, successes: int) -> Hit | None:
    """The root cause among the hits in their order; `progress` and `successes` as counted at the end of the log."""
    alive = [hit for hit in hits if hit.level > Level.QUIET and not _survived(hit, progress, successes)]
    return max(alive, key=_weight, default=None)


def _weight(hit: Hit) -> tuple[int, int, int]:
    later = hit.order if hit.chain else -hit.order
    return (hit.level, hit.rule.rank, later)


def _survived(hit: Hit, progress: int, successes: int) -> bool:
    signs = progress - hit.progress + successes - hit.successes
    return signs >= (1 if hit.handled else SURVIVED_BY)
