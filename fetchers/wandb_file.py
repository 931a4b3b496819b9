"""What one `.wandb` file tells of its run, read from its first and last blocks only: milliseconds, however long it is.

Opens nothing but regular files, follows no partial record, and takes damage as the end of what is known.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from wandb.proto import wandb_internal_pb2 as pb

from fetchers.records import Scalar
from fetchers.wandb_log import BLOCK, MAGIC, records
from fetchers.wandb_records import mapping, number, stamped, text

HEAD_BLOCKS = 2
TAIL_BLOCKS = 3
_MOST_LINES = 200
_EXCEPTION = re.compile(r"^(?P<name>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Failure|Timeout))(?::|$)")
_PID = re.compile(rb"MainThread:(\d{1,9})\b")


@dataclass
class Content:
    """What the file holds; everything may be missing."""

    name: str | None = None
    entity: str | None = None
    project: str | None = None
    host: str | None = None
    started: datetime | None = None
    exit_code: int | None = None
    """Null where the file holds no end: the run goes on, or died without a word."""
    error: str | None = None
    """The last exception on the console, one line."""
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, Scalar] = field(default_factory=dict)
    """Group, job type, tags, program, GPU and the like, as records show them."""


def read(path: Path) -> Content:
    """Read the file. Raises `OSError` where it cannot be opened, is no regular file, or is no W&B file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is no regular file")
        head, tail, offset = _ends(descriptor, status.st_size)
    finally:
        os.close(descriptor)
    if head and not head.startswith(MAGIC[: len(head)]):
        raise OSError(f"{path} is no W&B run file")
    content = Content()
    console: list[str] = []
    _take(content, console, records(head))
    _take(content, console, records(tail, offset))
    content.error = _last_exception(console)
    return content


def _ends(descriptor: int, size: int) -> tuple[bytes, bytes, int]:
    """Read the first blocks, the last blocks, and tell where the last ones begin; they never overlap."""
    head = os.pread(descriptor, HEAD_BLOCKS * BLOCK, 0)
    start = max(HEAD_BLOCKS, -(-size // BLOCK) - TAIL_BLOCKS) * BLOCK
    tail = os.pread(descriptor, (TAIL_BLOCKS + 1) * BLOCK, start) if size > start else b""
    if start == HEAD_BLOCKS * BLOCK:
        return head + tail, b"", 0  # one piece: a record may lie across
    return head, tail, start


def pid_of(path: Path) -> int | None:
    """The process that wrote the run: the file does not say, the SDK's log beside it does. Null where it is unknown."""
    try:
        descriptor = os.open(path.parent / "logs" / "debug.log", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = _PID.search(os.read(descriptor, 4096))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return int(found.group(1)) if found else None


# --- records of the file -----------------------------------------------------------------------------------------


def _take(content: Content, console: list[str], payloads: Iterable[bytes]) -> None:
    for payload in payloads:
        try:
            record = pb.Record.FromString(payload)
        except DecodeError:
            continue
        kind = record.WhichOneof("record_type")
        if kind == "output_raw":
            console.append(record.output_raw.line)
        elif kind in _TAKERS:
            _TAKERS[kind](content, getattr(record, kind))


def _take_run(content: Content, run: Any) -> None:
    content.name, content.host = text(run.display_name), text(run.host)
    content.entity, content.project = text(run.entity), text(run.project)
    content.started = stamped(run.start_time)
    content.config.update(_items(run.config.update))
    content.detail.update(
        group=text(run.run_group),
        job_type=text(run.job_type),
        tags=text(", ".join(run.tags)),
        sweep=text(run.sweep_id),
        notes=text(run.notes),
        host=text(run.host),
    )
    if commit := text(run.git.commit):
        content.detail["commit"] = commit


def _take_environment(content: Content, environment: Any) -> None:
    told = {
        "user": text(environment.username),
        "program": text(environment.program),
        "python": text(environment.python),
        "gpu": text(environment.gpu_type),
        "gpu_count": environment.gpu_count or None,
        "commit": text(environment.git.commit),
    }
    content.detail.update({name: value for name, value in told.items() if value is not None})


def _take_exit(content: Content, end: Any) -> None:
    content.exit_code = end.exit_code
    if end.runtime:
        content.summary.setdefault("_runtime", end.runtime)


def _take_history(content: Content, history: Any) -> None:
    content.summary.update(_items(history.item))
    content.summary["_step"] = history.step.num


def _take_summary(content: Content, summary: Any) -> None:
    content.summary.update(_items(summary.update))


def _take_config(content: Content, config: Any) -> None:
    content.config.update(_items(config.update))


def _take_preempting(content: Content, _: Any) -> None:
    content.detail["preempting"] = True


_TAKERS: Mapping[str, Callable[[Content, Any], None]] = {
    "run": _take_run,
    "environment": _take_environment,
    "exit": _take_exit,
    "history": _take_history,
    "summary": _take_summary,
    "config": _take_config,
    "preempting": _take_preempting,
}


def _items(items: Iterable[Any]) -> dict[str, Any]:
    """The entries by dotted key."""
    found = {}
    for item in items:
        value = mapping(f'{{"value": {item.value_json}}}').get("value")
        found[item.key or ".".join(item.nested_key)] = value
    return found


def _last_exception(console: list[str]) -> str | None:
    for line in reversed("".join(console[-_MOST_LINES:]).splitlines()):
        if _EXCEPTION.match(line):
            return text(" ".join(line.split()), 300)
    return None


def runtime(content: Content) -> float | None:
    """Seconds that the run says it ran."""
    told = [number(content.summary.get(key)) for key in ("_wandb.runtime", "_runtime")]
    return max((value for value in told if value is not None), default=None)
