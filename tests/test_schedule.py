"""The schedule: when which scope is due, in monotonic seconds given by hand."""

from __future__ import annotations

from monitor.schedule import Schedule
from monitor.tables import TablePlan

EAST, WEST = "us-east1", "us-west1"


def schedule(**plan: object) -> Schedule:
    """One table with two scopes, added at second 100."""
    made = Schedule()
    made.add("runner", TablePlan(interval_s=30, **plan), (EAST, WEST), 100)  # type: ignore[arg-type]
    return made


def test_everything_is_due_at_once_and_then_one_interval_after_it_was_asked() -> None:
    """The interval counts from the beginning of a fetch, so that a slow one does not stretch it."""
    made = schedule()
    assert made.due(100) == {"runner": (EAST, WEST)}
    made.asked("runner", (EAST, WEST), 100)
    made.ended("runner", (EAST, WEST))
    assert made.due(129.9) == {}
    assert made.next_due() == 130
    assert made.due(130) == {"runner": (EAST, WEST)}


def test_a_table_with_a_fetch_under_way_is_never_asked_again() -> None:
    """Fetches of one table do not overlap, however late they are."""
    made = schedule()
    made.asked("runner", (EAST, WEST), 100)
    assert made.due(1000) == {}
    assert made.next_due() is None
    made.ended("runner", (EAST, WEST))
    assert made.due(1000) == {"runner": (EAST, WEST)}


def test_asking_now_makes_every_scope_due() -> None:
    """`r` does not wait for the interval."""
    made = schedule()
    made.asked("runner", (EAST, WEST), 100)
    made.ended("runner", (EAST, WEST))
    made.ask_now(["runner", "unheard-of"], 105)
    assert made.due(105) == {"runner": (EAST, WEST)}


def test_a_table_that_is_off_asks_nothing_until_it_is_switched_on() -> None:
    """Switched off, it is never due; switched on, it is due at once."""
    made = schedule(enabled=False)
    assert made.due(1000) == {}
    assert made.next_due() is None
    made.plan("runner", TablePlan(), 2000)
    assert made.due(2000) == {"runner": (EAST, WEST)}


def test_a_table_without_scopes_is_never_due() -> None:
    """Nothing configured is nothing asked."""
    made = Schedule()
    made.add("runner", TablePlan(), (), 0)
    assert made.due(1000) == {}
    assert made.next_due() is None
