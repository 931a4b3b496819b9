"""Reads the odd fields of Google's messages into plain values, whatever a server put there. Imports no SDK.

The raw protobuf messages are read, not their wrappers: a wrapper raises on a time past the year 9999 and on an enum
value newer than itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from fetchers.records import Scalar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_128_000
"""Seconds: 30 December 9999, so that no time zone carries a time over the end of the calendar."""
_NANOS = 1_000_000_000
_LONG = 2_000
"""Characters kept of one value of `detail`; an argument list can be megabytes."""


def one_line(text: str, limit: int = 1_000) -> str:
    """The text with every run of white space as one blank, cut at `limit` characters."""
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def time_of(message: Any, field: str) -> datetime | None:
    """The time in a timestamp field; null where it is not set, zero, negative or past the calendar."""
    if not message.HasField(field):
        return None
    stamp = getattr(message, field)
    seconds, nanos = int(stamp.seconds), int(stamp.nanos)
    if not (0 < seconds < _LAST and 0 <= nanos < _NANOS):
        return None
    return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1_000)


def seconds_of(message: Any, field: str) -> int | None:
    """The whole seconds of a duration field; null where it is not set."""
    return int(getattr(message, field).seconds) if message.HasField(field) else None


def enum_name(names: Mapping[int, str], value: int, prefix: str) -> str:
    """The source's word for an enum value; `PREFIX_99` for one that is newer than the SDK."""
    return names.get(value, f"{prefix}_{value}")


def last_part(resource: str) -> str:
    """The short name of a resource: what follows the last slash."""
    return resource.rpartition("/")[2]


def log_page(project: str, fields: Mapping[str, str], since: datetime | None) -> str:
    """The console's page of the log entries that have these fields.

    The page shows an hour unless its query names a time: it names `since`.
    """
    terms = [f'{name}="{value}"' for name, value in fields.items()]
    terms += [f'timestamp>="{since:%Y-%m-%dT%H:%M:%SZ}"'] if since else []
    query = quote("\n".join(terms), safe="")
    return f"https://console.cloud.google.com/logs/query;query={query}?project={quote(project)}"


def labels_of(labels: Mapping[str, str]) -> dict[str, Scalar]:
    """Labels as they stand in `detail`, in the order of their keys."""
    return {f"label.{key}": labels[key] for key in sorted(labels)}


def filled(detail: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """The detail without what is not known: no nulls, no empty texts; long texts are cut."""
    short = {key: value[:_LONG] if isinstance(value, str) else value for key, value in detail.items()}
    return {key: value for key, value in short.items() if value is not None and value != ""}


def linked(**links: str | None) -> dict[str, str]:
    """The links that are known."""
    return {kind: target for kind, target in links.items() if target}
