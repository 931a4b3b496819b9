"""Writers of one cache are killed at N random instants: it always opens, and nothing acknowledged is lost.

`python -m benchmarks.cache_kills [N]`; 500 by default, which takes about two minutes.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time

from tests.support.cache_kills import killed, lost

KILLS = 500
ROUNDS_A_FILE = 10


def main(kills: int = KILLS) -> None:
    """Kill, look, and print what was found; fails where anything was lost or set aside."""
    chance, acknowledged, missing, notices = random.Random(500), 0, 0, 0  # noqa: S311 - repeatable, not secret
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        names: list[str] = []
        for number in range(kills):
            url = f"sqlite:///{directory}/{number // ROUNDS_A_FILE}/cache.db"
            if number % ROUNDS_A_FILE == 0:
                names = []
            said = killed(url, f"round{number}", chance)
            names += said
            acknowledged += len(said)
            gone, told = asyncio.run(lost(url, names))
            missing, notices = missing + len(gone), notices + len(told)
    took_s = time.monotonic() - begun
    print("| kills | acknowledged | lost | files that did not open as they were | s |\n|---|---|---|---|---|")
    print(f"| {kills} | {acknowledged} | {missing} | {notices} | {took_s:.0f} |")
    assert missing == notices == 0


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
