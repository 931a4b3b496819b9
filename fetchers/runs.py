"""The two W&B tables: sends each scope to the server, to a launch queue, or to a directory of offline runs."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Sequence

from fetchers.ask import Ask
from fetchers.base import Calls
from fetchers.messages import Fetch
from fetchers.records import Record
from fetchers.scratch import private_directory
from fetchers.settings import QUEUE, Settings
from fetchers.threads import Threads
from fetchers.wandb_environment import prepare_environment
from fetchers.wandb_records import ACTIVE


class RunsFetcher:
    """Fetches `active` and `completed`. Making one prepares the environment and imports `wandb`: a second of work."""

    def __init__(self, settings: Settings) -> None:
        if "wandb" not in sys.modules:
            prepare_environment(private_directory())
        from fetchers.wandb_offline import OfflineRuns  # noqa: PLC0415 - imports `wandb`, which reads the environment
        from fetchers.wandb_online import OnlineRuns  # noqa: PLC0415 - as above

        self._settings = settings.wandb
        self._threads = Threads()
        self._offline = OfflineRuns()
        self._online = OnlineRuns(settings.wandb)

    def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Sequence[Record]]:
        """Yield the pages of a scope; a record names the table it belongs to, which need not be the one asked for."""
        ask = Ask(fetch, scope, calls, self._threads)
        if scope not in self._settings.offline_dirs and scope.startswith(QUEUE):
            return self._online.queued(ask, scope.removeprefix(QUEUE))
        source = self._offline if scope in self._settings.offline_dirs else self._online
        return source.active(ask) if fetch.table == ACTIVE else source.completed(ask)

    def stuck(self) -> bool:
        """Whether a thread hangs, or the SDK's helper process is dead or hung."""
        return self._threads.stuck() or self._online.broken()
