"""Workers of one engine are killed with SIGKILL, a thousand in a row: what the engine holds afterwards, and before.

`python -m benchmarks.worker_kills [N]`. Two engines, one after the other: N kills where a source without an SDK stands
in for Google's three, and N / 5 where all four clients are the real ones, against the emulators. A kill falls at a
random instant of a worker's start, of a fetch (the stand-in then writes 150 kB every few hundredths of a second), or of
its rest; the next one waits until the new worker has answered.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import msgspec

from monitor.invocation import Invocation
from tests.emulators.control import running
from tests.support.kills import STAND_IN_CONFIG, Place
from tests.support.kills_census import Census
from tests.support.kills_workers import Spans, engine, kill

KILLS = 1000
WARM_UP = 50
REGIONS = 'regions = ["us-central1", "us-east4"]\n'
QUIET_S = 3600.0
"""The tables' interval: only what is asked for is asked."""
FLAT = 1.05

STAND_INS = Spans(starting_s=0.4, fetching_s=0.4)
CLIENTS = Spans(starting_s=2.5, fetching_s=0.3)


async def before_and_after(place: Place, kills: int, spans: Spans) -> tuple[Census, Census, int, float]:
    """What the engine holds after the warm-up and after the kills; how many those were, and seconds they took."""
    chance = random.Random(1000)  # noqa: S311 - repeatable, not secret
    start = Invocation(config_path=str(place.config)).start()
    tables = {name: msgspec.structs.replace(plan, interval_s=QUIET_S) for name, plan in start.tables.items()}
    async with engine(msgspec.structs.replace(start, tables=tables), place) as target:
        await kill(target, WARM_UP, spans, chance)
        before, begun, first = await target.at_rest(), time.monotonic(), target.kills
        await kill(target, kills, spans, chance)
        took_s, number = time.monotonic() - begun, target.kills - first
        after = await target.at_rest()
        assert not target.noticed, target.noticed
    return before, after, number, took_s


def measured(config: str, source: str | None, kills: int, spans: Spans) -> tuple[Census, Census, int, float]:
    """The same, in a home of its own."""
    with tempfile.TemporaryDirectory() as directory:
        place = Place(Path(directory))
        place.furnish(config)
        with patch.dict(os.environ, place.environment(source), clear=True):
            return asyncio.run(before_and_after(place, kills, spans))


def report(what: str, before: Census, after: Census, number: int, took_s: float) -> None:
    """Print one table; fail where anything was left, or memory grew."""
    print(f"{number} kills of {what}, {took_s:.0f} s\n\n| the engine holds | before | after |\n|---|---|---|")
    for kind in sorted({*before.descriptors, *after.descriptors}):
        print(f"| descriptors: {kind} | {before.descriptors.get(kind, 0)} | {after.descriptors.get(kind, 0)} |")
    for name in ("threads", "zombies"):
        print(f"| {name} | {getattr(before, name)} | {getattr(after, name)} |")
    for name in sorted({*before.processes, *after.processes}):
        print(f"| processes: {name} | {before.processes.get(name, 0)} | {after.processes.get(name, 0)} |")
    print(f"| temporary files | {len(before.left)} | {len(after.left)} |")
    print(f"| PSS, MB | {before.pss / 1e6:.1f} | {after.pss / 1e6:.1f} ({after.pss / before.pss - 1:+.1%}) |")
    print(f"| RSS, MB | {before.rss / 1e6:.1f} | {after.rss / 1e6:.1f} ({after.rss / before.rss - 1:+.1%}) |\n")
    assert after.countable == before.countable
    assert after.pss <= FLAT * before.pss


def main(kills: int = KILLS) -> None:
    """Kill, count, print."""
    quick = STAND_IN_CONFIG.format(regions=REGIONS)
    report("workers without an SDK", *measured(quick, "Steady", kills, STAND_INS))
    with running(regions=2, latency=0.1) as emulators:
        report("workers with the real clients", *measured(emulators.config, None, kills // 5, CLIENTS))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
