"""The demo's logs are read by the same diagnosis as real ones, and say what the demo's rows say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fetchers.demo import outcome_of, read
from fetchers.demo_logs import MOST, log_of
from fetchers.demo_records import fixture
from fetchers.diagnosis import diagnose
from fetchers.messages import LOG, Fetch, LogPart, LogTarget
from fetchers.records import Record, State

EPOCH = datetime(2026, 3, 4, 9, 41, tzinfo=UTC)
NOW = EPOCH + timedelta(minutes=4)
RECORDS = [record for record in fixture(EPOCH, NOW) if log_of(record, NOW)]
EXPLAINED = [row for row in RECORDS if row.state is State.FAILED and row.reason is not None and row.reason.rule]
RULES = sorted({row.reason.rule for row in EXPLAINED if row.reason is not None and row.reason.rule is not None})


def part(record: Record, now: datetime = NOW, **which: object) -> tuple[list[str], str | None]:
    """The ids of the entries of one part of a log, and the token for what is older."""
    target = LogTarget(key=record.id, record=record)
    fetch = Fetch(
        table=LOG,
        generation=1,
        scopes=(record.table,),
        soft_deadline_s=5,
        targets=(target,),
        part=LogPart(**which),  # type: ignore[arg-type]
    )
    found = read(fetch, record.table, now)
    assert not isinstance(found, list)
    return [entry.id for entry in found.entries], found.token  # type: ignore[union-attr]


@pytest.mark.parametrize("rule", RULES)
def test_a_log_says_what_its_row_says(rule: str) -> None:
    """The diagnosis finds the rule, and the line that is marked is the one it finds."""
    for record in (row for row in EXPLAINED if row.reason is not None and row.reason.rule == rule):
        lines = [entry.text for entry in log_of(record, NOW)]
        finding = diagnose(lines).finding
        assert finding is not None
        assert finding.rule == rule, finding.text
        outcome = outcome_of(LogTarget(key=record.id, record=record), NOW)
        assert outcome.root is not None
        assert outcome.evidence[outcome.root] == lines[finding.line - 1]


def test_what_went_well_has_no_cause() -> None:
    """Also where it speaks of failures and of codes that are none."""
    for record in (row for row in RECORDS if row.state is State.SUCCEEDED):
        lines = [entry.text for entry in log_of(record, NOW)]
        found = diagnose(lines)
        assert found.finding is None, found.finding
        if record.table == "runner":
            assert record.reason is not None
            assert str(found.jobs) in record.reason.text


def test_a_log_is_given_part_by_part_and_grows_while_its_job_runs() -> None:
    """The end first, then what is older, each entry once; later only what has come since."""
    record = max((row for row in RECORDS if row.state is State.RUNNING), key=lambda row: len(log_of(row, NOW)))
    everything = [entry.id for entry in log_of(record, NOW)]
    given, token = part(record, most=700)
    assert given == everything[-700:]
    while token is not None:
        older, token = part(record, token=token, most=700)
        given = older + given
    assert given == everything
    later = NOW + timedelta(seconds=30)
    since = log_of(record, NOW)[-1].at
    new, _ = part(record, later, after=since)
    assert new[0] == everything[-1] or len(everything) > MOST


def test_each_line_has_its_time_within_the_life_of_its_record() -> None:
    """Times rise, from its beginning to its end."""
    for record in RECORDS:
        times = [entry.at for entry in log_of(record, NOW) if entry.at is not None]
        begin = record.started or record.created
        assert begin is not None
        assert times == sorted(times)
        assert begin <= times[0] <= times[-1] <= (record.finished or NOW)
