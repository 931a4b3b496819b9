"""What the runs of the emulator printed: as console lines over GraphQL, and as a file that is downloaded in ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

OUTPUT = "output.log"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
"""When the first line was printed; each comes a second after the one before it."""


@dataclass
class Printed:
    """What one run printed, and how much of it the server gives."""

    text: str = ""
    lines: bool = True
    """Whether the server has it as console lines; one of old does not know the question."""
    file: bool = True
    """Whether it was uploaded as a file when the run ended."""
    signed: bool = False
    """Whether the file has an address of its own in a bucket, which takes no key."""
    size: int | None = None
    """What the server says that the file's size is, where it says something else."""
    most: int = 10_000
    """Lines given at once."""

    def node(self, files: str) -> dict[str, Any]:
        """The fields of the run's node; `files` is the address of its directory."""
        known = {"fileCount": int(self.file), "files": lambda names=(), **_: self._files(files, names)}
        if not self.lines:
            return known
        return known | {"logLineCount": len(self._lines()), "logLines": self._tail}

    def _lines(self) -> list[str]:
        return self.text.splitlines()

    def _tail(self, last: int = 0, **_: Any) -> dict[str, Any]:
        lines = self._lines()
        first = len(lines) - min(last, len(lines), self.most)
        return {
            "__typename": "LogLineConnection",
            "edges": [_line(first + at, x) for at, x in enumerate(lines[first:])],
        }

    def _files(self, directory: str, names: Sequence[str]) -> dict[str, Any]:
        url = f"{directory}/{OUTPUT}"
        node = {
            "__typename": "File",
            "id": "file-1",
            "name": OUTPUT,
            "url": url,
            "directUrl": url.replace("/files/", "/bucket/") + "?signature=secret" if self.signed else None,
            "sizeBytes": str(len(self.text.encode()) if self.size is None else self.size),
        }
        found = [node] if self.file and (not names or OUTPUT in names) else []
        return {"__typename": "FileConnection", "edges": [{"__typename": "FileEdge", "node": one} for one in found]}


def _line(number: int, text: str) -> dict[str, Any]:
    at = (BEGAN + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f")
    node = {"__typename": "LogLine", "number": number, "timestamp": at, "level": "", "label": "", "line": text}
    return {"__typename": "LogLineEdge", "node": node}


def part(content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    """Status, body and headers of the answer to a download: a part where the request names one."""
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", ""))
    if asked is None:
        return 200, content, ()
    first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
    if first > last:
        return 416, b"", (("Content-Range", f"bytes */{len(content)}"),)
    return 206, content[first : last + 1], (("Content-Range", f"bytes {first}-{last}/{len(content)}"),)
