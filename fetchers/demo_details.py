"""What the demo's records hold besides their state, under the keys and in the formats of the real fetchers."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from fetchers.demo_story import Moment, Moving
from fetchers.records import Scalar, State

PROJECT = "acme-ml"
ENTITY, RUNS = "acme", "arr"
VIEWER = "ml-platform"
"""Whose `mine` is true: the account that the demo pretends to be. Builds and jobs do not tell who began them."""

Detail = dict[str, Scalar]


def account(role: str) -> str:
    """The service account of a role."""
    return f"{role}@{PROJECT}.iam.gserviceaccount.com"


def dice(*words: object) -> random.Random:
    """Dice that always fall the same for the same words, on any machine and Python."""
    return random.Random(" ".join(map(str, words)))  # noqa: S311 - made up, not secret


def hexadecimal(length: int, *words: object) -> str:
    """Made-up hexadecimal digits."""
    return f"{dice('hex', *words).getrandbits(4 * length):0{length}x}"


def uuid(*words: object) -> str:
    """A made-up UUID."""
    digits = hexadecimal(32, *words)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def letters(length: int, *words: object) -> str:
    """Made-up letters and digits, as executions and runs are called."""
    rolled = dice("letters", *words)
    return "".join("abcdefghjkmnpqrstuvwxyz23456789"[int(rolled.random() * 31)] for _ in range(length))


# --- machines ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """What a Vertex AI job runs on."""

    machine_type: str
    accelerator: str
    count: int
    replicas: int = 1
    spot: bool = False

    @property
    def gpu(self) -> str:
        """Its accelerator as quotas call it."""
        return self.accelerator.removeprefix("NVIDIA_").removeprefix("TESLA_").partition("_")[0]


MACHINES = {
    "l4": Machine("g2-standard-12", "NVIDIA_L4", 1),
    "a100": Machine("a2-highgpu-1g", "NVIDIA_TESLA_A100", 1, spot=True),
    "a100x8": Machine("a2-highgpu-8g", "NVIDIA_TESLA_A100", 8),
    "h100x8": Machine("a3-highgpu-8g", "NVIDIA_H100_80GB", 8),
    "h100x64": Machine("a3-highgpu-8g", "NVIDIA_H100_80GB", 8, replicas=8),
    "v5e": Machine("ct5lp-hightpu-4t", "TPU_V5_LITEPOD", 4),
}


def image_of(name: str, tag: str) -> str:
    """The full name of an image in Artifact Registry."""
    return f"us-central1-docker.pkg.dev/{PROJECT}/train/{name}:{tag}"


# --- pages -------------------------------------------------------------------------------------------------------

_CONSOLE = "https://console.cloud.google.com"


def build_url(scope: str, id_: str) -> str:
    """A build's page, which shows its log too."""
    return f"{_CONSOLE}/cloud-build/builds;region={scope}/{id_}?project={PROJECT}"


def execution_url(scope: str, id_: str) -> str:
    """An execution's page."""
    return f"{_CONSOLE}/run/jobs/executions/details/{scope}/{id_}?project={PROJECT}"


def job_url(scope: str, id_: str) -> str:
    """A custom job's page."""
    return f"{_CONSOLE}/agent-platform/locations/{scope}/training/{id_}?project={PROJECT}"


def run_url(id_: str) -> str:
    """A run's page."""
    return f"https://wandb.ai/{ENTITY}/{RUNS}/runs/{id_}"


def logs_url(resource: str, label: str, value: str) -> str:
    """The page of the log lines that carry a label."""
    query = quote(f'resource.type="{resource}"\n{label}="{value}"', safe="")
    return f"{_CONSOLE}/logs/query;query={query}?project={PROJECT}"


# --- details -----------------------------------------------------------------------------------------------------

STEPS_OF_A_BUILD = 5
BUILD_TIMEOUT_S = 1800
QUEUE_TTL_S = 3600
JOB_TIMEOUT_S = 604_800
"""Of a job that is given no other."""


def build_detail(scope: str, id_: str, image: str) -> Detail:
    """A build of a branch's head."""
    name = image.rpartition("/")[2].partition(":")[0]
    return {
        "resource": f"projects/{PROJECT}/locations/{scope}/builds/{id_}",
        "image": image,
        "images": image,
        "machine_type": "E2_HIGHCPU_32",
        "disk_gb": 200,
        "trigger": f"{name}-push",
        "commit": hexadecimal(40, image),
        "branch": "main",
        "repository": "acme/arr",
        "tags": f"launch, {name}",
        "timeout_s": BUILD_TIMEOUT_S,
        "queue_ttl_s": QUEUE_TTL_S,
        "service_account": account("cloud-build"),
        "logs_bucket": f"gs://{PROJECT}-build-logs",
        "log_uri": build_url(scope, id_),
        "log_url": build_url(scope, id_),
    }


def build_steps(moment: Moment) -> Mapping[str, Scalar]:
    """How many of its steps are done, and the digest once the image is there."""
    whole = moment.state is State.SUCCEEDED
    done = STEPS_OF_A_BUILD if whole else int(moment.share * (STEPS_OF_A_BUILD - 1))
    steps: Detail = {"steps": STEPS_OF_A_BUILD, "steps_done": done}
    return steps | {"digest": f"sha256:{hexadecimal(64, moment.story.id)}"} if whole else steps


def execution_detail(scope: str, id_: str, job: str, image: str, owner: str) -> Detail:
    """An execution of a Cloud Run job."""
    logs = logs_url("cloud_run_job", 'labels."run.googleapis.com/execution_name"', id_)
    return {
        "resource": f"projects/{PROJECT}/locations/{scope}/jobs/{job}/executions/{id_}",
        "job": job,
        "image": image,
        "creator": account(owner),
        "service_account": account("launcher"),
        "timeout_s": 86_400,
        "max_retries": 0,
        "uid": uuid("uid", id_),
        "cpu": "2",
        "memory": "4Gi",
        "log_uri": logs,
        "log_url": logs,
        "label.team": owner,
        "mine": owner == VIEWER,
    }


def tasks(number: int, parallelism: int = 1, bad: int = 0) -> Moving:
    """The counts of an execution's tasks, of which `bad` fail in the end."""

    def counts(moment: Moment) -> Mapping[str, Scalar]:
        ended = moment.state.ended
        done = number if ended else int(moment.share * number)
        failed = bad if moment.state is State.FAILED else bad * done // number
        cancelled = number - int(moment.share * number * 0.6) if moment.state is State.CANCELLED else 0
        running = min(parallelism, number - done) if moment.state is State.RUNNING else 0
        return {
            "tasks": number,
            "parallelism": parallelism,
            "running": running,
            "succeeded": done - failed - cancelled,
            "failed": failed,
            "cancelled": cancelled,
            "retried": 0,
        }

    return counts


def job_detail(scope: str, id_: str, image: str, machine: Machine, labels: Mapping[str, str]) -> Detail:
    """A custom job of one pool."""
    return {
        "resource": f"projects/{PROJECT}/locations/{scope}/customJobs/{id_}",
        "image": image,
        "service_account": account("trainer"),
        "network": f"projects/{PROJECT}/global/networks/training",
        "output": f"gs://{PROJECT}-runs/{id_}",
        "timeout_s": JOB_TIMEOUT_S,
        "strategy": "SPOT" if machine.spot else "STANDARD",
        "machine_type": machine.machine_type,
        "accelerator": machine.accelerator,
        "accelerator_count": machine.count,
        "replicas": machine.replicas,
        "disk_gb": 300,
        "log_url": logs_url("ml_job", "resource.labels.job_id", id_),
        **{f"label.{key}": labels[key] for key in sorted(labels)},
    }


def run_detail(id_: str, owner: str, group: str, job_type: str, tags: str) -> Detail:
    """A run of the project."""
    return {
        "entity": ENTITY,
        "project": RUNS,
        "user": owner,
        "group": group,
        "job_type": job_type,
        **({"tags": tags} if tags else {}),
        "commit": hexadecimal(40, "run", id_),
        "log_url": f"{run_url(id_)}/logs",
        "mine": owner == VIEWER,
    }


def item_detail(queue: str, job: str, image: str, owner: str, priority: int) -> Detail:
    """An item of a launch queue."""
    return {
        "entity": ENTITY,
        "project": RUNS,
        "queue": queue,
        "priority": priority,
        "job": f"{ENTITY}/{RUNS}/job-{job}:latest",
        "image": image,
        "author": owner,
        "resource": "vertex-ai",
        "mine": owner == VIEWER,
    }


HEARTBEAT_S = 15


def training(steps_a_minute: float, done_before: float = 0.0) -> Moving:
    """The steps and metrics of a run, which made `done_before` minutes of them in earlier attempts."""

    def progress(moment: Moment) -> Mapping[str, Scalar]:
        if moment.started is None:
            return {}
        minutes = moment.ran + done_before
        step = int(minutes * steps_a_minute)
        beat = (
            moment.now if moment.finished is None else moment.now - timedelta(minutes=moment.minute - moment.finished)
        )
        beat -= timedelta(seconds=beat.timestamp() % HEARTBEAT_S)
        return {
            "heartbeat": beat.isoformat(timespec="seconds"),
            "step": step,
            "runtime_s": int(moment.ran * 60),
            "summary.loss": _loss(moment.story.id, step),
            "summary.epoch": round(step / 8_000, 2),
            "summary.lr": _rate(step),
            "summary.tokens/s": 1_000 * (38 + step % 7),
        }

    return progress


def _loss(id_: str, step: int) -> float:
    floor = 0.9 + 0.8 * (sum(map(ord, id_)) % 17) / 17
    return round(floor + 8.0 / math.sqrt(step / 20 + 4) + 0.02 * math.sin(step), 4)


def _rate(step: int) -> float:
    return float(f"{3e-5 * min(1.0, (step + 1) / 500):.3g}")
