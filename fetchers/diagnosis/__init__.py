"""Says why a program died, from its log. Pure: no I/O, no clock, no SDK, no screen."""

from __future__ import annotations

from collections.abc import Iterable

from fetchers.diagnosis.findings import reason_of
from fetchers.diagnosis.model import Diagnosis
from fetchers.diagnosis.reader import LogReader
from fetchers.rules_version import RULES_VERSION

__all__ = ["RULES_VERSION", "LogReader", "diagnose", "reason_of"]


def diagnose(text: str | bytes | Iterable[str]) -> Diagnosis:
    """Why the program of this log died; `text` is the log, or its lines."""
    reader = LogReader()
    if isinstance(text, str | bytes):
        reader.feed(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    else:
        for line in text:
            reader.feed(line.encode("utf-8", "replace") + b"\n")
    return reader.finish()
