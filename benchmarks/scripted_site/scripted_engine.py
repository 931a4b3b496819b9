"""An engine that asks nobody: so many rows a table, of which some change at each refresh, over the real wire."""

from __future__ import annotations

import heapq
import itertools
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from fetchers.messages import pack
from fetchers.records import Reason, Record, State
from monitor.changes import Beat, Change, Hello, RowsChanged, ScopeStatus, TableChanged, TableStatus

BEAT_S = 5.0
PAGE = 500
SCOPES = ("us-central1", "europe-west4")


class Script(msgspec.Struct, frozen=True):
    """What to tell."""

    rows: dict[str, int]
    """Rows of each table."""
    state: State
    """Of all of them."""
    changed: int = 0
    """Rows of each table that are different at each refresh."""
    replaced: int = 0
    """Rows of each table that are gone at each refresh, and as many new."""
    every_s: float = 30.0
    """Seconds between two refreshes."""
    took_s: float = 0.4
    """Seconds that each takes."""


class Wire:
    """The engine's end of the socket, written to as fast as it is read."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(True)

    def tell(self, *changes: Change) -> None:
        """Say something to the screen."""
        self._socket.sendall(b"".join(map(pack, changes)))

    def lives_until(self, when: float) -> bool:
        """Wait; whether the screen is still there. What it says is not heeded."""
        while (left := when - time.monotonic()) > 0:
            if select.select([self._socket], [], [], left)[0] and not self._socket.recv(1 << 16):
                return False
        return True


class Table:
    """Rows of one table."""

    def __init__(self, name: str, script: Script, began: datetime) -> None:
        self._name = name
        self._script = script
        self._began = began
        self._turn = 0
        self._numbers = list(range(script.rows[name]))
        self._next = itertools.count(script.rows[name])
        self._fetched_at = began

    def status(self, *, loading: bool = False) -> TableChanged:
        """What is known of it."""
        rows = len(self._numbers) // len(SCOPES)
        scope = ScopeStatus(fetched_at=self._fetched_at, live=True, took_s=0.4, loading=loading, rows=rows)
        return TableChanged(status=TableStatus(table=self._name, scopes=dict.fromkeys(SCOPES, scope)))

    def first(self) -> Iterator[RowsChanged]:
        """All rows, in pages."""
        for start in range(0, len(self._numbers), PAGE):
            yield self._told(self._numbers[start : start + PAGE])

    def refreshed(self) -> Iterator[Change]:
        """Yield what the next refresh tells."""
        self._turn += 1
        self._fetched_at = datetime.now(UTC)
        replaced, changed = min(self._script.replaced, len(self._numbers)), self._script.changed
        gone = [self._numbers.pop(len(self._numbers) // 2) for _ in range(replaced)]
        fresh = list(itertools.islice(self._next, replaced))
        self._numbers += fresh
        start = self._turn * changed % max(1, len(self._numbers))
        some = fresh + (self._numbers[start:] + self._numbers[:start])[:changed]
        for first in range(0, len(some), PAGE):
            yield self._told(some[first : first + PAGE], () if first else gone)
        yield self.status()

    def _told(self, numbers: list[int], gone: list[int] | tuple[()] = ()) -> RowsChanged:
        records = {f"{self._name}-{number}": self._record(number) for number in numbers}
        return RowsChanged(table=self._name, upserts=records, removed=tuple(f"{self._name}-{n}" for n in gone))

    def _record(self, number: int) -> Record:
        state = self._script.state
        created = self._began - timedelta(seconds=7 * number + 300)
        return Record(
            table=self._name,
            id=f"{self._name}-{number}",
            name=f"train-{self._name}-{number:06}",
            state=state,
            raw_state=f"JOB_STATE_{state.upper()}",
            scope=SCOPES[number % len(SCOPES)],
            created=created,
            started=created + timedelta(seconds=20),
            finished=created + timedelta(seconds=200) if state.ended else None,
            reason=Reason(text="CUDA out of memory") if state is State.FAILED else None,
            url=f"https://console.example/{self._name}/{number}",
            links={"image": f"registry.example/launch/arr:{number}"},
            detail={"machine_type": "a2-highgpu-1g", "created_by": "ana@acme.example", "step": number + self._turn},
        )


def main(fd: int, script: str) -> None:
    """Play the script until the screen is gone."""
    play(Wire(fd), msgspec.json.decode(script, type=Script))


def play(wire: Wire, script: Script) -> None:
    """Tell all, then beat, and refresh one table after another, spread over the interval."""
    tables = [Table(name, script, datetime.now(UTC)) for name in script.rows]
    wire.tell(Hello(version="scripted", pid=os.getpid()))
    for table in tables:
        for page in table.first():
            wire.tell(page)
        wire.tell(table.status())
    due: list[tuple[float, int, Callable[[], float]]] = []
    numbers, now = itertools.count(), time.monotonic()

    def beat() -> float:
        wire.tell(Beat(at=datetime.now(UTC)))
        return BEAT_S

    def refresh(table: Table) -> Callable[[], float]:
        def begin_or_end(loading: Iterator[bool]) -> float:
            if next(loading):
                wire.tell(table.status(loading=True))
                return script.took_s
            wire.tell(*table.refreshed())
            return script.every_s - script.took_s

        turns = itertools.cycle([True, False] if script.took_s else [False])
        return lambda: begin_or_end(turns)

    heapq.heappush(due, (now, next(numbers), beat))
    for place, table in enumerate(tables):
        heapq.heappush(due, (now + script.every_s * (1 + place / len(tables)), next(numbers), refresh(table)))
    while wire.lives_until(due[0][0]):
        when, _, act = heapq.heappop(due)
        heapq.heappush(due, (when + act(), next(numbers), act))
