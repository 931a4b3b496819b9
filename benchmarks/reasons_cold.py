"""Why fifteen executions of 20 to 50,000 lines failed, from the list on, beside two log reads one after another.

A log read takes 3 s. Three have their cause 800 lines before the end. A second start asks no log again.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2AsyncClient

from benchmarks.paired import HEAD, Paired
from tests.emulators.google import GoogleEmulator
from tests.emulators.google_logs import Course, Line, ending, execution_log
from tests.emulators.google_world import FAILED, PROJECT, execution

RUNS = 3
LOG_READ_S = 3.0
REGION = "us-central1"
COUNTS = (20, 35, 60, 110, 190, 330, 580, 950, 1_800, 3_100, 5_400, 9_500, 16_500, 29_000, 50_000)
"""Lines of each log."""
EARLY = (1_800, 16_500, 50_000)
"""Of which these have their cause 800 lines before the end."""
CAUSES = {
    "out_of_memory": "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB.",
    "disk_full": "OSError: [Errno 28] No space left on device: '/tmp/checkpoint.pt'",
    "machine_type_unsupported": 'InvalidArgument: 400 Machine type "a2-highgpu-8g" is not supported in region x.',
}
FACTOR = 1.5
"""How many times two log reads all reasons may take, after the list."""
TOGETHER = 2
"""Log reads for all of them together; each that these starve takes one more."""
_METHOD = "ListLogEntries"


def _cause(number: int) -> str:
    return [*CAUSES][number % len(CAUSES)]


def _line(number: int) -> Line:
    return "INFO", f"rank 0 waits for rank 3, {number} s"


def fill(google: GoogleEmulator) -> dict[str, str]:
    """Put executions that ended a while ago into the world; gives the rule of each."""
    rules = {}
    for number, count in enumerate(COUNTS):
        end = datetime.now(UTC) - timedelta(minutes=40 - number)  # the longest ended last: they crowd the others out
        begin = end - timedelta(hours=2)
        last = [("ERROR", CAUSES[_cause(number)])] + [_line(n) for n in range(800 if count in EARLY else 3)]
        made = execution(REGION, begin, FAILED, f"agent-{number:05}", completion_time=end, failed_count=1)
        google.world.executions[REGION].append(made)
        course = Course(begin, end, count, ending(count, last, _line))
        google.world.written.append(execution_log(REGION, f"agent-{number:05}", course))
        rules[f"agent-{number:05}"] = _cause(number)
    return rules


def configuration(google: GoogleEmulator, home: Path) -> Path:
    """A configuration whose runner table and logs are the emulator's."""
    path = home / "config.toml"
    path.write_text(
        f'[gcp]\nproject = "{PROJECT}"\nregions = ["{REGION}"]\n'
        f'[gcp.endpoints]\nrunner = "{google.endpoint}"\nlogging = "{google.endpoint}"\n'
        f'[cache]\nurl = "sqlite:///{home}/cache.sqlite"\n[logs]\ndir = "{home}/logs"\n'
    )
    return path


async def listed(config: Path) -> dict[str, str | None]:
    """What `monitor ls runner` says: the rule of each execution."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    program = str(Path(sys.executable).parent / "monitor")
    command = [program, "--config", str(config), "ls", "runner", "-o", "json", "--timeout", "60"]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    records = json.loads(printed)["tables"]["runner"]["records"]
    return {record["id"]: (record["reason"] or {}).get("rule") for record in records}


async def all_reasons(google: GoogleEmulator) -> tuple[float, int]:
    """Seconds from the answered list to the last reason, printed; and calls. Checks that each is right."""
    rules = fill(google)
    with tempfile.TemporaryDirectory() as home:
        config = configuration(google, Path(home))
        asked = asyncio.ensure_future(google.board.called("ListExecutions", REGION, within_s=60))
        first = asyncio.ensure_future(listed(config))
        await asked
        began = time.monotonic()
        assert await first == rules
        took = time.monotonic() - began
        calls = google.board.count(_METHOD)
        assert await listed(config) == rules
        assert google.board.count(_METHOD) == calls, "a second start has read logs again"
    return took, calls


async def two_reads(google: GoogleEmulator) -> float:
    """Two log reads one after another, with the bare client."""
    transport = LoggingServiceV2AsyncClient.get_transport_class("grpc_asyncio")
    channel = grpc.aio.insecure_channel(google.endpoint.partition("//")[2])
    client = LoggingServiceV2AsyncClient(transport=transport(channel=channel))
    began = time.monotonic()
    for _ in range(2):
        names = [f"projects/{PROJECT}"]
        await client.list_log_entries(request={"resource_names": names, "page_size": 1000}, retry=None, timeout=30)
    took = time.monotonic() - began
    await channel.close()
    return took


async def _run() -> tuple[float, float, int]:
    async with GoogleEmulator() as google:
        google.board.delay(LOG_READ_S, _METHOD)
        ours, calls = await all_reasons(google)
        return ours, await two_reads(google), calls


def main() -> bool:
    """Print the row and say whether the bars are kept."""
    runs = [asyncio.run(_run()) for _ in range(RUNS)]
    result = Paired([ours for ours, _, _ in runs], [bare for _, bare, _ in runs])
    calls = max(calls for _, _, calls in runs)
    print(HEAD)
    print(result.row(f"list → 15 reasons of logs of 20 to 50,000 lines, {LOG_READ_S:g} s a read, beside two reads"))
    print(f"log reads: {calls} at most; a second start: 0")
    return result.ratio <= FACTOR and calls <= TOGETHER + len(COUNTS)


if __name__ == "__main__":
    sys.exit(not main())
