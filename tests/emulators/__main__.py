"""Google and W&B on this machine, in a process of their own: `python -m tests.emulators`.

Prints a complete configuration for `monitor` that points at them, then a line `# ready CONTROL_URL`. Ends on SIGTERM,
on SIGINT, and when the pipe that is its standard input is closed: it never outlives a test.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

from fetchers.settings import DEFAULT_REGIONS
from tests.emulators.control_server import Control
from tests.emulators.faults import Switchboard
from tests.emulators.google import GoogleEmulator
from tests.emulators.google_world import PROJECT, default_world
from tests.emulators.listeners import LOCAL
from tests.emulators.wandb import EVERY, WandbEmulator

READY = "# ready "
"""Begins the last line that is printed; the control port's URL follows."""

_CONFIG = """\
[gcp]
project = "{project}"
{regions}[gcp.endpoints]
builds = "{google}"
runner = "{google}"
vertex = "{google}"
logging = "{google}"
[wandb]
entity = "acme"
project = "arr"
queues = ["vertex"]
base_url = "{wandb}"
"""
_HOME = """\
[cache]
url = "sqlite:///{home}/cache.sqlite"
[logs]
dir = "{home}/logs"
"""


def options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators", description=__doc__)
    parser.add_argument("--regions", type=int, default=18, help="how many regions there are (default: 18)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each call takes (default: 0)")
    parser.add_argument("--drip", type=float, default=0.05, help="seconds between the records of a slow answer")
    parser.add_argument("--config", type=Path, help="also write the configuration here; cache and logs go beside it")
    parser.add_argument("--empty", action="store_true", help="begin with nothing in Google's project")
    return parser.parse_args()


def config(google: GoogleEmulator, wandb: WandbEmulator, regions: tuple[str, ...], path: Path | None) -> str:
    """The configuration that points at the emulators."""
    named = "" if regions == DEFAULT_REGIONS else f"regions = {json.dumps(regions)}\n"
    text = _CONFIG.format(project=PROJECT, regions=named, google=google.endpoint, wandb=wandb.url)
    return text if path is None else text + _HOME.format(home=path.resolve().parent)


async def ended() -> None:
    """Return on a signal to end, or when the other end of standard input is gone."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    stdin = sys.stdin.fileno()

    def readable() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            over.set()

    kind = os.fstat(stdin).st_mode
    if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
        loop.add_reader(stdin, readable)
    await over.wait()


async def run(asked: argparse.Namespace) -> None:
    """Start everything, say so, and stay until the end."""
    regions = DEFAULT_REGIONS[: asked.regions]
    now = datetime.now(UTC)
    board = Switchboard(latencies={("*", "*"): asked.latency}, drip_s=asked.drip)
    google = GoogleEmulator(board=board, world=default_world(regions, now))
    if asked.empty:
        google.world.clear()
    wandb = WandbEmulator()
    wandb.set_latency(EVERY, asked.latency)
    await google.start()
    await wandb.start()
    port = await Control(google, wandb).start()
    text = config(google, wandb, regions, asked.config)
    if asked.config is not None:
        asked.config.write_text(text)
    print(f"{text}# W&B accepts any key: WANDB_API_KEY={'0' * 40}\n{READY}http://{LOCAL}:{port}", flush=True)
    await ended()
    await google.stop()
    await wandb.stop()


if __name__ == "__main__":
    asyncio.run(run(options()))
