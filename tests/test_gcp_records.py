"""What a record says of a build, an execution and a custom job, and that nothing a server sends can break one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
from google.cloud.aiplatform_v1.types import CustomJob, JobState, MachineSpec, WorkerPoolSpec
from google.cloud.devtools.cloudbuild_v1.types import Build, BuildStep, BuiltImage, Results
from google.cloud.run_v2.types import Condition, Execution
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from fetchers import builds, runner, vertex
from fetchers.messages import Page, pack
from fetchers.records import Record, State
from tests.emulators import google_world as world_of

REGION = "us-central1"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
END = datetime(2026, 1, 2, 3, 14, 5, tzinfo=UTC)


def test_a_failed_build_tells_its_image_its_step_and_why() -> None:
    """A build is called by the image it makes; its reason is the API's own words, on one line."""
    detail = "Build step failure:\n  build step 1 failed: exit status 2"
    build = world_of.build(
        REGION,
        AT,
        Build.Status.FAILURE,
        id_="b-1",
        finish_time=END,
        steps=[
            BuildStep(name="gcr.io/cloud-builders/git", status=Build.Status.SUCCESS),
            BuildStep(name="kaniko", id="push", status=Build.Status.FAILURE, exit_code=2),
        ],
        failure_info=Build.FailureInfo(type_=Build.FailureInfo.FailureType.USER_BUILD_STEP, detail=detail),
        substitutions={"TRIGGER_NAME": "launch", "COMMIT_SHA": "abc"},
    )
    record = builds.record_of(build, "acme-ml", REGION)
    assert (record.id, record.name, record.state) == ("b-1", "arr:b-1", State.FAILED)
    assert (record.created, record.started, record.finished) == (AT, None, END)
    words = "Build step failure: build step 1 failed: exit status 2"
    assert record.reason is not None
    assert (record.reason.text, record.reason.origin, record.reason.rule) == (words, "gcp", "nonzero_exit")
    assert record.url == f"https://console.cloud.google.com/cloud-build/builds;region={REGION}/b-1?project=acme-ml"
    assert record.links == {"build": "b-1", "image": "us-docker.pkg.dev/acme-ml/launch/arr:b-1"}
    expected = {"steps": 2, "steps_done": 1, "failed_step": "1 push", "exit_code": 2, "trigger": "launch"}
    assert (expected | {"commit": "abc"}).items() <= record.detail.items()


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"images": ["r/x/app:7"], "substitutions": {"TRIGGER_NAME": "t"}}, "app:7"),
        ({"images": ["r/app:1"], "results": Results(images=[BuiltImage(name="r/app:2", digest="sha256:9")])}, "app:2"),
        ({"images": ["r/app@sha256:77"]}, "app"),
        ({"substitutions": {"TRIGGER_NAME": "nightly"}, "tags": ["x"]}, "nightly"),
        ({"tags": ["arr-7"]}, "arr-7"),
        ({}, "01234567"),
    ],
)
def test_a_build_is_called_by_what_people_know(fields: dict[str, Any], name: str) -> None:
    """Image, else trigger, else tag, else the start of the id."""
    assert builds.record_of(Build(id="0123456789", **fields), "p", REGION).name == name


def test_the_digest_of_a_pushed_image_is_kept() -> None:
    """Executions and jobs name images by digest too, so a build tells the digest it pushed."""
    pushed = Results(images=[BuiltImage(name="r/app:2", digest="sha256:9")])
    assert builds.record_of(Build(id="1", results=pushed), "p", REGION).detail["digest"] == "sha256:9"


def test_a_failed_execution_tells_its_job_its_counts_and_why() -> None:
    """An execution is called by its own name; its reason is the message of its `Completed` condition."""
    row = world_of.execution(REGION, AT, world_of.FAILED, id_="agent-abc12", completion_time=END, failed_count=1)
    record = runner.record_of(row, "acme-ml", REGION)
    assert (record.id, record.name, record.state, record.raw_state) == (
        "agent-abc12",
        "agent-abc12",
        State.FAILED,
        "CONDITION_FAILED",
    )
    assert record.reason is not None
    said = record.reason
    assert (said.text, said.origin, said.rule) == (world_of.FAILED["message"], "gcp", "nonzero_exit")
    assert record.finished == END
    assert record.links == {"execution": "agent-abc12", "image": "us-docker.pkg.dev/acme-ml/launch/agent:v7"}
    assert str(record.url).endswith(f"/run/jobs/executions/details/{REGION}/agent-abc12?project=acme-ml")
    expected = {
        "job": "agent",
        "tasks": 1,
        "failed": 1,
        "cpu": "2",
        "memory": "4Gi",
        "timeout_s": 86400,
        "creator": "launcher@acme.example",
        "condition_reason": "NON_ZERO_EXIT_CODE",
        "label.team": "vision",
    }
    assert expected.items() <= record.detail.items()


def test_a_failed_custom_job_tells_its_run_its_machines_and_why() -> None:
    """A custom job is called by its display name, linked to its W&B run, and its reason is its error."""
    row = world_of.custom_job(
        REGION,
        AT,
        JobState.JOB_STATE_FAILED,
        id_="123",
        display_name="train",
        error=Status(code=8, message="no GPUs\n"),
    )
    record = vertex.record_of(row, "acme-ml", REGION)
    assert (record.id, record.name) == ("123", "train")
    assert record.reason is not None
    said = record.reason
    assert (said.text, said.origin, said.rule) == ("no GPUs", "gcp", "quota_exceeded")
    assert record.links["wandb_run"] == row.labels["wandb-run-id"]
    assert record.links["vertex_job"] == "123"
    assert str(record.url).endswith(f"/locations/{REGION}/training/123?project=acme-ml")
    expected = {
        "machine_type": "a2-highgpu-1g",
        "accelerator": "NVIDIA_TESLA_A100",
        "accelerator_count": 1,
        "replicas": 1,
        "error_code": "RESOURCE_EXHAUSTED",
        "label.team": "vision",
    }
    assert expected.items() <= record.detail.items()


def _log_query(record: Record) -> list[str]:
    """The terms of the query that a record's log page makes."""
    page = urlsplit(str(record.detail["log_url"]))
    assert (page.netloc, page.query) == ("console.cloud.google.com", "project=acme-ml")
    return unquote(page.path.removeprefix("/logs/query;query=")).split("\n")


def test_every_record_has_the_page_of_its_log() -> None:
    """As its source says it; else the entries of that build, execution or job, since it was made."""
    since = f'timestamp>="{AT:%Y-%m-%dT%H:%M:%SZ}"'
    build = world_of.build(REGION, AT, Build.Status.SUCCESS, id_="b-1")
    execution = world_of.execution(REGION, AT, world_of.FAILED, id_="agent-abc12")
    job = world_of.custom_job(REGION, AT, JobState.JOB_STATE_RUNNING, id_="123")
    assert builds.record_of(build, "acme-ml", REGION).detail["log_url"] == build.log_url
    assert runner.record_of(execution, "acme-ml", REGION).detail["log_url"] == execution.log_uri
    build.log_url, execution.log_uri = "", ""
    assert _log_query(builds.record_of(build, "acme-ml", REGION)) == [
        'resource.type="build"',
        'resource.labels.build_id="b-1"',
        since,
    ]
    assert _log_query(runner.record_of(execution, "acme-ml", REGION)) == [
        'resource.type="cloud_run_job"',
        'labels."run.googleapis.com/execution_name"="agent-abc12"',
        since,
    ]
    assert _log_query(vertex.record_of(job, "acme-ml", REGION)) == [
        'resource.type="ml_job"',
        'resource.labels.job_id="123"',
        since,
    ]


def test_replicas_of_all_pools_are_counted() -> None:
    """A job of one chief and three workers runs on four machines."""
    pools = [
        WorkerPoolSpec(replica_count=1, machine_spec=MachineSpec(machine_type="n1-highmem-8")),
        WorkerPoolSpec(replica_count=3, machine_spec=MachineSpec(machine_type="n1-standard-4")),
    ]
    detail = vertex.record_of(CustomJob(name="a/1", job_spec={"worker_pool_specs": pools}), "p", REGION).detail
    assert (detail["replicas"], detail["pools"], detail["machine_type"]) == (4, 2, "n1-highmem-8")


def test_only_what_failed_or_was_cancelled_has_a_reason() -> None:
    """A running or successful one has no reason, whatever message the API sends along."""
    told = Condition(type_="Completed", state=Condition.State.CONDITION_SUCCEEDED, message="Execution completed.")
    found = [
        builds.record_of(Build(id="1", status=Build.Status.SUCCESS, status_detail="fine"), "p", REGION),
        runner.record_of(Execution(name="a/1", conditions=[told]), "p", REGION),
        vertex.record_of(CustomJob(name="a/1", state=JobState.JOB_STATE_RUNNING), "p", REGION),
    ]
    assert [record.reason for record in found] == [None, None, None]


READERS = {Build: builds.record_of, Execution: runner.record_of, CustomJob: vertex.record_of}
SAMPLES = {
    Build: world_of.build(REGION, AT, Build.Status.FAILURE, start_time=AT, finish_time=END),
    Execution: world_of.execution(REGION, AT, world_of.FAILED, start_time=AT, completion_time=END),
    CustomJob: world_of.custom_job(REGION, AT, JobState.JOB_STATE_FAILED, error=Status(code=3, message="no")),
}
LAST_TIME = {Build: "finish_time", Execution: "completion_time", CustomJob: "end_time"}


@pytest.mark.parametrize("kind", READERS, ids=lambda kind: kind.__name__)
def test_an_empty_message_is_a_record(kind: Any) -> None:
    """A message with no field set becomes a record with nothing known, and no error."""
    record = READERS[kind](kind(), "p", REGION)
    assert (record.created, record.started, record.finished, record.links) == (None, None, None, {})


@pytest.mark.parametrize("kind", READERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    ("seconds", "nanos"), [(0, 0), (-5, 0), (253_402_300_800, 0), (2**62, 0), (5, -1), (5, 2_000_000_000)]
)
def test_an_impossible_time_is_no_time(kind: Any, seconds: int, nanos: int) -> None:
    """Zero, before the epoch, past the year 9999 or with wild nanoseconds: not known, and no error."""
    message = kind.pb(kind())
    for field in ("create_time", "start_time", LAST_TIME[kind]):
        stamp = getattr(message, field)
        stamp.seconds, stamp.nanos = seconds, nanos
    record = READERS[kind](kind.wrap(message), "p", REGION)
    assert (record.created, record.started, record.finished) == (None, None, None)


def test_nanoseconds_become_microseconds_of_utc() -> None:
    """A time is timezone-aware and keeps its fraction."""
    message = Build.pb(Build(id="1"))
    message.create_time.seconds, message.create_time.nanos = 1_700_000_000, 123_456_789
    created = builds.record_of(Build.wrap(message), "p", REGION).created
    assert created == datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)


@pytest.mark.parametrize("kind", READERS, ids=lambda kind: kind.__name__)
def test_a_damaged_message_that_still_parses_becomes_a_record_that_travels(kind: Any) -> None:
    """Whatever a server puts into whichever field, the record is made and fits into a frame."""
    whole = kind.serialize(SAMPLES[kind])
    parsed = 0

    @given(st.integers(0, len(whole) - 1), st.binary(min_size=1, max_size=4))
    def damaged(at: int, patch: bytes) -> None:
        nonlocal parsed
        try:
            message = kind.deserialize(whole[:at] + patch + whole[at + len(patch) :])
        except DecodeError:  # gRPC does not hand such bytes on
            return
        parsed += 1
        _travels(READERS[kind](message, "p", REGION))

    damaged()
    assert parsed > 10


def _travels(record: Record) -> None:
    page = Page(table=record.table, generation=1, scope=REGION, at=AT, records=(record,))
    back = msgspec.msgpack.decode(pack(page)[4:], type=Page)
    assert back.records == (record,)


def test_a_megabyte_of_text_is_cut() -> None:
    """Long values from outside are cut, so that a page of them fits into a frame."""
    huge = "x" * 1_000_000
    record = vertex.record_of(
        CustomJob(
            name="a/1", state=JobState.JOB_STATE_FAILED, error=Status(code=3, message=huge), labels={"team": huge}
        ),
        "p",
        REGION,
    )
    assert record.reason is not None
    assert len(record.reason.text) <= 1000
    assert len(str(record.detail["label.team"])) <= 2000
