"""Faults that use up the time there is: the answer comes at its end, the others are live, and the cause is named.

The other half of `tests/test_faults.py`, which says how they are tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.emulators.control import Emulators, running
from tests.support.faults import CASES
from tests.support.one_shot import answer, judge, loading_s, spared
from tests.support.stage import Case, lasting

TIMEOUT_S = 5
"""What `ls` is given."""

SLOW_S = 2.5
"""Where loading the clients takes longer than this, a fault has too little time to be told from slow loading, ..."""

SLOW_TIMEOUT_S = 15
"""... so that it is asked once more, with so much."""


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Two regions, many records, no latency; a slow answer takes longer than the time there is."""
    with running(regions=2, drip=1, config=tmp_path_factory.mktemp("emulators") / "config.toml") as found:
        yield found


@pytest.mark.parametrize("run", lasting(CASES), ids=lambda run: "+".join(map(str, run)))
def test_faults_that_last_are_named_in_time_and_befall_no_other_source(
    run: Sequence[Case], emulators: Emulators, tmp_path: Path
) -> None:
    """`ls` ends in time with the right status; other sources are live; each error names the call and the cause.

    However busy the machine is, it ends in time and leaves nothing; only words and status are judged where the clients
    could be loaded. A source that was spared and had no answer yet is given more time, and then it must be live.
    """
    found = answer(run, emulators, tmp_path / "home", TIMEOUT_S)
    if loading_s(run, tmp_path / "home") > SLOW_S or not spared(found, run):
        found = answer(run, emulators, tmp_path / "again", SLOW_TIMEOUT_S)
    judge(found, run)
