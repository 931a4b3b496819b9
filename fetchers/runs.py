"""The two W&B tables and the logs of their runs: each scope is asked of the server, a launch queue or a directory."""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from fetchers.ask import Ask
from fetchers.base import Calls, LogText, Yielded
from fetchers.errors import Rejected
from fetchers.messages import LOG, OUTCOMES, Fetch, LogPart, Outcome
from fetchers.records import Record
from fetchers.scratch import private_directory
from fetchers.settings import QUEUE, Settings
from fetchers.threads import Threads
from fetchers.wandb_environment import prepare_environment
from fetchers.wandb_reasons import outcomes
from fetchers.wandb_records import ACTIVE


class RunsFetcher:
    """Fetches `active` and `completed`. Making one prepares the environment and imports `wandb`: a second of work."""

    def __init__(self, settings: Settings) -> None:
        if "wandb" not in sys.modules:
            prepare_environment(private_directory())
        from fetchers import wandb_console  # noqa: PLC0415 - imports `wandb`, which reads the environment
        from fetchers.wandb_offline import OfflineRuns  # noqa: PLC0415 - as above
        from fetchers.wandb_online import OnlineRuns  # noqa: PLC0415 - as above

        self._settings = settings.wandb
        self._threads = Threads()
        self._offline = OfflineRuns()
        self._online = OnlineRuns(settings.wandb)
        self._printed_online = functools.partial(wandb_console.printed, self._online)

    async def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Yielded]:
        """Yield the pages of a scope; a record names the table it belongs to, which need not be the one asked for.

        Of a fetch of logs, whose scopes are tables, yield what the runs among its targets printed; of one of outcomes
        what that says of why they ended.
        """
        ask = Ask(fetch, scope, calls, self._threads)
        async with aclosing(self._parts(ask)) as parts:
            async for part in parts:
                yield part

    def _parts(self, ask: Ask) -> AsyncGenerator[Yielded]:
        if ask.fetch.table == LOG:
            return self._log(ask)
        if ask.fetch.table == OUTCOMES:
            return self._outcomes(ask)
        return self._records(ask)

    def stuck(self) -> bool:
        """Whether a thread hangs, or the SDK's helper process is dead or hung."""
        return self._threads.stuck() or self._online.broken()

    # --- records -------------------------------------------------------------------------------------------------

    def _records(self, ask: Ask) -> AsyncGenerator[Sequence[Record]]:
        if self._is_queue(ask.scope):
            return self._online.queued(ask, ask.scope.removeprefix(QUEUE))
        source = self._offline if self._is_offline(ask.scope) else self._online
        return source.active(ask) if ask.fetch.table == ACTIVE else source.completed(ask)

    def _is_offline(self, scope: str) -> bool:
        return scope in self._settings.offline_dirs

    def _is_queue(self, scope: str) -> bool:
        return not self._is_offline(scope) and scope.startswith(QUEUE)

    # --- logs ----------------------------------------------------------------------------------------------------

    async def _printed(self, ask: Ask, record: Record, part: LogPart) -> LogText:
        source = self._offline.printed if self._is_offline(record.scope) else self._printed_online
        return await source(ask, record, part)

    def _outcomes(self, ask: Ask) -> AsyncGenerator[Sequence[Outcome]]:
        targets = [target for target in ask.fetch.targets if target.record.table == ask.scope]
        return outcomes(ask, targets, self._printed)

    async def _log(self, ask: Ask) -> AsyncGenerator[LogText]:
        for target in ask.fetch.targets:
            record = target.record
            if record.table == ask.scope:
                if self._is_queue(record.scope):
                    raise Rejected(f"{record.name} is an item of a launch queue, which prints nothing: its agent does")
                yield await self._printed(ask, record, ask.fetch.part or LogPart())
