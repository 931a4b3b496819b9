"""Whose log is read next, and when again; the time is moved by hand."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest

from fetchers.errors import Failure
from fetchers.messages import LogTarget, Outcome
from fetchers.records import Reason, Record, State
from monitor.extraction import AGAIN_S, ARRIVAL_S, MOST_LOGS, MOST_TARGETS, Budget, Extraction, Moment, unread_reason
from tests.support.records import NOON, record

ENDED = NOON + timedelta(minutes=5)
REASON = Reason(text="CUDA out of memory", rule="out_of_memory")
THROTTLED = Failure(kind="throttled", text="too many reads")


def after(seconds: float) -> Moment:
    """So long after the records' end."""
    return Moment(ENDED + timedelta(seconds=seconds), seconds)


LATE = after(600)


def failed(name: str = "x", **more: Any) -> Record:
    """A record that has failed."""
    fields: dict[str, Any] = {"state": State.FAILED}
    return record(name, **(fields | more))


def key(row: Record) -> str:
    """Its row key."""
    return f"{row.scope}/{row.id}"


def seen(*rows: Record, moment: Moment = LATE, per_minute: float = 30) -> Extraction:
    """An extraction that has seen these, of which the cache knows nothing."""
    extraction = Extraction(Budget(per_minute), moment.at)
    for row in rows:
        extraction.see(key(row), row, moment)
        extraction.looked_up(key(row), row)
    return extraction


def names(found: tuple[tuple[LogTarget, ...], int]) -> list[str]:
    """Whose logs are to be read."""
    return [target.record.id for target in found[0]]


def outcome(row: Record, **more: Any) -> Outcome:
    """What its log said."""
    fields: dict[str, Any] = {"reason": REASON, "rules": 1, "entries": 5}
    return Outcome(table=row.table, key=key(row), **(fields | more))


def read(extraction: Extraction, row: Record, moment: Moment, **more: Any) -> None:
    """Read what is due, which is this one."""
    targets, _ = extraction.due(moment)
    assert [target.record.id for target in targets] == [row.id]
    extraction.take(outcome(row, **more), moment)
    extraction.ended(targets, {row.table: None}, moment.at)


# --- what ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "state", "is_read"),
    [
        ("builds", State.FAILED, True),
        ("runner", State.FAILED, True),
        ("vertex", State.FAILED, True),
        ("runner", State.SUCCEEDED, True),
        ("vertex", State.SUCCEEDED, False),
        ("builds", State.SUCCEEDED, False),
        ("runner", State.CANCELLED, False),
        ("runner", State.RUNNING, False),
        ("completed", State.FAILED, True),
        ("completed", State.CANCELLED, False),
    ],
)
def test_failures_are_read_and_what_agents_say_of_their_success(table: str, state: State, is_read: bool) -> None:
    """The rest says all there is by itself, or has not ended."""
    row = record(table=table, state=state)
    extraction = Extraction(Budget(30), LATE.at)
    assert extraction.see(key(row), row, LATE) is is_read
    extraction.looked_up(key(row), row)
    assert bool(extraction.due(LATE)[0]) is is_read


def test_nothing_is_read_before_the_cache_was_asked() -> None:
    """What anybody has read is read by nobody else."""
    extraction = Extraction(Budget(30), LATE.at)
    extraction.see(key(failed()), failed(), LATE)
    assert names(extraction.due(LATE)) == []
    assert extraction.unread("runner") == 1
    extraction.looked_up(key(failed()), failed())
    assert names(extraction.due(LATE)) == ["x"]


def test_what_the_cache_knows_for_good_is_not_read() -> None:
    """Nor is it unread."""
    extraction = seen(failed())
    assert extraction.recalled(key(failed()), failed(), outcome(failed()), ENDED + timedelta(seconds=121), LATE)
    assert names(extraction.due(LATE)) == []
    assert extraction.next_due() is None
    assert extraction.unread("runner") == 0


def test_what_was_read_before_the_log_had_arrived_is_read_once_more() -> None:
    """Another monitor, or this one, may have left in between."""
    extraction = seen(failed())
    extraction.recalled(key(failed()), failed(), outcome(failed()), ENDED + timedelta(seconds=61), LATE)
    read(extraction, failed(), LATE)
    assert extraction.next_due() is None


def test_the_same_record_told_again_changes_nothing_and_another_end_is_another_log() -> None:
    """Rows are told each half minute."""
    extraction = seen(failed())
    read(extraction, failed(), LATE)
    assert not extraction.see(key(failed()), failed(detail={"retried": 1}), LATE)
    assert names(extraction.due(LATE)) == []
    again = failed(finished=ENDED + timedelta(minutes=1))
    assert extraction.see(key(again), again, LATE)
    extraction.looked_up(key(again), again)
    assert names(extraction.due(LATE)) == ["x"]


def test_a_row_that_is_gone_is_not_read() -> None:
    """Nor is what is heard of it taken."""
    extraction = seen(failed())
    targets, _ = extraction.due(LATE)
    extraction.forget("runner", [key(failed())])
    assert extraction.take(outcome(failed()), LATE) is None
    extraction.ended(targets, {"runner": None}, LATE.at)
    assert extraction.next_due() is None


# --- when ----------------------------------------------------------------------------------------------------------


def test_a_failure_is_read_at_once_and_twice_more_as_its_log_arrives() -> None:
    """At its end, a minute after, and another minute after."""
    extraction = seen(failed(), moment=after(3))
    for seconds in (3, 60, 120):
        assert extraction.next_due() == seconds
        assert names(extraction.due(after(seconds - 0.01))) == []
        read(extraction, failed(), after(seconds))
    assert extraction.next_due() is None


def test_a_success_is_read_once_its_log_has_arrived_and_no_more_when_it_said_all() -> None:
    """Nobody waits for it."""
    row = record(state=State.SUCCEEDED)
    extraction = seen(row, moment=after(3))
    assert extraction.next_due() == ARRIVAL_S
    assert extraction.unread("runner") == 0
    read(extraction, row, after(61), jobs=3)
    assert extraction.next_due() is None


def test_a_success_that_did_not_say_is_read_once_more() -> None:
    """Its last line may have been on its way."""
    row = record(state=State.SUCCEEDED)
    extraction = seen(row, moment=after(3))
    read(extraction, row, after(61))
    assert extraction.next_due() == 2 * ARRIVAL_S


@pytest.mark.parametrize("wrong", [timedelta(hours=-2), timedelta(hours=2)])
def test_clocks_that_disagree_cost_a_few_reads_and_no_reason(wrong: timedelta) -> None:
    """A wall clock two hours off makes a log neither unreadable nor read for ever."""
    extraction, reads, at = seen(failed(), moment=Moment(ENDED + wrong, 0.0)), 0, 0.0
    for _ in range(100):
        at += 10
        if extraction.due(moment := Moment(ENDED + wrong + timedelta(seconds=at), at))[0]:
            extraction.take(outcome(failed()), moment)
            reads += 1
    assert 1 <= reads <= 3


def test_the_newest_end_is_read_first_and_a_fetch_is_bounded() -> None:
    """Whoever looks, looks at what has just happened."""
    rows = [failed(str(number), finished=ENDED - timedelta(minutes=number)) for number in range(MOST_TARGETS + 5)]
    extraction = seen(*rows)
    assert names(extraction.due(LATE)) == [str(number) for number in range(MOST_TARGETS)]
    assert names(extraction.due(LATE)) == [str(number) for number in range(MOST_TARGETS, MOST_TARGETS + 5)]


def test_what_is_unread_is_counted_and_forgotten_rows_are_not() -> None:
    """Each row once, until it is read, fails to be, or goes."""
    extraction = seen(failed("a"), failed("b"), failed("c"), failed("d"), record("e", state=State.SUCCEEDED))
    assert extraction.unread("runner") == 5
    extraction.forget("runner", [key(failed("a")), key(failed("a"))])
    extraction.see(key(failed("b")), failed("b"), LATE)
    assert extraction.unread("runner") == 4
    targets, _ = extraction.due(LATE)
    extraction.take(outcome(failed("b")), LATE)
    extraction.take(outcome(failed("c"), problem="404"), LATE)
    assert extraction.unread("runner") == 2
    extraction.ended(targets, {"runner": Failure(kind="permission", text="no")}, LATE.at)
    extraction.retry()
    assert extraction.unread("runner") == 0


def test_rows_without_end_are_not_all_looked_after() -> None:
    """A source that brings them has gone wrong, and must not fill the memory."""
    extraction = Extraction(Budget(30), LATE.at)
    looked = [extraction.see(str(number), failed(str(number)), LATE) for number in range(MOST_LOGS + 10)]
    assert sum(looked) == MOST_LOGS


# --- how often -----------------------------------------------------------------------------------------------------


def test_a_minute_has_so_many_reads_and_what_is_left_is_said() -> None:
    """The quota is shared by everybody who reads logs of the project."""
    extraction = seen(failed(), per_minute=2)
    assert extraction.due(LATE)[1] == 2
    for _ in range(3):
        extraction.called()
    extraction.ended([LogTarget(key=key(failed()), record=failed())], {"runner": None}, LATE.at)
    assert extraction.next_due() == LATE.at + 60  # one is owed, one is wanted: half a minute each
    assert extraction.wait_s(LATE.at + 30) == pytest.approx(30)
    assert names(extraction.due(after(LATE.at + 59))) == []
    assert names(extraction.due(after(LATE.at + 60))) == ["x"]


def test_none_is_read_where_none_may_be() -> None:
    """Then nothing is unread either: it will not come."""
    extraction = seen(failed(), per_minute=0)
    assert names(extraction.due(LATE)) == []
    assert extraction.next_due() is None
    assert extraction.unread("runner") == 0
    assert extraction.wait_s(LATE.at) is None


def test_what_is_passed_over_is_asked_for_again_ever_more_rarely() -> None:
    """A worker that never comes to it does not use up the quota."""
    extraction, moment, waits = seen(failed()), LATE, []
    for _ in range(5):
        targets, _ = extraction.due(moment)
        (log,) = extraction.ended(targets, {"runner": None}, moment.at)
        assert log.problem is None
        waits.append((extraction.next_due() or math.nan) - moment.at)
        moment = after(moment.at + waits[-1])
    assert waits == [2, 4, 8, 16, 32]


def test_a_log_that_cannot_be_read_is_no_outcome() -> None:
    """Its row says so where it says nothing else, and it is asked for again."""
    extraction = seen(failed())
    targets, _ = extraction.due(LATE)
    log = extraction.take(outcome(failed(), reason=None, rules=0, problem="404 the bucket is gone"), LATE)
    extraction.ended(targets, {"runner": None}, LATE.at)
    assert log is not None
    reason = unread_reason(log)
    assert reason is not None
    assert reason.text == "log not readable: 404 the bucket is gone"
    assert extraction.next_due() == LATE.at + AGAIN_S
    assert extraction.unread("runner") == 0


def test_what_the_source_said_stands_where_the_log_cannot_be_read() -> None:
    """It is more than nothing."""
    row = failed(reason=Reason(text="The container exited with an error"))
    extraction = seen(row)
    extraction.due(LATE)
    log = extraction.take(outcome(row, problem="403"), LATE)
    assert log is not None
    assert unread_reason(log) == row.reason


def test_a_refusal_holds_for_the_whole_table_and_longer_each_time() -> None:
    """Other tables are read meanwhile; whoever asks by hand need not wait."""
    extraction, moment = seen(failed(), failed("y", table="vertex")), LATE
    refused = Failure(kind="permission", text="needs roles/logging.viewer")
    for wait in (30, 60, 120):
        targets, _ = extraction.due(moment)
        for target in targets:
            if target.record.table == "vertex":
                extraction.take(outcome(target.record), moment)
        extraction.ended(targets, {"runner": refused}, moment.at)
        assert extraction.unreadable("runner") == "needs roles/logging.viewer"
        assert extraction.unreadable("vertex") is None
        assert extraction.next_due() == moment.at + wait
        moment = after(moment.at + wait)
    extraction.ended(extraction.due(moment)[0], {"runner": refused}, moment.at)
    extraction.retry()
    assert names(extraction.due(moment)) == ["x"]


def test_a_quota_that_is_used_up_slows_all_reading_and_recovers() -> None:
    """Half as many reads after each refusal, more again after each success."""
    extraction, moment, rates = seen(failed()), LATE, []
    for failure in (THROTTLED, THROTTLED, None, None):
        targets, calls = extraction.due(moment)
        assert (targets, calls) != ((), 0)
        extraction.ended(targets, {"runner": failure}, moment.at)
        rates.append(extraction._bucket.per_minute)
        moment = after(moment.at + 1000)
    assert rates == [15, 7.5, 9.375, 11.71875]


def test_one_refusal_of_several_tables_counts_once() -> None:
    """One fetch reads the logs of three tables."""
    extraction = seen(failed(), failed("v", table="vertex"), failed("b", table="builds"))
    targets, _ = extraction.due(LATE)
    extraction.ended(targets, dict.fromkeys(("runner", "vertex", "builds"), THROTTLED), LATE.at)
    assert extraction._bucket.per_minute == 15


def test_the_source_says_how_long_to_wait() -> None:
    """Then no sooner."""
    extraction = seen(failed())
    targets, _ = extraction.due(LATE)
    slow = Failure(kind="throttled", text="too many reads", retry_after_s=300)
    extraction.ended(targets, {"runner": slow}, LATE.at)
    assert extraction.next_due() == LATE.at + 300


def test_an_hour_of_refusals_costs_few_calls() -> None:
    """The bar is the quota that others need, too."""
    extraction, at, asked = seen(failed()), LATE.at, 0
    while at < LATE.at + 3600:
        targets, _ = extraction.due(Moment(datetime.max.replace(tzinfo=NOON.tzinfo), at))
        if targets:
            asked += 1
            extraction.called()
            extraction.ended(targets, {"runner": THROTTLED}, at)
        at += 1
    assert 3 <= asked <= 8
