"""Turns bytes that arrive in any portions into blocks of whole lines, holding back 64 KiB at most.

A block's lines end in a newline; a carriage return ends a part of a line that was drawn over, or a piece of one that
has no end. Colours, other escape sequences and NULs are gone.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

PIECE = 64 * 1024
"""Bytes. A longer line is read in pieces of this size: what would be found across a cut is lost."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BOM_MAX = 4
_ESCAPE = re.compile(
    rb"\x1b(?:\[[0-?]*+[ -/]*+[@-~]?|\][^\x07\x1b\r\n]*+(?:\x07|\x1b\\)?|[PX^_][^\x1b\r\n]*+(?:\x1b\\)?|[ -/]*+[0-~]?)"
)


class Splitter:
    """What has been read of a stream and is not a whole line yet."""

    def __init__(self) -> None:
        self._start: bytes | None = b""
        """The first bytes, until they tell the encoding; then None."""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._tail = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield blocks that `data` completes."""
        if self._start is not None:
            self._start += data
            if len(self._start) < _BOM_MAX:
                return
            data = self._begin()
        # No portion may grow beyond a piece when it is decoded, or a line behind its first could stay uncut.
        step = PIECE if self._decoder is None else PIECE // 4
        for at in range(0, len(data), step):
            yield from self._split(self._utf8(data[at : at + step]))

    def finish(self) -> Iterator[bytes]:
        """Yield what is left, as if a newline followed."""
        if self._start is not None:
            yield from self._split(self._utf8(self._begin()))
        if self._decoder is not None:
            yield from self._split(self._decoder.decode(b"", final=True).encode())
        if self._tail:
            yield from self._split(b"\n")

    def _begin(self) -> bytes:
        """Find out the encoding; give the bytes that were kept for it."""
        start, self._start = self._start or b"", None
        for bom, encoding in _BOMS:
            if start.startswith(bom):
                if encoding != "utf-8":
                    self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
                return start[len(bom) :]
        return start

    def _utf8(self, data: bytes) -> bytes:
        return data if self._decoder is None else self._decoder.decode(data).encode(errors="replace")

    def _split(self, data: bytes) -> Iterator[bytes]:
        if b"\0" in data:
            data = data.translate(None, b"\0")
        data = self._tail + data
        # A carriage return at the very end may be half of a line's end.
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        block, self._tail = data[:cut], data[cut:]
        if block:
            yield _plain(_in_pieces(block))
        while len(self._tail) > PIECE:
            piece, self._tail = self._tail[:PIECE], self._tail[PIECE:]
            yield _plain(piece + b"\r")


def _in_pieces(block: bytes) -> bytes:
    """The block with its first line cut where it is longer than a piece; no other line of it can be."""
    ends = [at for at in (block.find(b"\n"), block.find(b"\r")) if at >= 0]
    end = min(ends, default=0)
    if end <= PIECE:
        return block
    pieces = [block[at : min(at + PIECE, end)] for at in range(0, end, PIECE)]
    return b"\r".join(pieces) + block[end:]


def without_escapes(text: bytes) -> bytes:
    """The text without colours, links and whatever else a terminal would act on."""
    return _ESCAPE.sub(b"", text) if b"\x1b" in text else text


def _plain(block: bytes) -> bytes:
    block = without_escapes(block)
    return block.replace(b"\r\n", b"\n") if b"\r\n" in block else block
