"""An hour of everything going wrong, on a virtual clock: nothing hangs it, nothing empties it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from monitor.breaker import RESPAWN_S
from monitor.flight import HARD_AFTER_SOFT_S
from monitor.tables import TablePlan
from monitor.watchdog import EVIDENCE_S, READY_S
from tests.support.day import Day

HOURS = 1.0
ROUNDING_S = 0.001

SENT_S = TablePlan().timeout_s + HARD_AFTER_SOFT_S + EVIDENCE_S + ROUNDING_S
"""Seconds for which a worker has a fetch, at most."""

UNSENT_S = SENT_S + READY_S + 2 * max(RESPAWN_S)
"""Seconds that it can wait for one, at most: a call is stuck in the first, the second ends, the third never begins."""


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Hundreds of workers die here: what is said of each is not kept."""
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("seed", [1, 3])
async def test_whatever_goes_wrong_no_row_is_lost_and_every_table_is_live_in_the_end(seed: int, tmp_path: Path) -> None:
    """Each change is held against the world as it is, and no fetch is open for longer than its deadlines allow.

    Nor does it wait for longer than that for a worker that could take it, though one of them never becomes ready.
    """
    day = Day(seed, HOURS, f"sqlite:///{tmp_path}/cache.sqlite")
    await day.play()
    assert day.viewer.complaints == []
    assert day.ledger.late_s <= EVIDENCE_S + ROUNDING_S
    assert READY_S / 2 < day.ledger.unsent_s <= UNSENT_S
    assert day.ledger.open_s <= UNSENT_S + SENT_S
    assert day.ledger.fetches > 500
    assert day.ledger.kills > 5
    assert len(day.faults.counts) > 20
    assert day.engines > 1
