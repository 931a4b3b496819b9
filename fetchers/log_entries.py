"""Turns Cloud Logging's entries into text as it was written, whatever their payload."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from fetchers.gcp_fields import time_of
from fetchers.log_queries import Source
from fetchers.logging_sdk import LogSeverity

_MESSAGES = ("message", "msg", "textPayload", "log")
_DETAILS = ("exception", "exc_info", "stack_trace", "stacktrace", "traceback", "stack", "error", "err")
"""Fields of a structured entry that say what happened."""

_TASK = "run.googleapis.com/task_index"
_DIAGNOSIS = "diagnosis"
"""Field of the line that a guard has left."""

_AUDIT = "google.cloud.audit.AuditLog"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


# --- fields ------------------------------------------------------------------------------------------------------


def name_of(entry: Any, source: Source) -> str:
    """Id of the record that wrote the entry."""
    return str((entry.labels if source.own else entry.resource.labels).get(source.label, ""))


def place_of(entry: Any) -> str:
    """Region of whoever wrote the entry; empty where it does not tell."""
    return str(entry.resource.labels.get("location", ""))


def writer_of(entry: Any) -> str:
    """Which of a record's machines or tasks wrote the entry; empty where it does not tell."""
    task = entry.labels.get(_TASK, "")
    return str(entry.resource.labels.get("task_name", "")) or (f"task-{task}" if task else "")


def moment_of(entry: Any) -> datetime | None:
    """When the entry was written, else when it arrived; null where it does not tell."""
    return time_of(entry, "timestamp") or time_of(entry, "receive_timestamp")


def severity_of(entry: Any) -> str:
    """The entry's severity; empty where it has none."""
    if not entry.severity:
        return ""
    return str(LogSeverity.Name(entry.severity)) if entry.severity in LogSeverity.values() else str(entry.severity)


def in_order(newest_first: Sequence[Any]) -> list[Any]:
    """The entries of a page, oldest first; those of one moment as the service orders them, by their ids."""
    last = _LONG_AGO
    keyed: list[tuple[tuple[datetime, str], Any]] = []
    for entry in reversed(newest_first):
        last = moment_of(entry) or last  # without a time it stays where it was
        keyed.append(((last, entry.insert_id), entry))
    return [entry for _, entry in sorted(keyed, key=lambda pair: pair[0])]


# --- text --------------------------------------------------------------------------------------------------------


def text_of(entry: Any) -> str:
    """What the entry says, as it was written."""
    match entry.WhichOneof("payload"):
        case "text_payload":
            return str(entry.text_payload)
        case "json_payload":
            return _structured(_mapping(entry.json_payload), entry)
        case "proto_payload":
            return _audit(entry.proto_payload)
    return ""


def levelled_text_of(entry: Any) -> str:
    """The same for a reader that weighs severities: behind the one that the program gave it, where it is no error.

    Vertex AI calls all of stdout INFO and all of stderr ERROR: there it says nothing.
    """
    text = text_of(entry)
    if entry.WhichOneof("payload") == "json_payload" and entry.resource.type != "ml_job" and not text.startswith("{"):
        severity = severity_of(entry)
        if severity and entry.severity < LogSeverity.ERROR:
            return f"{severity}: {text}"
    return text


def told_apart(entries: Sequence[Any]) -> Iterator[str]:
    """Yield the texts for a reader; where several machines wrote at a time, each line behind the name of its own."""
    several = len({writer_of(entry) for entry in entries} - {""}) > 1
    for entry in entries:
        text = levelled_text_of(entry)
        writer = writer_of(entry) if several else ""
        yield "\n".join(f"{writer} | {line}" for line in text.rstrip("\n").split("\n")) if writer else text


def _structured(payload: dict[str, Any], entry: Any) -> str:
    message = next((payload[key] for key in _MESSAGES if isinstance(payload.get(key), str)), "")
    if not message or isinstance(payload.get(_DIAGNOSIS), dict):
        return _compact({"severity": severity_of(entry) or "DEFAULT"} | payload)
    parts = [message]
    for key in _DETAILS:
        detail = payload.get(key)
        said = detail if isinstance(detail, str) else _compact(detail) if isinstance(detail, dict) else ""
        if said and said not in message:
            parts.append(said)
    return "\n".join(parts)


def _compact(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _mapping(struct: Any) -> dict[str, Any]:
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: Any) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _mapping(value.struct_value)
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    return None


def _audit(payload: Any) -> str:
    """What an audit entry says: who was asked for what, and what came of it."""
    if not payload.type_url.endswith(_AUDIT):
        return f"[{payload.type_url or 'unknown message'}, {len(payload.value)} bytes]"
    from google.cloud.audit.audit_log_pb2 import AuditLog  # noqa: PLC0415 - few logs hold one

    audit = AuditLog()
    try:
        audit.MergeFromString(payload.value)
    except DecodeError:
        return f"[{payload.type_url}, {len(payload.value)} bytes that do not decode]"
    said = " ".join(part for part in (audit.method_name, audit.resource_name) if part)
    return f"{said}: {audit.status.message}" if audit.status.message else said
