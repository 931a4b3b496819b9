"""The session logs: `monitor.log` (what the program did) and `fetches.jsonl` (every fetch and API call), JSON lines.

Writing never blocks the caller: a line goes into a bounded queue and a daemon thread puts it on disk. A disk that is
full, read-only or hung costs lines, which are counted and said, and nothing else. `logs/README.md` names each field.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from fetchers.messages import CallEnded, CallStarted
from fetchers.redact import first_of, redact
from monitor import __version__
from monitor.line_file import LineFile

FileName = Literal["monitor.log", "fetches.jsonl"]

MONITOR_LOG: FileName = "monitor.log"
FETCHES: FileName = "fetches.jsonl"
COMPLETE = "complete"
"""The outcome of a scope, and of a fetch, that answered in full."""

MAX_BYTES: Mapping[FileName, int] = {MONITOR_LOG: 5_000_000, FETCHES: 20_000_000}
"""Size at which a file becomes `NAME.1`."""
KEPT = 3
"""Older files kept of each."""
QUEUED = 10_000
"""Lines that may wait for the disk."""
_BATCH = 500
_TEXT_LIMIT = 20_000
"""Characters of one logged string, tracebacks included."""
_AVERAGED = 20
"""Fetches in a running average."""
_FIRST_WRITE_S = 0.25
"""How long `start` waits to hear whether the directory takes lines."""
_RETRY_S = 1.0
"""Pause after a failed write, so that a full disk is not tried for every line."""

_LOGGERS = ("monitor", "fetchers", "cache", "asyncio")

Value = str | int | float | bool | datetime | BaseException | Mapping[str, str] | None
"""What a line holds under a key; an exception becomes its traceback."""
Line = tuple[FileName, Mapping[str, Value]]


def default_dir() -> Path:
    """`logs/` of the checkout that this runs from, else the platform's directory for logs."""
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "logs" / "README.md").is_file():
        return checkout / "logs"
    import platformdirs  # noqa: PLC0415 - ten milliseconds that a configured directory saves

    return platformdirs.user_log_path("monitor", appauthor=False)


def start(directory: str | None, role: str = "engine", level: int = logging.INFO) -> tuple[SessionLog, str | None]:
    """Open the session log of this process, take over its loggers, and say what is wrong with the directory, if it is.

    `directory` null is the default; `role` is what this process is, e.g. `screen`, `engine` or `ls`. Waits at most a
    quarter of a second for the disk. The log works, and drops, where the directory does not.
    """
    log = SessionLog(Path(directory) if directory else default_dir(), role)
    log.attach(level)
    log.say("INFO", __name__, f"monitor {__version__} starts")
    if not log.flush(_FIRST_WRITE_S) and log.problem is None:
        log.problem = f"the session log waits for {log.directory}, which does not answer"
    return log, log.problem


class SessionLog:
    """Both files of one process. Any thread may write; nothing here raises or waits, `flush` and `close` apart."""

    def __init__(self, directory: Path, role: str) -> None:
        self.directory = directory
        self.problem: str | None = None
        """Why lines cannot be written at present, one line for people; null while they can."""
        self._who: Mapping[str, Value] = {"role": role, "pid": os.getpid()}
        self._queue: queue.SimpleQueue[Line | threading.Event] = queue.SimpleQueue()
        self._files = {name: LineFile(directory / name, MAX_BYTES[name], KEPT) for name in MAX_BYTES}
        self._refused = 0  # lines that found the queue full; only callers add to it
        self._unwritten = 0  # lines that the disk did not take; only the writer adds to it
        self._said = 0
        self._took: dict[str, deque[float]] = {}
        self._handler = _Handler(self)
        self._thread = threading.Thread(target=self._run, name="session-log", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self.problem = f"no session log: {error}"

    # --- what the program says ---------------------------------------------------------------------------------

    def write(self, file: FileName, line: Mapping[str, Value]) -> None:
        """Queue one line; `at` is put first where it is missing. Secrets are taken out of every string."""
        if self._queue.qsize() >= QUEUED:
            self._refused += 1
            return
        self._queue.put((file, line if "at" in line else {"at": datetime.now(UTC), **line}))

    def say(self, level: str, logger: str, text: str, trace: BaseException | None = None) -> None:
        """Queue one line of `monitor.log`."""
        line = {"level": level, **self._who, "logger": logger, "text": text}
        self.write(MONITOR_LOG, {**line, "trace": trace} if trace else line)

    def fetch(
        self,
        *,
        table: str,
        generation: int,
        scopes: Mapping[str, str],
        took_s: float,
        budget: float,
        kills: int = 0,
    ) -> None:
        """A fetch has ended: per scope `complete` or the kind of its failure, and the share of its soft deadline."""
        took = self._took.setdefault(table, deque(maxlen=_AVERAGED))
        took.append(took_s)
        self.write(
            FETCHES,
            {
                "table": table,
                "generation": generation,
                "scopes": scopes,
                "took_s": round(took_s, 4),
                "budget": round(budget, 4),
                "average_s": round(sum(took) / len(took), 4),
                "outcome": _outcome(scopes),
                "kills": kills,
            },
        )

    def call(self, began: CallStarted, ended: CallEnded | None, error: str | None = None) -> None:
        """An API call has ended, or never will: then `ended` is null and `error` says what was done about it."""
        self.write(
            FETCHES,
            {
                "call": began.method,
                "scope": began.scope,
                "page": began.page,
                "table": began.table,
                "generation": began.generation,
                "began": began.at,
                "ended": ended.at if ended else None,
                "took_s": round((ended.at - began.at).total_seconds(), 4) if ended else None,
                "error": ended.error if ended else error,
            },
        )

    # --- beginning and end -------------------------------------------------------------------------------------

    def attach(self, level: int = logging.INFO) -> None:
        """Take over what the program's own loggers and asyncio say."""
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.setLevel(level)
            logger.addHandler(self._handler)
            logger.propagate = False  # the last-resort handler would write over the screen

    def flush(self, timeout_s: float = 0.2) -> bool:
        """Wait until everything queued so far is written; false where that takes longer."""
        written = threading.Event()
        self._queue.put(written)
        return written.wait(timeout_s)

    def close(self, timeout_s: float = 0.2) -> bool:
        """Flush, and let the loggers go."""
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.removeHandler(self._handler)
            logger.propagate = True
        return self.flush(timeout_s)

    # --- the writer thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            batch = [self._queue.get(), *self._waiting()]
            good = self._write_batch([item for item in batch if isinstance(item, tuple)])
            for item in batch:
                if isinstance(item, threading.Event):
                    item.set()
            if not good:
                time.sleep(_RETRY_S)

    def _waiting(self) -> list[Line | threading.Event]:
        found: list[Line | threading.Event] = []
        while len(found) < _BATCH:
            try:
                found.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return found

    def _write_batch(self, batch: list[Line]) -> bool:
        lines: dict[FileName, list[bytes]] = {}
        for file, line in batch:
            lines.setdefault(file, []).append(_encode(line))
        lost = self._refused + self._unwritten - self._said
        if lost:
            lines.setdefault(MONITOR_LOG, []).insert(0, _encode(self._lost(lost)))
        results = [self._append(file, encoded, lost) for file, encoded in lines.items()]
        return all(results)

    def _append(self, file: FileName, lines: list[bytes], lost: int) -> bool:
        notes_loss = lost > 0 and file == MONITOR_LOG
        try:
            self._files[file].append(b"".join(lines))
        except OSError as error:
            self._unwritten += len(lines) - notes_loss
            self.problem = (
                f"no session log: {error.strerror or error}: {self.directory};"
                " set logs.dir in the configuration to a directory that can be written"
            )
            return False
        self._said += lost if notes_loss else 0
        self.problem = None
        return True

    def _lost(self, lines: int) -> Mapping[str, Value]:
        text = f"{lines} lines are missing here: the disk did not take them in time"
        return {"at": datetime.now(UTC), "level": "WARNING", **self._who, "logger": __name__, "text": text}


class _Handler(logging.Handler):
    """Hands what the standard `logging` is told to a session log."""

    def __init__(self, log: SessionLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record. Never raises: the standard answer to a failure would be a traceback over the screen."""
        try:
            text = record.getMessage()
        except Exception as error:  # noqa: BLE001 - arguments that do not fit the text, or that cannot be printed
            text = f"{record.msg!r} ({type(error).__name__} in its arguments)"
        trace = record.exc_info[1] if record.exc_info else None
        self._log.say(record.levelname, record.name, text, trace)


def _outcome(scopes: Mapping[str, str]) -> str:
    good = sum(outcome == COMPLETE for outcome in scopes.values())
    if good == len(scopes):
        return COMPLETE
    return "partial" if good else "failed"


def _encode(line: Mapping[str, Value]) -> bytes:
    clean = {key: _clean(value) for key, value in line.items()}
    return msgspec.json.encode(clean, enc_hook=str) + b"\n"


def _clean(value: Value) -> Value:
    if isinstance(value, BaseException):
        value = "".join(traceback.format_exception(value))
    if isinstance(value, str):
        # Redacted before it is cut, so that no half of a key is left; half a surrogate pair is no JSON.
        text = redact(first_of(value, _TEXT_LIMIT))
        return text.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {str(_clean(key)): str(_clean(item)) for key, item in value.items()}
    return value
