"""The schedule: when which scope is due, in monotonic seconds given by hand."""

from __future__ import annotations

from fetchers.errors import Failure
from monitor.bucket import Bucket
from monitor.pace import BACKOFF_MOST_S, IDLE_MOST_S, JITTER, Outcome
from monitor.schedule import BURST, CALLS_A_MINUTE, Schedule
from monitor.tables import TablePlan

EAST, WEST = "us-east1", "us-west1"
ROWS = {EAST: Outcome(rows=1), WEST: Outcome(rows=1)}


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
    made.ended("runner", ROWS)
    assert made.due(129.9) == {}
    assert made.next_due() == 130
    assert made.due(130) == {"runner": (EAST, WEST)}


def test_a_table_with_a_fetch_under_way_is_never_asked_again() -> None:
    """Fetches of one table do not overlap, however late they are."""
    made = schedule()
    made.asked("runner", (EAST, WEST), 100)
    assert made.due(1000) == {}
    assert made.next_due() is None
    made.ended("runner", ROWS)
    assert made.due(1000) == {"runner": (EAST, WEST)}


def test_asking_now_makes_every_scope_due() -> None:
    """`r` does not wait for the interval."""
    made = schedule()
    made.asked("runner", (EAST, WEST), 100)
    made.ended("runner", ROWS)
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


# --- how often -------------------------------------------------------------------------------------------------------


def waits(made: Schedule, *outcomes: Outcome) -> list[float]:
    """The wait after each of these outcomes of one scope, one fetch after another."""
    found, now = [], 100.0
    for outcome in outcomes:
        made.asked("runner", (EAST,), now)
        found.append(made.ended("runner", {EAST: outcome})[EAST])
        now += found[-1]
    return found


def test_a_scope_where_something_runs_is_asked_faster() -> None:
    """15 to 20 s at the default interval; back to it when nothing runs any more."""
    busy, calm = waits(schedule(), Outcome(rows=3, pending=1), Outcome(rows=3))
    assert 15 <= busy <= 20
    assert calm == 30


def test_a_scope_that_stays_empty_is_asked_ever_more_rarely() -> None:
    """The wait doubles up to ten minutes, and is short again with the first row."""
    found = waits(schedule(), *[Outcome()] * 8, Outcome(rows=1))
    assert found == [30, 60, 120, 240, 480, IDLE_MOST_S, IDLE_MOST_S, IDLE_MOST_S, 30]


def test_a_scope_that_fails_is_left_alone_ever_longer_with_jitter() -> None:
    """Doubling up to five minutes, a fifth more or less; one good answer ends it."""
    failed = Outcome(rows=2, failure=Failure(kind="unreachable", text="no"))
    *found, good = waits(schedule(), *[failed] * 6, Outcome(rows=2))
    for wait, plain in zip(found, [30, 60, 120, 240, BACKOFF_MOST_S, BACKOFF_MOST_S], strict=True):
        assert plain * (1 - JITTER) <= wait <= plain * (1 + JITTER)
    assert len(set(found)) == 6
    assert good == 30


def test_a_service_that_says_how_long_to_wait_is_obeyed() -> None:
    """Retry-After counts where it is longer than our own patience."""
    throttled = Outcome(failure=Failure(kind="throttled", text="429", retry_after_s=900))
    assert waits(schedule(), throttled) == [900]


def test_refresh_asks_idle_and_failing_scopes_too() -> None:
    """`r` means everything, now."""
    made = schedule()
    made.asked("runner", (EAST, WEST), 100)
    made.ended("runner", {EAST: Outcome(), WEST: Outcome(failure=Failure(kind="error", text="no"))})
    assert made.due(110) == {}
    made.ask_now(["runner"], 110)
    assert made.due(110) == {"runner": (EAST, WEST)}


def test_scopes_of_one_table_fall_due_each_in_its_own_rhythm() -> None:
    """The busy region is asked alone while the empty one rests."""
    made = schedule()
    made.asked("runner", (EAST, WEST), 100)
    made.ended("runner", {EAST: Outcome(rows=1, pending=1), WEST: Outcome()})
    assert made.due(120) == {"runner": (EAST,)}


def test_nothing_is_asked_beyond_what_the_bucket_holds() -> None:
    """An API that many calls were made of is left alone until its tokens are back; the longest due comes first."""
    made = schedule()
    for _ in range(int(BURST) - 1):
        made.called("runner")
    assert made.due(100) == {"runner": (EAST,)}
    made.called("runner")
    assert made.due(100) == {}
    one_more = 100 + 60 / CALLS_A_MINUTE
    assert made.next_due() == one_more
    assert made.due(one_more) == {"runner": (EAST,)}


def test_a_refresh_is_not_held_up_by_the_bucket() -> None:
    """A person who asks gets an answer; what it cost is made up for afterwards."""
    made = schedule()
    for _ in range(1000):
        made.called("runner")
    made.ask_now(["runner"], 100)
    assert made.due(100) == {"runner": (EAST, WEST)}
    made.asked("runner", (EAST, WEST), 100)
    made.ended("runner", ROWS)
    assert made.due(131) == {}


def test_a_bucket_never_holds_more_than_its_size() -> None:
    """A quiet night does not pay for a storm."""
    bucket = Bucket.full(per_minute=60, size=10, now=0)
    bucket.spend(10)
    bucket.refill(5)
    assert bucket.left == 5
    bucket.refill(10_000)
    assert bucket.left == 10


def test_who_asks_during_an_outage_does_not_make_the_next_try_later() -> None:
    """A failure of what a person asked for does not count: the wait stays what it was."""
    made, failed, waits = schedule(), Outcome(failure=Failure(kind="unreachable", text="no")), []
    for turn in range(8):
        now = 100 + 1000.0 * turn
        if turn >= 2:
            made.ask_now(["runner"], now)
        made.asked("runner", [EAST], now)
        waits.append(made.ended("runner", {EAST: failed})[EAST])
    assert all(60 * (1 - JITTER) <= wait <= 60 * (1 + JITTER) for wait in waits[1:])
