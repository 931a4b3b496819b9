"""Says why a program died, from its log. Pure: no I/O, no clock, no SDK, no screen.

How a log goes through it:

    bytes ─► splitting ─► blocks of whole lines ─► matcher (words of the patterns) ─► lines worth reading
                                                                                         │
      prefixes, structured (heads off, JSON unpacked) ─► tracebacks ─► matcher (rules) ─► hits
                                                                                         │
      windows ─► detections, at once              root_cause ─► evidence ─► findings ─► diagnosis, at the end

`reader` leads it through; `margins` keeps the lines around what was found. The rules are data (`rules*`, `healthy`),
and so is what is said about them (`facts`, `advice`).
"""

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
