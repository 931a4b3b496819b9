"""Local time is right for every moment, and not only on this side of the last change of the clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.records import Record, State
from monitor.columns import COLUMNS
from monitor.filters import parse
from monitor.local_time import LOCAL
from monitor.ui.app import MonitorApp
from tests.support.clocks import in_zone
from tests.ui.scripted import ScriptedLink

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")

CHANGES = (datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC))
"""When the clocks are changed in Berlin."""

NEAR = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-180, 180)
)
ANY = st.datetimes(datetime(1975, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - naive by its interface


@pytest.fixture
def berlin() -> Iterator[None]:
    """A machine in Berlin."""
    with in_zone("Europe/Berlin"):
        yield


@given(moment=st.one_of(NEAR, ANY), zone=st.sampled_from(ZONES))
def test_every_moment_is_shown_as_the_clocks_show_it_then(moment: datetime, zone: str) -> None:
    """The hour that comes twice is told apart, and every moment can be found again."""
    with in_zone(zone):
        shown, right = moment.astimezone(LOCAL), moment.astimezone(ZoneInfo(zone))
        assert shown.replace(tzinfo=None) == right.replace(tzinfo=None)
        assert (shown.fold, shown.utcoffset(), shown.tzname()) == (right.fold, right.utcoffset(), right.tzname())
        assert shown.astimezone(UTC) == moment


@pytest.mark.parametrize("day", [datetime.min, datetime.max])  # noqa: DTZ901 - the ends of the calendar
def test_the_ends_of_the_calendar_can_be_compared(day: datetime) -> None:
    """A filter may ask for them."""
    for zone in ZONES:
        with in_zone(zone):
            assert (datetime.now(UTC) < day.replace(tzinfo=LOCAL)) == (day.year > 1)


@pytest.mark.usefixtures("berlin")
def test_a_row_from_before_a_change_of_clocks_has_the_time_that_was_shown_then() -> None:
    """In its column, and in what filters find by the calendar."""
    now = datetime(2026, 10, 25, 4, tzinfo=UTC).astimezone(LOCAL)
    then = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)  # half past one in the night, before the clocks go back
    row = Record(
        table="builds", id="1", name="one", state=State.SUCCEEDED, raw_state="SUCCESS", scope="a", finished=then
    )
    when = next(column for column in COLUMNS["builds"] if column.key == "when")
    assert when.value(row, now) == "01:30"
    assert parse("when:>=2026-10-25T01:30", ("builds",)).matches(row, now)
    assert not parse("when:>2026-10-25T01:30", ("builds",)).matches(row, now)
    assert parse("when:<5h", ("builds",)).matches(row, now)
    assert not parse("when:<4h", ("builds",)).matches(row, now)


@pytest.mark.usefixtures("berlin")
def test_the_screen_shows_other_moments_than_the_present_as_the_clocks_showed_them() -> None:
    """In winter it knows what was shown in summer; asked for UTC, it shows that."""
    app = MonitorApp(ScriptedLink(), clock=lambda: datetime(2026, 12, 1, tzinfo=UTC))
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert f"{app.now():%H:%M %Z}" == "01:00 CET"
    assert f"{summer.astimezone(app.now().tzinfo):%H:%M %Z}" == "14:00 CEST"
    app.utc = True
    assert f"{summer.astimezone(app.now().tzinfo):%H:%M %Z}" == "12:00 UTC"
