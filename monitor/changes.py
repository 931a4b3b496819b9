"""What the engine tells its viewer, and what a viewer asks of the engine: data, never shared objects."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fetchers.errors import Failure
from fetchers.messages import FrameReader, LogEntry, LogPart, Message, Outcome
from fetchers.records import Reason, Record
from fetchers.settings import Settings
from monitor.tables import TablePlan


class ScopeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one scope of one table; freshness is worked out from it and the present time."""

    fetched_at: datetime | None = None
    """When it last answered in full; from the cache at first."""
    live: bool = False
    """Whether that answer came in this session and no fetch has failed since."""
    took_s: float | None = None
    """Seconds that answer took."""
    failure: Failure | None = None
    """Why the last fetch failed; null after a good one."""
    failed_at: datetime | None = None
    """When a fetch last failed, since the engine began; that is no news where it has answered since."""
    got_over: Failure | None = None
    """Why it failed then, where it has answered since."""
    loading: bool = False
    """Whether it is being asked now."""
    rows: int = 0
    """Rows it holds."""
    interval_s: float = 30.0
    """Seconds between fetches at present; longer for a scope that stays empty."""
    next_at: datetime | None = None
    """When it will be asked again, at the latest a little later; null where it is being asked."""


class TableStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one table, its rows apart."""

    table: str
    enabled: bool = True
    missing: str | None = None
    """Where it is not configured: what to do about it."""
    interval_s: float = 30.0
    timeout_s: float = 20.0
    took_s: float | None = None
    """Seconds from the beginning to the end of its last fetch, all scopes."""
    waiting: str | None = None
    """What its fetches wait for before they can begin: `its client is loading`; null for nothing."""
    unread: int = 0
    """Rows that have ended and whose log is still to be read, so that their reason may yet change."""
    unreadable: str | None = None
    """Why their logs cannot be read at present, one line with what to do."""
    scopes: dict[str, ScopeStatus] = {}


class Hello(Message, frozen=True, kw_only=True):
    """First word of an engine."""

    version: str
    pid: int
    log: str = ""
    """The file of its session log, where stacks and causes are; empty where it writes none."""


class RowsChanged(Message, frozen=True, kw_only=True):
    """Rows of one table that are new, different or gone, by row key."""

    table: str
    upserts: dict[str, Record] = {}
    removed: tuple[str, ...] = ()


class TableChanged(Message, frozen=True, kw_only=True):
    """The whole status of one table."""

    status: TableStatus


class Beat(Message, frozen=True, kw_only=True):
    """The engine's loop lives."""

    at: datetime


class EngineEnded(Message, frozen=True, kw_only=True):
    """An engine is gone; told by the viewer's end of the wire. `Hello` is the first word of the next one."""

    how: str
    """How it ended, one line."""
    again_s: float
    """Seconds until the next one is started."""


class Notice(Message, frozen=True, kw_only=True):
    """Something that a person should read: one line."""

    level: str
    text: str


class ReasonRead(Message, frozen=True, kw_only=True):
    """What a record's reason rests on; the answer to `AskReason`."""

    table: str
    key: str
    outcome: Outcome | None = None
    """Null where its log has not been read: it has not ended, its table has no logs, or they could not be read yet."""
    read_at: datetime | None = None
    """When it was read, UTC."""
    cached: bool = False
    """Whether it was read in an earlier session, or by another monitor."""
    said: Reason | None = None
    """What the source itself said."""


class LogRead(Message, frozen=True, kw_only=True):
    """A part of a log; the answer to `ReadLog`."""

    request: int
    entries: tuple[LogEntry, ...] = ()
    """Oldest first."""
    token: str | None = None
    """For what is older; null where there is nothing older."""
    failure: Failure | None = None
    """Why it could not be read."""
    waits_s: float | None = None
    """Nothing yet: it waits for its turn among the log reads of the minute, at most so many seconds."""


Change = Hello | RowsChanged | TableChanged | Beat | Notice | EngineEnded | ReasonRead | LogRead


class Start(Message, frozen=True, kw_only=True):
    """First word to an engine: everything it needs to know."""

    settings: Settings
    tables: dict[str, TablePlan]
    log_dir: str | None = None
    """Where the session logs go; null: the default."""
    cache_url: str | None = "memory:"
    """What outlives the session; null: a file in the platform's cache directory."""
    reasons: bool = True
    """Whether logs are read to say why what ended did."""


class Restore(Message, frozen=True, kw_only=True):
    """Rows of one scope as they were last known, from an earlier engine or from the cache: shown until it answers."""

    table: str
    scope: str
    fetched_at: datetime | None
    """When it last answered in full; null where it never has, and these rows are from a part of an answer."""
    records: tuple[Record, ...]


class LastWords(Message, frozen=True, kw_only=True):
    """How the engine before this one ended, and what it printed: for the log, which that one cannot write any more."""

    text: str


class Refresh(Message, frozen=True, kw_only=True):
    """Ask everything now, or only these tables."""

    tables: tuple[str, ...] = ()


class Enable(Message, frozen=True, kw_only=True):
    """Switch a table on or off; one that is off asks nothing."""

    table: str
    enabled: bool


class AskReason(Message, frozen=True, kw_only=True):
    """Tell what a record's reason rests on."""

    table: str
    key: str


class ReadLog(Message, frozen=True, kw_only=True):
    """Read a part of a record's log, however far it is; answered by `LogRead` with the same number."""

    request: int
    table: str
    key: str
    part: LogPart


Command = Start | LastWords | Restore | Refresh | Enable | AskReason | ReadLog


def from_engine() -> FrameReader[Change]:
    """A reader of what the engine says."""
    return FrameReader(msgspec.msgpack.Decoder(Change))


def to_engine() -> FrameReader[Command]:
    """A reader of what a viewer says."""
    return FrameReader(msgspec.msgpack.Decoder(Command))
