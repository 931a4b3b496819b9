"""What can go wrong in a simulated day, how likely it is, and how often it did: all of it from one seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

from fetchers.errors import (
    BadAnswer,
    Failure,
    FetchError,
    NoAnswer,
    NotAllowed,
    NotAuthenticated,
    Rejected,
    Throttled,
    Unreachable,
)

ERRORS: tuple[type[FetchError], ...] = (
    FetchError,
    NoAnswer,
    Unreachable,
    NotAuthenticated,
    NotAllowed,
    Throttled,
    Rejected,
    BadAnswer,
)
LONGEST_RETRY_AFTER_S = 600.0

SCOPE = {
    "fails before its first page": 0.006,
    "fails after some pages": 0.006,
    "answers too late": 0.003,
}
"""What befalls one scope of a fetch, and its probability."""

FETCH = {
    "worker hangs": 0.003,
    "worker hangs, and speaks when its stacks are asked for": 0.002,
    "worker hangs in mid-frame": 0.002,
    "worker dies": 0.002,
    "worker dies in mid-frame": 0.002,
    "worker dies in every fetch for a while": 0.0005,
    "garbage": 0.002,
    "head of a frame of gigabytes": 0.002,
    "frame of another language": 0.002,
    "no end of fetch": 0.002,
    "two ends of fetch": 0.005,
    "end of fetch before its scopes": 0.002,
    "late frames of the fetch before": 0.01,
    "frames after a scope's end": 0.01,
    "events of unknown scopes, tables and generations": 0.01,
    "a call does not return": 0.002,
    "flood of output": 0.002,
    "memory without end": 0.001,
}
"""What befalls a whole fetch."""

START = {
    "never ready": 0.01,
    "import fails": 0.02,
    "import fails for a while": 0.01,
    "slow import": 0.05,
}
"""What befalls a worker that starts."""

LAUNCH = {"no process can be started": 0.01, "no process can be started for a while": 0.005}
"""What befalls before it starts."""

KILL = {"cannot be cleared up": 0.02}

WIRE = {"cut": 0.3, "held up in mid-frame": 0.03}
"""What befalls the bytes of one write."""

PROGRAM = {
    "program stopped": 1.0,
    "machine asleep": 1.0,
    "program stopped for long": 0.2,
    "wall time jumps": 1.0,
    "viewer does not read": 1.0,
    "refresh": 1.0,
    "table off": 1.0,
    "engine replaced": 0.5,
    "idle worker dies": 1.0,
}
"""What befalls the program as a whole: shares, one of them every ten minutes or so."""


class Faults:
    """The dice, and the count of what they brought; while `quiet` they bring nothing."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.quiet = False
        self.certain: set[str] = set()
        """What befalls, once, the next time that it can, whatever the dice say."""

    def befalls(self, chances: Mapping[str, float]) -> str | None:
        """What happens, of things with these probabilities; null for nothing."""
        roll = self.dice.random()
        if self.quiet:
            return None
        for kind, chance in chances.items():
            roll -= chance
            if roll < 0 or kind in self.certain:
                self.certain.discard(kind)
                self.counts[kind] += 1
                return kind
        return None

    def one_of(self, shares: Mapping[str, float]) -> str:
        """One of these, with these shares."""
        [kind] = self.dice.choices(list(shares), list(shares.values()))
        self.counts[kind] += 1
        return kind

    def failure(self, table: str, scope: str) -> Failure:
        """An error of any kind, about a scope."""
        kind = self.dice.choice(ERRORS)
        text = f"List{table.title()} {scope} page 1: {kind.__name__}"
        wait = self.dice.choice((None, 1.0, 60.0, LONGEST_RETRY_AFTER_S))
        return Failure.of(Throttled(text, wait) if kind is Throttled else kind(text))
