"""Logs of any length, made line by line when they are asked for, and the pages that `ListLogEntries` gives of them."""

from __future__ import annotations

import heapq
import itertools
import operator
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api.monitored_resource_pb2 import MonitoredResource
from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse, LogEntry
from google.logging.type import log_severity_pb2
from google.protobuf.json_format import ParseDict

from tests.emulators.google_filter import FilterError, Ranked, parse

PROJECT = "acme-ml"
SEVERITIES = dict(log_severity_pb2.LogSeverity.items())
_Entry: Any = LogEntry.pb(LogEntry()).__class__
_Page: Any = ListLogEntriesResponse.pb(ListLogEntriesResponse()).__class__

Line = tuple[str, str] | tuple[str, dict[str, Any]]
"""Severity, and text or structured payload."""


@dataclass(frozen=True)
class Course:
    """What a log says: `count` lines, evenly spread from `begin` to `end`."""

    begin: datetime
    end: datetime
    count: int
    line: Callable[[int], Line]
    """Line number, from 0, to line."""

    def moment(self, number: int) -> datetime:
        """When a line was written."""
        return self.begin + (self.end - self.begin) * (number + 1) / self.count


@dataclass(frozen=True)
class Log:
    """One log."""

    id: str
    """Of the execution, job or build."""
    resource: str
    labels: dict[str, str]
    """The resource's."""
    course: Course
    own: dict[str, str] = field(default_factory=dict)
    """The entries' own labels."""
    stream: str = "stdout"
    timed: bool = True
    """Whether entries tell when they were written, rather than only when they arrived."""


def _field(path: str, fields: dict[str, Callable[[], Any]]) -> Any:
    if path not in fields:
        raise FilterError(f"unknown field {path}")
    return fields[path]()


@dataclass(frozen=True)
class _Written:
    """One line of one log, as cheap as possible."""

    log: Log
    number: int
    at: datetime
    said: Line = field(compare=False)

    @property
    def insert_id(self) -> str:
        return f"{self.number:08x}{zlib.crc32(self.log.id.encode()):08x}"

    def value(self, path: str) -> Any:
        """Value of a field that a filter names."""
        severity, payload = self.said
        log = self.log
        if path.startswith("jsonPayload."):
            return payload.get(path.removeprefix("jsonPayload.")) if isinstance(payload, dict) else None
        for start, labels in (("resource.labels.", log.labels), ("labels.", log.own)):
            if path.startswith(start):
                return labels.get(path.removeprefix(start))
        return _field(
            path,
            {
                "resource.type": lambda: log.resource,
                "timestamp": lambda: self.at,
                "severity": lambda: Ranked.of(SEVERITIES[severity], SEVERITIES),
                "textPayload": lambda: payload if isinstance(payload, str) else None,
                "logName": lambda: self.log_name,
                "insertId": lambda: self.insert_id,
            },
        )

    @property
    def log_name(self) -> str:
        return f"projects/{PROJECT}/logs/{self.log.stream}"

    def entry(self) -> Any:
        """The message that travels."""
        severity, payload = self.said
        found = _Entry(
            log_name=self.log_name,
            insert_id=self.insert_id,
            severity=SEVERITIES[severity],
            resource=MonitoredResource(type=self.log.resource, labels=self.log.labels),
            labels=self.log.own,
        )
        (found.timestamp if self.log.timed else found.receive_timestamp).FromDatetime(self.at)
        if isinstance(payload, str):
            found.text_payload = payload
        else:
            ParseDict(payload, found.json_payload)
        return found


def _lines(log: Log, *, newest_first: bool) -> Iterator[_Written]:
    course = log.course
    for number in range(course.count - 1, -1, -1) if newest_first else range(course.count):
        yield _Written(log, number, course.moment(number), course.line(number))


@dataclass(frozen=True)
class _Given:
    """An entry that a test has written out whole."""

    message: Any

    @property
    def at(self) -> datetime:
        stamp = self.message.timestamp
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)

    @property
    def insert_id(self) -> str:
        return str(self.message.insert_id)

    def value(self, path: str) -> Any:
        message = self.message
        for start, labels in (("resource.labels.", message.resource.labels), ("labels.", message.labels)):
            if path.startswith(start):
                return labels.get(path.removeprefix(start))
        if path.startswith("jsonPayload."):
            return message.json_payload.fields[path.removeprefix("jsonPayload.")].string_value or None
        return _field(
            path,
            {
                "resource.type": lambda: message.resource.type,
                "timestamp": lambda: self.at,
                "severity": lambda: Ranked.of(message.severity, SEVERITIES),
                "textPayload": lambda: message.text_payload,
                "logName": lambda: message.log_name,
                "insertId": lambda: message.insert_id,
            },
        )

    def entry(self) -> Any:
        return self.message


def page(
    logs: Sequence[Log], given: Iterable[LogEntry], request: ListLogEntriesRequest, start: int, size: int
) -> bytes:
    """The answer that begins with the `start`th entry found, serialised. Raises `FilterError`."""
    holds = parse(request.filter)
    found = (one for one in _merged(logs, given, request) if holds(one.value))
    kept = list(itertools.islice(found, start, start + size + 1))
    token = f"at-{start + size}" if len(kept) > size else ""
    answer: bytes = _Page(entries=[one.entry() for one in kept[:size]], next_page_token=token).SerializeToString()
    return answer


def nothing(token: str) -> bytes:
    """The answer of a search that has found nothing so far."""
    answer: bytes = _Page(next_page_token=token).SerializeToString()
    return answer


def _merged(
    logs: Sequence[Log], given: Iterable[LogEntry], request: ListLogEntriesRequest
) -> Iterator[_Written | _Given]:
    """Every line that the filter can be about, in the order asked for; of one moment, by their ids in either order."""
    newest_first = "desc" in request.order_by
    words = set(re.findall(r'"((?:[^"\\]|\\.)*)"', request.filter))
    named = [log for log in logs if log.id in words] or logs
    written = [_Given(LogEntry.pb(entry)) for entry in given]
    written.sort(key=operator.attrgetter("insert_id"))
    written.sort(key=operator.attrgetter("at"), reverse=newest_first)
    streams: list[Iterable[_Written | _Given]] = [_lines(log, newest_first=newest_first) for log in named]
    return heapq.merge(*streams, written, key=operator.attrgetter("at"), reverse=newest_first)


# --- logs of each kind -------------------------------------------------------------------------------------------


def execution_log(region: str, name: str, course: Course) -> Log:
    """The log of a Cloud Run execution."""
    labels = {"project_id": PROJECT, "job_name": name.rpartition("-")[0], "location": region}
    own = {"run.googleapis.com/execution_name": name, "run.googleapis.com/task_index": "0"}
    return Log(name, "cloud_run_job", labels, course, own, "run.googleapis.com%2Fstderr")


def job_log(id_: str, course: Course) -> Log:
    """The log of a Vertex AI custom job."""
    labels = {"project_id": PROJECT, "job_id": id_, "task_name": "workerpool0-0"}
    return Log(id_, "ml_job", labels, course, {"ml.googleapis.com/job_id": id_}, "workerpool0-0")


def build_log(id_: str, course: Course) -> Log:
    """The log of a build."""
    labels = {"project_id": PROJECT, "build_id": id_, "build_trigger_id": ""}
    return Log(id_, "build", labels, course, {}, "cloudbuild")


def ending(count: int, last: Sequence[Line], middle: Callable[[int], Line]) -> Callable[[int], Line]:
    """Lines of a log of `count` whose last ones are `last`."""
    return lambda number: last[number - count] if number >= count - len(last) else middle(number)


def structured(severity: str, text: str) -> Line:
    """A line as Vertex AI keeps it."""
    return severity, {"message": text, "levelname": severity}
