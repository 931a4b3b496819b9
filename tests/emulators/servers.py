"""Servers in threads, for tests that are not asynchronous: silent, absent, of a name nobody vouches for, of tokens."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from tests.emulators.listeners import LOCAL
from tests.emulators.tokens import certificate


@contextlib.contextmanager
def mute() -> Iterator[int]:
    """A port on which connections are accepted, by the kernel, and nothing is ever said."""
    with socket.create_server((LOCAL, 0), backlog=128) as server:
        yield server.getsockname()[1]


class _Tokens(BaseHTTPRequestHandler):
    content: ClassVar[dict[str, object]] = {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}
    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(self.content).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _NoTokens(_Tokens):
    content: ClassVar[dict[str, object]] = {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }
    status: ClassVar[int] = 400


@contextlib.contextmanager
def tokens() -> Iterator[str]:
    """The URL of an endpoint that gives a token to everybody."""
    with _serving(_Tokens) as port:
        yield f"http://{LOCAL}:{port}/token"


@contextlib.contextmanager
def no_tokens() -> Iterator[str]:
    """The URL of an endpoint for which every login has expired."""
    with _serving(_NoTokens) as port:
        yield f"http://{LOCAL}:{port}/token"


@contextlib.contextmanager
def untrusted(directory: Path) -> Iterator[int]:
    """A port that speaks TLS with a certificate that nobody has signed; it is left in `directory`."""
    key, chain = certificate()
    file = directory / "untrusted.pem"
    file.write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with _serving(_Tokens, context) as port:
        yield port


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, handler: type[_Tokens], context: ssl.SSLContext | None) -> None:
        super().__init__((LOCAL, 0), handler)
        self._context = context

    def finish_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """Shake hands in the connection's own thread, then serve it."""
        if self._context is not None:
            request.settimeout(10)
            request = self._context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """Say nothing: that clients turn away is what is wanted."""


@contextlib.contextmanager
def _serving(handler: type[_Tokens], context: ssl.SSLContext | None = None) -> Iterator[int]:
    with _Server(handler, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
