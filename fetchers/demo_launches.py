"""One launch of the demo, all the way: build → launch queue → launcher → Vertex AI job → W&B run. Pure.

A launch is a few numbers; its stories, each linked to all others of it, follow from them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import msgspec

from fetchers import demo_details as details
from fetchers import demo_reasons as reasons
from fetchers.demo_reasons import OTHERS, REASONS, done
from fetchers.demo_story import NEVER, Link, Phase, Story
from fetchers.records import Reason, Scalar
from fetchers.settings import QUEUE

ONLINE = f"{details.ENTITY}/{details.RUNS}"
VERTEX_QUEUE = f"{QUEUE}vertex"
LAUNCHER = "vertex-ai-launcher"
LAUNCHER_IMAGE = details.image_of("launch-agent", "0.31.0")


@dataclass(frozen=True)
class Ending:
    """How a launch ends: in which stage, and what that stage's source says then."""

    stage: Literal["build", "launcher", "job", "run"]
    word: str
    run: str = ""
    """What W&B says of the run, where there is one."""
    reason: str | None = None
    """A key of `REASONS` or `OTHERS`."""
    passing: tuple[str, str] = ("", "")
    """What job and run say for the last half minute before they end."""
    code: str = ""
    """The status code of a job's error."""
    exit: int = 0
    timeout_s: int = details.JOB_TIMEOUT_S
    """How long its job may run."""


def _died(rule: str, run: str = "failed", code: str = "INTERNAL", passing: str = "") -> Ending:
    return Ending("run", "JOB_STATE_FAILED", run, rule, ("", passing), code)


ENDINGS: dict[str, Ending] = {
    "finished": Ending("run", "JOB_STATE_SUCCEEDED", "finished"),
    "pip": Ending("build", "FAILURE", reason="pip", exit=1),
    "push": Ending("build", "FAILURE", reason="push", exit=1),
    "base image": Ending("build", "FAILURE", reason="base image", exit=1),
    "build timeout": Ending("build", "TIMEOUT", reason="build timeout"),
    "build internal": Ending("build", "INTERNAL_ERROR", reason="build internal"),
    "build expired": Ending("build", "EXPIRED", reason="expired"),
    "build cancelled": Ending("build", "CANCELLED", reason="stopped"),
    **{
        rule: Ending("launcher", "FAILED", "failed", rule, exit=1)
        for rule in (
            "machine_type_unsupported",
            "invalid_argument",
            "permission_denied",
            "not_found",
            "quota_exceeded",
            "repeated_failures",
            "http_error",
            "service_error",
        )
    },
    "image_pull": Ending("job", "JOB_STATE_FAILED", "failed", "image_pull", code="INVALID_ARGUMENT"),
    "wandb_init": _died("wandb_init", "crashed"),
    "python_exception": _died("python_exception"),
    "assertion": _died("assertion"),
    "out_of_memory": _died("out_of_memory"),
    "disk_full": _died("disk_full"),
    "collective_failure": _died("collective_failure", "crashed"),
    "process_killed": _died("process_killed", "crashed"),
    "preempted": _died("preempted", "preempted", "UNAVAILABLE", "preempting"),
    "deadline_exceeded": Ending(
        "run", "JOB_STATE_EXPIRED", "crashed", "deadline_exceeded", code="DEADLINE_EXCEEDED", timeout_s=14_400
    ),
    "partial": Ending("run", "JOB_STATE_PARTIALLY_SUCCEEDED", "finished", "partial"),
    "stopped": Ending("run", "JOB_STATE_CANCELLED", "killed", "stopped", ("JOB_STATE_CANCELLING", ""), "CANCELLED"),
}


@dataclass(frozen=True, kw_only=True)
class Launch:
    """One launch; its times are minutes, and lengths of stages one after another."""

    name: str
    at: float
    """Begins, counted from the demo's start."""
    tag: str
    """Of its image. Who has no build of their own uses one that another launch has built."""
    image: str = "arr-train"
    region: str = "us-central1"
    builder: str = ""
    """Where its image is built, if elsewhere than where it runs."""
    machine: str = "a100"
    owner: str = "research"
    group: str = ""
    kind: str = "train"
    build: float = 0.0
    """How long the build takes; 0: the image is there already."""
    waits: float = 2.0
    launches: float = 1.2
    provisions: float = 4.0
    runs: float = 60.0
    ends: str = "finished"
    rate: float = 140.0
    """Steps a minute."""
    execution: str = ""
    """Last letters of its execution's name; where empty they are made up."""
    run: str = ""
    """Id of its run; where empty it is made up."""
    priority: int = 2
    tags: str = ""


class Times(NamedTuple):
    """When each stage begins, in minutes of the demo."""

    built: float
    queued: float
    execution: float
    executed: float
    job: float
    started: float
    ended: float


def times(launch: Launch) -> Times:
    """Add up the stages."""
    built = launch.at + launch.build
    queued = built + (0.05 if launch.build else 0.0)
    execution = queued + launch.waits
    executed = execution + launch.launches
    job = executed - min(0.4, launch.launches / 3)
    started = job + launch.provisions
    return Times(built, queued, execution, executed, job, started, started + launch.runs)


class Ids(NamedTuple):
    """What the records of one launch are called."""

    image: str
    build: str
    item: str
    execution: str
    job: str
    run: str


@cache
def build_id(image: str) -> str:
    """The id of the build that made an image."""
    return details.uuid("build", image)


def ids(launch: Launch) -> Ids:
    """Make up the ids."""
    image = details.image_of(launch.image, launch.tag)
    key = f"{launch.name} {launch.tag}"
    return Ids(
        image,
        build_id(image),
        item_id(key),
        f"{LAUNCHER}-{launch.execution or details.letters(5, 'execution', key)}",
        job_id(key),
        launch.run or details.letters(8, "run", key),
    )


def item_id(key: str) -> str:
    """The id of a queue's item, as W&B makes it of a number."""
    return base64.b64encode(f"RunQueueItem:{4000 + int(details.dice('item', key).random() * 90_000)}".encode()).decode()


def job_id(key: str) -> str:
    """The id of a custom job: a number of nineteen digits."""
    return str(10**18 + int(details.dice("job", key).random() * 8 * 10**18))


def reason_of(launch: Launch, ending: Ending) -> Reason | None:
    """Why it ended so."""
    if ending.reason is None:
        return None
    machine, called = details.MACHINES[launch.machine], ids(launch)
    own = {
        "image": called.image,
        "repository": called.image.rpartition(":")[0],
        "region": launch.region,
        "execution": called.execution,
        "job": f"arr-{launch.name}",
        "machine": machine.machine_type,
        "accelerator": machine.accelerator,
        "gpu": machine.gpu,
        "ran": _span(launch.runs),
        "timeout_s": ending.timeout_s,
        "build_s": details.BUILD_TIMEOUT_S,
        "queue_s": details.QUEUE_TTL_S,
    }
    return reasons.of((REASONS | OTHERS)[ending.reason], own)


def _span(minutes: float) -> str:
    hours, rest = divmod(int(minutes), 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


_STAGES = ("build", "launcher", "job", "run")


@cache
def stories_of(launch: Launch) -> tuple[Story, ...]:
    """Tell the stories of all its records, as far as it comes."""
    ending, when, called = ENDINGS[launch.ends], times(launch), ids(launch)
    links = _links(launch, ending, when, called)
    stages = _STAGES[: _STAGES.index(ending.stage) + 1]
    told = [_build(launch, ending, when, called, links)] if launch.build else []
    if "launcher" in stages:
        told += [_item(launch, ending, when, called, links), _execution(launch, ending, when, called, links)]
    if "job" in stages:
        told += [_job(launch, ending, when, called, links), _run(launch, ending, when, called, links)]
    return tuple(told)


def _links(launch: Launch, ending: Ending, when: Times, called: Ids) -> tuple[Link, ...]:
    stages = {
        "build": [Link(launch.at, "build", called.build), Link(launch.at, "image", called.image)],
        "launcher": [Link(when.execution, "execution", called.execution)],
        "job": [Link(when.job, "vertex_job", called.job), Link(when.job, "wandb_run", called.run)],
    }
    reached = _STAGES[: _STAGES.index(ending.stage) + 1]
    return tuple(link for stage in reached for link in stages.get(stage, ()))


def _build(launch: Launch, ending: Ending, when: Times, called: Ids, links: tuple[Link, ...]) -> Story:
    scope = launch.builder or launch.region
    bad = ending.stage == "build"
    word = ending.word if bad else "SUCCESS"
    working = launch.at + min(0.4, launch.build / 4)
    never = word == "EXPIRED"
    began = [Phase(launch.at, "PENDING"), Phase(launch.at + 0.1, "QUEUED")]
    began += [] if never else [Phase(working, "WORKING")]
    return Story(
        kind="builds",
        scope=scope,
        id=called.build,
        name=f"{launch.image}:{launch.tag}",
        phases=(*began, Phase(when.built, word)),
        reason=reason_of(launch, ending) if bad else None,
        url=details.build_url(scope, called.build),
        links=links,
        detail=details.build_detail(scope, called.build, called.image),
        after=_bad_build(launch, ending) if bad else {},
        moving=details.build_steps,
    )


def _bad_build(launch: Launch, ending: Ending) -> Mapping[str, Scalar]:
    reason = reason_of(launch, ending)
    if ending.word != "FAILURE" or reason is None:
        return {} if reason is None else {"status_detail": reason.text}
    return {
        "status_detail": 'Build step failure: build step 1 "gcr.io/kaniko-project/executor" failed: step exited 1',
        "failure_type": "USER_BUILD_STEP",
        "failed_step": "1 kaniko",
        "exit_code": ending.exit,
    }


def _item(launch: Launch, ending: Ending, when: Times, called: Ids, links: tuple[Link, ...]) -> Story:
    """A queue's item is there until its run is; one whose launcher ended before stays, and says so."""
    refused = ending.stage == "launcher"
    taken = (Phase(when.execution + 0.2, "leased"), Phase(when.execution + 0.2 + launch.launches / 3, "claimed"))
    return Story(
        kind="items",
        scope=VERTEX_QUEUE,
        id=called.item,
        name=launch.name,
        phases=(Phase(when.queued, "pending"), *taken, *([Phase(when.executed, "failed")] if refused else [])),
        reason=_not_launched(launch, ending) if refused else None,
        links=tuple(link for link in links if link.kind in {"image", "execution"}),
        detail=details.item_detail("vertex", launch.image, called.image, launch.owner, launch.priority),
        gone=NEVER if refused else when.job,
    )


def _not_launched(launch: Launch, ending: Ending) -> Reason | None:
    reason = reason_of(launch, ending)
    return None if reason is None else msgspec.structs.replace(reason, text=f"not launched: {reason.text}")


def _execution(launch: Launch, ending: Ending, when: Times, called: Ids, links: tuple[Link, ...]) -> Story:
    bad = ending.stage == "launcher"
    starts = min(0.25, launch.launches / 4)
    begun = (Phase(when.execution, "PENDING"), Phase(when.execution + starts, "RUNNING"))
    detail = details.execution_detail(launch.region, called.execution, LAUNCHER, LAUNCHER_IMAGE, launch.owner)
    return Story(
        kind="runner",
        scope=launch.region,
        id=called.execution,
        name=called.execution,
        phases=(*begun, Phase(when.executed, ending.word if bad else "SUCCEEDED")),
        reason=reason_of(launch, ending) if bad else done(1),
        url=details.execution_url(launch.region, called.execution),
        links=links,
        detail=detail | {"label.wandb-queue": "vertex"},
        after=failed_execution(called.execution, ending.exit) if bad else _completed(60 * (launch.launches - starts)),
        moving=details.tasks(1, bad=int(bad)),
    )


def _completed(seconds: float) -> Mapping[str, Scalar]:
    """What Cloud Run says of an execution that has ended well."""
    return {"message": f"Execution completed successfully in {int(seconds // 60)}m{seconds % 60:.2f}s."}


def failed_execution(id_: str, status: int) -> Mapping[str, Scalar]:
    """What Cloud Run says of an execution whose task failed."""
    return {
        "condition_reason": "NON_ZERO_EXIT_CODE",
        "message": f"Task {id_}-task0 failed with message: The container exited with an error (exit {status}).",
        "exit_code": status,
    }


def _job(launch: Launch, ending: Ending, when: Times, called: Ids, links: tuple[Link, ...]) -> Story:
    alive = ending.stage == "run"
    ended = when.ended if alive else when.started
    begun = [
        Phase(when.job, "JOB_STATE_QUEUED"),
        Phase(when.job + min(0.3, launch.provisions / 4), "JOB_STATE_PENDING"),
    ]
    begun += [Phase(when.started, "JOB_STATE_RUNNING")] if alive else []
    begun += [Phase(ended - min(0.6, launch.runs / 2), ending.passing[0])] if ending.passing[0] else []
    labels = {"wandb-run-id": called.run, "launch-queue": "vertex", "team": launch.owner}
    return Story(
        kind="vertex",
        scope=launch.region,
        id=called.job,
        name=f"arr-{launch.name}",
        phases=(*begun, Phase(ended, ending.word)),
        reason=reason_of(launch, ending),
        url=details.job_url(launch.region, called.job),
        links=links,
        detail=details.job_detail(launch.region, called.job, called.image, details.MACHINES[launch.machine], labels)
        | {"timeout_s": ending.timeout_s},
        after={"error_code": ending.code} if ending.code else {},
    )


def _run(launch: Launch, ending: Ending, when: Times, called: Ids, links: tuple[Link, ...]) -> Story:
    alive = ending.stage == "run"
    began, ended = when.started + min(0.15, launch.runs / 4), when.ended - min(0.1, launch.runs / 10)
    begun = [Phase(when.job, "pending"), *([Phase(began, "running")] if alive else [])]
    begun += [Phase(ended - min(0.5, launch.runs / 2), ending.passing[1])] if ending.passing[1] else []
    group = launch.group or launch.name.partition("-")[0]
    return Story(
        kind="runs",
        scope=ONLINE,
        id=called.run,
        name=launch.name,
        phases=(*begun, Phase(ended if alive else when.started, ending.run)),
        reason=reason_of(launch, ending),
        url=details.run_url(called.run),
        links=links,
        detail=details.run_detail(called.run, launch.owner, group, launch.kind, launch.tags),
        moving=details.training(launch.rate),
    )
