"""Reads a part of one file of a run over HTTP: bounded in bytes and in time, whatever the server does.

The address is the server's word: the key goes to the server that it belongs to and to no other, not even by a redirect.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from fetchers.errors import BadAnswer, FetchError, NoAnswer, NotAllowed, Rejected, Throttled, Unreachable

_STATUSES: dict[int, type[FetchError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: Rejected,
    410: Rejected,
    429: Throttled,
}
_SERVER_ERROR = 500
_PARTIAL = 206
_CHUNK = 64 * 1024
_PAGE = b"<!doctype html", b"<html"
"""How what is no log begins: the page of a proxy or of somebody's sign-in."""


def download(url: str, start: int, end: int, *, key: str | None, home: str, deadline_s: float) -> bytes:
    """Return the bytes of the file from `start` up to `end`; fewer where it is shorter. Raises `FetchError`.

    `key` is the API key of the server `home`. A server that ignores ranges sends all of the file: what comes before
    `start` is read and dropped.
    """
    request = _request(url, start, end, key, home)
    time = _Time()
    with time.ending_after(deadline_s):
        try:
            with _opener(time.watch).open(request, timeout=deadline_s) as answer:
                data = _part(answer, start, end)
        except urllib.error.HTTPError as error:
            raise _of_status(error.code, url) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if not (time.is_up or isinstance(error, TimeoutError)):
                raise Unreachable(f"{_named(url)}: {type(error).__name__}: {error}") from None
            time.is_up = True
        if time.is_up:
            raise NoAnswer(f"{_named(url)}: no end of it in {deadline_s:.1f} s")
    return data


def _request(url: str, start: int, end: int, key: str | None, home: str) -> urllib.request.Request:
    try:
        is_web, at_home = urlsplit(url).scheme in ("http", "https"), _origin(url) == _origin(home)
        request = urllib.request.Request(url, headers={"Range": f"bytes={start}-{end - 1}"})  # noqa: S310 - see below
    except ValueError:
        is_web = False
    if not is_web:
        raise BadAnswer(f"W&B gave an address of a file that is no web address: {url[:100]}")
    if key is not None and at_home:
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(f"api:{key}".encode()).decode())
    return request


def _part(answer: Any, start: int, end: int) -> bytes:
    """Read the part of the answer that was asked for, also where the server has sent the whole."""
    skip = 0 if answer.status == _PARTIAL else start
    wanted = min(end - start, max(0, (answer.length or sys.maxsize) - skip))
    while skip and (dropped := answer.read(min(skip, _CHUNK))):
        skip -= len(dropped)
    data: bytes = answer.read(end - start)
    if answer.headers.get_content_type() == "text/html" or data[:20].lstrip().lower().startswith(_PAGE):
        raise BadAnswer(f"{_named(answer.url)}: a web page came instead of the file; does a proxy answer for W&B?")
    if answer.headers.get("Content-Length") and len(data) < wanted:
        raise BadAnswer(f"{_named(answer.url)}: the answer breaks off after {len(data):,} bytes")
    return data


def _of_status(status: int, url: str) -> FetchError:
    kind = _STATUSES.get(status, Unreachable if status >= _SERVER_ERROR else Rejected)
    return kind(f"{_named(url)}: HTTP {status}")


def _named(url: str) -> str:
    """The address without its parameters, which may be a signature."""
    return urlsplit(url)._replace(query="", fragment="", netloc=urlsplit(url).netloc.rpartition("@")[2]).geturl()[:300]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


# --- time is up --------------------------------------------------------------------------------------------------


class _Time:
    """Shuts every connection that it watches down when the time is up: one that drips would outlive any timeout."""

    def __init__(self) -> None:
        self.is_up = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def ending_after(self, seconds: float) -> Iterator[None]:
        """Give the body so many seconds."""
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                for each in self._sockets:
                    each.close()

    def watch(self, connection: socket.socket) -> None:
        """Take note of a connection, which may yet become one of TLS."""
        with self._lock:
            self._sockets.append(connection.dup())
            if self.is_up:
                _shut(connection)

    def _end(self) -> None:
        with self._lock:
            self.is_up = True
            for each in self._sockets:
                _shut(each)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _opener(watch: Callable[[socket.socket], None]) -> urllib.request.OpenerDirector:
    """What opens addresses as usual, with proxies and redirects, and tells of its connections."""

    def connect(*place: Any, **options: Any) -> socket.socket:
        connection = socket.create_connection(*place, **options)
        watch(connection)
        return connection

    def watched(kind: type[http.client.HTTPConnection]) -> Any:
        def made(host: str, **options: Any) -> http.client.HTTPConnection:
            client = kind(host, **options)
            client._create_connection = connect  # type: ignore[attr-defined] # noqa: SLF001 - before the TLS handshake
            return client

        return made

    class Http(urllib.request.HTTPHandler):
        def http_open(self, request: urllib.request.Request) -> Any:
            return self.do_open(watched(http.client.HTTPConnection), request)

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> Any:
            return self.do_open(watched(http.client.HTTPSConnection), request)

    return urllib.request.build_opener(Http, Https)
