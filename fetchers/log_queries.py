"""What is asked of Cloud Logging: filters in its query language, for many records at once or for one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fetchers.records import Record

LONGEST = 20_000
"""Characters of a filter; the service refuses more."""
_FRAME = 1_000
"""Characters kept free for what is not a name."""

BEFORE = timedelta(minutes=1)
"""How long before a record's creation its log may begin: clocks differ."""
AFTER = timedelta(minutes=10)
"""How long after its end its log may go on: what was buffered arrives late."""


@dataclass(frozen=True)
class Source:
    """Where the entries of a table's records are, and which of their labels names the record."""

    resource: str
    """Type of the monitored resource."""
    label: str
    own: bool
    """Whether that label is the entry's own, rather than its resource's."""

    @property
    def path(self) -> str:
        """The label as a filter names it."""
        return f'labels."{self.label}"' if self.own else f"resource.labels.{self.label}"


SOURCES = {
    "runner": Source("cloud_run_job", "run.googleapis.com/execution_name", own=True),
    "vertex": Source("ml_job", "job_id", own=False),
    "builds": Source("build", "build_id", own=False),
}
"""By table."""

COUNT = "Runs:"
"""What a launch agent puts before the number of jobs it has run."""
COUNTS = f'(textPayload:"{COUNT}" OR jsonPayload.message:"{COUNT}")'
"""The term that finds these lines."""


def quoted(value: str) -> str:
    """A value as it stands in a filter, whatever is in it."""
    safe = re.sub(r"[\x00-\x1f\x7f]", " ", value)
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


def query(records: Sequence[Record], *more: str) -> str:
    """The filter that finds the entries of these records, all of one table."""
    source = SOURCES[records[0].table]
    names = " OR ".join(quoted(record.id) for record in records)
    terms = [f'resource.type="{source.resource}"', f"{source.path}=({names})"]
    return " AND ".join([*terms, *more])


def begin_of(records: Sequence[Record]) -> datetime | None:
    """Before which none of the records wrote anything; null where one tells no time."""
    begins = [record.created or record.started for record in records]
    known = [begin for begin in begins if begin is not None]
    return min(known) - BEFORE if len(known) == len(begins) else None


def end_of(records: Sequence[Record]) -> datetime | None:
    """After which none of the records writes anything; null where one has not ended."""
    ends = [record.finished for record in records if record.state.ended]
    known = [end for end in ends if end is not None]
    return max(known) + AFTER if len(known) == len(records) else None


def within(begin: datetime | None, end: datetime | None) -> list[str]:
    """The terms that leave out what is older or younger."""
    terms = [f"timestamp>={_stamp(begin)}"] if begin else []
    return [*terms, f"timestamp<={_stamp(end)}"] if end else terms


def _stamp(moment: datetime) -> str:
    return f'"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"'


def chunks(records: Sequence[Record], most: int) -> Iterator[range]:
    """Yield the indices of records that fit into one filter together, at most `most`, in their order."""
    start, room = 0, LONGEST - _FRAME
    for index, record in enumerate(records):
        size = len(quoted(record.id)) + len(" OR ")
        if index > start and (index - start >= most or size > room):
            yield range(start, index)
            start, room = index, LONGEST - _FRAME
        room -= size
    if start < len(records):
        yield range(start, len(records))
