"""Fixtures that every test may use."""

from __future__ import annotations

import pytest

from tests.support.tmux import look_for_tmux


@pytest.fixture(scope="session")
def tmux_is_here() -> None:
    """For `needs_tmux`."""
    look_for_tmux()
