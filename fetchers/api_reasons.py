"""Reasons from what an API itself says of a failure, there with the row, before any log is read. Pure.

The source's own sentence stays the text; the rules add what kind of cause it is and what to do. Words that say nothing
("exited with a non-zero status of 1") get the most general rule, so that whatever the log says wins over them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from fetchers.diagnosis import diagnose, reason_of
from fetchers.diagnosis.advice import advise
from fetchers.diagnosis.facts import facts_of
from fetchers.diagnosis.model import Category, Finding
from fetchers.diagnosis.rules import RULES
from fetchers.records import Reason

GENERAL = "nonzero_exit"
"""The rule that says no more than that something failed."""

_VAGUE = frozenset({GENERAL, "error_reported", "repeated_failures"})
"""Rules that in a log say little, and nothing in one sentence of an API."""

STATUSES: Mapping[str, str] = MappingProxyType(
    {
        # Google's codes
        "INVALID_ARGUMENT": "invalid_argument",
        "NOT_FOUND": "not_found",
        "PERMISSION_DENIED": "permission_denied",
        "UNAUTHENTICATED": "permission_denied",
        "RESOURCE_EXHAUSTED": "quota_exceeded",
        "DEADLINE_EXCEEDED": "deadline_exceeded",
        "CANCELLED": "terminated",
        "UNAVAILABLE": "service_error",
        "INTERNAL": "service_error",
        # how a build ends, and what failed in it
        "TIMEOUT": "deadline_exceeded",
        "EXPIRED": "deadline_exceeded",
        "INTERNAL_ERROR": "service_error",
        "PUSH_NOT_AUTHORIZED": "permission_denied",
        "PUSH_IMAGE_NOT_FOUND": "not_found",
        "USER_BUILD_STEP": GENERAL,
        # why an execution failed
        "NON_ZERO_EXIT_CODE": GENERAL,
        "PROGRESS_DEADLINE_EXCEEDED": "deadline_exceeded",
        "CONTAINER_MISSING": "image_pull",
        "CONTAINER_IMAGE_UNAUTHORIZED": "image_pull",
        "CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED": "image_pull",
        "CONTAINER_PERMISSION_DENIED": "permission_denied",
        "ENCRYPTION_KEY_PERMISSION_DENIED": "permission_denied",
        "SECRETS_ACCESS_CHECK_FAILED": "permission_denied",
        "VPC_NETWORK_NOT_FOUND": "not_found",
    }
)
"""What a source calls it → the rule, for where its sentence says no more. A word that is not here says nothing."""


class Exit(NamedTuple):
    """What an exit status means beside "failed"."""

    means: str
    rule: str = GENERAL
    category: Category | None = None
    """Where it is not the rule's own."""


EXITS: Mapping[int, Exit] = MappingProxyType(
    {
        124: Exit("the time that `timeout` gave it was up", "deadline_exceeded"),
        126: Exit("the command may not be executed, or is no program", "exec_format_error"),
        127: Exit("no such command in the image", "shell_command_not_found"),
        130: Exit("SIGINT: interrupted", "terminated"),
        132: Exit("SIGILL: built for another processor", "segmentation_fault"),
        134: Exit("SIGABRT: the program gave up, e.g. a failed assertion", "segmentation_fault"),
        135: Exit("SIGBUS: mostly too little shared memory", "process_killed"),
        136: Exit("SIGFPE: arithmetic that cannot be done", "segmentation_fault"),
        137: Exit("SIGKILL: mostly out of memory", "process_killed"),
        139: Exit("SIGSEGV: memory that is not the program's own", "segmentation_fault"),
        143: Exit("SIGTERM: told to end, by a cancellation, a timeout or a spot machine taken away", "terminated"),
    }
)
"""What the exit statuses mean that shells, containers and the kernel agree on."""

GUARDED: Mapping[int, Exit] = MappingProxyType(
    {**EXITS} | {kind.exit_status: Exit(f"`monitor guard` ended it: {kind.value}", category=kind) for kind in Category}
)
"""The same for what may run under `monitor guard`, which has a status for each kind of cause."""

_LONGEST = 1_000
_SIGNALS = 128
_EXIT = re.compile(r"(?i)\b(?:exit(?:ed|code)?|non-?zero)\b[^.;,]{0,40}?[\s:=(](-?\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\b")


def said(
    text: str,
    origin: str,
    *,
    status: str = "",
    exit_code: int = 0,
    exits: Mapping[int, Exit] = EXITS,
    facts: Mapping[str, str] = MappingProxyType({}),
) -> Reason | None:
    """Why something failed, as its source puts it in `text`; null where the source says nothing at all.

    `status` is the source's own word for what happened, `exit_code` what the program ended with where that is told
    apart from the sentence; `exits` says what such a code means here. `facts` is what is known of the record beside
    its words, under the names that advice has for it: `project`, `region`, `machine_type`, … Who was refused
    something is not known beside the words: a grant to another account would mend nothing.
    """
    words = " ".join(text[: _LONGEST * 4].split())
    words = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
    code = exit_code or _exit_code(words)
    meaning = exits.get(code)
    if not words and not code and status not in STATUSES:
        return None
    finding = max(_findings(words, status, code, meaning), key=_weight, default=None)
    shown = _with_meaning(words or _named(status, code), code, meaning)
    if finding is None:
        return Reason(text=shown, origin=origin)
    return msgspec.structs.replace(
        reason_of(finding),
        text=shown,
        origin=origin,
        fatal=reason_of(finding).fatal and finding.rule != GENERAL,
        advice=advise(RULES[finding.rule], {**facts, **finding.facts}) or None,
    )


def silent_end(text: str, origin: str) -> Reason:
    """Of what stopped without a word: a guess, which whatever the log says wins over."""
    return Reason(
        text=text,
        rule=GENERAL,
        category=Category.RESOURCES.value,
        origin=origin,
        advice="See whether its machine was out of memory, preempted or restarted: the Vertex AI job, the execution or"
        " the node that it ran on knows.",
    )


def _findings(words: str, status: str, code: int, meaning: Exit | None) -> Iterator[Finding]:
    """Yield what each of the source's words means, the sentence first."""
    found = _diagnosed(words)
    if found is not None and found.rule not in _VAGUE:
        yield found
    elif found is not None:
        yield _finding(GENERAL)
    if status in STATUSES:
        yield _finding(STATUSES[status], facts=facts_of(STATUSES[status], [status]))
    if meaning is not None:
        yield _finding(meaning.rule, meaning.category, facts={"exit_code": str(code)})
    elif code:
        yield _finding(GENERAL, facts={"exit_code": str(code)})


def _weight(finding: Finding) -> tuple[int, bool]:
    """The more a finding says; of general ones that which adds a kind of cause says more."""
    rule = RULES[finding.rule]
    return rule.rank, finding.category != rule.category.value


@functools.lru_cache(maxsize=2_048)
def _diagnosed(words: str) -> Finding | None:
    """The same sentences come with every poll."""
    return diagnose(words).finding if words else None


def _finding(id_: str, category: Category | None = None, facts: Mapping[str, str] = MappingProxyType({})) -> Finding:
    rule = RULES.get(id_, RULES[GENERAL])
    return Finding(
        rule=rule.id,
        category=(category or rule.category).value,
        origin=rule.origin,
        line=1,
        text="",
        facts=dict(facts),
    )


def _exit_code(words: str) -> int:
    """The status that the sentence ends a program with; of signals, given as negative numbers, that of a shell."""
    found = _EXIT.search(words)
    code = int(found[1]) if found else 0
    return _SIGNALS - code if code < 0 else code


def _named(status: str, code: int) -> str:
    return f"exit code {code}" if code else status.replace("_", " ").lower()


def _with_meaning(words: str, code: int, meaning: Exit | None) -> str:
    if meaning is None or meaning.means.partition(":")[0] in words:
        return words
    return f"{words} ({meaning.means})" if str(code) in words else f"{words} (exit code {code}, {meaning.means})"
