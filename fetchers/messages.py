"""Frames: the messages of both wires (engine ↔ worker, engine ↔ screen) and how they become bytes.

A frame is a four-byte big-endian length and one msgpack map whose `type` names the message. Reading never blocks and
never trusts: a frame over `MAX_FRAME` bytes, or one that does not decode, raises `FrameError`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from fetchers.errors import Failure, FrameError
from fetchers.records import Reason, Record
from fetchers.settings import Settings

MAX_FRAME = 16 * 1024 * 1024
"""Bytes. A page of 1,000 records with full details is about 1 MB."""

_HEAD = struct.Struct(">I")


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """Base of everything that is framed; the class name is the tag."""


# --- engine → worker ---------------------------------------------------------------------------------------------


class Configure(Message, frozen=True, kw_only=True):
    """First frame to a worker: what it is and what it must know."""

    source: str
    settings: Settings


OUTCOMES = "logs"
"""In place of a table's name: a fetch that reads the logs of `Fetch.targets`, and answers with `Extracted`."""

LOG = "log"
"""In place of a table's name: a fetch of one part of one log, `Fetch.part` of its only target; see `LogPage`."""


class LogTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A record whose log is to be read. A fetch's scopes are the tables of its targets."""

    key: str
    """Row key in its table."""
    record: Record
    """As its table has it; its reason is what the source itself said."""


class LogPart(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a log is wanted: its end, unless a token or a time says otherwise."""

    token: str | None = None
    """Of the page that came before: what is older than it."""
    after: datetime | None = None
    """Only what is as young as this, or younger: what has been written since. Some of it may have been read before."""
    most: int = 1_000
    """Entries."""


class Fetch(Message, frozen=True, kw_only=True):
    """Ask for some scopes of one table; answered by events that carry the same generation."""

    table: str
    generation: int
    scopes: tuple[str, ...]
    soft_deadline_s: float
    """Seconds from receipt after which the worker itself ends the fetch and fails what is still open."""
    limit: int = 100
    """Newest records wanted per scope; of what lies beyond, only what is queued or running."""
    known: dict[str, tuple[str, ...]] = {}
    """Per scope, ids last seen queued or running, perhaps in an earlier session: to be asked for by name where the
    pages do not hold them.
    """
    first: tuple[str, ...] = ()
    """Scopes that have never answered in full: what runs there beyond the first pages is yet to be found."""
    targets: tuple[LogTarget, ...] = ()
    """The records whose logs are to be read; for `OUTCOMES` and `LOG`."""
    part: LogPart | None = None
    """For `LOG`."""
    calls: int = 0
    """For `OUTCOMES`: calls that the shared quota of log reads has left; what they do not reach stays unread."""


ToWorker = Configure | Fetch

# --- worker → engine ---------------------------------------------------------------------------------------------


class Ready(Message, frozen=True, kw_only=True):
    """The worker has imported its SDK and can fetch."""

    source: str
    pid: int
    import_s: float


class Event(Message, frozen=True, kw_only=True):
    """Something about one scope of one fetch; `at` is the worker's wall clock, UTC."""

    table: str
    generation: int
    scope: str
    at: datetime


class ScopeStarted(Event, frozen=True, kw_only=True):
    """The scope is being asked now."""


class Page(Event, frozen=True, kw_only=True):
    """Some records of the scope, as soon as they arrived."""

    records: tuple[Record, ...]


class ScopeComplete(Event, frozen=True, kw_only=True):
    """The scope has answered in full: what was not in its pages is gone."""


class ScopeFailed(Event, frozen=True, kw_only=True):
    """The scope did not answer in full; what it gave before stays."""

    failure: Failure


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the log of one record said, or why it says nothing."""

    table: str
    key: str
    """Row key in its table."""
    reason: Reason | None = None
    """Why the record ended as it did, for its row; null where neither the source nor the log explains it."""
    evidence: tuple[str, ...] = ()
    """The lines that the reason was read from, sanitised and without secrets; they give it again without a call."""
    root: int | None = None
    """Index in `evidence` of the line that is the root cause."""
    rules: int = 0
    """Version of the rules that read it; 0 where the log has not been read."""
    entries: int = 0
    """Log entries that were read."""
    whole: bool = True
    """Whether that was all of the log."""
    jobs: int | None = None
    """Jobs that a launch agent says it has completed."""
    problem: str | None = None
    """Why the log could not be read, one line with what to do; then this is no outcome, and it is asked again."""
    retry_after_s: float | None = None
    """How long the source asked us to wait, seconds."""


class Extracted(Event, frozen=True, kw_only=True):
    """What some logs said, as soon as they were read; a target of the fetch that no event names stays unread."""

    outcomes: tuple[Outcome, ...]


class LogEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of a log; its text may be several lines."""

    text: str
    """Sanitised and without secrets."""
    at: datetime | None = None
    severity: str = ""
    """The source's own word, e.g. `ERROR`; empty where it gives none."""
    id: str = ""
    """Unique among the entries of its log; empty where the source gives none."""


class LogPage(Event, frozen=True, kw_only=True):
    """A part of one log, oldest entry first."""

    entries: tuple[LogEntry, ...]
    token: str | None = None
    """For what is older; null where this part begins with the log's first entry."""


class FetchEnded(Message, frozen=True, kw_only=True):
    """Every scope of the fetch is complete or failed."""

    table: str
    generation: int
    stuck: bool = False
    """A thread of the worker is still in a call that does not return: the worker is to be replaced."""


class CallStarted(Message, frozen=True, kw_only=True):
    """An API call begins; without its `CallEnded` it is the evidence of a hang."""

    id: int
    table: str
    generation: int
    method: str
    scope: str
    page: int
    at: datetime


class CallEnded(Message, frozen=True, kw_only=True):
    """An API call has ended."""

    id: int
    at: datetime
    error: str | None = None


class Note(Message, frozen=True, kw_only=True):
    """A line for the session log."""

    level: str
    text: str


FromWorker = (
    Ready
    | ScopeStarted
    | Page
    | Extracted
    | LogPage
    | ScopeComplete
    | ScopeFailed
    | FetchEnded
    | CallStarted
    | CallEnded
    | Note
)

# --- bytes -------------------------------------------------------------------------------------------------------

_encoder = msgspec.msgpack.Encoder()


def pack(message: Message) -> bytes:
    """One frame."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME:
        raise FrameError(f"{type(message).__name__} of {len(body)} bytes is over the limit of {MAX_FRAME}")
    return _HEAD.pack(len(body)) + body


M = TypeVar("M", bound=Message)


class FrameReader(Generic[M]):
    """Turns a stream of bytes, split anywhere, into messages."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[M], limit: int = MAX_FRAME) -> None:
        self._decoder = decoder
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[M]:
        """Yield every message that `data` completes. Raises `FrameError` and must not be fed again after it."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            (size,) = _HEAD.unpack_from(self._buffer)
            if size > self._limit:
                raise FrameError(f"a frame of {size} bytes is over the limit of {self._limit}")
            end = _HEAD.size + size
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            yield self._decode(body)

    def _decode(self, body: bytes) -> M:
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise FrameError(f"a frame of {len(body)} bytes does not decode: {error}") from error


def from_worker() -> FrameReader[FromWorker]:
    """A reader of what a worker says."""
    return FrameReader(msgspec.msgpack.Decoder(FromWorker))


def to_worker() -> FrameReader[ToWorker]:
    """A reader of what the engine says to a worker."""
    return FrameReader(msgspec.msgpack.Decoder(ToWorker))
