"""A few hours of everything going wrong, on a virtual clock: nothing hangs it, nothing empties it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from monitor.watchdog import EVIDENCE_S
from tests.support.day import Day

HOURS = 1.0
ROUNDING_S = 0.001


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Hundreds of workers die here: what is said of each is not kept."""
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("seed", [1, 3])
async def test_whatever_goes_wrong_no_row_is_lost_and_every_table_is_live_in_the_end(seed: int, tmp_path: Path) -> None:
    """Each change is held against the world as it is, and no fetch is open for longer than its deadlines allow."""
    day = Day(seed, HOURS, f"sqlite:///{tmp_path}/cache.sqlite")
    await day.play()
    assert day.viewer.complaints == []
    assert day.ledger.late_s <= EVIDENCE_S + ROUNDING_S
    assert day.ledger.fetches > 500
    assert day.ledger.kills > 5
    assert len(day.faults.counts) > 20
    assert day.engines > 1
