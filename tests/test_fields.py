"""Whatever a fetcher writes into `detail`, a filter knows by name: messages with every field set tell what that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CustomJob
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.cloud.run_v2.types import Execution
from google.protobuf.descriptor import FieldDescriptor
from wandb.proto import wandb_internal_pb2 as pb

from fetchers import builds, runner, vertex
from fetchers.demo_records import fixture
from fetchers.records import Record
from fetchers.wandb_file import _TAKERS, Content, _take
from fetchers.wandb_offline import RunFile, run_record
from fetchers.wandb_records import item_record
from fetchers.wandb_records import run_record as online_record
from monitor.fields import field
from tests.support.records import NOON

_DEPTH = 6
_PLAIN = {
    FieldDescriptor.CPPTYPE_STRING: "x/y",
    FieldDescriptor.CPPTYPE_BOOL: True,
    FieldDescriptor.CPPTYPE_DOUBLE: 1.5,
    FieldDescriptor.CPPTYPE_FLOAT: 1.5,
}


def filled(message: Any, number: int, depth: int = _DEPTH) -> Any:
    """The message with every field set, to a depth: enums to `number`, integers to 1, lists of one."""
    for one in message.DESCRIPTOR.fields:
        if one.message_type is not None:
            if depth and not one.message_type.GetOptions().map_entry:
                part = getattr(message, one.name)
                filled(part.add() if one.is_repeated else part, number, depth - 1)
        elif one.type != FieldDescriptor.TYPE_BYTES:
            value = number if one.enum_type is not None else _PLAIN.get(one.cpp_type, 1)
            _set(message, one, value)
    return message


def _set(message: Any, one: Any, value: Any) -> None:
    if one.is_repeated:
        getattr(message, one.name).append(value)
    else:
        setattr(message, one.name, value)


def of_google(kind: Any, record_of: Callable[[Any, str, str], Record]) -> Iterator[Record]:
    """Records of a resource in whatever state its enums can be."""
    for number in range(10):
        message = filled(kind.pb(kind()), number)
        for name in ("labels", "substitutions"):
            if hasattr(message, name):
                getattr(message, name).update(
                    {"team": "vision", "COMMIT_SHA": "1", "BRANCH_NAME": "b", "REPO_NAME": "r"}
                )
        yield record_of(kind.wrap(message), "acme-ml", "us-central1")


def online() -> Iterator[Record]:
    """A run and a queue item as a server tells them that knows everything."""
    texts = dict.fromkeys(("name", "displayName", "group", "jobType", "sweepName", "commit", "notes", "id"), "x")
    node: dict[str, Any] = {**texts, "tags": ["a"], "historyLineCount": 7, "user": {"username": "alice"}, "priority": 1}
    node |= {"heartbeatAt": "2026-01-01T00:00:00Z", "summaryMetrics": '{"loss": 1, "_runtime": 3}'}
    node["runSpec"] = {"job": "j", "project": "p", "author": "alice", "resource": "r", "image_uri": "i"}
    for found in (
        online_record(node, "acme/arr", "https://w/", "alice"),
        item_record(node, "queue:q", "acme", "alice"),
    ):
        assert found is not None
        yield found


def offline(tmp_path: Path) -> Iterator[Record]:
    """A run whose file holds a record of every kind that is read."""
    content = Content(summary={"loss": 1})
    _take(content, [], map(_record, _TAKERS))
    file = RunFile("r", tmp_path / "run-r.wandb", "20260101_000000", NOON - timedelta(hours=1), (1, 1, 1))
    for exit_code in (None, 0, 1):
        content.exit_code = exit_code
        yield run_record(file, content, str(tmp_path), NOON)


def _record(kind: str) -> bytes:
    record = pb.Record()
    filled(getattr(record, kind), 1, 3).SetInParent()
    return bytes(record.SerializeToString())


SOURCES: dict[str, Callable[[Path], Iterator[Record]]] = {
    "builds": lambda _: of_google(Build, builds.record_of),
    "runner": lambda _: of_google(Execution, runner.record_of),
    "vertex": lambda _: of_google(CustomJob, vertex.record_of),
    "online": lambda _: online(),
    "offline": offline,
    "demo": lambda _: fixture(NOON, NOON),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_detail_can_be_asked_for(source: str, tmp_path: Path) -> None:
    """No key of any source's records is unknown to the filter language."""
    found = {(record.table, key) for record in SOURCES[source](tmp_path) for key in record.detail}
    assert len(found) > 10
    assert [f"{table}: {key}" for table, key in sorted(found) if field(table, key) is None] == []
