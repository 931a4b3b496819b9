"""The lines of a log that a reason was read from, as they may be written down: bounded, and without secrets."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from fetchers.redact import first_of, redact

MOST_LINES = 50
LONGEST_LINE = 2_000
"""Characters."""
_LOOKED_AT = 2 * MOST_LINES
"""Lines: the end of a key may tell what the last ones are."""


def bounded(lines: Iterable[str]) -> tuple[str, ...]:
    """The first lines, each cut to its first characters; a secret is hidden on all of its lines, which stay lines."""
    looked_at = (first_of(line, LONGEST_LINE) for line in itertools.islice(lines, _LOOKED_AT))
    text = redact("\n".join(looked_at)).encode("utf-8", "replace").decode()
    return tuple(line[:LONGEST_LINE] for line in text.split("\n")[:MOST_LINES]) if text else ()
