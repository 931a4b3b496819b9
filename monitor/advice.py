"""What stands in an advice: words, and commands between backticks. Pure."""

from __future__ import annotations

import re

from monitor.text import one_line

COMMAND = re.compile(r"`([^`]+)`")
"""Splits an advice into words and commands by turns."""


def commands(advice: str) -> list[str]:
    """The commands in an advice, clean."""
    return COMMAND.findall(one_line(advice))
