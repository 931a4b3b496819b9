"""A process that opens a cache, reads an entry, writes one, and says as JSON what came of it.

Run as `python -m tests.support.cache_probe URL`.
"""

from __future__ import annotations

import asyncio
import json
import sys

from cache.entries import Space
from cache.store import open_store

SPACE = Space("probe", keep=True)
KEY = ("a", "key")


async def main(url: str) -> None:
    """Probe."""
    store, notices = await open_store(url, opening_s=10)
    before = await store.get(SPACE, [KEY])
    outcome = await store.put_once(SPACE, KEY, b"value")
    print(json.dumps({"notices": notices, "there": KEY in before, "outcome": outcome}))
    await store.close(2)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
