"""What stands in an advice: words, and between backticks what is to be typed, commands and other things. Pure."""

from __future__ import annotations

import re

from monitor.text import one_line

QUOTED = re.compile(r"`([^`]+)`")
"""Splits an advice into words and what is to be typed, by turns."""

PROGRAMS = frozenset(
    [
        "bash",
        "curl",
        "docker",
        "gcloud",
        "git",
        "gsutil",
        "kubectl",
        "make",
        "monitor",
        "pip",
        "python",
        "python3",
        "sh",
        "uv",
        "wandb",
    ]
)
"""What a command begins with: a flag, or a line for a configuration file, is none."""

_SETTING = re.compile(r"[A-Za-z_]\w*=\S*")
"""Goes before a program."""


def commands(advice: str) -> list[str]:
    """The commands in an advice, clean."""
    return [text for text in QUOTED.findall(one_line(advice)) if is_command(text)]


def is_command(text: str) -> bool:
    """Whether a shell would run it."""
    program = next((word for word in text.split() if not _SETTING.fullmatch(word)), "")
    return program.rpartition("/")[2] in PROGRAMS
