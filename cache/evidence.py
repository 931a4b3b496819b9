"""The lines of a log that a reason was read from, as they may be written down: bounded, and without secrets."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from fetchers.redact import redact

MOST_LINES = 50
LONGEST_LINE = 2_000
"""Characters."""
_LOOKED_AT = 1_000
_READ = 200_000
"""Lines and characters that are looked at."""


def bounded(lines: Iterable[str]) -> tuple[str, ...]:
    """The first lines, each cut to its first characters; a secret that spans lines is found too."""
    text = redact("\n".join(itertools.islice(lines, _LOOKED_AT))[:_READ]).encode("utf-8", "replace").decode()
    return tuple(line[:LONGEST_LINE] for line in text.split("\n")[:MOST_LINES]) if text else ()
