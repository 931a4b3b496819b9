"""The switchboard of an emulator: which call fails how, how long it takes, and how often it was made.

Knows no protocol, so that the gRPC and the GraphQL emulator share it. A switch may be thrown while calls are running.
"""

from __future__ import annotations

import asyncio
import enum
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

ANY = "*"
"""Stands for every method or every region."""


class Fault(enum.StrEnum):
    """How a call goes wrong."""

    NEVER = "never"
    """Takes the request and never answers."""
    HEADERS = "headers"
    """Sends the response's headers and never its body."""
    ENDLESS = "endless"
    """Every page is empty and says that there is another."""
    DRIP = "drip"
    """One record a page, each after a pause of `Switchboard.drip_s`."""
    GARBAGE = "garbage"
    """Answers bytes that are no message."""
    RESET = "reset"
    """Resets the connection."""
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    DATA_LOSS = "DATA_LOSS"
    UNAUTHENTICATED = "UNAUTHENTICATED"

    @property
    def is_status(self) -> bool:
        """Whether it is an error that the service says in so many words."""
        return self.value.isupper()


V = TypeVar("V")
Place = tuple[str, str]
"""Method and region; either may be `ANY`."""


def _closest(table: dict[Place, V], method: str, region: str) -> V | None:
    for place in ((method, region), (method, ANY), (ANY, region), (ANY, ANY)):
        if place in table:
            return table[place]
    return None


@dataclass
class Switchboard:
    """Faults, latencies and counts by method and region; the most particular setting wins."""

    faults: dict[Place, Fault] = field(default_factory=dict)
    latencies: dict[Place, float] = field(default_factory=dict)
    """Seconds before a call is answered."""
    calls: Counter[Place] = field(default_factory=Counter)
    drip_s: float = 0.05
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def fail(self, fault: Fault, method: str = ANY, region: str = ANY) -> None:
        """From now on such calls go wrong this way."""
        self.faults[method, region] = fault

    def mend(self, method: str | None = None, region: str | None = None) -> None:
        """Take faults away: those of a method, of a region, of both, or all of them."""
        for place in [*self.faults]:
            if method in (None, place[0]) and region in (None, place[1]):
                del self.faults[place]

    def delay(self, seconds: float, method: str = ANY, region: str = ANY) -> None:
        """From now on such calls take this long."""
        self.latencies[method, region] = seconds

    def reset(self) -> None:
        """Forget every fault, latency and count."""
        self.faults.clear()
        self.latencies.clear()
        self.calls.clear()

    def fault(self, method: str, region: str) -> Fault | None:
        """How such a call goes wrong, if it does."""
        return _closest(self.faults, method, region)

    async def begin(self, method: str, region: str) -> Fault | None:
        """Count a call, let its latency pass, and return how it goes wrong."""
        async with self._changed:
            self.calls[method, region] += 1
            self._changed.notify_all()
        await asyncio.sleep(_closest(self.latencies, method, region) or 0)
        return self.fault(method, region)

    def count(self, method: str = ANY, region: str = ANY) -> int:
        """Calls made so far."""
        return sum(
            number for place, number in self.calls.items() if method in (ANY, place[0]) and region in (ANY, place[1])
        )

    async def called(self, method: str = ANY, region: str = ANY, times: int = 1, within_s: float = 10) -> None:
        """Wait until such a call has been made `times` times. Raises `TimeoutError`."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: self.count(method, region) >= times)
