"""Runs that log to a directory instead of a server: which there are, how each stands, and since when.

A run that ended says so in its file. One that does not is running or died without a word: told apart by its process
where it ran on this machine, and by the age of its last write where not.
"""

from __future__ import annotations

import re
import socket
import stat
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from fetchers.api_reasons import said, silent_end
from fetchers.ask import Ask
from fetchers.base import LogText
from fetchers.errors import NotAllowed, Rejected
from fetchers.messages import LogPart
from fetchers.records import Reason, Record
from fetchers.wandb_file import Content, pid_of, read, runtime
from fetchers.wandb_printed import printed
from fetchers.wandb_records import RUN_STATES, compact, later, links, metrics, number, table_of, text

STALE_S = 60.0
"""Without a write for so long, a run that still counts as running is marked stale: the SDK writes every 15 s."""
CRASHED_S = 300.0
"""Without a write for so long, and no process to be seen, it has crashed."""
GRACE_S = 5.0
"""A process that is gone may have left its last words to the helper process, which writes a little longer."""
LOOK_BACK = timedelta(days=1)
"""Older files without an end are not looked into for a process that still lives."""
PER_PAGE = 50
"""Files read in one call."""

SILENT = "ended without a word: killed, out of memory, or the machine was lost"
"""Why a run has crashed that left nothing else."""

_BELOW = ("", "wandb", ".wandb")
"""Where runs are, seen from a configured directory: it, or what the SDK makes in it."""
_RUN = re.compile(r"^offline-run-(\d{8}_\d{6})-(.+)$")
_CLOSING = timedelta(seconds=60)
"""The file of a run is closed so soon after the run's end; one written later is a copy."""
_CLOCK_SLACK_S = 60.0
"""A process counts as the run's own if it began before the run did; the two clocks may differ so much."""


@dataclass(frozen=True)
class RunFile:
    """One file of one run, as the directory shows it."""

    id: str
    path: Path
    begun: str
    """Local time of the run's start, from the directory's name: sorts, no more."""
    written: datetime
    signature: tuple[int, int, int]
    """Changes whenever the file does."""


def _now() -> datetime:
    return datetime.now(UTC)


class OfflineRuns:
    """The runs of any number of directories. Files that have not changed are not read again."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._read: dict[str, dict[Path, tuple[tuple[int, int, int], Content]]] = {}

    async def active(self, ask: Ask) -> AsyncGenerator[Sequence[Record]]:
        """What runs, and what became of what was last seen running."""
        known = set(ask.known)
        recent = self._clock() - LOOK_BACK
        files = [file for file in await self._found(ask) if file.written > recent or file.id in known]
        async for page in self._pages(ask, files):
            yield [record for record in page if record.state.pending or record.id in known]

    async def completed(self, ask: Ask) -> AsyncGenerator[Sequence[Record]]:
        """What ended, last written first."""
        left = ask.fetch.limit
        async for page in self._pages(ask, await self._found(ask)):
            ended = [record for record in page if not record.state.pending][:left]
            left -= len(ended)
            yield ended
            if left <= 0:
                return

    async def printed(self, ask: Ask, record: Record, part: LogPart) -> LogText:
        """One part of what a run printed, the end unless `part` names another. Raises `Rejected`, `NoAnswer`."""
        return await ask.call(f"ReadOutput {record.id}", 1, lambda: _printed(record, part))

    async def _found(self, ask: Ask) -> list[RunFile]:
        files = await ask.call("ScanDirectory", 1, lambda: found(Path(ask.scope).expanduser()))
        kept = self._read.get(ask.scope, {})
        self._read[ask.scope] = {file.path: kept[file.path] for file in files if file.path in kept}
        return files

    async def _pages(self, ask: Ask, files: Sequence[RunFile]) -> AsyncGenerator[list[Record]]:
        for page, start in enumerate(range(0, len(files), PER_PAGE), 1):
            some = files[start : start + PER_PAGE]
            yield await ask.call("ReadRuns", page, lambda some=some: list(self._records(some, ask.scope)))  # type: ignore[misc]

    def _records(self, files: Sequence[RunFile], scope: str) -> Iterator[Record]:
        now = self._clock()
        for file in files:
            try:
                content = self._content(file, scope)
            except OSError:
                continue  # gone, not ours to read, or no run: the others still count
            yield run_record(file, content, scope, now)

    def _content(self, file: RunFile, scope: str) -> Content:
        known = self._read.setdefault(scope, {})
        kept = known.get(file.path)
        if kept is None or kept[0] != file.signature:
            kept = known[file.path] = (file.signature, read(file.path))
        return kept[1]


def found(directory: Path) -> list[RunFile]:
    """The newest file of every offline run in the directory, last written first.

    Raises `Rejected` where there is no such directory, `NotAllowed` where it may not be read.
    """
    files: dict[str, RunFile] = {}
    for below in _BELOW:
        try:
            entries = list((directory / below).iterdir())
        except OSError as error:
            if not below:
                raise _unreadable(directory, error) from error
            continue
        for file in filter(None, map(_run_file, entries)):
            if file.id not in files or files[file.id].begun < file.begun:
                files[file.id] = file
    return sorted(files.values(), key=lambda file: (file.written, file.id), reverse=True)


def _unreadable(directory: Path, error: OSError) -> Rejected | NotAllowed:
    kind = NotAllowed if isinstance(error, PermissionError) else Rejected
    return kind(f"offline directory {directory}: {error.strerror or error}: check wandb.offline_dirs")


def _run_file(directory: Path) -> RunFile | None:
    name = _RUN.match(directory.name)
    if name is None:
        return None
    path = directory / f"run-{name[2]}.wandb"
    try:
        status = path.stat()
        written = datetime.fromtimestamp(status.st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    signature = (status.st_ino, status.st_size, status.st_mtime_ns)
    return RunFile(text(name[2]) or name[2], path, name[1], written, signature)


def _printed(record: Record, part: LogPart) -> LogText:
    try:
        return printed(_file_of(record), part)
    except OSError as error:
        raise Rejected(f"what run {record.id} printed cannot be read: {error.strerror or error}") from error


def _file_of(record: Record) -> Path:
    """The file of the run that a record is of: where the record says, if a run of that directory is there.

    Raises `Rejected` where there is none, or the directory cannot be read.
    """
    directory = Path(record.scope).expanduser()
    told = Path(str(record.detail.get("path", "")))
    if told.parent.parent in {directory / below for below in _BELOW}:
        file = _run_file(told.parent)
        if file is not None and file.id == record.id:
            return file.path
    for file in found(directory):
        if file.id == record.id:
            return file.path
    raise Rejected(f"run {record.id} is no longer in {directory}")


# --- records -----------------------------------------------------------------------------------------------------


def run_record(file: RunFile, content: Content, scope: str, now: datetime) -> Record:
    """The record of one run as its file stands at `now`."""
    age = (now - file.written).total_seconds()
    raw = judged(content, age, lambda: lives(file, content))
    state = RUN_STATES[raw]
    step = number(content.summary.get("_step"))
    return Record(
        table=table_of(state),
        id=file.id,
        name=content.name or file.id,
        state=state,
        raw_state=raw,
        scope=scope,
        created=content.started or _begun(file),
        started=content.started or _begun(file),
        finished=None if state.pending else _finished(file, content),
        reason=_reason(raw, content),
        links=links(content.config),
        detail=compact(
            {
                "entity": content.entity,
                "project": content.project,
                **content.detail,
                "step": step,
                "runtime_s": runtime(content),
                "exit_code": content.exit_code,
                "stale": True if state.pending and age > STALE_S else None,
                "last_write": file.written.isoformat(timespec="seconds"),
                "offline": True,
                "mine": True,  # it lies in a directory of one's own
                "synced": file.path.with_name(f"{file.path.name}.synced").exists(),
                "path": text(str(file.path)),
                **metrics(content.summary),
            }
        ),
    )


def judged(content: Content, age_s: float, process: Callable[[], bool | None]) -> str:
    """The run's state in W&B's words. `process` says whether its process lives; null where that cannot be known."""
    if content.exit_code is not None:
        return "failed" if content.exit_code else "finished"
    alive = process()
    if alive is None:
        return "running" if age_s < CRASHED_S else "crashed"
    return "running" if alive or age_s < GRACE_S else "crashed"


def lives(file: RunFile, content: Content) -> bool | None:
    """Whether the run's process lives: null where it ran elsewhere, or nothing says which it was."""
    if content.host != socket.gethostname() or (pid := pid_of(file.path)) is None:
        return None
    started = content.started or _begun(file) or file.written
    try:
        return psutil.Process(pid).create_time() < started.timestamp() + _CLOCK_SLACK_S
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return None


def _begun(file: RunFile) -> datetime | None:
    try:
        return datetime.strptime(file.begun, "%Y%m%d_%H%M%S").astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _finished(file: RunFile, content: Content) -> datetime:
    """When it ended: its last write, unless it says that it ran much shorter, as the file of a copy does."""
    ran = runtime(content)
    if content.exit_code is None or content.started is None or ran is None:
        return file.written
    told = later(content.started, ran) or file.written
    return told if file.written - told > _CLOSING else file.written


def _reason(raw: str, content: Content) -> Reason | None:
    if raw == "failed":
        code = content.exit_code or 0
        ended = f"exit code {code}"
        return said(f"{content.error} ({ended})" if content.error else ended, "python", exit_code=code)
    if raw == "crashed":
        return said(content.error, "python") if content.error else silent_end(SILENT, "python")
    return None
