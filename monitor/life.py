"""One worker process, from its start to its end.

It is started, must become ready in time, says what it says, and ends: by itself, or because it is ended. After `end`
nothing is heard of it any more, whatever still comes from its socket, its pipe or a timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from fetchers.errors import FrameError
from fetchers.lifeline import STACKS_SIGNAL
from fetchers.messages import Configure, Fetch, FromWorker, Note, Ready, from_worker, pack
from monitor.clock import Clock, Timer
from monitor.judgement import Judgement
from monitor.launch import Child, Launch
from monitor.memory_watch import MemoryWatch

AUTOPSY_S = 0.05
"""Seconds after a worker's socket closed until its last words and its status are read."""

REPEATED = 10
"""Kinds of lines, the most frequent ones, that are told with their number when a worker has ended."""


@dataclass(frozen=True)
class Witness:
    """Who is told what becomes of a worker; called in the engine's loop, in order."""

    ready: Callable[[Ready, float], None]
    """It can fetch, so many seconds after it was started."""
    message: Callable[[FromWorker], None]
    """Anything else it says."""
    died: Callable[[str], None]
    """It is of no use any more, and why."""
    never_ready: Callable[[], None]
    """The time it had to become ready is over."""
    overfull: Callable[[int], None]
    """It holds too many bytes of memory."""
    needed: Callable[[], bool]
    """Asked of the witness: whether anything is wanted of it."""
    note: Callable[[str, str], None]
    """Level, text: for the log."""


class Life:
    """One worker; `ready_s` is what it may take to become ready."""

    def __init__(self, configure: Configure, launch: Launch, clock: Clock, witness: Witness, ready_s: float) -> None:
        self.ready = False
        """Whether it can be asked something."""
        self._configure = configure
        self._launch = launch
        self._clock = clock
        self._witness = witness
        self._ready_s = ready_s
        self._began = clock.monotonic()
        self._frames = from_worker()
        self._child: Child | None = None
        self._memory: MemoryWatch | None = None
        self._timer: Timer | None = None
        """Of its start, or of its autopsy."""
        self._last_words = ""
        self._over = False
        self._starting = asyncio.create_task(self._begin())

    # --- what is asked of it

    def ask(self, fetch: Fetch) -> None:
        """Send it a fetch; one that is gone does not mind."""
        if self._child is not None and self._memory is not None:
            self._child.write(pack(fetch))
            self._memory.go_on()

    def ask_for_stacks(self) -> None:
        """Have it print all its stacks, whatever holds it."""
        if self._child is not None:
            self._child.signal(STACKS_SIGNAL)

    def end(self) -> bool:
        """End it and everything it started; return whether there was a process to end."""
        self._over, self.ready = True, False
        if self._timer is not None:
            self._timer.cancel()
        if self._memory is not None:
            self._memory.stop()
        if self._child is not None:
            self._bury(self._child)
        return self._child is not None

    def _bury(self, child: Child) -> None:
        try:
            child.kill()
        except Exception as error:  # noqa: BLE001 - one that cannot be buried must not keep the next from starting
            self._witness.note("error", f"worker {self._configure.source} could not be cleared up: {error}")

    # --- what it printed

    def note_evidence(self, how: str) -> None:
        """Have the evidence in the log: what it printed last, its stacks among it, and what kept coming."""
        if self._child is not None:
            printed = self._child.printed
            lines = [f"worker {self._configure.source} {how}", *printed.repeated()[:REPEATED], printed.newest()]
            self._witness.note("error", "\n".join(lines))

    def note_printed(self) -> None:
        """Have every kind of line that it printed in the log, once."""
        for line in self._child.printed.fresh() if self._child is not None else ():
            self._witness.note("info", f"worker {self._configure.source} printed: {line}")

    # --- what becomes of it

    async def _begin(self) -> None:
        if not self._over:
            await self._bring_up()

    async def _bring_up(self) -> None:
        try:
            child = await self._launch(self._configure.source, self._heard, self._gone)
            if self._over:  # ended while it was being started
                self._bury(child)
                return
            self._child = child
            child.write(pack(self._configure))
        except Exception as error:  # noqa: BLE001 - the root of a task: whatever it is, the fetches must hear of it
            if not self._over:
                self._witness.died(f"it could not be started: {error}")
            return
        self._timer = Judgement(self._clock, self._clock.monotonic() + self._ready_s, self._witness.never_ready)
        self._memory = MemoryWatch(child, self._clock, self._witness.needed, self._witness.overfull)
        self._memory.go_on()

    def _heard(self, data: bytes) -> None:
        try:
            for message in self._frames.feed(data) if not self._over else ():
                self._take(message)
                if self._over:
                    return
        except FrameError as error:
            self._witness.died(str(error))

    def _take(self, message: FromWorker) -> None:
        match message:
            case Ready():
                self._become_ready(message)
            case Note(level="fatal"):
                self._last_words = message.text
                self._witness.message(message)
            case _:
                self._witness.message(message)

    def _become_ready(self, message: Ready) -> None:
        if self.ready:
            raise FrameError("it says for the second time that it is ready")
        if self._timer is not None:
            self._timer.cancel()
        self.ready = True
        self._witness.ready(message, self._clock.monotonic() - self._began)

    def _gone(self) -> None:
        """Take note that the worker has left; what it said last is still on its way."""
        if self._over:
            return
        self.ready = False
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(self._clock.monotonic() + AUTOPSY_S, self._autopsy)

    def _autopsy(self) -> None:
        if self._child is None:
            return
        status, last = self._child.status(), self._last_words or _last_line(self._child.printed.newest())
        self._witness.died(f"{status}: {last}" if last else status)


def _last_line(output: str) -> str:
    lines = output.split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
