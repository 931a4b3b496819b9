"""Workers of a simulated day: they answer from its world, in real frames, and misbehave as its dice say."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fetchers.errors import Failure, NoAnswer
from fetchers.lifeline import STACKS_SIGNAL
from fetchers.messages import (
    CallEnded,
    CallStarted,
    Configure,
    Event,
    Extracted,
    Fetch,
    FetchEnded,
    LogTarget,
    Message,
    Note,
    Outcome,
    Page,
    Ready,
    ScopeComplete,
    ScopeFailed,
    ScopeStarted,
    pack,
    to_worker,
)
from fetchers.records import Reason, Record, State
from monitor.launch import Child
from monitor.printed import Printed
from monitor.tables import TABLES
from tests.support import day_faults
from tests.support.day_faults import Faults
from tests.support.day_world import World
from tests.support.timeline import Timeline

RULES = 1_000_000
"""Version of the rules: the newest there will ever be."""
PAGE = 20
"""Records of one page."""
MUTE = {"worker hangs", "worker hangs, and speaks when its stacks are asked for"}
BABBLE = {
    "garbage": b"\x00\x00\x00\x05hello",
    "head of a frame of gigabytes": b"\x7f\xff\xff\xff",
    "frame of another language": b'\x00\x00\x00\x13{"type": "Complete"}',
}
"""Fault → what the worker says that is no frame of ours."""
BOUT_S = 300.0
"""Seconds that a fault lasts which comes again and again."""


@dataclass
class Outside:
    """What all workers of a day share."""

    timeline: Timeline
    world: World
    faults: Faults
    answered: dict[tuple[str, str], int] = field(default_factory=dict)
    """(table, scope) → generation of the last complete answer that was put on the wire."""
    bouts: dict[str, float] = field(default_factory=dict)
    """Fault and source → when it stops coming again and again."""
    mail: list[Callable[[], None]] | None = None
    """What arrives while the program is stopped; null while it is not."""

    def deliver(self, arrival: Callable[[], None]) -> None:
        """Hand something to the program, now or as soon as it reads again."""
        if self.mail is None:
            arrival()
        else:
            self.mail.append(arrival)

    def wake(self) -> None:
        """The program goes on, and reads first what has arrived."""
        mail, self.mail = self.mail or [], None
        for arrival in mail:
            arrival()

    def lasts(self, kind: str, source: str, befallen: str | None) -> bool:
        """Whether a fault is in one of its bouts, which begins where it has just befallen."""
        if befallen == kind:
            self.bouts[kind + source] = self.timeline.now + self.faults.dice.uniform(10, BOUT_S)
        return not self.faults.quiet and self.timeline.now < self.bouts.get(kind + source, 0)


class DayLauncher:
    """Implements `monitor.launch.Launch`."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._pids = itertools.count(1000)
        self.alive: dict[str, DayChild] = {}
        """Source → its newest worker."""

    async def __call__(self, source: str, heard: Callable[[bytes], None], gone: Callable[[], None]) -> Child:
        befallen = self._outside.faults.befalls(day_faults.LAUNCH)
        lasting = "no process can be started for a while"
        if self._outside.lasts(lasting, source, befallen) or befallen:
            raise OSError(11, "Resource temporarily unavailable")
        child = self.alive[source] = DayChild(self._outside, next(self._pids), source, heard, gone)
        return child


class DayChild:
    """One worker; implements `monitor.launch.Child`."""

    def __init__(
        self, outside: Outside, pid: int, source: str, heard: Callable[[bytes], None], gone: Callable[[], None]
    ) -> None:
        self.pid = pid
        self.printed = Printed()
        self.dead = False
        """Killed, or ended by itself."""
        self.busy = 0
        """Fetches under way."""
        self._outside, self._source = outside, source
        self._heard, self._gone = heard, gone
        self._frames = to_worker()
        self._unsent = b""
        self._mute = False
        self._speaks_at_last = False
        self._memory = 150 << 20
        self._calls = itertools.count(1)

    # --- what the watchdog does to it

    def write(self, data: bytes) -> None:
        for message in self._frames.feed(data):
            if isinstance(message, Configure):
                self._start()
            else:
                self._begin(message)

    def signal(self, number: int) -> None:
        if number == STACKS_SIGNAL and self._mute:
            self.printed.feed(b"Thread 0x1 (most recent call first):\n")
            if self._speaks_at_last:
                self._later(0.05, self._speak_again)

    def memory(self) -> int:
        return self._memory

    def status(self) -> str:
        return "status 1"

    def kill(self) -> None:
        self.dead = True
        if self._outside.faults.befalls(day_faults.KILL):
            raise OSError(24, "Too many open files")

    # --- its start and its end

    def _start(self) -> None:
        befallen = self._outside.faults.befalls(day_faults.START)
        failing = self._outside.lasts("import fails for a while", self._source, befallen)
        seconds = self._outside.faults.dice.uniform(0.3, 1.3)
        if befallen == "never ready":
            return
        if failing or befallen == "import fails":
            self._later(seconds, self._fail_to_import)
        else:
            seconds *= 6 if befallen == "slow import" else 1
            self._later(seconds, lambda: self._say(Ready(source=self._source, pid=self.pid, import_s=seconds)))

    def _fail_to_import(self) -> None:
        self._say(Note(level="fatal", text="ImportError: cannot import name 'api_core'"))
        self.die()

    def die(self) -> None:
        """End by itself, after what has been said."""
        if not self.dead:
            self.dead = True
            self._flush()
            self._outside.deliver(self._gone)

    def _later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._outside.timeline.later(seconds, lambda: None if self.dead else callback())

    # --- a fetch

    def _begin(self, fetch: Fetch) -> None:
        befallen = self._outside.faults.befalls(day_faults.FETCH)
        lasting = "worker dies in every fetch for a while"
        if self._outside.lasts(lasting, self._source, befallen):
            befallen = "worker dies"
        _Run(self, self._outside, fetch, befallen).begin()

    def befall(self, fault: str | None, fetch: Fetch) -> None:
        """Do what has befallen, in the middle of a fetch."""
        if fault in MUTE:
            self._mute = True
            self._speaks_at_last = fault != "worker hangs"
        elif fault in BABBLE:
            self._send(BABBLE[fault])
        elif fault == "flood of output":
            self.printed.feed(b"".join(b"warning %d: deprecated\n" % number for number in range(2000)))
        elif fault == "memory without end":
            self._memory = 2 << 30
        elif fault == "worker dies":
            self.die()
        elif fault in {"worker dies in mid-frame", "worker hangs in mid-frame"}:
            self._stop_in_mid_frame(fetch, dies="dies" in fault)

    def _speak_again(self) -> None:
        self._mute = False
        self._flush()

    def _stop_in_mid_frame(self, fetch: Fetch, *, dies: bool) -> None:
        about = {"table": fetch.table, "generation": fetch.generation, "scope": fetch.scopes[0]}
        frame = pack(ScopeComplete(**about, at=self._outside.timeline.wall))  # type: ignore[arg-type]
        self._send(frame[: self._outside.faults.dice.randrange(1, len(frame))])
        self._mute, self._speaks_at_last = True, False
        if dies:
            self.die()

    # --- what it says

    def say(self, *messages: Message) -> None:
        """Put messages on the wire, if it still can."""
        self._say(*messages)

    def _say(self, *messages: Message) -> None:
        self._send(b"".join(map(pack, messages)))

    def _send(self, data: bytes) -> None:
        """Have the bytes arrive: in pieces cut anywhere, the last of which may be late; never out of order."""
        if self.dead:
            return
        self._unsent += data
        if self._mute:
            return
        how = self._outside.faults.befalls(day_faults.WIRE)
        if how is None:
            self._flush()
            return
        at = self._outside.faults.dice.randrange(len(self._unsent) + 1)
        first, self._unsent = self._unsent[:at], self._unsent[at:]
        self._arrive(first)
        if how == "cut":
            self._flush()
        else:
            self._later(self._outside.faults.dice.uniform(0.01, 0.3), self._flush)

    def _flush(self) -> None:
        if not self._mute:
            unsent, self._unsent = self._unsent, b""
            self._arrive(unsent)

    def _arrive(self, data: bytes) -> None:
        if data:
            self._outside.deliver(lambda: self._heard(data))


def explained(record: Record) -> Record:
    """The record as its row is to show it once its log has been read, where it is to be read."""
    if record.state not in TABLES[record.table].read:
        return record
    return msgspec.structs.replace(record, reason=_reason(record))


def _reason(record: Record) -> Reason:
    return Reason(text=f"{record.id} ended as {record.state}", rule="python_exception")


def outcome_of(target: LogTarget) -> Outcome:
    """What the log of a target says."""
    record = target.record
    return Outcome(
        table=record.table, key=target.key, reason=_reason(record), evidence=("a line",), rules=RULES, entries=9, jobs=1
    )


class _Run:
    """One fetch of one worker."""

    def __init__(self, child: DayChild, outside: Outside, fetch: Fetch, befallen: str | None) -> None:
        self._child, self._outside, self._fetch, self._befallen = child, outside, fetch, befallen
        self._open = set(fetch.scopes)
        self._calls = itertools.count(fetch.generation * 1000)

    def begin(self) -> None:
        """Ask every scope, and see that all end by the soft deadline."""
        dice = self._outside.faults.dice
        self._child.busy += 1
        self._later(self._fetch.soft_deadline_s, self._overdue)
        for scope in self._fetch.scopes:
            self._later(dice.uniform(0, 0.1), functools.partial(self._ask, scope))
        if self._befallen:
            self._later(dice.uniform(0, 1.5), lambda: self._child.befall(self._befallen, self._fetch))
        if self._befallen == "end of fetch before its scopes":
            self._later(dice.uniform(0, 0.2), self._end)

    def _later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._child._later(seconds, callback)

    def _about(self, scope: str) -> dict[str, Any]:
        fetch = self._fetch
        return {
            "table": fetch.table,
            "generation": fetch.generation,
            "scope": scope,
            "at": self._outside.timeline.wall,
        }

    # --- one scope

    def _ask(self, scope: str) -> None:
        faults = self._outside.faults
        befallen = faults.befalls(day_faults.SCOPE)
        took = self._fetch.soft_deadline_s * 2 if befallen == "answers too late" else _latency(faults)
        call = next(self._calls)
        began = CallStarted(id=call, method=f"List{self._fetch.table.title()}", page=1, **self._about(scope))
        self._child.say(ScopeStarted(**self._about(scope)), began)
        asked = took * faults.dice.random()
        self._later(asked, lambda: self._look(scope, call, took - asked, befallen))

    def _look(self, scope: str, call: int, takes: float, befallen: str | None) -> None:
        """What the service says as of now, and which takes its time to arrive."""
        fetch, outside = self._fetch, self._outside
        if fetch.targets:
            self._read(scope, call, takes, befallen)
            return
        records = outside.world.answer(
            fetch.table, scope, outside.timeline.now, fetch.limit, fetch.known.get(scope, ())
        )
        pages = [records[at : at + PAGE] for at in range(0, len(records), PAGE)]
        if befallen == "fails before its first page":
            pages = []
        for number, page in enumerate(pages, 1):
            self._later(takes * number / (len(pages) + 1), functools.partial(self._tell, scope, page))
        failure = outside.faults.failure(fetch.table, scope) if befallen and "fails" in befallen else None
        self._later(takes, lambda: self._close(scope, call, failure))

    def _read(self, scope: str, call: int, takes: float, befallen: str | None) -> None:
        """What the logs of the fetch's targets say; one in nine is not come to."""
        targets = [target for target in self._fetch.targets if target.record.table == scope]
        reached = targets if len(targets) == 1 else [target for number, target in enumerate(targets) if number % 9 != 8]
        failure = self._outside.faults.failure(self._fetch.table, scope) if befallen and "fails" in befallen else None
        if failure is None:
            self._later(takes / 2, lambda: self._explain(scope, [outcome_of(target) for target in reached]))
        self._later(takes, lambda: self._close(scope, call, failure))

    def _explain(self, scope: str, outcomes: list[Outcome]) -> None:
        if scope in self._open:
            self._child.say(Extracted(**self._about(scope), outcomes=tuple(outcomes)))

    def _tell(self, scope: str, records: list[Record]) -> None:
        if scope in self._open:
            self._child.say(Page(**self._about(scope), records=tuple(records)))

    def _close(self, scope: str, call: int, failure: Failure | None) -> None:
        if scope not in self._open:
            return
        self._open.discard(scope)
        about = self._about(scope)
        self._child.say(CallEnded(id=call, at=about["at"], error=failure.text if failure else None))
        if failure is None:
            self._outside.answered[self._fetch.table, scope] = self._fetch.generation
            self._child.say(ScopeComplete(**about))
        else:
            self._child.say(ScopeFailed(**about, failure=failure))
        if self._befallen == "frames after a scope's end":
            self._child.say(*self._lies(scope, self._fetch.generation))
        if not self._open:
            self._end()

    def _overdue(self) -> None:
        """The soft deadline."""
        for scope in sorted(self._open):
            text = f"List{self._fetch.table.title()} {scope} page 1: no answer in {self._fetch.soft_deadline_s:g} s"
            self._close(scope, -1, Failure.of(NoAnswer(text)))

    # --- the whole fetch

    def _end(self) -> None:
        fetch, fault = self._fetch, self._befallen
        self._child.busy = max(0, self._child.busy - 1)
        end = FetchEnded(table=fetch.table, generation=fetch.generation, stuck=fault == "a call does not return")
        if fault != "no end of fetch":
            self._child.say(end)
        if fault == "two ends of fetch":
            self._child.say(end)
        if fault == "late frames of the fetch before":
            for scope in fetch.scopes:
                self._later(self._outside.faults.dice.uniform(0, 60), functools.partial(self._lie, scope))
        if fault == "events of unknown scopes, tables and generations":
            self._child.say(*self._strange())

    def _lie(self, scope: str) -> None:
        self._child.say(*self._lies(scope, self._fetch.generation))

    def _lies(self, scope: str, generation: int) -> list[Event]:
        """Frames that come too late, and would do harm: a row that is not there, an answer without rows, a failure."""
        about = self._about(scope) | {"generation": generation}
        ghost = Record(
            table=self._fetch.table, id="ghost", name="ghost", state=State.RUNNING, raw_state="GHOST", scope=scope
        )
        failure = Failure(kind="error", text="ghost")
        return [
            ScopeStarted(**about),
            Page(**about, records=(ghost,)),
            ScopeComplete(**about),
            ScopeFailed(**about, failure=failure),
        ]

    def _strange(self) -> list[Event]:
        fetch = self._fetch
        return [
            *self._lies("mars-north1", fetch.generation),
            *self._lies(fetch.scopes[0], 0),
            *self._lies(fetch.scopes[0], fetch.generation + 1_000_000),
            ScopeComplete(table="slurm", generation=1, scope=fetch.scopes[0], at=self._outside.timeline.wall),
        ]


def _latency(faults: Faults) -> float:
    """Seconds that an answer takes: mostly a few tenths, now and then almost too many."""
    slow = faults.dice.random() < 0.01
    return faults.dice.uniform(5, 19) if slow else faults.dice.uniform(0.1, 2)
