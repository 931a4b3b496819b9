"""Text of a log as plain lines: without colours, control characters, what a progress bar wrote over, and secrets. Pure.

The screen looks at it once more; this is for what travels and is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fetchers.redact import first_of, redact_lines

LONGEST_LINE = 4_000
"""Characters kept of one line."""

_ESCAPE = re.compile(
    r"\x1b\[[0-9;:?<=>! ]{0,64}[@-~]"  # colours, cursor
    r"|\x1b[\]P^_X][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?"  # titles, links
    r"|\x1b[ -/]{0,4}[0-~]?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def plain_line(line: str) -> str:
    """One line as it would stand on a terminal in the end."""
    return safe_lines([line])[0]


def safe_lines(lines: Iterable[str]) -> list[str]:
    """As many lines, each as it would stand on a terminal; also a private key that is spread over them is hidden."""
    return redact_lines(_visible(line) for line in lines)


def _visible(line: str) -> str:
    if "\r" in line:
        line = next((part for part in reversed(line.split("\r")) if part.strip()), "")
    if not line.isprintable():
        line = _CONTROL.sub("", _ESCAPE.sub("", line)).encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= LONGEST_LINE else f"{first_of(line, LONGEST_LINE - 1)}…"
