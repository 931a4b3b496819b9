"""Every state that Google's APIs can say has a meaning here, and one that is newer than the SDK does no harm."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CustomJob, JobState
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.cloud.run_v2.types import Condition, Execution

from fetchers import builds, runner, vertex
from fetchers.records import State

REGION = "us-central1"
ENDED = {"start_time": {"seconds": 100}, "completion_time": {"seconds": 200}}


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (builds.STATES, Build.Status),
        (vertex.STATES, JobState),
        (runner.CONDITIONS, Condition.State),
        (runner.FAILED_AS, Condition.ExecutionReason),
    ],
    ids=["Build.Status", "JobState", "Condition.State", "Condition.ExecutionReason"],
)
def test_the_table_has_every_member_of_the_sdk(table: dict[int, Any], members: Any) -> None:
    """A member that an SDK adds fails this test until somebody says what it means."""
    assert {int(key) for key in table} == {int(member) for member in members}


@pytest.mark.parametrize("status", list(Build.Status), ids=lambda status: status.name)
def test_a_build_takes_its_state_from_the_table(status: Build.Status) -> None:
    """Each status of a build becomes the state beside it, and keeps its own name."""
    record = builds.record_of(Build(id="1", status=status), "p", REGION)
    assert (record.state, record.raw_state) == (builds.STATES[status], status.name)


@pytest.mark.parametrize("state", list(JobState), ids=lambda state: state.name)
def test_a_custom_job_takes_its_state_from_the_table(state: JobState) -> None:
    """Each state of a custom job becomes the state beside it, and keeps its own name."""
    record = vertex.record_of(CustomJob(name="a/1", state=state), "p", REGION)
    assert (record.state, record.raw_state) == (vertex.STATES[state], state.name)


def test_states_newer_than_the_sdk_are_unknown() -> None:
    """A number that no enum knows is the state `unknown`, with the number in its own word."""
    build = Build.pb(Build(id="1"))
    build.status = 99
    job = CustomJob.pb(CustomJob(name="a/1"))
    job.state = 98
    execution = Execution.pb(Execution(name="a/1", conditions=[Condition(type_="Completed")]))
    execution.conditions[0].state = 97
    found = [
        builds.record_of(Build.wrap(build), "p", REGION),
        vertex.record_of(CustomJob.wrap(job), "p", REGION),
        runner.record_of(Execution.wrap(execution), "p", REGION),
    ]
    assert [record.state for record in found] == [State.UNKNOWN] * 3
    assert [record.raw_state for record in found] == ["STATUS_99", "JOB_STATE_98", "CONDITION_97"]


PENDING = Condition.State.CONDITION_PENDING
RECONCILING = Condition.State.CONDITION_RECONCILING
FAILED = Condition.State.CONDITION_FAILED
DONE = Condition.State.CONDITION_SUCCEEDED
REASON = Condition.ExecutionReason


@pytest.mark.parametrize(
    ("condition", "fields", "expected"),
    [
        ({"state": DONE}, ENDED, State.SUCCEEDED),
        ({"state": FAILED, "execution_reason": REASON.NON_ZERO_EXIT_CODE}, ENDED, State.FAILED),
        ({"state": FAILED}, ENDED, State.FAILED),
        ({"state": FAILED, "execution_reason": REASON.CANCELLED}, ENDED, State.CANCELLED),
        ({"state": FAILED, "execution_reason": REASON.DELETED}, ENDED, State.CANCELLED),
        ({"state": FAILED, "execution_reason": 77}, ENDED, State.FAILED),
        ({"state": PENDING}, {}, State.QUEUED),
        ({"state": PENDING, "execution_reason": REASON.DELAYED_START_PENDING}, {}, State.QUEUED),
        ({"state": RECONCILING}, {}, State.QUEUED),
        ({"state": RECONCILING}, {"running_count": 1}, State.RUNNING),
        ({"state": RECONCILING}, {"start_time": {"seconds": 100}}, State.RUNNING),
        ({"state": RECONCILING, "execution_reason": REASON.CANCELLING}, {"running_count": 1}, State.RUNNING),
        ({"state": RECONCILING}, ENDED | {"failed_count": 1}, State.FAILED),
        (None, {}, State.QUEUED),
        (None, {"retried_count": 1}, State.RUNNING),
        (None, ENDED | {"task_count": 2, "succeeded_count": 2}, State.SUCCEEDED),
        (None, ENDED | {"task_count": 2, "succeeded_count": 1, "failed_count": 1}, State.FAILED),
        (None, ENDED | {"task_count": 2, "cancelled_count": 2}, State.CANCELLED),
        (None, ENDED | {"task_count": 2}, State.UNKNOWN),
    ],
)
def test_an_execution_is_judged_by_its_condition_then_by_its_counts(
    condition: dict[str, Any] | None, fields: dict[str, Any], expected: State
) -> None:
    """The `Completed` condition decides; while it is open or missing, times and counts do."""
    conditions = [{"type_": "ResourcesAvailable", "state": DONE}]
    conditions += [{"type_": "Completed"} | condition] if condition is not None else []
    execution = Execution(name="a/b", conditions=[Condition(**one) for one in conditions], **fields)
    assert runner.record_of(execution, "p", REGION).state is expected
