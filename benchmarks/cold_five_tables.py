"""exec → five live tables of 18 regions at 300 ms a call, beside one bare client: its SDK's import and one call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.paired import HEAD, paired
from tests.emulators.control import Emulators, running

RUNS = 9
LATENCY_S = 0.3

BARE_CLIENT = """
import asyncio, sys
import grpc
from google.cloud.aiplatform_v1 import JobServiceAsyncClient

async def main():
    transport = JobServiceAsyncClient.get_transport_class("grpc_asyncio")
    client = JobServiceAsyncClient(transport=transport(channel=grpc.aio.insecure_channel(sys.argv[1])))
    pager = await client.list_custom_jobs(parent="projects/acme-ml/locations/us-central1", retry=None, timeout=10)
    async for page in pager.pages:
        print(len(page.custom_jobs))
        return

asyncio.run(main())
"""
"""The slowest of the four SDKs, one call: what no program that asks Vertex AI can undercut."""


def timed(command: list[str]) -> tuple[float, bytes]:
    """Seconds from exec to the end of a command that must succeed, and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, env=environment | {"WANDB_API_KEY": "0" * 40})
    return time.monotonic() - began, done.stdout


def five_tables(config: Path) -> float:
    """`monitor ls`, checked: every table live. Reasons come after the rows: benchmarks.reasons_cold has theirs."""
    program = str(Path(sys.executable).parent / "monitor")
    took, printed = timed([program, "--config", str(config), "ls", "--no-reasons", "-o", "json"])
    tables = json.loads(printed)["tables"]
    assert [table["freshness"] for table in tables.values()] == ["live"] * 5, tables
    return took


def bare_client(emulators: Emulators) -> float:
    """One process, one SDK, one call."""
    endpoint = next(line for line in emulators.config.splitlines() if line.startswith("vertex = "))
    took, _ = timed([sys.executable, "-c", BARE_CLIENT, endpoint.partition("//")[2].rstrip('"')])
    return took


def main() -> None:
    """Print the row."""
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "config.toml"
        with running(latency=LATENCY_S, config=config) as emulators:
            result = paired(lambda: five_tables(config), lambda: bare_client(emulators), RUNS)
    print(HEAD)
    print(result.row("exec → five live tables, 18 regions, 300 ms a call, beside one Vertex AI client and one call"))


if __name__ == "__main__":
    main()
