"""The logs of the demo's records, in the words that real programs print, at any moment. Pure.

What a failed record ends with stands by its rule in `_ENDS`; the reason's own words are the line that says why.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from fetchers.messages import LogEntry
from fetchers.records import Record, State

MOST = 4_000
"""Entries that come before the end of a log; those of a longer one are further apart."""

_Line = tuple[str, str]
"""Severity and text."""


def log_of(record: Record, now: datetime) -> list[LogEntry]:
    """Return what the record has written until `now`, oldest first; nothing for one that has not begun."""
    begin, end = record.started or record.created, record.finished or now
    if begin is None or end <= begin or (record.started is None and record.table == "builds"):
        return []
    lines = [*_WAITS] if record.started is None else [*_BEGINS[record.table](record), *_middle(record, end - begin)]
    lines += _end(record) if record.state.ended else ()
    step = (end - begin) / (len(lines) + 1)
    if not record.state.ended:
        step = timedelta(seconds=_PACE_S[record.table])
        lines = lines[: int((end - begin) / step)]
    return [_entry(record, number, begin + step * (number + 1), line) for number, line in enumerate(lines)]


def _entry(record: Record, number: int, at: datetime, line: _Line) -> LogEntry:
    severity, text = line
    return LogEntry(text=text, at=at, severity=severity, id=f"{record.id}-{number:06}")


_WAITS = (
    ("INFO", "Job is queued."),
    ("INFO", "Waiting for job to be provisioned."),
    ("INFO", "Waiting for training program to start."),
)
"""All that there is of what never began."""


# --- how logs begin ------------------------------------------------------------------------------------------------


def _building(record: Record) -> Iterator[_Line]:
    image = record.links.get("image", record.name)
    yield "INFO", f'starting build "{record.id}"'
    yield "INFO", "FETCHSOURCE"
    yield "INFO", f"Fetching storage object: gs://acme-ml-build-logs/source/{record.id[:8]}.tgz"
    yield "INFO", "BUILD"
    yield "INFO", 'Step #0 - "restore": Pulling image: gcr.io/cloud-builders/docker'
    yield "INFO", 'Step #1 - "kaniko": Retrieving image manifest nvidia/cuda:12.9.0-devel-ubuntu22.04'
    yield "INFO", 'Step #1 - "kaniko": RUN pip install --no-cache-dir -r requirements.txt'
    yield "INFO", f'Step #1 - "kaniko": Pushing layers of {image}'


def _launching(record: Record) -> Iterator[_Line]:
    yield "INFO", "wandb: Currently logged in as: ml-platform (acme). Use `wandb login --relogin` to force relogin"
    yield "INFO", "wandb: launch: agent polling on queues vertex, running 0 out of a maximum of 1 jobs"
    if job := record.links.get("vertex_job"):
        yield "INFO", "wandb: launch: Launch agent received job acme/arr/job-arr-train:latest"
        yield "INFO", f"wandb: launch: Running training job {job}"
    elif record.detail.get("label.wandb-queue"):
        yield "INFO", "wandb: launch: Launch agent received job acme/arr/job-arr-train:latest"


def _training(record: Record) -> Iterator[_Line]:
    seed = zlib.crc32(record.id.encode())
    yield "INFO", "INFO:arr.train:world size 8, mixed precision bf16, seed " + str(seed % 10_000)
    yield "INFO", "INFO:arr.data:tokenised 1,204,331 documents, 0 failed, 500 shards"
    yield "INFO", "wandb: Tracking run with wandb version 0.31.0"
    yield "INFO", f"wandb: Syncing run {record.name}"
    yield "WARNING", "UserWarning: The given buffer is not writable; it is copied once, which is harmless"


_BEGINS: dict[str, Callable[[Record], Iterator[_Line]]] = {
    "builds": _building,
    "runner": _launching,
    "vertex": _training,
    "active": _training,
    "completed": _training,
}
_PACE_S = {"builds": 2.0, "runner": 10.0, "vertex": 4.0, "active": 4.0, "completed": 4.0}
"""Seconds between two lines of what runs."""


# --- what they go on with ------------------------------------------------------------------------------------------


def _middle(record: Record, took: timedelta) -> Iterator[_Line]:
    count = min(MOST, int(took.total_seconds() / _PACE_S[record.table]))
    yield from map(_GOES_ON[record.table], range(1, count + 1))


def _layer(number: int) -> _Line:
    return "INFO", f'Step #1 - "kaniko": Collecting package {number} of 212 from the wheel cache'


def _polling(number: int) -> _Line:
    return "INFO", f"wandb: launch: agent polling on queues vertex, running {number % 2} out of a maximum of 1 jobs"


def _step(number: int) -> _Line:
    loss = 1.2 + 8.0 / (1 + number * 0.05)
    return "INFO", f"step {number * 10}: loss {loss:.4f}, lr 3.0e-05, 38.1k tokens/s, 0 skipped"


_GOES_ON: dict[str, Callable[[int], _Line]] = {
    "builds": _layer,
    "runner": _polling,
    "vertex": _step,
    "active": _step,
    "completed": _step,
}


# --- how they end --------------------------------------------------------------------------------------------------


def _end(record: Record) -> list[_Line]:
    why = record.reason.text.removeprefix("not launched: ") if record.reason else ""
    if record.state is State.SUCCEEDED:
        return [("INFO", line) for line in _WELL[record.table](record)]
    if record.state is State.CANCELLED or not why:
        return [("WARNING", "Received SIGTERM: stopping, the last checkpoint is step 1200")]
    rule = record.reason.rule if record.reason else None
    lines = _built(why) if record.table == "builds" else _ENDS.get(rule or "", _plainly)(why)
    return [*lines, ("ERROR", _LAST[record.table])]


def _plainly(why: str) -> list[_Line]:
    return [("ERROR", why)]


def _raised(why: str) -> list[_Line]:
    """A traceback whose last line is the reason."""
    return [
        ("ERROR", "Traceback (most recent call last):"),
        ("ERROR", '  File "/app/train.py", line 212, in <module>'),
        ("ERROR", "    main(parse_arguments())"),
        ("ERROR", '  File "/app/train.py", line 88, in main'),
        ("ERROR", "    trainer = Trainer(configuration)"),
        ("ERROR", why),
    ]


def _built(why: str) -> list[_Line]:
    return [("ERROR", f'Step #1 - "kaniko": {why}'), ("ERROR", "ERROR")]


def _launched(why: str) -> list[_Line]:
    """An agent that could not launch, and says so twice."""
    return [
        ("INFO", "wandb: launch: Launching run in project acme/arr"),
        ("ERROR", f"google.api_core.exceptions.{why}"),
        ("ERROR", "wandb: ERROR Error running job: see the exception above"),
        ("INFO", "wandb: launch: Shutting down, active jobs: 0"),
    ]


def _hung(why: str) -> list[_Line]:
    """One rank that is gone, and seven that waited for it."""
    after = "[rank{}]: Some NCCL operations have failed or timed out; the process is taken down"
    return [("ERROR", why), *(("ERROR", after.format(rank)) for rank in (0, 1, 2, 3, 4, 6, 7))]


def _three_times(why: str) -> list[_Line]:
    """What an agent says that tries the same again and again."""
    return [
        *(("WARNING", f"wandb: launch: attempt {number} ended with status 2, trying again") for number in (1, 2)),
        ("ERROR", why),
    ]


_ENDS: dict[str, Callable[[str], list[_Line]]] = {
    "python_exception": _raised,
    "out_of_memory": _raised,
    "disk_full": _raised,
    "machine_type_unsupported": _launched,
    "invalid_argument": _launched,
    "quota_exceeded": _launched,
    "collective_failure": _hung,
    "repeated_failures": _three_times,
}

_LAST = {
    "builds": "ERROR: build step 1 failed: step exited with non-zero status: 1",
    "runner": "Container called exit(1).",
    "vertex": "The replica workerpool0-0 exited with a non-zero status of 1.",
    "active": "wandb: Process failed with exit code 1",
    "completed": "wandb: Process failed with exit code 1",
}


def _pushed(record: Record) -> list[str]:
    return [f"Pushed {record.links.get('image', record.name)}", "DONE"]


def _counted(record: Record) -> list[str]:
    words = record.reason.text.split() if record.reason else []
    jobs = next((word for word in words if word.isdigit()), "1")
    return ["wandb: launch: Shutting down, active jobs: 0", f"Runs: {jobs}"]


def _saved(record: Record) -> list[str]:
    return [f"saved gs://acme-ml-runs/{record.id}/final", "wandb: Run history: loss 1.39", "training complete"]


_WELL: dict[str, Callable[[Record], list[str]]] = {
    "builds": _pushed,
    "runner": _counted,
    "vertex": _saved,
    "active": _saved,
    "completed": _saved,
}
