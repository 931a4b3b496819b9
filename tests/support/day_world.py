"""What there is to see in a simulated day: jobs that begin, run, end and leave the lists, by place.

The day repeats every four hours with new jobs: what it holds at one hour compares with what it holds at another.
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fetchers.records import Record, State
from fetchers.settings import DEFAULT_REGIONS, Gcp, Settings, Wandb
from tests.support.virtual_clock import EPOCH

MINUTE, HOUR = 60.0, 3600.0
PERIOD_S = 4 * HOUR
KEPT_S = HOUR
"""Seconds after its creation for which a list names what has ended."""
LONGEST_S = 6 * HOUR
"""Seconds from creation to end of every job but those that never end."""
ALWAYS = 3
"""Regions in which there is always something; the others are busy for a while and empty for hours."""

SETTINGS = Settings(
    gcp=Gcp(project="acme-ml", regions=DEFAULT_REGIONS),
    wandb=Wandb(entity="acme", project="arr", queues=("vertex", "cpu"), offline_dirs=("wandb",)),
)
RUNS = ("acme/arr", "queue:vertex", "queue:cpu", "wandb")
GOOGLE = ("builds", "runner", "vertex")
ENDS = (State.SUCCEEDED, State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class Job:
    """One job's life; times are seconds since the day began."""

    id: str
    created: float
    started: float
    ended: float
    end: State

    def state(self, now: float) -> State:
        """What it does at a time after its creation."""
        if now >= self.ended:
            return self.end
        return State.RUNNING if now >= self.started else State.QUEUED


class World:
    """All jobs of the day; nothing happens after `freezes_at`."""

    def __init__(self, seed: int, hours: float) -> None:
        self.freezes_at = hours * HOUR
        dice = random.Random(seed)
        self._places = {place: place for place in _places()}
        """The words of each, our own: what records are made of must not keep the words of a frame."""
        self._jobs = {place: _day(dice, place, hours) for place in self._places}
        self._created = {place: [job.created for job in jobs] for place, jobs in self._jobs.items()}
        self._by_id = {(*place, job.id): job for place, jobs in self._jobs.items() for job in jobs}
        self._records: dict[tuple[int, State], Record] = {}

    def answer(self, table: str, scope: str, now: float, limit: int, known: Iterable[str] = ()) -> list[Record]:
        """What the source says at `now`: the newest, what is pending behind them, and what was asked for by name."""
        now = min(now, self.freezes_at)
        place = self._places[family(table), scope]
        jobs = {job.id: job for job in self._listed(table, place, now, limit)}
        for name in known:
            if name not in jobs and (job := self._by_id.get((*place, name))) is not None:
                jobs[name] = job
        return [self._record(place, job, now) for job in jobs.values()]

    def pending(self, table: str, scope: str, id_: str, now: float) -> bool:
        """Whether there is such a job, and it has not ended."""
        job = self._by_id.get((family(table), scope, id_))
        return job is not None and job.state(min(now, self.freezes_at)).pending

    def listed(self, table: str, scope: str, id_: str, now: float, limit: int) -> bool:
        """Whether the source's list names the job at `now`."""
        jobs = self._listed(table, (family(table), scope), min(now, self.freezes_at), limit)
        return any(job.id == id_ for job in jobs)

    def _listed(self, table: str, place: tuple[str, str], now: float, limit: int) -> list[Job]:
        jobs, created = self._jobs[place], self._created[place]
        there = jobs[bisect.bisect(created, now - LONGEST_S) : bisect.bisect(created, now)][::-1]
        there += [job for job in jobs if job.ended == math.inf]
        pending = [job for job in there if job.ended > now]
        if table == "active":
            return pending
        if table == "completed":
            ended = sorted((job for job in there if job.ended <= now), key=lambda job: -job.ended)
            return [job for job in ended if job.ended > now - KEPT_S][:limit]
        newest = [job for job in there if job.created > now - KEPT_S][:limit]
        return list(dict.fromkeys([*newest, *pending]))

    def _record(self, place: tuple[str, str], job: Job, now: float) -> Record:
        state = job.state(now)
        key = (id(job), state)
        if place[0] != "runs" or state is not State.RUNNING:
            if key not in self._records:
                self._records[key] = _record(place, job, state, {})
            return self._records[key]
        return _record(place, job, state, {"step": int(now // MINUTE)})


def family(table: str) -> str:
    """Where the jobs of a table are: both tables of runs hold the same."""
    return table if table in GOOGLE else "runs"


def _record(place: tuple[str, str], job: Job, state: State, more: dict[str, int]) -> Record:
    kind, scope = place
    table = kind if kind in GOOGLE else "active" if state.pending else "completed"
    return Record(
        table=table,
        id=job.id,
        name=f"train-{job.id}",
        state=state,
        raw_state=f"JOB_STATE_{state.upper()}",
        scope=scope,
        created=_moment(job.created),
        started=_moment(job.started) if state is not State.QUEUED else None,
        finished=_moment(job.ended) if state.ended else None,
        url=f"https://console.example/{kind}/{scope}/{job.id}",
        links={"image": f"registry.example/launch/arr:{job.id}"},
        detail={"machine_type": "a2-highgpu-1g", "created_by": "ana@acme.example", **more},
    )


def _moment(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def _places() -> list[tuple[str, str]]:
    regions = [(table, region) for table in GOOGLE for region in DEFAULT_REGIONS]
    return [*regions, ("builds", "global"), *(("runs", scope) for scope in RUNS)]


def _day(dice: random.Random, place: tuple[str, str], hours: float) -> list[Job]:
    """The jobs of one place, oldest first: the same four hours again and again, and one job that never ends."""
    pattern = _pattern(dice, place)
    cycles = range(-2, math.ceil(hours * HOUR / PERIOD_S) + 1)
    jobs = [_shifted(job, cycle) for cycle in cycles for job in pattern]
    if place[1] in (DEFAULT_REGIONS[0], RUNS[0]):
        jobs.append(Job(f"nine-days-{place[0]}", -9 * 24 * HOUR, -9 * 24 * HOUR + MINUTE, math.inf, State.SUCCEEDED))
    return sorted(jobs, key=lambda job: job.created)


def _pattern(dice: random.Random, place: tuple[str, str]) -> list[Job]:
    kind, scope = place
    if kind == "runs" or scope in DEFAULT_REGIONS[:ALWAYS]:
        return [_job(dice, place, number, dice.uniform(0, PERIOD_S)) for number in range(24)]
    begins = dice.uniform(0, PERIOD_S)
    return [_job(dice, place, number, begins + dice.uniform(0, HOUR / 2)) for number in range(dice.randint(0, 4))]


def _job(dice: random.Random, place: tuple[str, str], number: int, created: float) -> Job:
    length = dice.choice((MINUTE, 10 * MINUTE, HOUR, LONGEST_S - HOUR)) * dice.uniform(0.2, 1)
    started = created + dice.uniform(1, 5 * MINUTE)
    return Job(
        f"{place[0][:2]}{number}-{dice.randrange(1 << 24):06x}", created, started, started + length, dice.choice(ENDS)
    )


def _shifted(job: Job, cycle: int) -> Job:
    by = cycle * PERIOD_S
    return Job(f"{job.id}-{cycle}", job.created + by, job.started + by, job.ended + by, job.end)
