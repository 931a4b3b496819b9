"""Takes apart a line that holds a whole traceback: some loggers write it on one. Pure."""

from __future__ import annotations

import re
from collections import deque

from fetchers.diagnosis.prefixes import Line, read_line
from fetchers.diagnosis.tracebacks import HEAD

_RAISED = re.compile(
    r"(?<=[\s'\"])(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Z]\w{0,60}(?:Error|Exception|Exit|Interrupt|Timeout): "
)
"""An exception in the middle of a line."""


def parts(line: Line) -> list[Line]:
    """The line, or those that a traceback in it is made of."""
    at = line.text.find(HEAD)
    if at < 0 or "File " not in line.text[at:]:
        return [line]
    texts = re.split(r"(?:\\r)?\\n", line.text) if "\\n" in line.text else _unwrapped(line.text, at)
    return [read_line(line.number, text)._replace(level=line.level, source=line.source) for text in texts]


def _unwrapped(text: str, at: int) -> list[str]:
    """Head, frames and exception of a traceback whose line ends have become spaces."""
    last = deque(_RAISED.finditer(text, at), maxlen=1)
    if not last:
        return [text]
    head = text.index(":", at) + 1 if ":" in text[at:] else len(text)
    return [text[:head], "  " + text[head : last[0].start()].strip(), text[last[0].start() :].strip()]
