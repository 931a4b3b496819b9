"""What a fetcher is: an async generator of pages for one scope, and the log of its API calls.

A fetcher knows one source. It keeps no records between fetches, knows no screen and no cache, and takes its clients'
channel or base URL from the settings, so that a test points it at a local server and patches nothing.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from fetchers.messages import CallEnded, CallStarted, Fetch, LogEntry, Message, Outcome
from fetchers.records import Record


class Calls:
    """Reports every API call of a fetch when it begins and when it ends.

    `emit` puts the message on the wire before it returns and may be called from any thread: a call that hangs, even
    one that holds the interpreter, has left its evidence with the engine.
    """

    def __init__(self, fetch: Fetch, emit: Callable[[Message], None]) -> None:
        self._fetch = fetch
        self._emit = emit
        self._last: dict[str, str] = {}

    @contextlib.contextmanager
    def open(self, method: str, scope: str, page: int = 1) -> Generator[None]:
        """Note the call around the body, e.g. `with calls.open("ListExecutions", "us-east1", page=2): …`."""
        call = next(_ids)
        self._last[scope] = describe_call(method, scope, page)
        self._emit(
            CallStarted(
                id=call,
                table=self._fetch.table,
                generation=self._fetch.generation,
                method=method,
                scope=scope,
                page=page,
                at=datetime.now(UTC),
            )
        )
        error: str | None = None
        try:
            yield
        except BaseException as problem:
            error = f"{type(problem).__name__}: {problem}"[:500]
            raise
        finally:
            self._emit(CallEnded(id=call, at=datetime.now(UTC), error=error))

    def last(self, scope: str) -> str | None:
        """The call of `scope` that began last, e.g. `ListExecutions us-east1 page 1`."""
        return self._last.get(scope)


_ids = itertools.count(1)


def describe_call(method: str, scope: str, page: int) -> str:
    """A call as every message names it."""
    return f"{method} {scope} page {page}"


@dataclass(frozen=True)
class LogText:
    """A part of one log, as a fetcher yields it: see `LogPage`."""

    entries: tuple[LogEntry, ...]
    token: str | None = None


Yielded = Sequence[Record] | Sequence[Outcome] | LogText
"""What a fetcher gives at a time: records of a table; for a fetch of `OUTCOMES` outcomes; for one of `LOG` text."""


class Fetcher(Protocol):
    """One source. Made in its worker, inside the running loop, after the SDK has been imported."""

    def fetch(self, fetch: Fetch, scope: str, calls: Calls) -> AsyncGenerator[Yielded]:
        """Yield pages of `scope` as they arrive, newest first, up to `fetch.limit` records.

        What is queued or running is given even beyond the limit: by a state filter, or by asking for each id of
        `fetch.known[scope]` by name; one that exists no more is left out. The generator may be closed at any await.
        Raises `FetchError`; whatever it yielded before counts, and rows it did not yield are kept.
        """
        ...

    def stuck(self) -> bool:
        """Whether a thread of this process is in a call that should have returned, so that only a kill ends it."""
        ...
