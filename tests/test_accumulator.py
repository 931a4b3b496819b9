"""The accumulator: whatever order events come in, rows are those of the newest complete answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchers.errors import Failure
from fetchers.messages import Event, Page, ScopeComplete, ScopeFailed, ScopeStarted
from fetchers.records import Record, State
from monitor import freshness
from monitor.accumulator import ROWS_A_CHANGE, Accumulator
from monitor.changes import RowsChanged
from monitor.freshness import Freshness
from monitor.mirror import Mirror
from monitor.tables import TablePlan
from tests.support.records import NOON, record

EAST, WEST = "us-east1", "us-west1"
RUNS = "acme/arr"


def runner(*scopes: str) -> Accumulator:
    """An accumulator of one table."""
    accumulator = Accumulator()
    accumulator.configure("runner", TablePlan(), scopes or (EAST, WEST))
    return accumulator


def runs() -> Accumulator:
    """An accumulator of both W&B tables."""
    accumulator = Accumulator()
    accumulator.configure("active", TablePlan(), (RUNS, "queue:q", "wandb"))
    accumulator.configure("completed", TablePlan(), (RUNS, "wandb"))
    return accumulator


def event(kind: type[Event], generation: int, scope: str = EAST, table: str = "runner", **more: Any) -> Event:
    """One event of a scope; its time follows its generation."""
    at = more.pop("at", NOON + timedelta(seconds=generation))
    return kind(table=table, generation=generation, scope=scope, at=at, **more)


def answer(
    accumulator: Accumulator, generation: int, *records: Record, scope: str = EAST, table: str = "runner"
) -> None:
    """One scope's full answer."""
    accumulator.take(event(ScopeStarted, generation, scope, table))
    accumulator.take(event(Page, generation, scope, table, records=records))
    accumulator.take(event(ScopeComplete, generation, scope, table))


def fail(accumulator: Accumulator, generation: int, scope: str = EAST, text: str = "no") -> None:
    """One scope's failure."""
    failure = Failure(kind="error", text=text)
    accumulator.take(event(ScopeFailed, generation, scope, failure=failure))


def rows(accumulator: Accumulator, table: str = "runner") -> dict[str, Record]:
    """The rows of a table, by row key."""
    return accumulator.rows(table)


def ids(accumulator: Accumulator, table: str = "runner") -> set[str]:
    """The ids of a table's rows."""
    return {record.id for record in rows(accumulator, table).values()}


def fresh(accumulator: Accumulator, table: str = "runner") -> Freshness:
    """The table's freshness, ten seconds after noon."""
    return freshness.of_table(accumulator.status(table), NOON + timedelta(seconds=10))


def test_the_first_scope_that_answers_is_there_at_once() -> None:
    """Rows of a page are there before any scope is complete."""
    accumulator = runner()
    accumulator.take(event(ScopeStarted, 1, WEST))
    accumulator.take(event(ScopeStarted, 1, EAST))
    accumulator.take(event(Page, 1, WEST, records=(record("w", scope=WEST),)))
    assert ids(accumulator) == {"w"}
    assert fresh(accumulator) is Freshness.LOADING


def test_only_a_complete_answer_removes_rows() -> None:
    """A failed fetch keeps every row and says so; the next complete one removes what is gone."""
    accumulator = runner(EAST)
    answer(accumulator, 1, record("a"), record("b"))
    accumulator.take(event(ScopeStarted, 2))
    accumulator.take(event(Page, 2, records=(record("b"),)))
    fail(accumulator, 2)
    assert ids(accumulator) == {"a", "b"}
    assert fresh(accumulator) is Freshness.STALE
    answer(accumulator, 3, record("b"))
    assert ids(accumulator) == {"b"}
    assert fresh(accumulator) is Freshness.LIVE


def test_the_last_error_is_known_after_the_scope_has_answered_again() -> None:
    """Which one, and when it was; freshness, and what `ls` prints, know only what is wrong now."""
    accumulator = runner(EAST)
    answer(accumulator, 1, record("a"))
    assert accumulator.status("runner").scopes[EAST].failed_at is None
    fail(accumulator, 2, text="first")
    fail(accumulator, 3, text="second")
    failing = accumulator.status("runner").scopes[EAST]
    assert (failing.failure, failing.got_over) == (Failure(kind="error", text="second"), None)
    for generation in (4, 5):
        answer(accumulator, generation, record("a"))
        status = accumulator.status("runner")
        assert status.scopes[EAST].failure is None
        assert status.scopes[EAST].got_over == Failure(kind="error", text="second")
        assert status.scopes[EAST].failed_at == NOON + timedelta(seconds=3)
        assert freshness.error(status) is None
    assert fresh(accumulator) is Freshness.LIVE
    fail(accumulator, 6, text="third")
    assert accumulator.status("runner").scopes[EAST].got_over is None


def test_a_late_frame_of_an_older_generation_does_nothing() -> None:
    """Frames of a fetch that was given up change neither rows nor status."""
    accumulator = runner(EAST)
    answer(accumulator, 5, record("new"))
    before = accumulator.status("runner")
    answer(accumulator, 4, record("old"))
    fail(accumulator, 4)
    assert ids(accumulator) == {"new"}
    assert accumulator.status("runner") == before


def test_nothing_counts_after_a_scope_has_ended() -> None:
    """A page that comes after its scope failed is dropped: its worker was given up."""
    accumulator = runner(EAST)
    fail(accumulator, 1)
    accumulator.take(event(Page, 1, records=(record("late"),)))
    accumulator.take(event(ScopeComplete, 1))
    assert ids(accumulator) == set()
    assert fresh(accumulator) is Freshness.FAILED


def test_an_empty_answer_is_live_with_no_rows() -> None:
    """Nothing found is not the same as nothing known."""
    accumulator = runner(EAST)
    assert fresh(accumulator) is Freshness.LOADING
    answer(accumulator, 1)
    assert fresh(accumulator) is Freshness.LIVE


def test_one_failed_scope_makes_the_table_partial() -> None:
    """The other scope's rows stay live, and the error is the failed scope's."""
    accumulator = runner()
    answer(accumulator, 1, record("a"), scope=EAST)
    fail(accumulator, 1, WEST, "ListExecutions us-west1 page 1: no answer in 20 s")
    assert fresh(accumulator) is Freshness.PARTIAL
    assert freshness.error(accumulator.status("runner")) == "ListExecutions us-west1 page 1: no answer in 20 s"


def test_an_old_answer_goes_stale_by_itself() -> None:
    """Live lasts two intervals and a timeout."""
    accumulator = runner(EAST)
    answer(accumulator, 1, record("a"))
    status = accumulator.status("runner")
    assert freshness.of_table(status, NOON + timedelta(seconds=1 + 80)) is Freshness.LIVE
    assert freshness.of_table(status, NOON + timedelta(seconds=1 + 81)) is Freshness.STALE


def test_an_unchanged_answer_is_no_change_of_rows() -> None:
    """Asking again costs the screen nothing but a new age."""
    accumulator = runner(EAST)
    answer(accumulator, 1, record("a"))
    accumulator.drain()
    answer(accumulator, 2, record("a"))
    assert [type(change).__name__ for change in accumulator.drain()] == ["TableChanged"]


def test_a_run_moves_by_its_state_and_is_in_one_table_at_a_time() -> None:
    """The active fetch finds that a run has ended: it moves, though no fetch of `completed` knows it yet."""
    accumulator = runs()
    answer(accumulator, 1, record("r", "active", RUNS), scope=RUNS, table="active")
    answer(accumulator, 2, scope=RUNS, table="completed")
    ended = record("r", "completed", RUNS, state="succeeded")
    answer(accumulator, 3, ended, scope=RUNS, table="active")
    assert (ids(accumulator, "active"), ids(accumulator, "completed")) == (set(), {"r"})


def test_a_fetch_that_began_earlier_neither_removes_nor_overwrites_what_a_later_one_found() -> None:
    """`completed` was asked before the run ended and answers after it has moved: the run stays."""
    accumulator = runs()
    answer(accumulator, 1, record("r", "active", RUNS), scope=RUNS, table="active")
    accumulator.take(event(ScopeStarted, 2, RUNS, "completed"))
    accumulator.take(event(ScopeStarted, 3, RUNS, "active"))
    ended = record("r", "completed", RUNS, state="failed")
    accumulator.take(event(Page, 3, RUNS, "active", records=(ended,)))
    accumulator.take(event(Page, 2, RUNS, "completed", records=(record("r", "active", RUNS),)))
    accumulator.take(event(ScopeComplete, 2, RUNS, "completed"))
    assert (ids(accumulator, "active"), ids(accumulator, "completed")) == (set(), {"r"})


def test_a_run_known_online_is_not_taken_over_by_its_offline_directory() -> None:
    """The scope that comes first in the table's list has the run."""
    accumulator = runs()
    answer(accumulator, 1, record("r", "completed", RUNS, state="failed", name="online"), scope=RUNS, table="completed")
    answer(accumulator, 2, record("r", "active", "wandb", name="offline"), scope="wandb", table="active")
    assert ids(accumulator, "active") == set()
    assert [row.name for row in rows(accumulator, "completed").values()] == ["online"]


def test_what_is_pending_is_what_the_next_fetch_must_not_lose() -> None:
    """Queued and running rows of a scope are named, ended ones are not; a scope that never answered in full is said."""
    accumulator = runner()
    answer(accumulator, 1, record("q", state="queued"), record("r", state="running"), record("f", state="failed"))
    accumulator.take(event(Page, 1, WEST, records=(record("w", scope=WEST),)))
    known = accumulator.known("runner", (EAST, WEST))
    assert {scope: set(ids) for scope, ids in known.items()} == {EAST: {"q", "r"}, WEST: {"w"}}
    assert accumulator.first("runner", (EAST, WEST)) == (WEST,)


def test_many_rows_are_told_in_pieces() -> None:
    """No change comes near the limit of a frame, and the pieces add up."""
    accumulator, mirror = runner(EAST), Mirror()
    many = [record(str(number)) for number in range(2 * ROWS_A_CHANGE + 1)]
    answer(accumulator, 1, *many)
    changes = [change for change in accumulator.drain() if isinstance(change, RowsChanged)]
    for change in changes:
        mirror.apply(change)
    assert [len(change.upserts) for change in changes] == [ROWS_A_CHANGE, ROWS_A_CHANGE, 1]
    assert mirror.rows["runner"] == rows(accumulator)


def test_a_failure_is_stale_with_rows_and_failed_without() -> None:
    """A scope that was empty and now fails shows nothing of an earlier fetch: it is not stale but failed."""
    accumulator = runner(EAST)
    answer(accumulator, 1)
    fail(accumulator, 2)
    assert fresh(accumulator) is Freshness.FAILED


def test_restored_rows_are_stale_until_their_scope_answers_and_go_if_they_are_gone() -> None:
    """What an earlier engine knew is shown with its age; the first complete answer decides."""
    accumulator = runner(EAST)
    accumulator.restore("runner", EAST, [record("stays"), record("gone")], NOON - timedelta(hours=3))
    assert ids(accumulator) == {"stays", "gone"}
    assert fresh(accumulator) is Freshness.STALE
    assert accumulator.status("runner").scopes[EAST].fetched_at == NOON - timedelta(hours=3)
    assert accumulator.known("runner", (EAST,)) == {EAST: ("stays", "gone")}
    assert accumulator.first("runner", (EAST,)) == (EAST,)
    fail(accumulator, 1)
    assert ids(accumulator) == {"stays", "gone"}
    answer(accumulator, 2, record("stays"))
    assert ids(accumulator) == {"stays"}
    assert fresh(accumulator) is Freshness.LIVE


def test_what_ran_in_an_earlier_session_stays_until_it_has_been_asked_for_by_name() -> None:
    """The cache may be read after the first fetch has begun: a long job whose end nobody saw does not vanish by it."""
    accumulator = runner(EAST)
    accumulator.known("runner", (EAST,))
    accumulator.restore("runner", EAST, [record("long"), record("ended", state="failed")], NOON - timedelta(hours=3))
    answer(accumulator, 1, record("new"))
    assert ids(accumulator) == {"new", "long"}
    assert set(accumulator.known("runner", (EAST,))[EAST]) == {"new", "long"}
    answer(accumulator, 2, record("new"))
    assert ids(accumulator) == {"new"}


def test_rows_of_a_scope_that_never_answered_in_full_are_taken_over_too() -> None:
    """The viewer shows them; an engine that did not know them could never take them away again."""
    accumulator = runner(EAST)
    accumulator.restore("runner", EAST, [record("stays"), record("gone", state="failed")], None)
    assert ids(accumulator) == {"stays", "gone"}
    assert accumulator.status("runner").scopes[EAST].fetched_at is None
    answer(accumulator, 1, record("stays"))
    assert ids(accumulator) == {"stays"}


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=2)])
def test_a_wall_clock_that_jumps_during_a_fetch_does_not_say_how_long_it_took(jump: timedelta) -> None:
    """Neither less than no time nor two hours: the figure is left out."""
    accumulator = runner(EAST)
    accumulator.take(event(ScopeStarted, 1, EAST))
    accumulator.take(event(ScopeComplete, 1, EAST, at=NOON + jump))
    assert accumulator.status("runner").scopes[EAST].took_s is None


def test_rows_are_restored_in_pieces() -> None:
    """Pieces of one answer have one time; what has another time is another answer, and comes too late."""
    accumulator = runner(EAST)
    for name in ("a", "b"):
        accumulator.restore("runner", EAST, [record(name)], NOON)
    accumulator.restore("runner", EAST, [record("c")], NOON - timedelta(hours=1))
    assert ids(accumulator) == {"a", "b"}


def test_restoring_never_overwrites_an_answer() -> None:
    """A cache that is read late changes nothing any more, nor does one of a region that is not asked."""
    accumulator = runner(EAST)
    answer(accumulator, 1, record("new"))
    accumulator.restore("runner", EAST, [record("old")], NOON)
    accumulator.restore("runner", "mars", [record("far", scope="mars")], NOON)
    assert ids(accumulator) == {"new"}


def test_same_id_in_two_regions_is_two_rows() -> None:
    """An execution's short name is unique in its region only."""
    accumulator = runner()
    answer(accumulator, 1, record("x", scope=EAST), scope=EAST)
    answer(accumulator, 1, record("x", scope=WEST), scope=WEST)
    assert len(rows(accumulator)) == 2
    answer(accumulator, 2, scope=EAST)
    assert [row.scope for row in rows(accumulator).values()] == [WEST]


# --- properties ------------------------------------------------------------------------------------------------------

_STATES = st.sampled_from([State.RUNNING, State.QUEUED, State.FAILED, State.SUCCEEDED])


@st.composite
def _run(draw: st.DrawFn) -> Record:
    state = draw(_STATES)
    table = "completed" if state.ended else "active"
    return record(draw(st.sampled_from("abcd")), table, RUNS, state=state)


_FAILURE = Failure(kind="error", text="no")


@st.composite
def _fetch(draw: st.DrawFn, generation: int) -> list[Event]:
    """One fetch of one of the two tables: pages, then completion, failure or silence."""
    table = draw(st.sampled_from(["active", "completed"]))
    events = [event(ScopeStarted, generation, RUNS, table)]
    pages = draw(st.lists(st.lists(_run(), max_size=3), max_size=3))
    events += [event(Page, generation, RUNS, table, records=tuple(page)) for page in pages]
    end = draw(st.sampled_from(["complete", "failed", "silent"]))
    if end == "complete":
        events.append(event(ScopeComplete, generation, RUNS, table))
    elif end == "failed":
        events.append(event(ScopeFailed, generation, RUNS, table, failure=_FAILURE))
    return events


@st.composite
def _history(draw: st.DrawFn) -> list[Event]:
    """Several fetches whose frames are interleaved at will, each fetch's own frames in order or not."""
    fetches = [draw(_fetch(generation)) for generation in range(1, draw(st.integers(1, 6)) + 1)]
    return draw(st.permutations([item for fetch in fetches for item in fetch]))


@settings(max_examples=300, deadline=None)
@given(_history())
def test_a_viewer_that_follows_the_changes_sees_what_the_engine_holds(history: list[Event]) -> None:
    """Draining after any prefix of any history gives a mirror the same rows and statuses."""
    accumulator, mirror = runs(), Mirror()
    for item in history:
        accumulator.take(item)
        for change in accumulator.drain():
            mirror.apply(change)
    for table in ("active", "completed"):
        assert mirror.rows.get(table, {}) == rows(accumulator, table)
        assert mirror.status[table] == accumulator.status(table)


@settings(max_examples=300, deadline=None)
@given(_history())
def test_a_run_is_always_in_exactly_one_table_and_in_the_one_its_state_names(history: list[Event]) -> None:
    """No order of events puts a run into two tables, or an ended one among the active."""
    accumulator = runs()
    for item in history:
        accumulator.take(item)
        active, completed = rows(accumulator, "active"), rows(accumulator, "completed")
        assert not active.keys() & completed.keys()
        assert not any(row.state.ended for row in active.values())
        assert all(row.state.ended for row in completed.values())


@settings(max_examples=300, deadline=None)
@given(_history())
def test_rows_vanish_only_at_a_complete_answer(history: list[Event]) -> None:
    """Whatever else happens, no run that was in one of the tables leaves both."""
    accumulator = runs()
    known: set[str] = set()
    for item in history:
        accumulator.take(item)
        now = rows(accumulator, "active").keys() | rows(accumulator, "completed").keys()
        if not isinstance(item, ScopeComplete):
            assert known <= now
        known = set(now)


@settings(max_examples=300, deadline=None)
@given(_history(), st.lists(_run(), max_size=4, unique_by=lambda run: run.id))
def test_the_newest_complete_answers_are_what_stands(history: list[Event], final: list[Record]) -> None:
    """After any history, one complete answer of both tables leaves exactly what it says."""
    accumulator = runs()
    for item in history:
        accumulator.take(item)
    for generation, table in ((100, "active"), (101, "completed")):
        accumulator.known(table, (RUNS,))
        accumulator.take(event(ScopeStarted, generation, RUNS, table))
    for generation, table in ((100, "active"), (101, "completed")):
        mine = tuple(run for run in final if run.table == table)
        accumulator.take(event(Page, generation, RUNS, table, records=mine))
        accumulator.take(event(ScopeComplete, generation, RUNS, table))
    found = [*rows(accumulator, "active").values(), *rows(accumulator, "completed").values()]
    assert sorted(found, key=lambda run: run.id) == sorted(final, key=lambda run: run.id)
