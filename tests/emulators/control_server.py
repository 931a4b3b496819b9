"""The control port of the emulators' process: JSON over HTTP by which a test throws switches while they run."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.emulators.faults import ANY, Fault
from tests.emulators.google import GoogleEmulator
from tests.emulators.listeners import LOCAL
from tests.emulators.wandb import WandbEmulator

Order = dict[str, Any]
"""What a request asks for: `service`, `method`, `region`, and the switch itself."""


class Google:
    """The Google emulator's switches."""

    def __init__(self, emulator: GoogleEmulator) -> None:
        self._board = emulator.board

    def fault(self, order: Order) -> None:
        """Set or, with null, take away a fault."""
        method, region = order.get("method", ANY), order.get("region", ANY)
        if order["fault"] is None:
            self._board.faults.pop((method, region), None)
        else:
            self._board.fail(Fault(order["fault"]), method, region)

    def latency(self, order: Order) -> None:
        """Set how long a call takes."""
        self._board.delay(float(order["seconds"]), order.get("method", ANY), order.get("region", ANY))

    def calls(self) -> dict[str, int]:
        """How often each method was called in each region."""
        return {f"{method} {region}".strip(): number for (method, region), number in self._board.calls.items()}

    async def called(self, order: Order) -> None:
        """Return once a call has been made that often."""
        await self._board.called(order.get("method", ANY), order.get("region", ANY), order.get("times", 1), 3600)


class Wandb:
    """The W&B emulator's switches; an operation is its method, and regions it has none."""

    def __init__(self, emulator: WandbEmulator) -> None:
        self._emulator = emulator

    def fault(self, order: Order) -> None:
        """Set or, with null, take away a fault."""
        self._emulator.set_fault(order.get("method", ANY), order["fault"])

    def latency(self, order: Order) -> None:
        """Set how long an operation takes."""
        self._emulator.set_latency(order.get("method", ANY), float(order["seconds"]))

    def calls(self) -> dict[str, int]:
        """How often each operation was asked."""
        return self._emulator.counts()

    async def called(self, order: Order) -> None:
        """Return once an operation has been asked that often."""
        await self._emulator.asked(order["method"], order.get("times", 1))


class Control:
    """The server of the control port."""

    def __init__(self, google: GoogleEmulator, wandb: WandbEmulator) -> None:
        self._services: dict[str, Google | Wandb] = {"google": Google(google), "wandb": Wandb(wandb)}
        self._orders: dict[str, Callable[[Order], Awaitable[Any]]] = {
            "/fault": self._fault,
            "/latency": self._latency,
            "/calls": self._calls,
            "/called": self._called,
        }

    async def start(self) -> int:
        """Listen on a free port and return it."""
        server = await asyncio.start_server(self._serve, LOCAL, 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _fault(self, order: Order) -> None:
        self._services[order["service"]].fault(order)

    async def _latency(self, order: Order) -> None:
        self._services[order["service"]].latency(order)

    async def _calls(self, order: Order) -> dict[str, int]:
        return self._services[order["service"]].calls()

    async def _called(self, order: Order) -> bool:
        """Answer true once it happened, false where it did not in time."""
        try:
            async with asyncio.timeout(float(order.get("within_s", 10))):
                await self._services[order["service"]].called(order)
        except TimeoutError:
            return False
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            lengths = [int(line.partition(":")[2]) for line in head if line.lower().startswith("content-length:")]
            body = await reader.readexactly(lengths[0] if lengths else 0)
            status, answer = await self._answer(head[0].split(" ")[1], body)
            content = json.dumps(answer).encode()
            writer.write(f"HTTP/1.1 {status} .\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode())
            writer.write(content)
            await writer.drain()
        writer.close()

    async def _answer(self, path: str, body: bytes) -> tuple[int, Any]:
        try:
            return 200, await self._orders[path](json.loads(body))
        except (KeyError, ValueError, TypeError) as error:
            return 400, f"{type(error).__name__}: {error}"
