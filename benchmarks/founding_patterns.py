"""The patterns that the rules began with, taken by the letter: what a diagnosis is measured beside.

A rule answers once its patterns have matched so many lines within its window; the first to do so is the answer.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from tests.support.corpus import Answer


@dataclass(frozen=True)
class Founding:
    """One rule: what must match, in how many lines of a window."""

    id: str
    patterns: tuple[str, ...]
    window: int = 100
    threshold: int = 1
    needs: str = ""
    """What must have stood in the window before."""


RULES = (
    Founding("machine_type_unsupported", (r"Machine type.*is not supported",)),
    Founding("invalid_argument", (r"InvalidArgument: 400",)),
    Founding("permission_denied", (r"PermissionDenied: 403",)),
    Founding("not_found", (r"NotFound: 404",)),
    Founding("quota_exceeded", (r"QuotaExceeded", r"ResourceExhausted")),
    Founding("http_error", (r"HttpError: <HttpError 4\d\d",)),
    Founding("wandb_init", (r"Failed to initialize", r"wandb: ERROR Failed", r"Unable to connect.*wandb")),
    Founding("image_pull", (r"ImagePullBackOff", r"ErrImagePull", r"Failed to pull image")),
    Founding("python_exception", (r"\w(Error|Exception):",), 50, needs=r"Traceback"),
    Founding("service_error", (r"ServiceUnavailable", r"503", r"internal error", r"500"), threshold=2),
    Founding("repeated_failures", (r"FAILED", r"FAILURE", r"FATAL", r"Traceback"), 50, 3),
)
"""In the order in which they are tried on a line."""


@dataclass
class Counter:
    """How often a rule has matched of late."""

    rule: Founding
    hits: deque[int] = field(default_factory=deque)
    needed: int | None = None
    """The last line in which there was what the rule needs."""

    def reached(self, number: int, line: str) -> bool:
        """Whether this line makes the rule answer."""
        first = number - self.rule.window + 1
        if self.rule.needs and re.search(self.rule.needs, line):
            self.needed = number
        if self.rule.needs and (self.needed is None or self.needed < first):
            return False
        if not any(re.search(pattern, line) for pattern in self.rule.patterns):
            return False
        self.hits.append(number)
        while self.hits[0] < first:
            self.hits.popleft()
        return len(self.hits) >= self.rule.threshold


def by_the_letter(text: str) -> Answer:
    """What the founding patterns say about a log."""
    counters = [Counter(rule) for rule in RULES]
    for number, line in enumerate(text.split("\n"), 1):
        for counter in counters:
            if counter.reached(number, line):
                return Answer(counter.rule.id, number, fatal=True)
    return Answer(None, None, fatal=False)
