"""Workers, engines and screens are killed at random instants: nothing stays behind, and nothing kept is lost."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest

from monitor.invocation import Invocation
from tests.emulators.control import Emulators, running
from tests.support.kills import STAND_IN_CONFIG, VIEWERS, Place
from tests.support.kills_program import Seen, killed
from tests.support.kills_workers import Spans, engine, kill

TWO_REGIONS = 'regions = ["us-central1", "us-east4"]\n'
LIVES = 5


@pytest.fixture(scope="module")
def emulators() -> Iterator[Emulators]:
    """Two regions and a W&B project."""
    with running(regions=2, latency=0.1) as found:
        yield found


@pytest.mark.parametrize(
    ("source", "kills", "spans"), [("Steady", 20, Spans(0.4, 0.4)), (None, 6, Spans(2.5, 0.2))], ids=["quick", "real"]
)
async def test_an_engine_holds_after_many_kills_of_its_workers_what_it_held_before(
    source: str | None, kills: int, spans: Spans, tmp_path: Path, emulators: Emulators
) -> None:
    """Every kill is followed by an answer, and no descriptor, thread, process or directory is left of the killed."""
    place, chance = Place(tmp_path), random.Random(20)
    place.furnish(emulators.config if source is None else STAND_IN_CONFIG.format(regions=TWO_REGIONS))
    with patch.dict(os.environ, place.environment(source), clear=True):
        start = Invocation(config_path=str(place.config)).start()
        rare = {name: msgspec.structs.replace(plan, interval_s=3600.0) for name, plan in start.tables.items()}
        async with engine(msgspec.structs.replace(start, tables=rare), place) as target:
            await kill(target, 3, spans, chance)
            before = await target.at_rest()
            await kill(target, kills, spans, chance)
            assert (await target.at_rest()).countable == before.countable
            assert target.noticed == []


@pytest.mark.parametrize("victim", VIEWERS)
async def test_a_program_killed_while_it_writes_leaves_a_sound_cache_and_no_process(
    victim: str, tmp_path: Path, emulators: Emulators
) -> None:
    """All that a second reader saw in the cache is there when it is opened again, without a word, and all are dead."""
    seen, chance = Seen(f"sqlite:///{tmp_path}/cache.db"), random.Random(6)
    lives = []
    for number in range(LIVES):
        place = Place(tmp_path / str(number))
        source = "Ending" if number else None  # one with the real clients, and with wandb-core
        place.furnish(emulators.config if source is None else STAND_IN_CONFIG.format(regions=""), seen.url)
        lives.append(await killed(victim, place, seen, chance, source))
    assert [(life.lost, life.notices, life.left) for life in lives] == [(0, (), ())] * LIVES
    assert "wandb-core" in lives[0].killed
    assert sum(life.acknowledged for life in lives) > 0
