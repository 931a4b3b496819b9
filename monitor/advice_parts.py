"""An advice in parts: prose, and each command apart from it, so that it can be shown whole and be copied. Pure.

Only what a shell would run stands apart: the name of a field, or a line for a file, stays in its sentence.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from monitor.advice import QUOTED, is_command
from monitor.text import one_line

_BEFORE_COMMAND = " "
_AFTER_COMMAND = " .,;)"
"""What closes a sentence, or a bracket, that ended with a command: beside the command it was, alone it is a stray."""


class Part(msgspec.Struct, frozen=True):
    """Words, or one command."""

    text: str
    """Clean, on one line, never empty."""
    command: bool = False


def advice_parts(advice: str) -> Iterator[Part]:
    """The words and the commands of an advice, in their order."""
    words = ""
    for number, text in enumerate(QUOTED.split(one_line(advice))):
        if number % 2 and is_command(text):
            yield from _prose(_closed(words))
            yield Part(text.strip(), command=True)
            words = ""
        else:
            words += f"`{text}`" if number % 2 else text
    yield from _prose(words)


def _prose(words: str) -> Iterator[Part]:
    """The words, where they say anything."""
    if words.strip(" .,;:()"):
        yield Part(words.lstrip(_AFTER_COMMAND).rstrip(_BEFORE_COMMAND))


def _closed(words: str) -> str:
    """The words without a bracket that opens before a command, and closes behind it."""
    before, bracket, within = words.rpartition("(")
    return words if not bracket or ")" in within else f"{before}– {within}" if within.strip() else before
