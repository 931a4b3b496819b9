"""Says whose log is to be read next: each record's once when it has ended, and again once its log has had time.

Pure: no I/O and no clock; the time is an argument. A log that cannot be
read is no outcome: it is asked for again, ever more rarely.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cache.terminal_state import ARRIVAL, is_settled
from fetchers.errors import Failure
from fetchers.messages import LogTarget, Outcome
from fetchers.records import Reason, Record, State
from monitor.accumulator import End, end_of
from monitor.bucket import Bucket
from monitor.tables import TABLES

MOST_TARGETS = 400
"""Logs that one fetch reads; their names fit into a few queries."""

MOST_LOGS = 50_000
"""Ended records that are looked after; a source that brings more of them has gone wrong."""

AGAIN_S = 30.0
"""Seconds until a log that could not be read is asked for again; doubled each time."""
AGAIN_MOST_S = 1800.0

ARRIVAL_S = ARRIVAL.total_seconds()
LOOKS = 3
"""Times at most that a log is read: when its end is seen, a minute after it, and a minute later."""

PASSED_OVER_S = 2.0
"""Seconds until one that a fetch did not come to is asked for again; doubled each time."""

SLOWEST_PER_MINUTE = 1.0
"""Reads a minute that are left when the service keeps refusing."""


@dataclass
class Log:
    """What is known of one record's log."""

    record: Record
    """As its source tells it; its reason is what the source itself says."""
    looked_up: bool = False
    """Whether the cache has been asked."""
    outcome: Outcome | None = None
    read_at: datetime | None = None
    cached: bool = False
    """Whether the outcome is of an earlier session, or of another monitor."""
    due: float = -math.inf
    """Monotonic seconds before which it is not read; infinite once nothing more can come."""
    looks: int = 0
    """Times it has been read; the third time is the last, whatever the clocks say of its age."""
    under_way: bool = False
    awaited: bool = False
    """Whether its row is told as unread: it is to be read now, and nobody has read it or failed to."""
    tries: int = 0
    """Times in a row that it could not be read, or was not come to."""
    problem: str | None = None

    @property
    def ended(self) -> End:
        """Which end of the record this is about."""
        return end_of(self.record)


_Key = tuple[str, str]
"""Table and row key."""


class Moment(NamedTuple):
    """The present, in both times."""

    now: datetime
    """Wall time, for how old a record is."""
    at: float
    """Monotonic seconds, for everything else."""


class Budget(NamedTuple):
    """How many logs may be read."""

    per_minute: float
    """Calls; 0 for none at all."""
    at_once: int = MOST_TARGETS
    """Logs that one fetch reads."""


class Extraction:
    """All records of one source that have ended and have a log."""

    def __init__(self, budget: Budget, at: float) -> None:
        self._logs: dict[_Key, Log] = {}
        self._budget = budget
        self._wanted = budget.per_minute
        self._bucket = Bucket.full(budget.per_minute, budget.per_minute, at)
        self._awaited: Counter[str] = Counter()
        self._refused: dict[str, tuple[Failure, int, float]] = {}
        """Table → why its logs could not be read, how often in a row, and until when none is asked for."""

    # --- what there is -------------------------------------------------------------------------------------------

    def see(self, key: str, record: Record, moment: Moment) -> bool:
        """Take note of a record as its source tells it; true where the cache is to be asked about it."""
        place = (record.table, key)
        known = self._logs.get(place)
        if record.state in TABLES[record.table].read and known is not None and known.ended == end_of(record):
            known.record = record
            return False
        self._drop(place)
        if record.state not in TABLES[record.table].read or len(self._logs) >= MOST_LOGS:
            return False
        wait_s = _first_look_s(record, moment.now)
        log = self._logs[place] = Log(record, due=moment.at + wait_s, awaited=not wait_s)
        self._awaited[record.table] += log.awaited
        return True

    def _drop(self, place: _Key) -> None:
        if (log := self._logs.pop(place, None)) is not None:
            self._settle(log)

    def _settle(self, log: Log) -> None:
        self._awaited[log.record.table] -= log.awaited
        log.awaited = False

    def forget(self, table: str, keys: Iterable[str]) -> None:
        """Let go of rows that are gone."""
        for key in keys:
            self._drop((table, key))

    def log(self, table: str, key: str) -> Log | None:
        """Return what is known of a record's log; null where it has not ended, or has none."""
        return self._logs.get((table, key))

    def unread(self, table: str) -> int:
        """Return how many rows of a table wait for a first reading now; not those whose log may yet be on its way."""
        if not self._wanted or table in self._refused:
            return 0
        return self._awaited[table]

    def unreadable(self, table: str) -> str | None:
        """Return why the logs of a table cannot be read at present."""
        return self._refused[table][0].text if table in self._refused else None

    # --- what is due ---------------------------------------------------------------------------------------------

    def due(self, moment: Moment) -> tuple[tuple[LogTarget, ...], int]:
        """Return whose logs are to be read now, newest end first, and how many calls that may take.

        They are under way from now on, until `ended` is told.
        """
        self._bucket.refill(moment.at)
        calls = math.floor(self._bucket.left)
        if calls < 1:
            return (), 0
        ready = [(key, log) for (table, key), log in self._waiting() if self._ready_at(table, log) <= moment.at]
        ready.sort(key=lambda found: _age_s(found[1].record, moment.now))
        chosen = ready[: self._budget.at_once]
        for _, log in chosen:
            log.under_way = True
        return tuple(LogTarget(key=key, record=log.record) for key, log in chosen), calls

    def next_due(self) -> float | None:
        """Return the monotonic second at which `due` will next have something; null where nothing waits."""
        times = [self._ready_at(table, log) for (table, _), log in self._waiting()]
        return max(min(times), self._bucket.ready_at(1)) if times else None

    def _waiting(self) -> Iterator[tuple[_Key, Log]]:
        if self._wanted:
            yield from (
                (place, log)
                for place, log in self._logs.items()
                if log.looked_up and not log.under_way and log.due < math.inf
            )

    def _ready_at(self, table: str, log: Log) -> float:
        return max(log.due, self._refused[table][2] if table in self._refused else -math.inf)

    # --- what became of it ---------------------------------------------------------------------------------------

    def looked_up(self, key: str, record: Record) -> Log | None:
        """Note that the cache knows nothing of a record's log; null where the record is another by now."""
        log = self._logs.get((record.table, key))
        if log is None or log.ended != end_of(record):
            return None
        log.looked_up = True
        return log

    def recalled(self, key: str, record: Record, found: Outcome, read_at: datetime, moment: Moment) -> bool:
        """Take what the cache knows of a record's log; false where the record is another by now."""
        log = self.looked_up(key, record)
        if log is None:
            return False
        self._settle(log)
        log.outcome, log.read_at, log.cached, log.looks = found, read_at, True, LOOKS - 1
        age_s = _age_s(record, moment.now)
        log.due = math.inf if is_settled(record, read_at) else moment.at + max(0.0, 2 * ARRIVAL_S - age_s)
        return True

    def called(self) -> None:
        """Note that a call was made."""
        self._bucket.spend(1)

    def wait_s(self, at: float) -> float | None:
        """Return in how many seconds one more call may be made; null for never."""
        if not self._wanted:
            return None
        self._bucket.refill(at)
        return max(0.0, self._bucket.ready_at(1) - at)

    def take(self, outcome: Outcome, moment: Moment) -> Log | None:
        """Take what a log said; null where nobody asked, or the record is another by now."""
        log = self._logs.get((outcome.table, outcome.key))
        if log is None or not log.under_way:
            return None
        log.under_way = False
        self._settle(log)
        if outcome.problem is not None:
            log.problem = outcome.problem
            log.due = moment.at + max(_again_s(AGAIN_S, log.tries), outcome.retry_after_s or 0.0)
            log.tries += 1
            return log
        log.outcome, log.read_at, log.cached, log.problem, log.tries = outcome, moment.now, False, None, 0
        log.looks += 1
        log.due = moment.at + _next_look_s(log, moment.now)
        self._refused.pop(outcome.table, None)
        return log

    def ended(self, targets: Iterable[LogTarget], outcomes: dict[str, Failure | None], at: float) -> list[Log]:
        """Note how a fetch of these targets ended, table by table; return the logs that could not be read."""
        for table, failure in outcomes.items():
            self._judge(table, failure, at)
        self._pace(outcomes.values(), at)
        passed_over = [log for log in map(self._under_way, targets) if log is not None]
        for log in passed_over:
            log.under_way = False
            failure = outcomes.get(log.record.table)
            log.problem = failure.text if failure is not None else None
            if failure is not None:
                self._settle(log)
            log.due = at + _again_s(PASSED_OVER_S, log.tries)
            log.tries += 1
        return passed_over

    def _under_way(self, target: LogTarget) -> Log | None:
        log = self._logs.get((target.record.table, target.key))
        return log if log is not None and log.under_way else None

    def _judge(self, table: str, failure: Failure | None, at: float) -> None:
        """Wait longer after each refusal."""
        if failure is None:
            self._refused.pop(table, None)
            return
        tries = self._refused[table][1] + 1 if table in self._refused else 0
        self._refused[table] = (failure, tries, at + max(_again_s(AGAIN_S, tries), failure.retry_after_s or 0.0))

    def _pace(self, failures: Collection[Failure | None], at: float) -> None:
        """Make fewer calls from now on where the service said that they are too many, else more again."""
        self._bucket.refill(at)
        if any(failure is not None and failure.kind == "throttled" for failure in failures):
            self._bucket.per_minute = max(min(SLOWEST_PER_MINUTE, self._wanted), self._bucket.per_minute / 2)
            self._bucket.spend(max(0.0, self._bucket.left))
        elif all(failure is None for failure in failures):
            self._bucket.per_minute = min(self._wanted, self._bucket.per_minute * 1.25)

    def retry(self) -> None:
        """Forget how long to wait after what went wrong: somebody asks, who may have mended it."""
        self._refused.clear()
        for log in self._logs.values():
            if log.tries:
                log.due, log.tries = -math.inf, 0


def _first_look_s(record: Record, now: datetime) -> float:
    """Seconds until a log is read: a failure's at once, for whoever looks at it; a success's when it is all there."""
    if record.state is State.FAILED:
        return 0.0
    return min(ARRIVAL_S, max(0.0, ARRIVAL_S - _age_s(record, now)))


def _next_look_s(log: Log, now: datetime) -> float:
    """Seconds until a log is read again that was read now: it may have taken a minute, or two, to arrive."""
    age_s = _age_s(log.record, now)
    said_all = log.record.state is State.SUCCEEDED and log.outcome is not None and log.outcome.jobs is not None
    if age_s >= 2 * ARRIVAL_S or log.looks >= LOOKS or said_all:
        return math.inf
    return min(ARRIVAL_S, ARRIVAL_S * (1 if age_s < ARRIVAL_S else 2) - age_s)


def _age_s(record: Record, now: datetime) -> float:
    return (now - record.time).total_seconds() if record.time else math.inf


def _again_s(first: float, tries: int) -> float:
    return min(AGAIN_MOST_S, first * 2.0 ** min(tries, 20))


_EXCUSE = "log not readable"


def unread_reason(log: Log) -> Reason | None:
    """What a row says whose log could not be read: what its source said, else why nobody knows more."""
    said = log.record.reason
    if said is not None or log.problem is None or log.record.state is not State.FAILED:
        return said
    text = log.problem if log.problem.startswith(_EXCUSE) else f"{_EXCUSE}: {log.problem}"
    return Reason(text=text, origin="agent")


def is_excuse(reason: Reason) -> bool:
    """Whether a reason only says that nobody knows it."""
    return reason.origin == "agent" and reason.text.startswith(_EXCUSE)
