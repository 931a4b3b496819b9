"""What runs in the demo besides launches: sweeps, long-lived agents, a job of many tasks, and odd single records."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from fetchers import demo_details as details
from fetchers.demo_launches import (
    LAUNCHER_IMAGE,
    ONLINE,
    build_id,
    failed_execution,
    job_id,
)
from fetchers.demo_reasons import OTHERS, done
from fetchers.demo_story import Link, Phase, Story
from fetchers.records import Reason

_DAY = 24 * 60.0
REGION = "us-central1"
_IMAGE = details.image_of("arr-train", "1c0ffee")


def others(minute: float) -> Iterator[Story]:
    """Every story that can be listed at that minute of the demo, begun or not."""
    yield from ODD
    today = math.floor(minute / _DAY)
    turn = math.floor(minute / SWEEP_EVERY)
    for number in range(max(FIRST_SWEEP, turn - SWEEPS_SHOWN), turn + 2):
        yield from sweep(number)
    for day in range(today - 6, today + 2):
        yield agent(day)
    shift = math.floor(minute / _SHIFT)
    yield from map(shards, range(shift - 4, shift + 2))


# --- sweeps ------------------------------------------------------------------------------------------------------

SWEEP_EVERY = 150.0
"""Minutes from one sweep to the next, which is a little more than one lasts."""

FIRST_SWEEP = -1
SWEEPS_SHOWN = 4
"""Earlier sweeps that are told of: older trials are beyond any list's limit."""

SLOTS = (0.55, 1.25, 3.2)
"""Trials side by side, each on some of the GPUs: the minutes of a sweep's turn in which their second ones end."""

TRIALS = 3
"""One after another in each slot: one has ended when the turn begins, one ends before one's eyes, one follows."""

_ENDS = ("finished", "finished", "killed", "finished", "crashed", "finished", "killed")
_WARMUP = 70.0
"""Minutes from the sweep's start to the first of `SLOTS`."""


@cache
def sweep(number: int) -> tuple[Story, ...]:
    """One sweep: a job, and its trials, each a run."""
    name, noon = f"sweep-{7 + number}", number * SWEEP_EVERY
    began, job = noon - _WARMUP, job_id(name)
    links = (
        Link(began, "image", _IMAGE),
        Link(began, "build", build_id(_IMAGE)),
        Link(began, "vertex_job", job),
    )
    trials = [trial for slot, turn in enumerate(SLOTS) for trial in _slot(name, slot, noon + turn, links)]
    ended = max(trial.phases[-1].at for trial in trials)
    return (_sweep_job(name, job, (began, noon, ended), links), *trials)


def _sweep_job(name: str, job: str, when: tuple[float, float, float], links: tuple[Link, ...]) -> Story:
    began, noon, ended = when
    return Story(
        kind="vertex",
        scope=REGION,
        id=job,
        name=f"arr-{name}-lr-x-warmup-x-weight-decay",
        phases=(
            Phase(began - 6, "JOB_STATE_QUEUED"),
            Phase(began - 5, "JOB_STATE_PENDING"),
            Phase(began, "JOB_STATE_RUNNING"),
            Phase(noon + 1.8, "JOB_STATE_UPDATING"),
            Phase(noon + 2.4, "JOB_STATE_RUNNING"),
            Phase(ended + 0.5, "JOB_STATE_SUCCEEDED"),
        ),
        url=details.job_url(REGION, job),
        links=links,
        detail=details.job_detail(REGION, job, _IMAGE, details.MACHINES["a100x8"], {"sweep": name, "team": "research"}),
    )


def _slot(name: str, slot: int, turn: float, links: tuple[Link, ...]) -> Iterator[Story]:
    """Yield the trials of one slot, of which the second ends at `turn`."""
    rolled = details.dice(name, slot)
    words = [_ENDS[(slot + 3 * at) % len(_ENDS)] for at in range(TRIALS)]
    lasts = [_LASTS[word] * (0.8 + 0.2 * rolled.random()) for word in words]
    began = turn - lasts[0] - lasts[1]
    for at, (word, last) in enumerate(zip(words, lasts, strict=True)):
        yield _trial(name, 1 + slot + at * len(SLOTS), _phases(began, began + last, word), links)
        began += last


def _phases(began: float, ended: float, word: str) -> tuple[Phase, ...]:
    """Who crashes is not heard of for a while before W&B says so."""
    silent = [Phase(ended - 0.6, "unknown")] if word == "crashed" else []
    return (Phase(began, "running"), *silent, Phase(ended, word))


_LASTS = {"finished": 42.0, "killed": 24.0, "crashed": 28.0}
"""Minutes of a trial, at most."""


def _trial(name: str, number: int, phases: tuple[Phase, ...], links: tuple[Link, ...]) -> Story:
    run = details.letters(8, name, number)
    detail = details.run_detail(run, "research", name, "sweep", "sweep") | {"sweep": details.letters(8, name)}
    return Story(
        kind="runs",
        scope=ONLINE,
        id=run,
        name=f"{name}/trial-{number:02d}",
        phases=phases,
        reason=OTHERS["nan"] if phases[-1].word == "crashed" else None,
        url=details.run_url(run),
        links=(*links, Link(phases[0].at, "wandb_run", run)),
        detail=detail,
        moving=details.training(70 + 60 * details.dice(run).random()),
    )


# --- executions --------------------------------------------------------------------------------------------------

_AGENT_BEFORE = 9 * 60.0


@cache
def agent(day: int) -> Story:
    """The launcher that stays for a day and takes what comes."""
    id_ = "vertex-ai-launcher-q9d4m" if day == 0 else f"vertex-ai-launcher-{details.letters(5, 'agent', day)}"
    began = day * _DAY - _AGENT_BEFORE
    jobs = 21 + int(details.dice("agent", day).random() * 30)
    detail = details.execution_detail(REGION, id_, "vertex-ai-launcher", LAUNCHER_IMAGE, "ml-platform")
    return _execution(
        id_,
        (Phase(began - 0.4, "PENDING"), Phase(began, "RUNNING"), Phase(began + _DAY - 0.5, "SUCCEEDED")),
        detail | {"label.wandb-queue": "vertex"},
        reason=done(jobs),
    )


_SHIFT = 4 * 60.0
"""Minutes from one run of the shards to the next."""

_TASKS = 64


SHARDS_THAT_FAIL = 4
"""Of every five runs of the shards."""


@cache
def shards(number: int) -> Story:
    """A job of many tasks, which end one after another."""
    id_ = f"tokenize-web-corpus-shards-{details.letters(5, 'shards', number)}"
    began, bad = number * _SHIFT - 39.3, number % 5 == SHARDS_THAT_FAIL
    detail = details.execution_detail(REGION, id_, "tokenize-web-corpus-shards", _IMAGE, "tokenizers")
    phases = (
        Phase(began - 0.6, "PENDING"),
        Phase(began, "RUNNING"),
        Phase(began + 41.0, "UNKNOWN"),  # it has ended, and its counts are late
        Phase(began + 41.5, "FAILED" if bad else "SUCCEEDED"),
    )
    reason = OTHERS["shards"] if bad else done(_TASKS)
    told = _execution(id_, phases, detail | {"cpu": "8", "memory": "32Gi"}, reason=reason)
    counts = details.tasks(_TASKS, parallelism=12, bad=4 if bad else 0)
    return replace(told, moving=counts, after=failed_execution(id_, 1) if bad else {})


def _execution(
    id_: str, phases: tuple[Phase, ...], detail: details.Detail, scope: str = REGION, reason: Reason | None = None
) -> Story:
    links = (Link(phases[0].at, "execution", id_), Link(phases[0].at, "image", str(detail["image"])))
    return Story(
        kind="runner",
        scope=scope,
        id=id_,
        name=id_,
        phases=phases,
        reason=reason,
        url=details.execution_url(scope, id_),
        links=links,
        detail=detail,
        moving=details.tasks(1),
    )


# --- odd ones ----------------------------------------------------------------------------------------------------


def _paused() -> Story:
    id_ = job_id("paused")
    return Story(
        kind="vertex",
        scope="us-east4",
        id=id_,
        name="arr-pretrain-7b-moe-ablation-no-shared-experts",
        phases=(
            Phase(3.0, "JOB_STATE_UNSPECIFIED"),
            Phase(3.4, "JOB_STATE_QUEUED"),
            Phase(4.1, "JOB_STATE_PENDING"),
            Phase(9.0, "JOB_STATE_PAUSED"),
        ),
        url=details.job_url("us-east4", id_),
        links=(Link(3.0, "vertex_job", id_), Link(3.0, "image", _IMAGE)),
        detail=details.job_detail("us-east4", id_, _IMAGE, details.MACHINES["h100x64"], {"team": "research"}),
    )


def _first_heard_of() -> Story:
    """A build that is listed before it has a status."""
    image = details.image_of("arr-data", "corpus-w31")
    id_ = build_id(image)
    return Story(
        kind="builds",
        scope="europe-west4",
        id=id_,
        name="arr-data:corpus-w31",
        phases=(Phase(2.4, "STATUS_UNKNOWN"), Phase(2.8, "QUEUED"), Phase(3.1, "WORKING"), Phase(6.2, "SUCCESS")),
        url=details.build_url("europe-west4", id_),
        links=(Link(2.4, "build", id_), Link(2.4, "image", image)),
        detail=details.build_detail("europe-west4", id_, image),
        moving=details.build_steps,
    )


def _cancelled() -> Story:
    id_ = "vertex-ai-launcher-z0n5c"
    detail = details.execution_detail("us-east4", id_, "vertex-ai-launcher", LAUNCHER_IMAGE, "ml-platform")
    told = _execution(
        id_,
        (Phase(-300, "PENDING"), Phase(-299.6, "RUNNING"), Phase(-291.2, "CANCELLED")),
        detail,
        "us-east4",
        OTHERS["stopped"],
    )
    return replace(told, after={"condition_reason": "CANCELLED", "message": "Execution cancelled."})


ODD: tuple[Story, ...] = (_paused(), _cancelled(), _first_heard_of())
