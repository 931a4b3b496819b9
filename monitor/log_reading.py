"""Has logs read for the engine: of what ended, to say why; of any record, when somebody wants to see it.

What has been read once, by anyone, is asked of the cache and of nobody else. Nothing here waits, and rows never wait
for it: they are told first, and again when their reason is known.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

import msgspec

from cache.terminal_state import Final
from fetchers.messages import LOG, OUTCOMES, Event, Extracted, Fetch, LogPage, LogTarget, Outcome
from fetchers.records import Record
from fetchers.rules_version import RULES_VERSION
from fetchers.settings import Settings
from monitor.accumulator import Accumulator, end_of
from monitor.changes import AskReason, Change, ReadLog, ReasonRead
from monitor.clock import Clock
from monitor.desk import Desk
from monitor.extraction import Budget, Extraction, Log, Moment, is_excuse, unread_reason
from monitor.flight import Ended
from monitor.keeping import Keeping
from monitor.log_reader import LogReader
from monitor.off_loop import off_loop
from monitor.own_names import with_own_names
from monitor.tables import LOGS, TABLES

OUTCOMES_S = 30.0
"""Seconds that a fetch of many logs may take: two reads one after another, each as slow as they come."""
LOG_S = 20.0
"""Seconds that a part of one log may take."""
REREAD_S = 5.0
"""Seconds that reading a batch of kept evidence again may take."""
REREAD_AT_ONCE = 200
"""Records whose evidence is read again in one batch; one takes a few milliseconds."""

KEEP_EVERY_S = 10.0
"""Seconds between two writes of answers while there are more reasons to come."""

WANDB = Budget(per_minute=60, at_once=20)
"""Reads of what runs printed: a bound of our own, far below what W&B allows."""

log = logging.getLogger(__name__)

_Seen = tuple[str, Record]
"""A row's key, and its record as its source tells it."""


class LogReading:
    """All reading of logs of one engine."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        accumulator: Accumulator,
        keeping: Keeping | None,
        *,
        ask: Callable[[str, Fetch], None],
        number: Callable[[], int],
        tell: Callable[[Change], None],
        changed: Callable[[], None],
    ) -> None:
        """`ask` sends a fetch to a source's worker, `changed` has the accumulator's changes told."""
        self._clock, self._accumulator, self._keeping = clock, accumulator, keeping
        self._ask, self._number, self._tell, self._changed = ask, number, tell, changed
        self._readers: dict[str, LogReader] = {}
        self._desks: dict[str, Desk] = {}
        budgets = {LOGS: Budget(per_minute=settings.gcp.log_reads_per_minute), "wandb": WANDB}
        for source, budget in budgets.items():
            extraction = Extraction(budget, clock.monotonic())
            self._readers[source] = LogReader(extraction, clock, partial(self._ask_outcomes, source))
            self._desks[source] = Desk(extraction, clock, accumulator.record, partial(self._ask_log, source), tell)
        self._project = settings.gcp.project
        self._strange: list[_Seen] = []
        """Records that the cache is to be asked about."""
        self._looking: asyncio.Task[None] | None = None
        self._kept_at = clock.monotonic()
        self._explained: set[tuple[str, str]] = set()
        """Tables and scopes whose rows have come to say why since their last answer was kept."""
        self._noted = True
        """Whether the accumulator knows how many logs are still to be read."""
        self._watched: tuple[str, str] | None = None
        """The row whose evidence a viewer asked for last: what comes to be known of it is told."""

    # --- what happens in the tables ------------------------------------------------------------------------------

    def see(self, records: Iterable[Record]) -> None:
        """Take note of records as their source has just told them."""
        moment = Moment(self._clock.now(), self._clock.monotonic())
        for record in records:
            table = TABLES.get(record.table)
            if table is None or not table.read:
                continue
            key = table.key(record)
            if self._readers[table.logs].extraction.see(key, record, moment):
                self._strange.append((key, record))
        if self._strange and self._looking is None:
            self._looking = asyncio.ensure_future(self._look_up())
            self._looking.add_done_callback(self._looked)
        self._note()

    def forget(self, table: str, keys: Iterable[str]) -> None:
        """Let go of rows that are gone."""
        self._extraction(table).forget(table, keys)

    def _extraction(self, table: str) -> Extraction:
        return self._readers[TABLES[table].logs].extraction

    def retry(self) -> None:
        """Read now what could not be read: somebody asks, who may have mended it."""
        for reader in self._readers.values():
            reader.extraction.retry()
            reader.pump()

    def close(self) -> None:
        """Nothing is read any more."""
        for reader in self._readers.values():
            reader.close()
        for desk in self._desks.values():
            desk.close()
        if self._looking is not None:
            self._looking.cancel()

    # --- what is known already -----------------------------------------------------------------------------------

    async def _look_up(self) -> None:
        while self._strange:
            asked, self._strange = self._strange, []
            finals = await self._finals([record for _, record in asked])
            old: list[tuple[str, Record, Final]] = []
            for (key, record), final in zip(asked, finals, strict=True):
                self._known(key, record, final)
                if final is not None and final.outcome is not None and final.outcome.rules < RULES_VERSION:
                    old.append((key, record, final))
            for start in range(0, len(old), REREAD_AT_ONCE):
                await self._reread(old[start : start + REREAD_AT_ONCE])

    async def _finals(self, records: Sequence[Record]) -> Sequence[Final | None]:
        if self._keeping is not None:
            try:
                return await self._keeping.finals(records)
            except Exception:  # a border: whatever a store raises, the logs are read all the same
                log.exception("what is kept of logs could not be read")
        return [None] * len(records)

    def _looked(self, task: asyncio.Task[None]) -> None:
        """Go on with what the cache did not know, whatever has become of asking it."""
        self._looking = None
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.error("what is kept of logs could not be used", exc_info=error)
        self._keep_answers()
        self._note()
        for reader in self._readers.values():
            reader.soon()

    def _known(self, key: str, record: Record, final: Final | None) -> None:
        if final is None or final.outcome is None:
            self._extraction(record.table).looked_up(key, record)
        else:
            self._recall(key, record, final.outcome, final.written_at)

    def _recall(self, key: str, record: Record, outcome: Outcome, read_at: datetime) -> None:
        reader = self._readers[TABLES[record.table].logs]
        if reader.extraction.recalled(key, record, outcome, read_at, reader.moment):
            self._explain(key, record, outcome)
            self._answer_watched(record.table, key)

    async def _reread(self, old: Sequence[tuple[str, Record, Final]]) -> None:
        """Read kept evidence again: the rules have become better since."""
        try:
            outcomes = await off_loop(lambda: [_better(final) for _, _, final in old], REREAD_S, "reread")
        except (TimeoutError, RuntimeError):
            log.warning("evidence of %d records could not be read again in %g s", len(old), REREAD_S)
            return
        for (key, record, final), outcome in zip(old, outcomes, strict=True):
            if outcome is not None:
                better = self._addressed(outcome, record)
                self._recall(key, record, better, final.written_at)
                self._keep(record, better, final.written_at)

    def _addressed(self, outcome: Outcome, record: Record) -> Outcome:
        if outcome.reason is None:
            return outcome
        return msgspec.structs.replace(outcome, reason=with_own_names(outcome.reason, record, self._project))

    def _explain(self, key: str, record: Record, outcome: Outcome) -> None:
        self._accumulator.explain(record.table, key, end_of(record), outcome.reason or record.reason)
        self._explained.add((record.table, record.scope))

    def _is_unread(self) -> bool:
        return any(self._extraction(table).unread(table) for table in self._accumulator.tables())

    def _keep(self, record: Record, outcome: Outcome, read_at: datetime) -> None:
        if self._keeping is not None:
            final = msgspec.structs.replace(record, reason=outcome.reason or record.reason)
            self._keeping.concluded(final, outcome, record.reason, read_at)

    def _keep_answers(self) -> None:
        """Keep the last answers again, now that their rows say why: the next start shows them so.

        Not after each of many fetches: whole answers are written, and the disk has the outcomes already.
        """
        now = self._clock.monotonic()
        if self._keeping is None or (now < self._kept_at + KEEP_EVERY_S and self._is_unread()):
            return
        self._kept_at = now
        explained, self._explained = self._explained, set()
        for table, scope in explained:
            status = self._accumulator.status(table).scopes.get(scope)
            if status is not None and status.live and status.fetched_at is not None:
                self._keeping.answered(table, scope, self._accumulator.answer(table, scope), status.fetched_at)

    # --- what is read now ----------------------------------------------------------------------------------------

    def _ask_outcomes(self, source: str, targets: Sequence[LogTarget], calls: int) -> None:
        fetch = self._fetch(OUTCOMES, targets, OUTCOMES_S)
        self._ask(source, msgspec.structs.replace(fetch, calls=calls))

    def _ask_log(self, source: str, target: LogTarget, question: ReadLog) -> None:
        fetch = self._fetch(LOG, [target], LOG_S)
        self._ask(source, msgspec.structs.replace(fetch, part=question.part))

    def _fetch(self, kind: str, targets: Sequence[LogTarget], within_s: float) -> Fetch:
        tables = tuple(dict.fromkeys(target.record.table for target in targets))
        return Fetch(
            table=kind, generation=self._number(), scopes=tables, soft_deadline_s=within_s, targets=tuple(targets)
        )

    def called(self, source: str) -> None:
        """Note that a call was made to read a log."""
        self._readers[source].extraction.called()

    def event(self, source: str, event: Event) -> None:
        """Take one event of a fetch that reads logs."""
        match event:
            case Extracted():
                for outcome in event.outcomes:
                    self._take(source, outcome)
                self._keep_answers()  # who waits only for reasons leaves before the fetch has ended
                self._note()
            case LogPage():
                self._desks[source].page(event)
            case _:
                pass

    def _take(self, source: str, outcome: Outcome) -> None:
        asked = self._readers[source].extraction.log(outcome.table, outcome.key)
        known = asked and self._readers[source].take(outcome := self._addressed(outcome, asked.record))
        if known is None:
            return
        if outcome.problem is None:
            self._explain(outcome.key, known.record, outcome)
            self._keep(known.record, outcome, self._clock.now())
        else:
            self._excuse(outcome.key, known)
        self._answer_watched(outcome.table, outcome.key)

    def _excuse(self, key: str, known: Log) -> None:
        """Have a row say that its log could not be read, where nobody has ever said anything else."""
        row, reason = self._accumulator.record(known.record.table, key), unread_reason(known)
        if row is not None and reason is not None and (row.reason is None or is_excuse(row.reason)):
            self._accumulator.explain(known.record.table, key, known.ended, reason)

    def ended(self, source: str, ended: Ended) -> None:
        """Take the end of a fetch that read logs."""
        if ended.fetch.table == LOG:
            self._desks[source].ended(next(filter(None, ended.outcomes.values()), None))
            return
        reader = self._readers[source]
        for known in reader.ended(ended):
            key = TABLES[known.record.table].key(known.record)
            self._excuse(key, known)
            self._answer_watched(known.record.table, key)
        self._keep_answers()
        self._note()
        reader.pump()

    def _note(self) -> None:
        self._noted = False
        self._changed()

    def note(self) -> None:
        """Note in the accumulator how many logs of each table are still to be read; before it is drained."""
        if self._noted:
            return
        self._noted = True
        for table in self._accumulator.tables():
            if TABLES[table].read:
                extraction = self._extraction(table)
                self._accumulator.unread(table, extraction.unread(table), extraction.unreadable(table))

    # --- questions of viewers ------------------------------------------------------------------------------------

    def answer(self, question: AskReason | ReadLog) -> None:
        """Tell a viewer what a reason rests on, now and when more is known; or read it a part of a log."""
        if isinstance(question, ReadLog):
            self._desks[TABLES[question.table].logs].take(question)
            return
        self._watched = (question.table, question.key)
        self._tell_reason(question.table, question.key)

    def _answer_watched(self, table: str, key: str) -> None:
        if self._watched == (table, key):
            self._tell_reason(table, key)

    def _tell_reason(self, table: str, key: str) -> None:
        known = self._extraction(table).log(table, key)
        if known is None:
            self._tell(ReasonRead(table=table, key=key))
            return
        outcome = known.outcome
        if outcome is None and known.problem is not None:
            outcome = Outcome(table=table, key=key, problem=known.problem)
        said, read_at = known.record.reason, known.read_at
        self._tell(ReasonRead(table=table, key=key, outcome=outcome, read_at=read_at, cached=known.cached, said=said))


def _better(final: Final) -> Outcome | None:
    from fetchers.diagnosis.reread import better  # noqa: PLC0415 - loads all rules, in a thread

    return None if final.outcome is None else better(final.outcome, final.said)
