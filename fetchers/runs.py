"""The two W&B tables: sends each scope to the server, to a launch queue, or to a directory of offline runs."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Sequence

from fetchers.base import Calls
from fetchers.errors import Rejected
from fetchers.messages import Fetch
from fetchers.records import Record
from fetchers.settings import Settings
from fetchers.threads import Threads
from fetchers.wandb_environment import prepare_environment, private_directory
from fetchers.wandb_records import ACTIVE, COMPLETED

QUEUE = "queue:"
"""How the scope of a launch queue begins."""


class RunsFetcher:
    """Fetches `active` and `completed`. Making one prepares the environment and imports `wandb`: a second of work."""

    tables: Sequence[str] = (ACTIVE, COMPLETED)

    def __init__(self, settings: Settings) -> None:
        if "wandb" not in sys.modules:
            prepare_environment(private_directory())
        from fetchers.wandb_online import OnlineRuns  # noqa: PLC0415 - imports `wandb`, which reads the environment

        self._settings = settings.wandb
        self._threads = Threads()
        self._online = OnlineRuns(settings.wandb, self._threads)

    def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield the pages of a scope; a record names the table it belongs to, which need not be the one asked for."""
        from fetchers.wandb_online import Ask  # noqa: PLC0415 - as above

        ask = Ask(fetch, scope, calls)
        if scope.startswith(QUEUE):
            return self._online.queued(ask, scope.removeprefix(QUEUE))
        if "/" not in scope:
            raise Rejected(f"{scope!r} is neither entity/project, nor queue:NAME, nor one of wandb.offline_dirs")
        return self._online.active(ask) if fetch.table == ACTIVE else self._online.completed(ask)

    def stuck(self) -> bool:
        """Whether a thread hangs, or the SDK's helper process is dead or hung."""
        return self._threads.stuck() or self._online.broken()
