"""What a rule is, and what a reader of logs finds: plain data. Imports no SDK and nothing of ours."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import msgspec


class Category(enum.StrEnum):
    """Family of a cause; each has an exit status of its own for `monitor guard`."""

    CONFIG = "config"
    PERMISSION = "permission"
    QUOTA = "quota"
    SERVICE = "service"
    NOT_FOUND = "not-found"
    EXCEPTION = "exception"
    REPEATED = "repeated"
    WANDB = "wandb"
    IMAGE = "image"
    RESOURCES = "resources"

    @property
    def exit_status(self) -> int:
        """What a guard exits with that has ended its child for it."""
        return _EXIT_STATUS[self]

    @property
    def pointless(self) -> bool:
        """Whether trying again does not help."""
        return self in _POINTLESS


_EXIT_STATUS = {
    Category.CONFIG: 10,
    Category.PERMISSION: 11,
    Category.QUOTA: 12,
    Category.SERVICE: 13,
    Category.NOT_FOUND: 14,
    Category.EXCEPTION: 15,
    Category.REPEATED: 16,
    Category.WANDB: 17,
    Category.IMAGE: 18,
    Category.RESOURCES: 19,
}
_POINTLESS = frozenset(
    {Category.CONFIG, Category.PERMISSION, Category.NOT_FOUND, Category.IMAGE, Category.EXCEPTION, Category.WANDB}
)


NEVER = 1_000_000_000
"""A threshold that no log reaches: what explains a death, and is no reason for a guard to end a program that lives."""


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """One way in which systems print a cause, looked for in one line without colours and control characters."""

    regex: str
    """RE2 syntax; named groups become facts."""
    unless: str = ""
    """What makes the same words harmless in that line; RE2 syntax."""
    threshold: int = 0
    """How many a guard wants of what is printed in this way, where that is more than the rule's own; 0: the rule's."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One cause: how it looks in logs, how bad it is, and what to do about it."""

    id: str
    """Snake case; stable: it stands in JSON, in caches and in scripts."""
    title: str
    """What has happened, in a few words for people."""
    category: Category
    origin: str
    """Who says it: `agent`, `gcp`, `wandb`, `python`, `container` or `user`."""
    patterns: tuple[Pattern, ...]
    explains: str
    """What it means and why it happens: two or three sentences for the catalogue."""
    advice: str
    """What to do, with the exact command, one thing a line. `{name}` stands for a fact: a line whose prose asks for one
    that is unknown is left out, in a command (between backticks) the unknown stands in capitals. A line that begins
    with `else: ` counts only where none before it did."""
    rank: int = 50
    """The higher, the more it says about the root cause: a specific cause beats a general one, whichever came last."""
    window: int = 100
    """Lines in which `threshold` detections must fall for a guard to act."""
    threshold: int = 1
    examples: tuple[str, ...] = field(default=())
    """Lines of our own making that it must find; they stand in the catalogue."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One cause as it stands in one log."""

    rule: str
    category: str
    origin: str
    line: int
    """Number of the line that says it best, from 1."""
    text: str
    """What happened, one line, from the log; without colours, timestamps and secrets."""
    facts: dict[str, str] = {}
    """What the text names: `machine_type`, `accelerator`, `region`, `zone`, `principal`, `permission`, `role`,
    `resource`, `project`, `quota_metric`, `quota_limit`, `image`, `exit_code`, `signal`, `exception`, `status`, …"""
    advice: str = ""
    """From our own catalogue, with the facts filled in."""
    fatal: bool = False
    """Whether a guard ends the program for it."""
    exit_status: int = 0


class Detection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rule has reached its threshold within its window: a guard acts now."""

    finding: Finding
    count: int
    """Detections within the window."""


class EvidenceLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of the log that the diagnosis rests on, or stands around it."""

    number: int
    """From 1."""
    text: str
    root: bool = False
    """Whether it is the root cause."""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a log that has ended says about why its program died."""

    finding: Finding | None = None
    """The root cause; null where nothing explains a failure."""
    fatal: bool = False
    """Whether `guard` would have stopped the program."""
    others: tuple[Finding, ...] = ()
    """Further findings, in their order."""
    evidence: tuple[EvidenceLine, ...] = ()
    """At most 50 lines that lead to the same root cause when they are diagnosed alone."""
    context: tuple[str, ...] = ()
    """At most ten lines around the root cause, one after another: blank ones among them too."""
    context_from: int = 0
    """Number of the first of them; 0 where there are none."""
    lines: int = 0
    """Lines read."""
    jobs: int | None = None
    """How many jobs a launch agent says it has completed (its `Runs: N`); null where it does not say."""
