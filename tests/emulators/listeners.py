"""Servers too broken to speak a protocol, and a pass-through that can reset a connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

LOCAL = "127.0.0.1"


def refused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        port: int = probe.getsockname()[1]
    return port


class Silent:
    """Accepts connections and reads, and never says a word: a dead peer; to a TLS client, an endless handshake."""

    def __init__(self) -> None:
        self.port = 0
        self.accepted = asyncio.Event()
        """Set at the first connection."""
        self._writers: set[asyncio.StreamWriter] = set()

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.accepted.set()
        with contextlib.suppress(ConnectionError):
            while await reader.read(4096):
                pass

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()


@contextlib.asynccontextmanager
async def silent() -> AsyncIterator[Silent]:
    """Run a silent server."""
    listener = Silent()
    server = await asyncio.start_server(listener._hold, LOCAL, 0)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        listener.hang_up()
        server.close()


class Proxy:
    """Passes bytes between its own port and a server's, and can reset a connection of the server's choosing."""

    def __init__(self) -> None:
        self.port = 0
        self._target = 0
        self._server: asyncio.Server | None = None
        self._pairs: dict[int, tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = {}

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self._pairs)

    async def start(self, target: int, port: int = 0) -> None:
        """Listen on this port, or on a free one, and pass everything on to the port `target`."""
        self._target = target
        self._server = await asyncio.start_server(self._serve, LOCAL, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for pair in [*self._pairs.values()]:
            for writer in pair:
                writer.close()

    def reset(self, peer: str) -> None:
        """Reset the connection that the server knows as `peer`, e.g. `ipv4:127.0.0.1:54321`."""
        pair = self._pairs.get(int(peer.rpartition(":")[2]))
        if pair is None:
            return
        front, back = pair
        front.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        front.transport.abort()
        back.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back_reader, back_writer = await asyncio.open_connection(LOCAL, self._target)
        except OSError:
            writer.close()
            return
        port: int = back_writer.get_extra_info("sockname")[1]
        self._pairs[port] = (writer, back_writer)
        try:
            await asyncio.gather(_pump(reader, back_writer), _pump(back_reader, writer))
        finally:
            del self._pairs[port]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    writer.close()
