"""Sources without an SDK whose every text is hostile: they stand in for all of ours, in real workers."""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

from fetchers.base import Calls
from fetchers.errors import Rejected
from fetchers.messages import Fetch
from fetchers.records import Record
from fetchers.settings import Settings
from tests.support.hostile import EVERY
from tests.support.hostile_rows import AGO, hostile_record

_CLASSES = {
    "builds": "BuildsFetcher",
    "runner": "RunnerFetcher",
    "vertex": "VertexFetcher",
    "runs": "RunsFetcher",
}

FAILING = "failing-"
"""How regions begin that answer with an error; the number that follows says with which."""

ERRORS = [" ".join(EVERY[start::8]) for start in range(8)]
"""What they answer: all strings, a few in each."""

REGIONS = ("us-east1", *(f"{FAILING}{number}" for number in range(len(ERRORS))))


class Hostile:
    """Every hostile string as a record of each scope, or as the error of a scope that fails."""

    def __init__(self, _settings: Settings) -> None:
        self._began = datetime.now(UTC) - AGO

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield them all, unless the scope is one that fails."""
        with calls.open("ListHostile", scope):
            if scope.startswith(FAILING):
                raise Rejected(ERRORS[int(scope.removeprefix(FAILING))])
        if scope != "global" and fetch.table != "active":
            yield [hostile_record(fetch.table, scope, number, text, self._began) for number, text in enumerate(EVERY)]

    def stuck(self) -> bool:
        """Nothing here can hang."""
        return False


def stand_in() -> None:
    """Have a worker find these where it looks for its own source."""
    for source, name in _CLASSES.items():
        module = types.ModuleType(f"fetchers.{source}")
        setattr(module, name, Hostile)
        sys.modules[module.__name__] = module
