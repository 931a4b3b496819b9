"""How soon the other tables are live while one source hangs, beside how soon they are without it; and when it is ended.

The emulators answer in 300 ms. The source hangs twice over: its API never answers, and its worker is stopped by SIGSTOP
as soon as it has been asked, so that only the hard deadline ends it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

from benchmarks.paired import HEAD, paired
from monitor.changes import Start
from monitor.freshness import Freshness, of_table
from monitor.invocation import Invocation
from monitor.link import EngineProcess
from monitor.mirror import Mirror
from tests.emulators.control import Emulators, running

RUNS = 5
TIMEOUT_S = 3.0
HANGS = "builds"
OTHERS = ("runner", "vertex", "active", "completed")


async def until_live(start: Start, emulators: Emulators | None) -> float:
    """Seconds until the other tables are live; where there are `emulators`, one worker is stopped on the way."""
    link, mirror, began = EngineProcess(start), Mirror(), time.monotonic()
    took, ended = 0.0, False
    async for change in link.changes():
        mirror.apply(change)
        now = datetime.now(UTC)
        status = mirror.status
        if emulators is not None and not ended and HANGS in status and status[HANGS].scopes["global"].loading:
            ended = True
            stop_worker(link)
        if not took and all(name in status and of_table(status[name], now) is Freshness.LIVE for name in OTHERS):
            took = time.monotonic() - began
        if took and (emulators is None or status[HANGS].took_s is not None):
            break
    link.close()
    return took


def stop_worker(link: EngineProcess) -> None:
    """Stop the worker of the source that is to hang."""
    assert link.pid is not None
    for child in psutil.Process(link.pid).children():
        if HANGS in child.cmdline():
            os.kill(child.pid, signal.SIGSTOP)


def overrun(logs: Path) -> float:
    """Seconds beyond its soft deadline that the worst fetch of the hanging table took."""
    lines = [json.loads(line) for line in (logs / "fetches.jsonl").read_text().splitlines()]
    return max(float(line["took_s"]) - TIMEOUT_S for line in lines if line.get("table") == HANGS and line.get("kills"))


def main() -> None:
    """Print the rows."""
    os.environ["WANDB_API_KEY"] = "0" * 40
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "config.toml"
        with running(latency=0.3, config=config) as emulators:
            start = Invocation(config_path=str(config)).start()
            tables = {name: msgspec.structs.replace(plan, timeout_s=TIMEOUT_S) for name, plan in start.tables.items()}
            start = msgspec.structs.replace(start, tables=tables, cache_url="memory:")

            def hanging() -> float:
                emulators.fault("google", "never", "ListBuilds")
                try:
                    return asyncio.run(until_live(start, emulators))
                finally:
                    emulators.fault("google", None, "ListBuilds")

            result = paired(hanging, lambda: asyncio.run(until_live(start, None)), RUNS)
            late = overrun(Path(directory) / "logs")
    print(HEAD)
    print(result.row("the other four tables live while `builds` hangs, beside without the hang"))
    print(f"\nA worker that is stopped was ended {late:.2f} s after its soft deadline; the hard one is 0.5 s after it.")


if __name__ == "__main__":
    main()
