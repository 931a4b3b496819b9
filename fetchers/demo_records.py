"""The demo's fixture: one team's afternoon, as data. Minutes are counted from the moment the demo starts.

What lies ahead of that moment happens while one watches: builds end, queued runs start, a job runs out of quota.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fetchers.records import Reason, Record, Scalar, State
from fetchers.settings import QUEUE, Gcp, Settings, Wandb

REGIONS = ("us-central1", "us-east4", "europe-west4", "europe-west1", "asia-northeast1", "asia-southeast1")
ONLINE = "acme/arr"
VERTEX_QUEUE = f"{QUEUE}vertex"

METHODS = {
    "builds": "ListBuilds",
    "runner": "ListExecutions",
    "vertex": "ListCustomJobs",
    "active": "Runs",
    "completed": "Runs",
}
"""Table → the API call that the real fetcher makes."""

LATENCY_S = {
    "us-central1": 0.15,
    "us-east4": 0.35,
    "europe-west4": 0.5,
    "europe-west1": 0.6,
    "asia-northeast1": 1.1,
    "asia-southeast1": 1.6,
    ONLINE: 0.8,
}
"""Seconds each scope takes to answer; the far ones take longer, as they do."""

_WORDS: dict[str, dict[State, str]] = {
    "builds": {
        State.QUEUED: "QUEUED",
        State.RUNNING: "WORKING",
        State.SUCCEEDED: "SUCCESS",
        State.FAILED: "FAILURE",
        State.CANCELLED: "CANCELLED",
    },
    "runner": {
        State.QUEUED: "CONDITION_PENDING",
        State.RUNNING: "CONDITION_RECONCILING",
        State.SUCCEEDED: "CONDITION_SUCCEEDED",
        State.FAILED: "CONDITION_FAILED",
        State.CANCELLED: "CANCELLED",
    },
    "vertex": {
        State.QUEUED: "JOB_STATE_PENDING",
        State.RUNNING: "JOB_STATE_RUNNING",
        State.SUCCEEDED: "JOB_STATE_SUCCEEDED",
        State.FAILED: "JOB_STATE_FAILED",
        State.CANCELLED: "JOB_STATE_CANCELLED",
    },
    "runs": {
        State.QUEUED: "pending",
        State.RUNNING: "running",
        State.SUCCEEDED: "finished",
        State.FAILED: "failed",
        State.CANCELLED: "killed",
    },
}
"""The sources' own words for each state."""

_SUBMIT_REFUSED = Reason(
    text="InvalidArgument: 400 Machine type a2-highgpu-8g is not supported in europe-west1",
    rule="machine_type_unsupported",
    category="config",
    origin="gcp",
    fatal=True,
    advice="Choose a region that has it: `gcloud compute machine-types list --filter=name=a2-highgpu-8g`",
)
_DENIED = Reason(
    text="PermissionDenied: 403 launcher@acme-ml lacks aiplatform.customJobs.create",
    rule="permission_denied",
    category="permission",
    origin="gcp",
    fatal=True,
    advice="Grant roles/aiplatform.user to the launcher's service account",
)
_QUOTA = Reason(
    text="ResourceExhausted: quota custom_model_training_nvidia_h100_gpus is 8 in us-east4, 16 asked",
    rule="quota_exceeded",
    category="quota",
    origin="gcp",
    fatal=True,
    advice="Ask for more of custom_model_training_nvidia_h100_gpus in us-east4, or use 8",
)
_OOM = Reason(
    text="CUDA out of memory: tried to allocate 2.40 GiB, 1.12 GiB free of 79.15 GiB",
    rule="out_of_memory",
    category="resources",
    origin="python",
    fatal=True,
    advice="Lower the batch size, or shard the optimizer",
)
_PREEMPTED = Reason(
    text="The spot machine was reclaimed after 3 h 12 min", rule="preempted", category="resources", origin="gcp"
)
_BUILD = Reason(
    text='step 1: pip could not find a version that satisfies "torch==2.13.7"',
    rule="python_exception",
    category="exception",
    origin="python",
    fatal=True,
)
_KEY = Reason(
    text="KeyError: 'learning_rate' in train.py line 88",
    rule="python_exception",
    category="exception",
    origin="python",
    fatal=True,
)
_DONE = Reason(text="✓ Completed: 1 job", origin="agent")


@dataclass(frozen=True)
class _Job:
    """One record's life; `State.RUNNING` as its end means that it outlives the demo."""

    table: str
    scope: str
    id: str
    name: str
    created: float
    started: float
    ended: float
    end: State
    reason: Reason | None = None
    detail: dict[str, Scalar] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


_NEVER = 1e6
_DAY = 24 * 60.0
S, F, C, R = State.SUCCEEDED, State.FAILED, State.CANCELLED, State.RUNNING

_A2: dict[str, Scalar] = {"machine_type": "a2-highgpu-1g", "accelerator": "NVIDIA_TESLA_A100 × 1"}
_A3: dict[str, Scalar] = {"machine_type": "a3-highgpu-8g", "accelerator": "NVIDIA_H100_80GB × 8"}
_L4: dict[str, Scalar] = {"machine_type": "g2-standard-12", "accelerator": "NVIDIA_L4 × 1"}

_JOBS = (
    _Job("builds", "us-central1", "5f0c2b7e-91d4", "arr-train:7f3a91c", -2.4, -2.2, 1.1, S, None, {"tag": "7f3a91c"}),
    _Job("builds", "us-central1", "b21a8e40-0c1f", "arr-train:fix-lr-schedule", 0.6, 0.9, 4.0, S, None, {"tag": "fix"}),
    _Job("builds", "europe-west4", "90d7714c-ab52", "arr-eval:2f4b6d0", -48, -47.6, -44.1, S, None, {"tag": "2f4b6d0"}),
    _Job("builds", "us-central1", "c7e4411b-77f0", "arr-train:torch-2.13.7", -63, -62.7, -61.9, F, _BUILD),
    _Job("builds", "us-central1", "1d9b03a6-5e2c", "arr-train:1c0ffee", -185, -184.5, -180.2, S),
    _Job("builds", "global", "ee50917d-3b6a", "launch-agent:0.31.0", -2 * _DAY, -2 * _DAY + 0.4, -2 * _DAY + 3.3, S),
    _Job("builds", "us-central1", "77ab20f1-d94e", "arr-train:sweep-wide", -2.2 * _DAY, -2.2 * _DAY, -2.19 * _DAY, C),
    _Job("runner", "us-central1", "vertex-ai-launcher-x7k2p", "vertex-ai-launcher-x7k2p", -1.6, -1.5, 2.2, S, _DONE),
    _Job("runner", "us-central1", "vertex-ai-launcher-q9d4m", "vertex-ai-launcher-q9d4m", -9, -8.8, _NEVER, R),
    _Job("runner", "europe-west1", "vertex-ai-launcher-h2w8c", "vertex-ai-launcher-h2w8c", -16, -15.8, -15.1, F,
         _SUBMIT_REFUSED),
    _Job("runner", "us-east4", "vertex-ai-launcher-m5t1z", "vertex-ai-launcher-m5t1z", -31, -30.7, -29.8, F, _QUOTA),
    _Job("runner", "us-central1", "vertex-ai-launcher-b8r6n", "vertex-ai-launcher-b8r6n", -95, -94.8, -91.2, S, _DONE),
    _Job("runner", "europe-west4", "vertex-ai-launcher-k3v9s", "vertex-ai-launcher-k3v9s", -150, -149.6, -146.0, S,
         _DONE),
    _Job("runner", "asia-northeast1", "vertex-ai-launcher-d6j0y", "vertex-ai-launcher-d6j0y", -_DAY, -_DAY + 0.3,
         -_DAY + 1.1, F, _DENIED),
    _Job("vertex", "us-central1", "6231180947755892736", "arr-llama-8b-sft-lr3e-5", -142, -138, _NEVER, R, None, _A3,
         {"wandb_run": "k3f9x2ab"}),
    _Job("vertex", "us-central1", "1180342219903467520", "arr-reward-model-v4", -88, -84, 1.7, F, _OOM, _A2,
         {"wandb_run": "w8s1m4cd"}),
    _Job("vertex", "europe-west4", "4406127700031242240", "arr-eval-mmlu-nightly", -41, -38, 3.1, S, None, _L4,
         {"wandb_run": "e5v7n0fg"}),
    _Job("vertex", "us-central1", "7795260314028179456", "arr-pretrain-1.3b-long-context-128k-rope-scaled", -9 * _DAY,
         -9 * _DAY + 11, _NEVER, R, None, _A3, {"wandb_run": "p0l2q8hj"}),
    _Job("vertex", "us-central1", "3318840122270416896", "arr-llama-8b-dpo-beta0.1", -1.0, 2.6, _NEVER, R, None, _A3,
         {"wandb_run": "d4b6z1kl"}),
    _Job("vertex", "us-east4", "2094417860532961280", "arr-sweep-7/trial-31", -250, -243, -51, F, _PREEMPTED, _A2,
         {"wandb_run": "t3y5r9mn"}),
    _Job("vertex", "us-central1", "8862190553419841536", "arr-llama-8b-sft-lr1e-4", -400, -395, -155, S, None, _A3,
         {"wandb_run": "g7c2u6pq"}),
    _Job("vertex", "asia-northeast1", "5507713926148325376", "arr-tokenizer-ja", -_DAY, -_DAY + 4, -_DAY + 66, S, None,
         _L4),
    _Job("vertex", "europe-west4", "9013355842276491264", "arr-eval-longbench", -1.3 * _DAY, -1.3 * _DAY + 5,
         -1.2 * _DAY, C, None, _L4),
    _Job("active", ONLINE, "k3f9x2ab", "llama-8b-sft-lr3e-5", -137, -137, _NEVER, R, None,
         {"step": 18_420, "user": "research"}, {"vertex_job": "6231180947755892736"}),
    _Job("active", ONLINE, "w8s1m4cd", "reward-model-v4", -83, -83, 1.8, F, _OOM, {"step": 9_310, "user": "rewards"},
         {"vertex_job": "1180342219903467520"}),
    _Job("active", ONLINE, "e5v7n0fg", "eval-mmlu-nightly", -37, -37, 3.2, S, None, {"step": 112, "user": "ci"},
         {"vertex_job": "4406127700031242240"}),
    _Job("active", ONLINE, "p0l2q8hj", "pretrain-1.3b-128k", -9 * _DAY + 12, -9 * _DAY + 12, _NEVER, R, None,
         {"step": 1_204_800, "user": "research"}, {"vertex_job": "7795260314028179456"}),
    _Job("active", VERTEX_QUEUE, "UnVuUXVldWVJdGVtOjQyMTc=", "llama-8b-dpo-beta0.3", -3, _NEVER, _NEVER, R, None,
         {"queue": "vertex", "priority": "medium"}),
    _Job("active", VERTEX_QUEUE, "UnVuUXVldWVJdGVtOjQyMTg=", "llama-8b-dpo-beta0.5", -2.9, _NEVER, _NEVER, R, None,
         {"queue": "vertex", "priority": "medium"}),
    _Job("completed", ONLINE, "t3y5r9mn", "sweep-7/trial-31", -242, -242, -51, F, _PREEMPTED,
         {"step": 7_744, "user": "sweep"}, {"vertex_job": "2094417860532961280"}),
    _Job("completed", ONLINE, "g7c2u6pq", "llama-8b-sft-lr1e-4", -394, -394, -155, S, None,
         {"step": 24_000, "user": "research"}, {"vertex_job": "8862190553419841536"}),
    _Job("completed", ONLINE, "a1n4h8rs", "debug/batch-collator", -310, -310, -308, F, _KEY,
         {"step": 3, "user": "rewards"}),
    _Job("completed", ONLINE, "c9f3j7tu", "sweep-7/trial-30", -600, -600, -388, S, None,
         {"step": 12_000, "user": "sweep"}),
    _Job("completed", ONLINE, "v2x6b0vw", "sweep-7/trial-29", -612, -612, -505, C, None,
         {"step": 6_120, "user": "sweep"}),
)  # fmt: skip

STEPS_A_MINUTE = 140
"""How fast a run that is still running makes steps."""


def demo_settings(epoch: float) -> Settings:
    """Return the settings of the demo that starts at Unix time `epoch`."""
    return Settings(
        gcp=Gcp(project="acme-ml", regions=REGIONS),
        wandb=Wandb(entity="acme", project="arr", queues=("vertex",)),
        demo=True,
        demo_epoch=epoch,
    )


def fixture(epoch: datetime, now: datetime) -> Iterator[Record]:
    """Yield every record of the demo as it stands at `now`; nothing that has not been created yet."""
    elapsed = (now - epoch).total_seconds() / 60
    for job in _JOBS:
        if job.created <= elapsed:
            yield _record(job, epoch, elapsed)


def _state(job: _Job, elapsed: float) -> State:
    if elapsed < job.started:
        return State.QUEUED
    return State.RUNNING if elapsed < job.ended else job.end


def _record(job: _Job, epoch: datetime, elapsed: float) -> Record:
    state = _state(job, elapsed)
    run = job.table in ("active", "completed")
    return Record(
        table=_table(job, state),
        id=job.id,
        name=job.name,
        state=state,
        raw_state=_WORDS["runs" if run else job.table][state],
        scope=job.scope,
        created=epoch + timedelta(minutes=job.created),
        started=None if state is State.QUEUED else epoch + timedelta(minutes=job.started),
        finished=epoch + timedelta(minutes=job.ended) if state.ended else None,
        reason=job.reason if state.ended else None,
        links=job.links,
        detail=_detail(job, state, elapsed),
    )


def _table(job: _Job, state: State) -> str:
    if job.table not in ("active", "completed"):
        return job.table
    return "completed" if state.ended else "active"


def _detail(job: _Job, state: State, elapsed: float) -> dict[str, Scalar]:
    step = job.detail.get("step")
    if state is State.RUNNING and isinstance(step, int):
        return {**job.detail, "step": step + int(elapsed * STEPS_A_MINUTE)}
    return job.detail
