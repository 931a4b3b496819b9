"""A day in a minute or two: all goes wrong that can, and each change is held against the world as it is.

`python -m benchmarks.simulated_day [SEED [HOURS]]`: the real engine, schedule, watchdogs, accumulator and caches on a
virtual clock; workers follow a script, speak real frames and fail by the seed. Ends with status 1 where anything
that was shown was not true.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import tempfile
import time
import tracemalloc
from collections import Counter

from tests.support.day import Day

SEED, HOURS = 1, 24.0
BOUNDED = tracemalloc.Filter(inclusive=False, filename_pattern="*/monitor/printed.py")
"""What workers printed: up to 64 KiB of each, more or less of it by chance."""
OURS = [BOUNDED]
OURS += [tracemalloc.Filter(True, f"*/{package}/*") for package in ("monitor", "fetchers", "cache")]


class Memory:
    """What our packages hold after every fourth hour, in a while without faults."""

    def __init__(self) -> None:
        self.kib: dict[int, float] = {}
        """By hour."""

    def look(self, hour: int) -> None:
        """Measure."""
        gc.collect()
        held = tracemalloc.take_snapshot().filter_traces(OURS).traces
        self.kib[hour] = sum(trace.size for trace in held) / 1024
        print(f"hour {hour}: {self.kib[hour]:,.0f} KiB", file=sys.stderr, flush=True)


def report(day: Day, memory: Memory, took_s: float) -> None:
    """Print the figures."""
    ledger, viewer = day.ledger, day.viewer
    print("| what | |\n|---|---|")
    print(f"| real seconds | {took_s:.0f} |")
    print(f"| fetches, API calls | {ledger.fetches:,}, {ledger.calls:,} |")
    print(f"| changes told, engines | {viewer.told:,}, {day.engines} |")
    print(f"| workers killed | {ledger.kills} |")
    print(f"| a fetch was open beyond its hard deadline for at most | {ledger.late_s:.3f} s |")
    print(f"| a fetch was open since it was asked for, at most | {ledger.open_s:.1f} s |")
    print(f"| a fetch waited for a worker that could take it, at most | {ledger.unsent_s:.1f} s |")
    print(f"| tables empty after they had rows | {viewer.counts['a table that had rows is empty']} |")
    print(f"| whatever else was not true | {viewer.counts.total()} |")
    print(
        f"| memory of our packages | {', '.join(f'{kib:,.0f} KiB at {hour} h' for hour, kib in memory.kib.items())} |"
    )
    print(f"| scopes that failed | {_listed(ledger.failures)} |")
    print(f"| faults | {_listed(day.faults.counts)} |")
    for complaint in viewer.complaints:
        print(complaint, file=sys.stderr)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in counts.items())


async def play(seed: int, hours: float) -> bool:
    """Play the day; whether all that was shown was true."""
    memory, began = Memory(), time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        day = Day(seed, hours, f"sqlite:///{directory}/cache.sqlite", memory.look)
        await day.play()
    report(day, memory, time.monotonic() - began)
    return not day.viewer.counts


def main(seed: int = SEED, hours: float = HOURS) -> bool:
    """Play one day and print what it came to; whether all that was shown was true."""
    logging.disable(logging.CRITICAL)
    tracemalloc.start()
    try:
        return asyncio.run(play(seed, hours))
    finally:
        tracemalloc.stop()
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    sys.exit(not main(*(kind(word) for kind, word in zip((int, float), sys.argv[1:], strict=False))))
