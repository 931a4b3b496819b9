"""What a program may send to a terminal: a strict reader that knows our own sequences, and calls all else foreign."""

from __future__ import annotations

import re
import unicodedata

_TEXT = rb"[\x20-\x7e\x80-\xff]+"
_MOVE = rb"\x1b\[(?P<y>\d{1,4});(?P<x>\d{1,4})H"
_RIGHT = rb"\x1b\[(?P<by>\d{1,4})C"
_ONE = rb"(?:[0-4]|[79]|2[2-4]|2[79]|[34]9|[349][0-7]|10[0-7]|[34]8;2;\d{1,3};\d{1,3};\d{1,3}|[34]8;5;\d{1,3})"
_COLOUR = rb"\x1b\[" + _ONE + rb"(?:;" + _ONE + rb")*m"
_WHOLE = rb"\x1b\[\?2026[hl]"
_NEXT = rb"\r\n(?=\x1b\[\d+;\d+H)"

PAINTING = (_TEXT, _MOVE, _RIGHT, _COLOUR, _WHOLE, _NEXT)
"""What is sent while the screen is shown: text, places, colours, ends of frames, new lines before places."""

TAKING = (
    *PAINTING,
    rb"\x1b\[\?(?:1049|1000|1003|1015|1006|1004|2004|25|7)[hl]",
    rb"\x1b\[\?(?:2026|2048)\$p",  # whether it paints whole frames, and tells its size: both are answered to us
    rb"\x1b\[m",
    rb"\x1b\[(?:>25u|<u)",  # how keys are told
    rb"\x1b\]22;[a-z]+\x07",  # the pointer
    rb"(?:\x1b(?:\[[0-9;]*)?)?\x18",  # the end of what a terminal had no time to read
)
"""What is sent besides when the terminal is taken or given back."""

PRINTING = (_TEXT, rb"\x1b\[(?:0|1|2|3[1-4])m", rb"\r?\n", rb"\r\x1b\[K")
"""What `ls` prints to a terminal, and how it takes back the line that says how far it is."""

BAD = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Kinds of characters that no text of ours holds."""


def foreign(data: bytes, allowed: tuple[bytes, ...], size: tuple[int, int] = (9999, 9999)) -> list[str]:
    """Everything in `data` that is not allowed, or not on a screen of `size` columns and lines; empty is good."""
    pattern = re.compile(b"|".join(allowed))
    found: list[str] = []
    at = 0
    while at < len(data):
        match = pattern.match(data, at)
        if match is None:
            found.append(f"{data[at : at + 24]!r} at byte {at}")
            at += 1
        else:
            found += _strange(match, size)
            at = match.end()
    return found


def _strange(match: re.Match[bytes], size: tuple[int, int]) -> list[str]:
    piece, places = match.group(), match.groupdict()
    if piece[0] >= ord(" "):
        bad = {character for character in piece.decode() if unicodedata.category(character) in BAD}
        return [f"{bad!r} in {piece!r}"] if bad else []
    far = [int(places.get(name) or 0) for name in ("x", "by", "y")]
    if max(far[:2]) > size[0] or far[2] > size[1]:
        return [f"{piece!r} is beyond {size}"]
    return []
