"""The demo's fixture: one team's week as records, at any moment of it. Pure: what it tells depends on the moment alone.

Times are counted from the moment the demo starts. What lies ahead of it happens while one watches: a launch goes all
the way from its build to its crash, trials of a sweep end and others begin, queue items become runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fetchers.demo_launches import ONLINE, stories_of
from fetchers.demo_others import others
from fetchers.demo_story import Story, record_of
from fetchers.demo_week import launches
from fetchers.records import Record
from fetchers.settings import Gcp, Settings, Wandb

REGIONS = ("us-central1", "us-east4", "europe-west4", "europe-west1", "asia-northeast1", "asia-southeast1")


def demo_settings(epoch: float) -> Settings:
    """Return the settings of the demo that starts at Unix time `epoch`."""
    entity, _, project = ONLINE.partition("/")
    return Settings(
        gcp=Gcp(project="acme-ml", regions=REGIONS),
        wandb=Wandb(entity=entity, project=project, queues=("vertex",)),
        demo=True,
        demo_epoch=epoch,
    )


def fixture(epoch: datetime, now: datetime, scope: str | None = None) -> Iterator[Record]:
    """Yield every record of the demo, or of one scope of it, as it stands at `now`."""
    minute = (now - epoch).total_seconds() / 60
    for story in _stories(minute):
        if scope in {None, story.scope} and story.listed(minute):
            yield record_of(story, epoch, minute)


def _stories(minute: float) -> Iterator[Story]:
    for launch in launches(minute):
        yield from stories_of(launch)
    yield from others(minute)
