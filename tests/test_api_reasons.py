"""What an API says of a failure becomes a reason with rule and advice, before any log is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import JobState
from google.cloud.devtools.cloudbuild_v1.types import Build, BuildStep
from google.cloud.run_v2.types import Condition
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from fetchers import builds, runner, vertex
from fetchers.api_reasons import EXITS, GENERAL, GUARDED, STATUSES, said, silent_end
from fetchers.diagnosis import diagnose
from fetchers.diagnosis.merge import merged
from fetchers.diagnosis.model import Category
from fetchers.diagnosis.rules import RULES
from fetchers.records import Reason, Record, State
from fetchers.wandb_records import item_record, run_record
from tests.emulators import google_world as world_of

REGION = "us-central1"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TRACEBACK = 'Traceback (most recent call last):\n  File "/app/train.py", line 3, in <module>\nKeyError: "price"\n'


def reason(text: str, **more: Any) -> Reason:
    """What is made of these words."""
    found = said(text, "gcp", **more)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('Machine type "a2-highgpu-9g" is not supported.', "machine_type_unsupported"),
        ("Permission 'artifactregistry.repositories.downloadArtifacts' denied on resource", "permission_denied"),
        ("The following quota metrics exceed quota limits: aiplatform.googleapis.com/x", "quota_exceeded"),
        ("Task agent-task0 failed: Memory limit of 512 MiB exceeded with 530 MiB used.", "out_of_memory"),
        ("The job was cancelled because the worker was preempted.", "preempted"),
    ],
)
def test_words_that_name_a_cause_have_its_rule_and_advice(text: str, rule: str) -> None:
    """The sentence stays as the source wrote it, on one line; rule, category and advice are ours."""
    found = reason(f"  {text}\n")
    assert (found.text, found.rule, found.origin) == (text, rule, "gcp")
    assert found.category == RULES[rule].category.value
    assert found.advice


@pytest.mark.parametrize(
    "text",
    [
        "The replica workerpool0-0 exited with a non-zero status of 1. Termination reason: Error.",
        "Task agent-task0 failed with exit code 1",
        "Build step failure: build step 1 failed: step exited with non-zero status: 1",
        "exit code 3",
    ],
)
def test_words_that_say_nothing_give_way_to_the_log(text: str) -> None:
    """They have the most general rule, are not called hopeless, and whatever the log finds is the reason instead."""
    found = reason(text)
    assert (found.text, found.rule, found.fatal) == (text, GENERAL, False)
    finding = diagnose(TRACEBACK).finding
    better = merged(found, finding)
    assert better is not None
    assert better.rule == "python_exception"


@pytest.mark.parametrize("code", sorted(EXITS))
@pytest.mark.parametrize("text", ["exit code {}", "The container exited with a non-zero status of {}.", "exit({})"])
def test_an_exit_status_that_means_something_says_what(code: int, text: str) -> None:
    """In whatever words it comes, the reason holds both the words and their meaning."""
    found = reason(text.format(code))
    assert found.text == f"{text.format(code)} ({EXITS[code].means})"
    assert found.rule is not None
    assert RULES[found.rule].rank >= RULES[EXITS[code].rule].rank


def test_an_exit_status_beside_the_words_counts_too() -> None:
    """A source that tells it apart is understood likewise, and a signal as a negative number is that of a shell."""
    assert reason("the step failed", exit_code=137).text == (
        "the step failed (exit code 137, SIGKILL: mostly out of memory)"
    )
    assert reason("worker exitcode: -9").rule == "process_killed"
    assert reason("", exit_code=2).text == "exit code 2"


@pytest.mark.parametrize("category", list(Category))
def test_the_statuses_of_the_guard_are_known_where_it_may_have_run(category: Category) -> None:
    """What runs under the guard tells its kind of cause by its status; elsewhere 10 to 19 mean nothing."""
    text = f"Task agent-task0 failed with exit code {category.exit_status}"
    found = reason(text, exits=GUARDED)
    assert (found.rule, found.category) == (GENERAL, category.value)
    assert f"(`monitor guard` ended it: {category.value})" in found.text
    assert reason(text).text == text


def test_numbers_that_are_no_exit_status_are_none() -> None:
    """Codes of HTTP and of Google, counts and names are not taken for what a program ended with."""
    for text in ("error code 13", "HTTP status 403", "137 of 200 tasks", "exited after 500 steps", "node-137 is gone"):
        assert "SIG" not in reason(text, exits=GUARDED).text
        assert "guard" not in reason(text, exits=GUARDED).text


def test_the_words_of_a_status_help_where_the_sentence_does_not() -> None:
    """A sentence that no rule knows has the rule of its status; one that a rule knows better keeps that."""
    assert reason("no GPUs", status="RESOURCE_EXHAUSTED").rule == "quota_exceeded"
    assert reason("CUDA out of memory", status="INTERNAL").rule == "out_of_memory"
    assert reason("", status="TIMEOUT").text == "timeout"
    assert said("", "gcp", status="SOMETHING_NEW") is None
    assert said(" \n", "gcp") is None
    assert reason("something odd", status="SOMETHING_NEW") == Reason(text="something odd", origin="gcp")


@pytest.mark.parametrize("status", sorted({"UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "INVALID_ARGUMENT"}))
def test_a_status_has_the_rule_that_the_same_word_has_in_a_log(status: str) -> None:
    """Whoever groups by rule finds both together, and what to do is the same."""
    finding = diagnose(f'    "status": "{status}",\n').finding
    assert finding is not None
    found = reason("no", status=status)
    assert found.rule == finding.rule
    assert found.advice == finding.advice


def test_every_rule_that_the_tables_name_is_there() -> None:
    """A status or an exit code that names a rule which nobody wrote would silently say less."""
    named = {*STATUSES.values(), *(meaning.rule for meaning in GUARDED.values())}
    assert named <= set(RULES)


def test_what_is_known_of_the_record_is_in_the_advice() -> None:
    """Project and region of the record fill the places of the advice that the sentence leaves open."""
    found = reason("Quota exceeded for GPUs", status="RESOURCE_EXHAUSTED", facts={"project": "acme-ml", "region": "r9"})
    assert found.rule == "quota_exceeded"
    assert found.advice is not None
    assert "acme-ml" in found.advice


@given(st.text(max_size=300), st.text(max_size=20), st.integers(-300, 300))
def test_no_words_break_it(text: str, status: str, code: int) -> None:
    """Whatever a server writes, what is made of it is one bounded line, or nothing."""
    found = said(text, "gcp", status=status, exit_code=code, exits=GUARDED)
    assert found is None or (found.text and "\n" not in found.text and len(found.text) <= 1_200)


# --- from the messages of each API -----------------------------------------------------------------------------------


def of_build(status: Build.Status, **fields: Any) -> Record:
    """The record of a build that ended so."""
    return builds.record_of(world_of.build(REGION, AT, status, id_="b-1", **fields), "acme-ml", REGION)


def told(record: Record) -> tuple[str, str | None]:
    """Text and rule of a record's reason."""
    assert record.reason is not None
    return record.reason.text, record.reason.rule


def test_a_build_says_why() -> None:
    """By its failure's detail, else by its status's, else by the step that failed, else by how it ended."""
    denied = Build.FailureInfo(
        type_=Build.FailureInfo.FailureType.PUSH_NOT_AUTHORIZED, detail="the image could not be pushed"
    )
    assert told(of_build(Build.Status.FAILURE, failure_info=denied)) == (denied.detail, "permission_denied")
    killed = [BuildStep(name="kaniko", id="push", status=Build.Status.FAILURE, exit_code=137)]
    assert told(of_build(Build.Status.FAILURE, steps=killed)) == (
        "step 0 push failed (exit code 137, SIGKILL: mostly out of memory)",
        "process_killed",
    )
    assert told(of_build(Build.Status.TIMEOUT)) == ("timeout", "deadline_exceeded")
    assert of_build(Build.Status.CANCELLED).reason is None
    assert of_build(Build.Status.SUCCESS, status_detail="all is well").reason is None


def of_execution(**condition: Any) -> Record:
    """The record of an execution with this condition."""
    row = world_of.execution(REGION, AT, {**world_of.FAILED, **condition}, id_="agent-1", failed_count=1)
    return runner.record_of(row, "acme-ml", REGION)


def test_an_execution_says_why() -> None:
    """By the message of its condition, and by the condition's own reason where that says more."""
    stopped = of_execution(message="Task agent-task0 failed with exit code 12")
    assert told(stopped)[0].endswith("(`monitor guard` ended it: quota)")
    assert told(of_execution(message="something odd", reason=Condition.CommonReason.CONTAINER_MISSING)) == (
        "something odd",
        "image_pull",
    )
    cancelled = of_execution(
        message="Execution was cancelled by lead@acme.example",
        execution_reason=Condition.ExecutionReason.CANCELLED,
    )
    assert cancelled.state is State.CANCELLED
    assert told(cancelled) == ("Execution was cancelled by lead@acme.example", "terminated")


def test_a_custom_job_says_why_and_what_to_do_there() -> None:
    """By its error's message and code; the advice names its project."""
    error = Status(code=8, message="The resources are insufficient in this region")
    row = world_of.custom_job(REGION, AT, JobState.JOB_STATE_FAILED, id_="1", display_name="t", error=error)
    record = vertex.record_of(row, "acme-ml", REGION)
    assert record.reason is not None
    assert (record.reason.text, record.reason.category) == (error.message, "quota")
    assert record.reason.advice


def test_a_run_says_what_its_state_says() -> None:
    """Failed and crashed runs have a reason at once, which any finding in their output wins over; others have none."""
    found = {
        state: run_record({"name": "r", "state": state, "heartbeatAt": "2026-03-01T11:00:00Z"}, "acme/arr", "http://w/")
        for state in ("failed", "crashed", "preempted", "killed", "finished", "running")
    }
    reasons = {state: record.reason for state, record in found.items() if record is not None}
    crashed = reasons["crashed"]
    assert crashed is not None
    assert crashed.text == "no heartbeat since 2026-03-01 11:00 UTC: killed, out of memory, or the machine is gone"
    assert crashed == silent_end(crashed.text, "wandb")
    for general in (crashed, reasons["failed"]):
        better = merged(general, diagnose(TRACEBACK).finding)
        assert better is not None
        assert better.rule == "python_exception"
    preempted = reasons["preempted"]
    assert preempted is not None
    assert preempted.rule == "preempted"
    assert {state for state, held in reasons.items() if held is None} == {"killed", "finished", "running"}


def test_a_queue_item_says_why_it_could_not_be_launched() -> None:
    """The agent's error is diagnosed like any other."""
    error = {"message": "Failed to pull image 'r/arr:7': manifest unknown"}
    record = item_record({"id": "i", "state": "FAILED", "error": error}, "queue:q", "acme")
    assert record is not None
    assert told(record) == (error["message"], "image_pull")
