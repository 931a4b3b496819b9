"""Sources without an SDK that have much to tell: they stand in for Google's three where kills are to be quick.

Which one is said by the environment variable `STAND_IN`; everything around it is the program's own.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import types
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

from fetchers.base import Calls
from fetchers.messages import Fetch
from fetchers.records import Record, State
from fetchers.settings import Settings
from tests.support.records import record

STAND_IN = "KILLS_STAND_IN"
"""Environment variable that names one of `SOURCES`; without it every source is the real one."""

_CLASSES = {"builds": "BuildsFetcher", "runner": "RunnerFetcher", "vertex": "VertexFetcher"}
_PAGES = 4
_LONG_AGO = timedelta(minutes=10)


class Steady:
    """The same rows in every answer, in pages of 150 kB: a kill in a fetch is often one in the middle of a frame."""

    def __init__(self, _settings: Settings) -> None:
        self._words = "x" * 1_500

    async def fetch(self, fetch: Fetch, scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield all pages of one scope, within a third of a second."""
        for page in range(_PAGES):
            await asyncio.sleep(0.05)
            yield [
                record(f"{page}-{number}", fetch.table, scope, detail={"words": self._words}) for number in range(100)
            ]

    def stuck(self) -> bool:
        """Nothing here can hang."""
        return False


class Ending:
    """In every answer other jobs, all of them ended for good: the engine writes as long as it lives."""

    def __init__(self, _settings: Settings) -> None:
        self._answers = 0

    async def fetch(self, fetch: Fetch, scope: str, _calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield twenty records of one scope, some time within the next second."""
        await asyncio.sleep(random.random())
        self._answers += 1
        ended = datetime.now(UTC) - _LONG_AGO
        times = {"created": ended - _LONG_AGO, "started": ended - _LONG_AGO, "finished": ended}
        names = [f"{os.getpid()}-{self._answers}-{number}" for number in range(20)]
        yield [record(name, fetch.table, scope, state=State.FAILED, **times) for name in names]

    def stuck(self) -> bool:
        """Nothing here can hang."""
        return False


SOURCES = {"Steady": Steady, "Ending": Ending}


def stand_in() -> None:
    """Have this worker, if it is one of Google's three, find another source where it looks for its own."""
    chosen = SOURCES.get(os.environ.get(STAND_IN, ""))
    for source, name in _CLASSES.items():
        if chosen is not None:
            module = types.ModuleType(f"fetchers.{source}")
            setattr(module, name, chosen)
            sys.modules[module.__name__] = module
