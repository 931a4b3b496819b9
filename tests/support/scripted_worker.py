"""Workers that say what a test tells them to, in real frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from fetchers.errors import Failure
from fetchers.messages import (
    Configure,
    Fetch,
    FetchEnded,
    Message,
    Page,
    Ready,
    ScopeComplete,
    ScopeFailed,
    ScopeStarted,
    pack,
    to_worker,
)
from fetchers.records import Record
from monitor.launch import Child
from monitor.printed import Printed
from tests.support.records import NOON


class ScriptedChild:
    """One worker; implements `monitor.launch.Child`."""

    def __init__(self, pid: int, source: str, heard: Callable[[bytes], None], gone: Callable[[], None]) -> None:
        self.pid = pid
        self.source = source
        self.say_bytes = heard
        self.leave = gone
        self.told: list[Message] = []
        self.signals: list[int] = []
        self.killed = False
        self.refuses_to_die: Exception | None = None
        self.printed = Printed()
        self.held = 0
        self._frames = to_worker()

    # --- what the watchdog does to it

    def write(self, data: bytes) -> None:
        self.told += self._frames.feed(data)

    def signal(self, number: int) -> None:
        self.signals.append(number)

    def memory(self) -> int:
        return self.held

    def status(self) -> str:
        return "status 1"

    def kill(self) -> None:
        self.killed = True
        if self.refuses_to_die is not None:
            raise self.refuses_to_die

    # --- what a test has it do

    @property
    def configured(self) -> Configure:
        return next(message for message in self.told if isinstance(message, Configure))

    @property
    def fetches(self) -> list[Fetch]:
        return [message for message in self.told if isinstance(message, Fetch)]

    def say(self, *messages: Message) -> None:
        """Send frames."""
        for message in messages:
            self.say_bytes(pack(message))

    def ready(self) -> None:
        self.say(Ready(source=self.source, pid=self.pid, import_s=0.1))

    def begin(self, fetch: Fetch) -> None:
        """Say of every scope that it has started."""
        for scope in fetch.scopes:
            self.say(ScopeStarted(table=fetch.table, generation=fetch.generation, scope=scope, at=NOON))

    def answer(self, fetch: Fetch, scope: str, records: Sequence[Record] = (), at: datetime = NOON) -> None:
        """Answer one scope in full."""
        about: dict[str, Any] = {"table": fetch.table, "generation": fetch.generation, "scope": scope, "at": at}
        self.say(ScopeStarted(**about), Page(**about, records=tuple(records)), ScopeComplete(**about))

    def fail(self, fetch: Fetch, scope: str, text: str = "no") -> None:
        """Fail one scope."""
        about: dict[str, Any] = {"table": fetch.table, "generation": fetch.generation, "scope": scope, "at": NOON}
        self.say(ScopeStarted(**about), ScopeFailed(**about, failure=Failure(kind="error", text=text)))

    def end(self, fetch: Fetch, **more: bool) -> None:
        """End a fetch."""
        self.say(FetchEnded(table=fetch.table, generation=fetch.generation, **more))


class ScriptedLauncher:
    """Implements `monitor.launch.Launch`; keeps every worker it ever made."""

    def __init__(self) -> None:
        self.children: list[ScriptedChild] = []
        self.refuse: OSError | None = None
        self.gate = asyncio.Event()
        """A worker is there once this is set."""
        self.gate.set()

    async def __call__(self, source: str, heard: Callable[[bytes], None], gone: Callable[[], None]) -> Child:
        if self.refuse is not None:
            raise self.refuse
        await self.gate.wait()
        child = ScriptedChild(1000 + len(self.children), source, heard, gone)
        self.children.append(child)
        return child
