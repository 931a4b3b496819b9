"""Whether what is read is text at all: a program's file or a picture holds no log, and nothing is said of it. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from monitor.log_input import Unreadable

_SAMPLE = 4096
"""Bytes that are looked at."""
_FEW = 64
"""Bytes of which too little is known to judge them."""
_SHARE = 0.05
"""Of control characters, from which on it is no text: what is random, or packed, has 9 %."""
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\v\f\r\a\b\x1b"))
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def text_only(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a log. Raises `Unreadable` where they are no text.

    NULs before the first line are no sign: a log that was cut to nothing while it was written begins with a hole.
    """
    unknown, held = True, 0
    for piece in pieces:
        if unknown and (begun := piece.lstrip(b"\0") if held else _begun(piece)):
            unknown = False
            if not _is_text(begun):
                raise Unreadable("is not text: name a log")
        held += len(piece)
        yield piece
    if unknown and held:
        raise Unreadable("holds zeros and no text")


def _begun(first: bytes) -> bytes:
    """What the first piece holds behind its hole; a mark of an encoding whose letters have NULs stands alone."""
    return first if first.startswith(_WIDE) else first.lstrip(b"\0")


def _is_text(begun: bytes) -> bool:
    sample = begun[:_SAMPLE]
    if len(sample) < _FEW or sample.startswith(_WIDE):
        return True
    return len(sample) - len(_letters(sample)) <= _SHARE * len(sample)


def _letters(sample: bytes) -> bytes:
    """Without control characters; the NULs of UTF-16 that has no mark are none: it has one beside each letter."""
    halves = sample[::2], sample[1::2]
    wide = next((half for half, other in zip(halves, reversed(halves), strict=True) if not other.strip(b"\0")), None)
    return (sample if wide is None else wide + wide).translate(None, _CONTROLS)
