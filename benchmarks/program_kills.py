"""The engine, then the screen, then both at once are killed with SIGKILL at N random instants while they write.

`python -m benchmarks.program_kills [N]`; 500 each by default, which takes about half an hour. The cache must open each
time as it was, hold every final record that a second reader had seen in it, and nothing that was started may be alive a
second later. In one life of eight the clients are the real ones and wandb-core runs in a session of its own; in the
others a source stands in for Google's three in which hundreds of jobs a second end. Two programs live side by side,
each with a cache of its own.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.emulators.control import running
from tests.support.kills import STAND_IN_CONFIG, VIEWERS, Place
from tests.support.kills_program import Life, Seen, killed

KILLS = 500
SIDE_BY_SIDE = 2
LIVES_A_FILE = 10
REAL_EVERY = 8
LIMIT_S = 1.0
HEAD = """\
| killed | times | acknowledged | lost | notices | with wandb-core | late | gone after, s | took, s |
|---|---|---|---|---|---|---|---|---|"""


async def lane(victim: str, lives: int, directory: Path, real: str) -> list[Life]:
    """Let so many programs live and die, one after another."""
    chance, found = random.Random(f"{victim} {directory}"), []  # noqa: S311 - repeatable, not secret
    for number in range(lives):
        if number % LIVES_A_FILE == 0:
            seen = Seen(f"sqlite:///{directory}/{number}/cache.db")
        source = None if number % REAL_EVERY == 0 else "Ending"
        place = Place(directory / f"home-{number}")
        place.furnish(real if source is None else STAND_IN_CONFIG.format(regions=""), seen.url)
        found.append(await killed(victim, place, seen, chance, source))
    return found


async def lanes(victim: str, kills: int, directory: Path, real: str) -> list[Life]:
    """The same, some side by side."""
    shares = [kills // SIDE_BY_SIDE + (n < kills % SIDE_BY_SIDE) for n in range(SIDE_BY_SIDE)]
    done = [lane(victim, share, directory / f"{victim}-{n}", real) for n, share in enumerate(shares)]
    return [life for lives in await asyncio.gather(*done) for life in lives]


def report(victim: str, lives: list[Life], took_s: float) -> bool:
    """Print one row, and what is wrong with it; whether nothing is."""
    seen, lost = sum(life.acknowledged for life in lives), sum(life.lost for life in lives)
    ended = sorted(life.ended_s for life in lives)
    late = [life for life in lives if life.ended_s > LIMIT_S]
    cores = sum("wandb-core" in life.killed for life in lives)
    told = [notice for life in lives for notice in life.notices]
    print(f"| {victim} | {len(lives)} | {seen} | {lost} | {len(told)} | {cores} | {len(late)} |", end=" ")
    print(f"{ended[len(ended) // 2]:.2f} (up to {ended[-1]:.2f}) | {took_s:.0f} |", flush=True)
    for wrong in (*late, *told):
        print(f"  {wrong}")
    return not (lost or told or late)


def main(kills: int = KILLS) -> None:
    """Kill, look, print."""
    print(HEAD)
    sound = True
    with tempfile.TemporaryDirectory() as directory, running(regions=2, latency=0.1) as emulators:
        for victim in VIEWERS:
            begun = time.monotonic()
            lives = asyncio.run(lanes(victim, kills, Path(directory), emulators.config))
            sound = report(victim, lives, time.monotonic() - begun) and sound
    assert sound


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
