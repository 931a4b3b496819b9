"""What `wandb-core` notes in its own log when an attempt fails and it will try again: the cause that silence hides.

The log lies in the worker's private directory. Its form is nobody's promise: where it cannot be read, nothing is known.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

_LOGS = "wandb/logs/core-debug-*.log"
"""Below `WANDB_CACHE_DIR`."""
_TAIL = 32 * 1024
_RETRYING = "api: retrying"


def last_trouble(since: datetime) -> str | None:
    """Why the newest attempt after `since` failed, e.g. `HTTP 429: rate limit exceeded`; null where none did."""
    try:
        directory = Path(os.environ["WANDB_CACHE_DIR"])
        newest = max(directory.glob(_LOGS), key=lambda path: path.stat().st_mtime)
        lines = _tail(newest)
    except (KeyError, ValueError, OSError):
        return None
    return next((_words(note) for note in _notes(lines, since)), None)


def _tail(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read(_TAIL).splitlines()


def _notes(lines: list[bytes], since: datetime) -> Iterator[dict[str, Any]]:
    for line in reversed(lines):
        try:
            note = json.loads(line)
            if note["msg"].startswith(_RETRYING) and datetime.fromisoformat(note["time"]) >= since:
                yield note
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # half a line, or another form


def _words(note: dict[str, Any]) -> str:
    if status := note.get("status"):
        return f"HTTP {status}: {note.get('body') or 'no explanation'}"
    return str(note.get("error") or "no explanation")
