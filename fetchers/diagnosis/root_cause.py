"""Chooses the hit that explains why a program died: specific over general, cause over consequence, alive over survived.

Pure. What systems print when something else has failed is listed here as data.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fetchers.diagnosis.hits import Hit
from fetchers.diagnosis.model import Category
from fetchers.diagnosis.prefixes import Level
from fetchers.diagnosis.rules import RULES
from fetchers.diagnosis.signs import ENOUGH

GENERAL = "python_exception"
"""The rule for an exception of which no other rule says more."""

CONSEQUENCES = frozenset(
    {
        "collective_failure",
        "container_start_failed",
        "error_reported",
        "image_build_failed",
        "launch_failed",
        "native_error",
        "nonzero_exit",
        "process_killed",
        "repeated_failures",
        "terminated",
    }
)
"""Rules for what also follows from another failure: an exception before it explains more."""

WRAPPERS = re.compile(
    r"(?:\w+\.)*(?:ChildFailedError|CalledProcessError|ProcessRaisedException|ProcessExitedException|BrokenProcessPool"
    r"|BrokenExecutor|RemoteTraceback|RayTaskError|RayActorError|ActorDiedError|RetryError|MaxRetryError|ExceptionGroup"
    r"|BaseExceptionGroup|SystemExit|KeyboardInterrupt|BrokenPipeError|Exit|Abort|LaunchError|TrainingFailedError"
    r"|TuneError)\b"
    r"|RuntimeError: (?:DataLoader worker .* exited|Job failed|.*generator didn't|Engine .*(?:died|failed to start))"
    r"|(?:\w+\.)*\w+: Caught \w+ in \w"
    r"|(?i:\w*error: (?:command|process|worker|subprocess|task|job)\b.*\b(?:failed|exited|died|returned)\b)"
)
"""Exceptions that say that another one was raised elsewhere."""

_FAR = 300
"""Lines. What happened so long before the exception that ended the program, unless it is very specific, did not."""
_VERY_FAR = 1_000
"""Lines. What happened so long before did not, however specific it is."""
_CLOSE = 50
"""Lines that belong to one failure."""
_VERY_SPECIFIC = 80
_QUIETER = 30
"""What a warning, or words that the program goes on, take from a rule's rank."""
_GENERAL_WARNING = 20
"""A warning of a rank below it explains no death."""
_TERSE = 40
"""Characters of a line that may only name a status."""
_NEAR = 2
"""Lines between which one answer is spread."""
_WENT_ON = 3
"""Lines after a failure that was handled, by which the program has gone on."""


@dataclass(frozen=True)
class Ending:
    """How the log went on to its end."""

    progress: int
    successes: int
    lines: int


def root_of(hits: Sequence[Hit], ending: Ending, detected: Collection[str]) -> Hit | None:
    """The root cause among the hits in their order; `detected` are the rules that a guard would have acted on."""
    loud = [hit for hit in hits if _loud(hit)]
    alive = [hit for hit in loud if not _survived(hit, ending)]
    # A guard would have ended the program there: that much is certain, whatever went on around it.
    alive = alive or _latest([hit for hit in loud if hit.rule.id in detected and _certain(hit, ending)])
    if not alive:
        return None
    last = _last_exception(alive)
    general = RULES[GENERAL].rank
    begun = {hit.chain: hit.order for hit in reversed(alive)}
    told = {(hit.number, hit.chain) for hit in alive if hit.chain and hit.rule.rank > general}
    own = [hit for hit in alive if hit.rule.id != GENERAL or (hit.number, hit.chain) not in told]
    return _in_words(max(own, key=lambda hit: (_rank(hit, alive, last), *_place(hit, begun))), own)


def _in_words(root: Hit, hits: Sequence[Hit]) -> Hit:
    """Of an answer that is printed over several lines, the one that says most, and not the one with its number."""
    if root.chain or len(root.text) >= _TERSE:
        return root
    near = (hit for hit in hits if hit.rule is root.rule and abs(hit.number - root.number) <= _NEAR and not hit.chain)
    return max(near, key=lambda hit: len(hit.text))


def _loud(hit: Hit) -> bool:
    return hit.level > Level.WARNING or (hit.level == Level.WARNING and hit.rule.rank >= _GENERAL_WARNING)


def _survived(hit: Hit, ending: Ending) -> bool:
    signs = ending.progress - hit.progress + ending.successes - hit.successes
    if hit.handled:
        return signs >= 1 or ending.lines - hit.number >= _WENT_ON
    return signs >= ENOUGH


def _certain(hit: Hit, ending: Ending) -> bool:
    return hit.level > Level.WARNING and not hit.handled and hit.successes == ending.successes


def _latest(hits: Sequence[Hit]) -> list[Hit]:
    """Those close to the last of them."""
    return [hit for hit in hits if hits[-1].number - hit.number <= _CLOSE]


def _last_exception(alive: Sequence[Hit]) -> Hit | None:
    """The exception that nothing handled and that came last."""
    own = (hit for hit in reversed(alive) if hit.chain and not hit.handled and not _wraps(hit))
    return next(own, None)


def _rank(hit: Hit, alive: Sequence[Hit], last: Hit | None) -> int:
    rank = hit.rule.rank
    if hit.level <= Level.WARNING or hit.handled:
        rank -= _QUIETER
    if hit.rule.id in CONSEQUENCES and _explained(hit, alive):
        rank = min(rank, _GENERAL_WARNING)
    if hit.rule.id == GENERAL:
        rank -= _QUIETER // 2 if _wraps(hit) else int(hit.logged or not hit.chain)
    if last is not None and last.chain != hit.chain and _outlived(hit, rank, last):
        rank = min(rank, last.rule.rank - 1)
    return rank


def _outlived(hit: Hit, rank: int, last: Hit) -> bool:
    """Whether the exception that ended the program came so much later, or after a mere warning."""
    lines = last.number - hit.number
    return lines > (_VERY_FAR if rank >= _VERY_SPECIFIC else _FAR) or (hit.level <= Level.WARNING and lines > 0)


def _explained(hit: Hit, alive: Sequence[Hit]) -> bool:
    """Whether something of another kind that brings down a program came before it."""
    return any(
        _brings_down(other) and other.number < hit.number and not _same_kind(other, hit, alive)
        for other in alive
        if not hit.chain or other.chain != hit.chain
    )


def _brings_down(hit: Hit) -> bool:
    if hit.handled or hit.rule.id in CONSEQUENCES or _wraps(hit):
        return False
    return hit.chain > 0 if hit.rule.id == GENERAL else hit.rule.category is Category.RESOURCES


def _same_kind(exception: Hit, hit: Hit, alive: Sequence[Hit]) -> bool:
    """Whether the exception's own line tells of the same consequence."""
    return any(other.number == exception.number and other.rule.id == hit.rule.id for other in alive)


def _wraps(hit: Hit) -> bool:
    return bool(hit.chain) and WRAPPERS.match(hit.text) is not None


def _place(hit: Hit, begun: Mapping[int, int]) -> tuple[int, int]:
    """What came first; within a chain of exceptions the last."""
    return (-begun[hit.chain], hit.order) if hit.chain else (-hit.order, 0)
