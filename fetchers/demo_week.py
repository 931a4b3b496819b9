"""The demo's week: what happens in its first minutes and what must be seen, written down; all else made by number.

Launch number k is the same whoever asks and whenever: the past thins out over a week, the future goes on for ever.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from fetchers.demo_details import BUILD_TIMEOUT_S, QUEUE_TTL_S, dice, hexadecimal
from fetchers.demo_launches import ENDINGS, Launch

_DAY = 24 * 60.0

T = TypeVar("T")

WRITTEN: tuple[Launch, ...] = (
    # What one sees happen. From the build to the crash in three minutes:
    Launch(name="llama-8b-dpo-beta0.1", at=-2.9, tag="7f3a91c", build=3.2, waits=0.1, launches=0.5, provisions=0.5,
           runs=1.55, machine="h100x8", ends="out_of_memory", execution="x7k2p", run="d4b6z1kl", group="dpo"),
    # refused by the service, seconds after its launcher has started
    Launch(name="llama-70b-sft-8xa100", at=-2.0, tag="1c0ffee", waits=2.1, launches=0.5, region="europe-west1",
           machine="a100x8", ends="machine_type_unsupported", execution="h2w8c", owner="ml-platform"),
    # has trained for an hour and a half, and loses a rank
    Launch(name="reward-model-v4", at=-94.0, tag="1c0ffee", waits=3.0, provisions=5.0, runs=86.1, machine="a100x8",
           ends="collective_failure", run="w8s1m4cd", owner="rewards", group="reward"),
    Launch(name="llama-8b-sft-fix-lr-schedule", at=0.15, tag="fix-lr-schedule", build=1.8, waits=1.1, provisions=1.6,
           runs=170.0, machine="h100x8", owner="ml-platform"),
    Launch(name="encoder-débruité-größer", at=0.7, tag="torch-2.13.7", image="arr-encoder", build=1.5, ends="pip",
           builder="europe-west4", owner="research"),
    Launch(name="tokenizer-日本語-v3-辞書拡張", at=-31.0, tag="1c0ffee", waits=4.0, runs=24.75, ends="stopped",
           region="asia-northeast1", machine="l4", owner="tokenizers", kind="tokenizer"),
    Launch(name="distill-2b-spot", at=0.5, tag="1c0ffee", waits=1.2, provisions=0.9, runs=4.4, ends="preempted",
           rate=310, region="europe-west4", owner="research"),
    Launch(name="llama-8b-dpo-beta0.3", at=-3.0, tag="1c0ffee", waits=4.3, launches=0.7, provisions=2.0, runs=75.0,
           machine="h100x8", group="dpo", priority=1),
    Launch(name="llama-8b-dpo-beta0.5", at=1.9, tag="1c0ffee", waits=4.2, launches=0.8, provisions=2.5, runs=80.0,
           machine="h100x8", group="dpo", priority=1),
    Launch(name="llama-8b-dpo-beta0.7-with-a-reference-model-that-is-not-frozen", at=-2.8, tag="1c0ffee", waits=12.0,
           runs=65.0, machine="h100x8", group="dpo", priority=1),
    # What has run for long, and what waits for longer.
    Launch(name="pretrain-1.3b-long-context-128k-rope-scaled-θ500k", at=-9 * _DAY, tag="c0de128", waits=4.0,
           provisions=11.0, runs=math.inf, machine="h100x64", run="p0l2q8hj", group="pretrain", rate=93.0,
           tags="pretrain, long-context"),
    Launch(name="llama-8b-sft-lr3e-5", at=-152.0, tag="1c0ffee", waits=6.0, provisions=5.0, runs=330.0,
           machine="h100x8", run="k3f9x2ab", owner="ml-platform", tags="baseline"),
    Launch(name="llama-70b-sft-64k", at=-2 * _DAY, tag="c0de128", waits=math.inf, machine="h100x64", priority=3),
    # The images that several launches share, and what failed lately.
    Launch(name="llama-8b-sft-lr1e-4", at=-400.0, tag="1c0ffee", build=5.1, waits=1.5, provisions=4.0, runs=241.0,
           machine="h100x8", run="g7c2u6pq", owner="ml-platform"),
    Launch(name="pretrain-1.3b-warmup-check", at=-9.1 * _DAY, tag="c0de128", build=6.0, runs=22.0, machine="h100x64",
           group="pretrain"),
    Launch(name="reward-model-v5-pairwise", at=-14.0, tag="rm-v5", build=4.6, ends="push", owner="rewards"),
    Launch(name="eval-longbench-ＷＩＤＥ", at=-19.5, tag="2f4b6d0", image="arr-eval", waits=0.8, ends="not_found",
           region="europe-west4", machine="l4", kind="eval", owner="ci"),
    Launch(name="llama-8b-sft-lr1e-3", at=-23.0, tag="1c0ffee", waits=1.0, provisions=3.0, runs=4.2, machine="a100",
           ends="python_exception", owner="ml-platform"),
    Launch(name="eval-humaneval", at=-31.0, tag="nightly-cu13", image="arr-eval", waits=2.6, provisions=21.0,
           ends="image_pull", machine="l4", kind="eval", owner="ci"),
    Launch(name="llama-8b-sft-batch64", at=-6.1 * 60, tag="1c0ffee", runs=3.4, machine="a100", ends="out_of_memory",
           owner="ml-platform"),
    Launch(name="moe-8x2b-warmup", at=-19.0 * 60, tag="c0de128", runs=212.0, machine="h100x64",
           ends="collective_failure", group="pretrain"),
    Launch(name="distill-2b-spot-first-try", at=-2.1 * _DAY, tag="c0de128", runs=192.0, ends="preempted"),
    Launch(name="llama-70b-eval-8xa100", at=-1.7 * _DAY, tag="c0de128", ends="machine_type_unsupported", kind="eval",
           region="asia-northeast1", machine="a100x8"),
    Launch(name="tokenizer-한국어-v1", at=-1.1 * _DAY, tag="c0de128", waits=5.0, ends="permission_denied",
           region="asia-northeast1", machine="l4", owner="tokenizers", kind="tokenizer"),
    Launch(name="encoder-évaluation-finale", at=-3.2 * _DAY, tag="enc-ü7", image="arr-encoder", build=9.0,
           builder="asia-southeast1", runs=95.0, machine="v5e", region="us-east4"),
    Launch(name="debug/batch-collator", at=-3.4 * _DAY, tag="collator", build=4.1, runs=2.2, ends="python_exception"),
    Launch(name="launch-agent-0.31", at=-2.0 * _DAY, tag="0.31.0", image="launch-agent", build=3.3, builder="global",
           ends="build cancelled", owner="ml-platform"),
)  # fmt: skip
"""In no order."""

_MODELS = (
    "llama-8b",
    "llama-8b",
    "llama-70b",
    "qwen-7b",
    "mistral-12b",
    "reward",
    "encoder",
    "指令微调-7b",
    "moe-8x2b",
)
_TASKS = (
    # name, minutes from and to, machine, kind
    ("sft", 50, 130, "h100x8", "train"),
    ("dpo", 35, 80, "h100x8", "train"),
    ("eval-mmlu", 12, 30, "l4", "eval"),
    ("eval-gsm8k", 9, 25, "l4", "eval"),
    ("ablation", 30, 90, "a100", "train"),
    ("distill", 60, 150, "a100x8", "train"),
    ("reward-head", 25, 60, "a100", "train"),
)
_SETTINGS = (
    "lr3e-5",
    "lr1e-4",
    "beta0.2",
    "ctx32k",
    "lora-r64",
    "seed7",
    "no-dropout",
    "bf16-master-weights",
    "packed",
)
_BUILDERS = ("us-central1", "us-central1", "us-central1", "global", "asia-southeast1")
_OWNERS = ("research", "research", "rewards", "ml-platform", "ml-platform", "ci", "tokenizers")
_PLACES = ("us-central1", "us-central1", "us-central1", "us-central1", "us-east4", "europe-west4", "europe-west1",
           "asia-northeast1")  # fmt: skip
_FAILURES = (
    "out_of_memory", "python_exception", "preempted", "collective_failure", "stopped",
    "quota_exceeded", "disk_full", "service_error", "build timeout", "wandb_init", "invalid_argument",
    "process_killed", "repeated_failures", "deadline_exceeded", "base image", "assertion", "http_error", "partial",
    "build internal", "build expired",
)  # fmt: skip
"""In this order from the demo's start on, and backwards from it: each has happened within the week."""

AS_TOLD: Mapping[str, Mapping[str, Any]] = {
    "build timeout": {"build": BUILD_TIMEOUT_S / 60 + 0.4},
    "build expired": {"build": QUEUE_TTL_S / 60},
    "deadline_exceeded": {"runs": ENDINGS["deadline_exceeded"].timeout_s / 60},
    "wandb_init": {"runs": 1.8},
    "preempted": {"machine": "a100"},
}
"""How a launch ends → what its reason says of it."""

FAILS_EVERY = 3
"""Launches, of which one fails: much of the past is experiments."""

BUILDS_BUT_EVERY = 3
"""Launches, of which one uses the image of the one before it."""

PAST = 46
"""Launches before the demo's start."""

SHOWN = 150
"""Launches that are told of at a time: more than any list's limit lets through."""

GAP = 10.0
"""Minutes from one launch to the next after the start."""


def begins(number: int) -> float:
    """The minute in which a launch begins: every ten or so in the future, ever more rarely into the past."""
    jitter = 3.0 * dice("at", number).random()
    if number >= 0:
        return 4.0 + GAP * number + jitter
    past = -number
    return -(42.0 + 12.0 * past + 4.4 * past * past) + jitter


def _pick(share: float, among: Sequence[T]) -> T:
    return among[int(share * len(among))]


@cache
def made(number: int) -> Launch:
    """A launch like many."""
    rolled = dice("launch", number)
    model, setting = _pick(rolled.random(), _MODELS), _pick(rolled.random(), _SETTINGS)
    task, least, most, machine, kind = _pick(rolled.random(), _TASKS)
    fails = number % FAILS_EVERY == 1
    builds = number % BUILDS_BUT_EVERY != 0
    launch = Launch(
        name=f"{model}-{task}-{setting}",
        at=begins(number),
        tag=hexadecimal(7, "tag", number if builds else number - 1),
        region=_pick(rolled.random(), _PLACES),
        builder=_pick(rolled.random(), _BUILDERS),
        machine=machine,
        owner=_pick(rolled.random(), _OWNERS),
        group=task,
        kind=kind,
        build=3.0 + 3.0 * rolled.random() if builds else 0.0,
        waits=2.0 + 24.0 * rolled.random() ** 2,
        launches=0.8 + 2.2 * rolled.random(),
        provisions=2.0 + 5.0 * rolled.random(),
        runs=least + (most - least) * rolled.random(),
        ends=_FAILURES[number // FAILS_EVERY % len(_FAILURES)] if fails else "finished",
        rate=60 + 300 * rolled.random(),
        priority=1 + int(3 * rolled.random()),
    )
    return replace(launch, **AS_TOLD.get(launch.ends, {}))


def nightly(number: int) -> Launch:
    """The evaluation of every night; that of number 0 ends in the demo's second minute."""
    launch = Launch(
        name="eval-mmlu-nightly",
        at=-44.0 + number * _DAY,
        tag="nightly" if number == 0 else f"nightly-{number % 1000:03d}",
        image="arr-eval",
        build=4.2,
        waits=0.4,
        provisions=3.2,
        runs=41.2,
        region="europe-west4",
        machine="l4",
        owner="ci",
        kind="eval",
        rate=2.9,
        tags="nightly",
        ends="deadline_exceeded" if number % 7 == NIGHT_THAT_FAILED else "finished",
    )
    return replace(launch, **AS_TOLD.get(launch.ends, {}))


NIGHT_THAT_FAILED = 4


def launches(minute: float) -> Iterator[Launch]:
    """Every launch that can be listed at that minute of the demo, begun or not."""
    yield from WRITTEN
    today = math.floor((minute + 44.0) / _DAY)
    yield from map(nightly, range(today - 6, today + 1))
    last = max(0, math.ceil(minute / GAP))
    yield from map(made, range(max(-PAST, last - SHOWN), last + 1))
