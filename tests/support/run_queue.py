"""How long processes waited for a processor: the part of their slowness that is the machine's, and not their own."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path


def waits(*pids: int) -> Mapping[str, float]:
    """Thread → seconds that it was ready to run while others had the processors, of all threads of these processes.

    Empty where the kernel does not count them (Linux does), and where the processes are gone.
    """
    found: dict[str, float] = {}
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*"):
            with contextlib.suppress(OSError):  # it has ended while we looked
                found[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
    return found


def waited_s(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Seconds that they waited between two looks; threads that have ended meanwhile are left out."""
    return sum(seconds - before.get(thread, 0.0) for thread, seconds in after.items())
