"""W&B's runs and launch-queue items as records. Pure, and believes nothing: any field may be missing or absurd."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from fetchers.api_reasons import said, silent_end
from fetchers.records import Reason, Record, Scalar, State
from fetchers.settings import QUEUE

ACTIVE = "active"
COMPLETED = "completed"

RUN_STATES = {
    "pending": State.QUEUED,
    "running": State.RUNNING,
    "preempting": State.RUNNING,
    "finished": State.SUCCEEDED,
    "failed": State.FAILED,
    "crashed": State.FAILED,
    "preempted": State.FAILED,
    "killed": State.CANCELLED,
    "unknown": State.UNKNOWN,
}
"""Every state of a run that the SDK or the server knows."""

SAID = {"failed": ("exited with a non-zero status", "wandb"), "preempted": ("the machine was preempted", "wandb")}
"""What a state says of why the run ended, and who says it."""

PENDING_RUN_STATES = tuple(raw for raw, state in RUN_STATES.items() if state.pending)
"""The states that the active table asks for."""

ITEM_STATES = {
    "pending": State.QUEUED,
    "leased": State.QUEUED,
    "claimed": State.QUEUED,
    "failed": State.FAILED,
}
"""Every state of a launch-queue item that has not become a run."""

LINKS = {
    "image": ("image", "image_uri", "docker_image", "container_image"),
    "vertex_job": ("vertex_job", "vertex_job_name", "vertex_custom_job"),
    "execution": ("cloud_run_execution", "execution"),
}
"""Kind of link → the config entries it is read from, the first that is there."""

TELLING = ("loss", "acc", "reward", "score", "error", "f1", "auc", "bleu", "epoch", "lr")
"""Parts of the names of metrics that are shown before all others."""

_LONGEST = 500
_METRICS = 12
_LARGEST = 2**63
YEARS = range(2000, 2200)
"""What a clock that is not broken can say."""


def table_of(state: State) -> str:
    """The table a run in this state belongs to."""
    return ACTIVE if state.pending else COMPLETED


def run_record(node: Any, scope: str, app_url: str, viewer: str | None = None) -> Record | None:
    """The record of one run as the server answered it to `viewer`; null where it has no id."""
    entity, _, project = scope.partition("/")
    if not isinstance(node, Mapping) or not (run := text(node.get("name"))):
        return None
    raw = text(node.get("state")) or "unknown"
    state = RUN_STATES.get(raw.lower(), State.UNKNOWN)
    config, summary = _config(node.get("config")), mapping(node.get("summaryMetrics"))
    created, heartbeat = moment(node.get("createdAt")), moment(node.get("heartbeatAt"))
    finished = _finished(state, created, heartbeat, summary)
    url = f"{app_url}{quote(entity)}/{quote(project)}/runs/{quote(run, safe='')}"
    known = {"entity": entity, "project": project, "log_url": f"{url}/logs"}
    return Record(
        table=table_of(state),
        id=run,
        name=text(node.get("displayName")) or run,
        state=state,
        raw_state=raw,
        scope=scope,
        created=created,
        started=None if state is State.QUEUED else created,
        finished=finished,
        reason=_run_reason(raw.lower(), finished),
        url=url,
        links=links(config),
        detail=compact({**known, **_details(node, viewer), **_progress(node, summary)}),
    )


def _finished(
    state: State, created: datetime | None, heartbeat: datetime | None, summary: Mapping[str, Any]
) -> datetime | None:
    """The last heartbeat of what ended; where there was none, the start and how long it says it ran."""
    if state.pending:
        return None
    runtime = _runtime(summary)
    if heartbeat is None and created is not None and runtime is not None:
        return later(created, runtime)
    return heartbeat


def _run_reason(raw: str, finished: datetime | None) -> Reason | None:
    """What the state says alone, until the run's output says more."""
    if raw == "crashed":
        since = f" since {finished:%Y-%m-%d %H:%M} UTC" if finished else ""
        return silent_end(f"no heartbeat{since}: killed, out of memory, or the machine is gone", "wandb")
    return said(*SAID[raw]) if raw in SAID else None


def _details(node: Mapping[str, Any], viewer: str | None) -> dict[str, Scalar]:
    user = node.get("user")
    user = user if isinstance(user, Mapping) else {}
    tags = node.get("tags")
    return {
        "user": text(user.get("username")) or text(user.get("name")),
        "mine": is_same(text(user.get("username")), viewer),
        "group": text(node.get("group")),
        "job_type": text(node.get("jobType")),
        "tags": text(", ".join(str(tag) for tag in tags)) if isinstance(tags, list) else None,
        "sweep": text(node.get("sweepName")),
        "commit": text(node.get("commit")),
        "notes": text(node.get("notes")),
        "heartbeat": text(node.get("heartbeatAt")),
    }


def _progress(node: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Scalar]:
    step = number(summary.get("_step"))
    lines = number(node.get("historyLineCount"))
    return {"step": lines if step is None else step, "runtime_s": _runtime(summary), **metrics(summary)}


def _runtime(summary: Mapping[str, Any]) -> float | None:
    told = mapping(summary.get("_wandb")).get("runtime")
    return number(told) if number(told) is not None else number(summary.get("_runtime"))


def metrics(summary: Mapping[str, Any]) -> dict[str, Scalar]:
    """A dozen scalars of the summary, the telling ones first, as `summary.NAME`."""
    found = {name: scalar(value) for name, value in summary.items() if not name.startswith("_")}
    names = sorted((name for name, value in found.items() if value is not None), key=_telling)
    return {text(f"summary.{name}", 80) or "": found[name] for name in names[:_METRICS]}


def _telling(name: str) -> tuple[int, str]:
    lower = name.lower()
    return next((rank for rank, part in enumerate(TELLING) if part in lower), len(TELLING)), name


def _config(value: Any) -> dict[str, Any]:
    """The config without the server's wrapping of each value."""
    return {
        key: entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry
        for key, entry in mapping(value).items()
    }


def links(config: Mapping[str, Any]) -> dict[str, str]:
    """What the run belongs to, as far as its config says."""
    found = {
        kind: next((link for name in names if (link := text(config.get(name)))), None) for kind, names in LINKS.items()
    }
    return {kind: link for kind, link in found.items() if link}


# --- launch-queue items ------------------------------------------------------------------------------------------


def item_record(node: Any, scope: str, entity: str, viewer: str | None = None) -> Record | None:
    """The record of an item that has not become a run, as seen by `viewer`; null where it has, or has no id."""
    if not isinstance(node, Mapping) or node.get("associatedRunId") or not (item := text(node.get("id"))):
        return None
    raw = text(node.get("state")) or "unknown"
    state = ITEM_STATES.get(raw.lower(), State.UNKNOWN)
    spec = mapping(node.get("runSpec"))
    created = moment(node.get("createdAt"))
    job, image = text(spec.get("job")), _image(spec)
    return Record(
        table=table_of(state),
        id=item,
        name=text(spec.get("name")) or (job or item).rpartition("/")[2],
        state=state,
        raw_state=raw,
        scope=scope,
        created=created,
        finished=None if state.pending else created,
        reason=_reason(node.get("error")) if state is State.FAILED else None,
        links={"image": image} if image else {},
        detail=compact(
            {
                "entity": entity,
                "project": text(spec.get("project")),
                "queue": scope.removeprefix(QUEUE),
                "priority": number(node.get("priority")),
                "job": job,
                "image": image,
                "author": text(spec.get("author")),
                "mine": is_same(text(spec.get("author")), viewer),
                "resource": text(spec.get("resource")),
            }
        ),
    )


def _image(spec: Mapping[str, Any]) -> str | None:
    return text(mapping(spec.get("docker")).get("docker_image")) or text(spec.get("image_uri"))


def _reason(error: Any) -> Reason | None:
    message = text(mapping(error).get("message"))
    return said(message, "wandb") if message else None


# --- values that nobody has checked ------------------------------------------------------------------------------


def text(value: Any, longest: int = _LONGEST) -> str | None:
    """A string that fits a record: bounded, and without halves of characters, which cannot be sent."""
    if not isinstance(value, str) or not value:
        return None
    kept = value if len(value) <= longest else value[: longest - 1] + "…"
    return kept.encode("utf-8", "replace").decode("utf-8")


def number(value: Any) -> int | float | None:
    """A finite number that every receiver can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return value if -_LARGEST < value < _LARGEST else None
    return value if math.isfinite(value) else None


def scalar(value: Any) -> Scalar:
    """What can stand in a record's detail; null for anything else."""
    if isinstance(value, bool):
        return value
    return text(value, 200) if isinstance(value, str) else number(value)


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, also where it comes as JSON; empty where it is something else."""
    if isinstance(value, str | bytes):
        try:
            value = json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def moment(value: Any) -> datetime | None:
    """A time of the server, UTC; null where it is none, or in no year that a run could be of."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year in YEARS else None


def stamped(stamp: Any) -> datetime | None:
    """The time of a protobuf timestamp, UTC; null where it is in no year that a run could be of."""
    try:
        found = datetime.fromtimestamp(stamp.seconds + stamp.nanos / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year in YEARS else None


def later(time: datetime, seconds: float) -> datetime | None:
    """`seconds` after `time`; null for a time before it, or in no year that a run could be of."""
    try:
        found = time + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None
    return found if found >= time and found.year in YEARS else None


def compact(detail: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """The detail without what is not known."""
    return {key: value for key, value in detail.items() if value is not None and value != ""}


def is_same(owner: str | None, viewer: str | None) -> bool | None:
    """Whether it is the viewer's own; null where either is unknown."""
    return owner == viewer if owner and viewer else None


def records(nodes: Iterable[Any], scope: str, app_url: str, viewer: str | None = None) -> list[Record]:
    """The records of those nodes that are runs."""
    return [record for node in nodes if (record := run_record(node, scope, app_url, viewer)) is not None]
