"""Fixtures that every test may use."""

from __future__ import annotations

import pytest

from tests.support.tmux import look_for_tmux


@pytest.fixture(scope="session")
def tmux_is_here() -> None:
    """For `needs_tmux`."""
    look_for_tmux()


SLOW = (
    "test_faults_that_last",
    "test_simulated_day",
    "test_faults_on_screen",
    "test_faults",
    "test_hostile",
    "test_leaving",
    "test_kills",
    "test_pauses",
    "test_journeys",
    "test_bad_disks",
    "test_snapshots",
    "test_hostile_ls",
    "test_end_to_end",
)
"""Files that take long, the longest first: begun last, one of them would keep one processor busy and the other idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    rank = {name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(SLOW)))
