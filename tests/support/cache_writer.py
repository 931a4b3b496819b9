"""A process that writes final records and last answers as fast as it can, and says which are committed.

Run as `python -m tests.support.cache_writer URL PREFIX`; one id a line, said after it is on disk, never before.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from datetime import UTC, datetime

from cache.entries import Written
from cache.last_known_good import LastKnownGood
from cache.store import Store, open_store
from cache.tenant import Tenant
from cache.terminal_state import TerminalStates
from tests.support.records import record

TENANT = Tenant(base_url="https://run.example", owner="acme-ml", account="me@acme.example")
AT_ONCE = 8


async def _finals(store: Store, prefix: str, numbers: itertools.count[int]) -> None:
    states = TerminalStates(store)
    for number in numbers:
        name = f"{prefix}-{number}"
        if await states.put(TENANT, record(name, state="failed"), datetime.now(UTC)) is Written.COMMITTED:
            os.write(1, f"{name}\n".encode())  # one line, whole, unbuffered: what a kill leaves was acknowledged


async def _answers(store: Store) -> None:
    answers = LastKnownGood(store)
    while True:
        rows = [record(str(number)) for number in range(100)]
        await answers.put(TENANT, "runner", "us-east1", rows, at=datetime.now(UTC))


async def main(url: str, prefix: str) -> None:
    """Write until killed."""
    store, _ = await open_store(url)
    numbers = itertools.count()
    await asyncio.gather(*(_finals(store, prefix, numbers) for _ in range(AT_ONCE)), _answers(store))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
