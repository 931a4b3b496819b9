"""Two things timed in turn, A B A B …, so that a machine whose speed drifts slows both; the ratio is what counts."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Paired:
    """Seconds of both, and how they compare."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """Median of the ratios, pair by pair."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    def row(self, what: str) -> str:
        """One line of the table of results."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        spread = f"{min(self.ours):.2f}–{max(self.ours):.2f}"
        return f"| {what} | {ours:.2f} ({spread}) | {theirs:.2f} | {self.ratio:.2f} |"


HEAD = "| what | ours, s: median (range) | beside, s: median | ratio |\n|---|---|---|---|"


def paired(ours: Callable[[], float], theirs: Callable[[], float], runs: int) -> Paired:
    """Time both `runs` times after one uncounted run of each."""
    ours()
    theirs()
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return Paired([a for a, _ in pairs], [b for _, b in pairs])
