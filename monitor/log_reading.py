"""Has logs read for the engine: of what ended, to say why; of any record, when somebody wants to see it.

What has been read once, by anyone, is asked of the cache and of nobody else. Nothing here waits, and rows never wait
for it: they are told first, and again when their reason is known.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from cache.terminal_state import Final
from fetchers.errors import Failure, NoAnswer
from fetchers.messages import LOG, OUTCOMES, Event, Extracted, Fetch, LogPage, LogTarget, Outcome
from fetchers.records import Record, State
from fetchers.rules_version import RULES_VERSION
from fetchers.settings import Settings
from monitor.accumulator import Accumulator, end_of
from monitor.changes import AskReason, Change, LogRead, ReadLog, ReasonRead
from monitor.clock import Clock, Timer
from monitor.extraction import Extraction, Log, Moment, unread_reason
from monitor.flight import Ended
from monitor.keeping import Keeping
from monitor.off_loop import off_loop
from monitor.tables import LOGS, TABLES

OUTCOMES_S = 30.0
"""Seconds that a fetch of many logs may take: two reads one after another, each as slow as they come."""
GATHER_S = 0.25
"""Seconds that the first failure waits for others: regions answer one after another, and one query reads many logs."""
LOG_S = 20.0
"""Seconds that a part of one log may take."""
WAITING_MOST = 8
"""Questions of viewers that wait for a worker; the oldest gives way."""
REREAD_S = 5.0
"""Seconds that reading kept evidence again may take."""

log = logging.getLogger(__name__)

_Question = AskReason | ReadLog


@dataclass
class _Desk:
    """The questions of viewers to one worker, one at a time."""

    waiting: deque[_Question] = field(default_factory=deque)
    current: _Question | None = None
    answered: bool = False
    """Whether the viewer has been told anything of the current one."""


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
        self._clock = clock
        self._accumulator = accumulator
        self._keeping = keeping
        self._ask = ask
        self._number = number
        self._tell = tell
        self._changed = changed
        self._extraction = Extraction(settings.gcp.log_reads_per_minute, clock.monotonic())
        self._strange: list[tuple[str, Record]] = []
        """Row keys and records that the cache is to be asked about."""
        self._looking: asyncio.Task[None] | None = None
        self._reading = False
        """Whether a fetch of many logs is under way."""
        self._timer: Timer | None = None
        self._explained: set[tuple[str, str]] = set()
        """Tables and scopes whose rows have come to say why since their last answer was kept."""
        self._noted = True
        """Whether the accumulator knows how many logs are still to be read."""
        self._desks: dict[str, _Desk] = {}
        self._watched: tuple[str, str] | None = None
        """The row whose evidence a viewer asked for last: what comes to be known of it is told."""

    # --- what happens in the tables ------------------------------------------------------------------------------

    def see(self, records: Iterable[Record]) -> None:
        """Take note of records as their source has just told them."""
        for record in records:
            table = TABLES.get(record.table)
            if table is not None and table.read and self._extraction.see(table.key(record), record, self._moment()):
                self._strange.append((table.key(record), record))
        if self._strange and self._looking is None:
            self._looking = asyncio.ensure_future(self._look_up())
            self._looking.add_done_callback(self._looked)
        self._note()

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic())

    def forget(self, table: str, keys: Iterable[str]) -> None:
        """Let go of rows that are gone."""
        self._extraction.forget(table, keys)

    def retry(self) -> None:
        """Read now what could not be read: somebody asks, who may have mended it."""
        self._extraction.retry()
        self._pump()

    def close(self) -> None:
        """Nothing is read any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    # --- what is known already -----------------------------------------------------------------------------------

    async def _look_up(self) -> None:
        while self._strange:
            asked, self._strange = self._strange, []
            records = [record for _, record in asked]
            finals = await self._keeping.finals(records) if self._keeping is not None else [None] * len(asked)
            for (key, record), final in zip(asked, finals, strict=True):
                self._known(key, record, final)
            await self._reread(asked, finals)

    def _looked(self, task: asyncio.Task[None]) -> None:
        """Go on with what the cache did not know, whatever has become of asking it."""
        self._looking = None
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.error("what is kept of logs could not be read", exc_info=error)
        self._keep_answers()
        self._note()
        if self._timer is None:
            self._timer = self._clock.call_at(self._clock.monotonic() + GATHER_S, self._pump)

    def _known(self, key: str, record: Record, final: Final | None) -> None:
        if final is None or final.outcome is None:
            self._extraction.looked_up(key, record)
        else:
            self._recall(key, record, final.outcome, final.written_at)

    def _recall(self, key: str, record: Record, outcome: Outcome, read_at: datetime) -> None:
        known = self._extraction.recalled(key, record, outcome, read_at, self._moment())
        if known:
            self._explain(key, record, outcome)
            self._answer_watched(record.table, key)

    async def _reread(self, asked: Sequence[tuple[str, Record]], finals: Sequence[Final | None]) -> None:
        """Read kept evidence again where the rules have become better since."""
        pairs = ((key, record, final) for (key, record), final in zip(asked, finals, strict=True) if final is not None)
        found = [(key, record, final) for key, record, final in pairs if _is_old(final)]
        if not found:
            return
        try:
            outcomes = await off_loop(lambda: [_better(final) for _, _, final in found], REREAD_S, "reread")
        except (TimeoutError, RuntimeError):
            log.warning("kept evidence could not be read again in %g s; it will be at the next start", REREAD_S)
            return
        for (key, record, final), outcome in zip(found, outcomes, strict=True):
            if outcome is not None:
                self._recall(key, record, outcome, final.written_at)
                self._keep(record, outcome)

    def _explain(self, key: str, record: Record, outcome: Outcome) -> None:
        reason = outcome.reason or record.reason
        self._accumulator.explain(record.table, key, end_of(record), reason)
        self._explained.add((record.table, record.scope))

    def _keep_answers(self) -> None:
        """Keep the last answers again, now that their rows say why: the next start shows them so."""
        explained, self._explained = self._explained, set()
        if self._keeping is None:
            return
        for table, scope in explained:
            status = self._accumulator.status(table).scopes.get(scope)
            if status is not None and status.live and status.fetched_at is not None:
                self._keeping.answered(table, scope, self._accumulator.answer(table, scope), status.fetched_at)

    def _keep(self, record: Record, outcome: Outcome) -> None:
        if self._keeping is not None:
            final = msgspec.structs.replace(record, reason=outcome.reason or record.reason)
            self._keeping.concluded(final, outcome, record.reason, self._clock.now())

    # --- many logs -----------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Read what is due, and come back when more is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._reading:
            return
        targets, calls = self._extraction.due(self._moment())
        if targets:
            self._reading = True
            self._ask(LOGS, self._fetch(OUTCOMES, targets, OUTCOMES_S, calls=calls))
        elif (when := self._extraction.next_due()) is not None:
            self._timer = self._clock.call_at(when, self._pump)

    def _fetch(self, kind: str, targets: Sequence[LogTarget], within_s: float, **more: object) -> Fetch:
        tables = tuple(dict.fromkeys(target.record.table for target in targets))
        fetch = Fetch(
            table=kind, generation=self._number(), scopes=tables, soft_deadline_s=within_s, targets=tuple(targets)
        )
        return msgspec.structs.replace(fetch, **more)

    def called(self, source: str) -> None:
        """Note that a call was made to read a log."""
        if source == LOGS:
            self._extraction.called()

    def event(self, source: str, event: Event) -> None:
        """Take one event of a fetch that reads logs."""
        match event:
            case Extracted() if source == LOGS:
                for outcome in event.outcomes:
                    self._take(outcome)
                self._note()
            case Extracted(outcomes=[outcome, *_]):
                self._answered(source, outcome)
            case LogPage():
                self._page(source, event)
            case _:
                pass

    def _take(self, outcome: Outcome) -> None:
        known = self._extraction.take(outcome, self._moment())
        if known is None:
            return
        if outcome.problem is None:
            self._explain(outcome.key, known.record, outcome)
            self._keep(known.record, outcome)
        else:
            self._excuse(outcome.key, known)
        self._answer_watched(outcome.table, outcome.key)

    def _excuse(self, key: str, known: Log) -> None:
        """Have a row say that its log could not be read, where it says nothing else."""
        row = self._accumulator.record(known.record.table, key)
        if row is not None and row.reason is None and (reason := unread_reason(known)) is not None:
            self._accumulator.explain(known.record.table, key, known.ended, reason)

    def ended(self, source: str, ended: Ended) -> None:
        """Take the end of a fetch that read logs."""
        if source == LOGS and ended.fetch.table == OUTCOMES:
            self._reading = False
            for known in self._extraction.ended(ended.fetch.targets, ended.outcomes, self._clock.monotonic()):
                key = TABLES[known.record.table].key(known.record)
                self._excuse(key, known)
                self._answer_watched(known.record.table, key)
            self._keep_answers()
            self._note()
            self._pump()
            return
        self._close_desk(source, next(filter(None, ended.outcomes.values()), None))

    def _note(self) -> None:
        self._noted = False
        self._changed()

    def note(self) -> None:
        """Note in the accumulator how many logs of each table are still to be read; before it is drained."""
        if self._noted:
            return
        self._noted = True
        for table in self._accumulator.tables():
            if TABLES[table].logs == LOGS:
                self._accumulator.unread(
                    table, self._extraction.unread(table), self._extraction.unreadable(table)
                )

    # --- questions of viewers ------------------------------------------------------------------------------------

    def answer(self, question: _Question) -> None:
        """Tell a viewer what a reason rests on, or a part of a log; at once where it is known."""
        record = self._accumulator.record(question.table, question.key)
        if isinstance(question, AskReason):
            self._watched = (question.table, question.key)
            if record is None or not self._is_asked_of_worker(record):
                self._tell_reason(question.table, question.key)
                return
        elif record is None:
            gone = Failure.of(NoAnswer(f"{question.table} {question.key}: this row is gone"))
            self._tell(LogRead(request=question.request, failure=gone))
            return
        source = TABLES[question.table].logs
        desk = self._desks.setdefault(source, _Desk())
        desk.waiting.append(question)
        while len(desk.waiting) > WAITING_MOST:
            self._dismiss(desk.waiting.popleft(), "something else was asked for meanwhile")
        self._next(source)

    def _is_asked_of_worker(self, record: Record) -> bool:
        """Whether the reason of a record was read by its table's own worker, which can say from what."""
        return TABLES[record.table].logs != LOGS and record.state is State.FAILED

    def _next(self, source: str) -> None:
        desk = self._desks[source]
        if desk.current is not None or not desk.waiting:
            return
        desk.current = question = desk.waiting.popleft()
        desk.answered = False
        record = self._accumulator.record(question.table, question.key)
        if record is None:
            desk.current = None
            self._dismiss(question, "this row is gone")
            self._next(source)
            return
        target = [LogTarget(key=question.key, record=record)]
        if isinstance(question, AskReason):
            self._ask(source, self._fetch(OUTCOMES, target, LOG_S, calls=1))
            return
        wait_s = self._extraction.wait_s(self._clock.monotonic()) if source == LOGS else 0.0
        if wait_s:
            self._tell(LogRead(request=question.request, waits_s=wait_s))
        fetch = self._fetch(LOG, target, LOG_S, part=question.part)
        self._clock.call_at(self._clock.monotonic() + wait_s, lambda: self._ask(source, fetch))

    def _dismiss(self, question: _Question, why: str) -> None:
        if isinstance(question, ReadLog):
            failure = Failure.of(NoAnswer(f"{question.table} {question.key}: {why}"))
            self._tell(LogRead(request=question.request, failure=failure))

    def _answered(self, source: str, outcome: Outcome) -> None:
        desk = self._desks.get(source)
        if desk is not None and isinstance(desk.current, AskReason):
            question, desk.answered = desk.current, True
            now = self._clock.now() if outcome.problem is None else None
            self._tell(ReasonRead(table=question.table, key=question.key, outcome=outcome, read_at=now))

    def _page(self, source: str, event: LogPage) -> None:
        desk = self._desks.get(source)
        if desk is not None and isinstance(desk.current, ReadLog):
            desk.answered = True
            self._tell(LogRead(request=desk.current.request, entries=event.entries, token=event.token))

    def _close_desk(self, source: str, failure: Failure | None) -> None:
        desk = self._desks.get(source)
        if desk is None or desk.current is None:
            return
        question, desk.current = desk.current, None
        if failure is not None:
            self._tell_failure(question, failure)
        elif not desk.answered and isinstance(question, ReadLog):
            self._tell(LogRead(request=question.request))
        self._next(source)

    def _tell_failure(self, question: _Question, failure: Failure) -> None:
        if isinstance(question, ReadLog):
            self._tell(LogRead(request=question.request, failure=failure))
            return
        outcome = Outcome(table=question.table, key=question.key, problem=failure.text)
        self._tell(ReasonRead(table=question.table, key=question.key, outcome=outcome))

    def _answer_watched(self, table: str, key: str) -> None:
        if self._watched == (table, key):
            self._tell_reason(table, key)

    def _tell_reason(self, table: str, key: str) -> None:
        known = self._extraction.log(table, key)
        if known is None:
            self._tell(ReasonRead(table=table, key=key))
            return
        outcome = known.outcome
        if outcome is None and known.problem is not None:
            outcome = Outcome(table=table, key=key, problem=known.problem)
        self._tell(
            ReasonRead(
                table=table,
                key=key,
                outcome=outcome,
                read_at=known.read_at,
                cached=known.cached,
                said=known.record.reason,
            )
        )


def _is_old(final: Final | None) -> bool:
    return final is not None and final.outcome is not None and final.outcome.rules < RULES_VERSION


def _better(final: Final) -> Outcome | None:
    from fetchers.diagnosis.reread import better  # noqa: PLC0415 - loads all rules, in a thread

    return None if final.outcome is None else better(final.outcome, final.said)
