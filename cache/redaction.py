"""What may be written down of a record and of a log: the same, without secrets, and bounded."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fetchers.records import Reason, Record, Scalar
from fetchers.redact import redact

MOST_LINES = 50
LONGEST_LINE = 2_000
"""Characters."""
_READ = 200_000
"""Characters of evidence that are looked at."""


def redacted(record: Record) -> Record:
    """The record as it may be written: no secret in its reason or its details."""
    detail = {key: _scalar(value) for key, value in record.detail.items()}
    reason = None if record.reason is None else _reason(record.reason)
    return msgspec.structs.replace(record, detail=detail, reason=reason)


def _scalar(value: Scalar) -> Scalar:
    return redact(value) if isinstance(value, str) else value


def _reason(reason: Reason) -> Reason:
    advice = None if reason.advice is None else redact(reason.advice)
    return msgspec.structs.replace(reason, text=redact(reason.text), advice=advice)


def bounded_evidence(lines: Iterable[str]) -> tuple[str, ...]:
    """The first lines, each cut to its first characters; a secret over several lines is found too."""
    text = redact("\n".join(lines)[:_READ])
    return tuple(line[:LONGEST_LINE] for line in text.split("\n")[:MOST_LINES]) if text else ()
