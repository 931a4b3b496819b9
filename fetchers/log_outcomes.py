"""What a log says of why its record ended; diagnosed in small pieces, between which the worker's loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from fetchers.diagnosis import RULES_VERSION, LogReader
from fetchers.diagnosis.matcher import matcher
from fetchers.diagnosis.merge import merged
from fetchers.diagnosis.model import Diagnosis
from fetchers.diagnosis.rules import RULES
from fetchers.gcp_fields import one_line
from fetchers.log_entries import text_of, told_apart
from fetchers.log_queries import COUNT
from fetchers.messages import LogTarget, Outcome
from fetchers.plain import safe_lines
from fetchers.records import Reason, State
from fetchers.threads import Threads

PIECE = 16 * 1024
"""Bytes that are diagnosed in one go: a millisecond, or twenty where every line fails."""
COMPILED_S = 30.0
"""Seconds that compiling the rules may take, on a machine that does everything else at once."""
JUDGED = 2 * 1024 * 1024
"""Bytes of one log that are diagnosed: seconds where every line fails, and logs are judged one after another."""

CERTAIN_RANK = 75
"""Rules below this rank may be what followed from a cause that stands before them: an exception, ranks that wait for
one that is gone, a process that was killed.
"""

EVIDENCE_LINE = 2_000
"""Characters kept of one line of evidence."""
REASON = 1_000
"""Characters of a reason."""

EMPTY = "no log entries"


def newest(entries: Sequence[Any]) -> Sequence[Any]:
    """Those of the entries, oldest first, that are diagnosed: as many of the last as are not too much."""
    left = JUDGED
    for index in range(len(entries) - 1, -1, -1):
        left -= entries[index].ByteSize()
        if left < 0:
            return entries[index + 1 :]
    return entries


async def diagnosis_of(entries: Sequence[Any]) -> Diagnosis:
    """Diagnose entries, oldest first."""
    if not matcher.cache_info().currsize:
        await Threads().call(matcher, COMPILED_S, "rules")  # a fifth of a second in which nobody else had the loop
    reader = LogReader()
    for piece in _pieces(told_apart(entries)):
        reader.feed(piece)
        await asyncio.sleep(0)
    return reader.finish()


def _pieces(texts: Iterable[str]) -> Iterator[bytes]:
    held = bytearray()
    for text in texts:
        held += text.encode(errors="replace")
        held += b"" if text.endswith("\n") else b"\n"
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def is_specific(diagnosis: Diagnosis) -> bool:
    """Whether nothing that stands before what was read is likely to explain more."""
    rule = RULES.get(diagnosis.finding.rule) if diagnosis.finding else None
    return rule is not None and rule.rank >= CERTAIN_RANK


def outcome_of(target: LogTarget, diagnosis: Diagnosis, entries: Sequence[Any], *, whole: bool) -> Outcome:
    """The outcome of a record whose log has been read."""
    lines = [line.text for line in diagnosis.evidence] or ([] if diagnosis.jobs is None else _counting(entries))
    evidence = tuple(line[:EVIDENCE_LINE] for line in safe_lines(lines))
    roots = [index for index, line in enumerate(diagnosis.evidence) if line.root]
    return Outcome(
        table=target.record.table,
        key=target.key,
        reason=_reason(target, diagnosis, len(entries)),
        evidence=evidence,
        root=roots[0] if roots else None,
        rules=RULES_VERSION,
        entries=len(entries),
        whole=whole,
        jobs=diagnosis.jobs,
    )


def _counting(entries: Sequence[Any]) -> list[str]:
    """The last line in which an agent counts its jobs: it gives their number again."""
    texts = (text_of(entry) for entry in reversed(entries))
    return next(([line for line in text.split("\n") if COUNT in line][-1:] for text in texts if COUNT in text), [])


def _reason(target: LogTarget, diagnosis: Diagnosis, entries: int) -> Reason | None:
    said = target.record.reason
    if target.record.state is State.SUCCEEDED:
        return said if diagnosis.jobs is None else Reason(text=completed(diagnosis.jobs), origin="agent")
    if not entries:
        return _unexplained(said)
    reason = merged(said, diagnosis.finding)
    return None if reason is None else _safe(reason)


def completed(jobs: int) -> str:
    """What the row of a launch agent says that has succeeded."""
    return f"✓ Completed: {jobs} {'job' if jobs == 1 else 'jobs'}"


def _unexplained(said: Reason | None) -> Reason:
    """Why nothing more is known than what the source said."""
    if said is None:
        return Reason(text=EMPTY, origin="agent")
    return said if EMPTY in said.text else msgspec.structs.replace(said, text=f"{said.text} ({EMPTY})")


def _safe(reason: Reason) -> Reason:
    (text,) = safe_lines([reason.text.replace("\n", " ")])
    advice = " ".join(safe_lines(reason.advice.split("\n"))) if reason.advice else None
    return msgspec.structs.replace(reason, text=one_line(text, REASON), advice=advice)


def unreadable(target: LogTarget, problem: str, retry_after_s: float | None = None) -> Outcome:
    """The outcome of a record whose log alone could not be read."""
    return Outcome(table=target.record.table, key=target.key, problem=problem, retry_after_s=retry_after_s)
