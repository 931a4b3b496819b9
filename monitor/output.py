"""How a command speaks: its answer on standard output, one line on standard error where something is wrong."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable

from fetchers.redact import redact


def answer(text: str) -> None:
    """Print as it is. Not `click.echo`, which takes it that an output of ASCII must be meant to take UTF-8."""
    if sys.stdout is not None:
        sys.stdout.write(text)


def answer_json(text: str) -> None:
    """Print JSON, with escapes for what the output's encoding lacks."""
    from monitor.export import ascii_json  # noqa: PLC0415 - not every answer is JSON

    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    answer(text if encoding.lower().replace("-", "") == "utf8" else ascii_json(text))


def complain(text: str, status: int) -> int:
    """Say one line on standard error and hand back the status."""
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(text)).split())
    with contextlib.suppress(OSError, ValueError):
        print(f"monitor: {line}", file=sys.stderr, flush=True)  # noqa: T201 - this is where it is said
    return status


def nearest(word: str, among: Iterable[str]) -> str:
    """What to say about a word that is none of these."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong command line needs it

    near = get_close_matches(word, list(among), n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(among)}"
