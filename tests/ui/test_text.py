"""Text from outside can neither act on a terminal nor shift a column."""

from __future__ import annotations

import time
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich._unicode_data import load
from rich.cells import get_character_cell_size

from monitor import text

anything = st.text(st.characters(), max_size=80)


@given(anything)
def test_no_control_or_format_character_survives(raw: str) -> None:
    """Whatever goes in, nothing comes out that steers a terminal, hides, or changes the direction of writing."""
    bad = {unicodedata.category(character) for character in text.clean(raw)}
    assert not bad & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(anything)
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    """What is clean stays as it is, so that no layer needs to know whether another has cleaned."""
    assert text.clean(text.clean(raw)) == text.clean(raw)


@given(anything)
def test_every_unicode_version_measures_clean_text_alike(raw: str) -> None:
    """Terminals of different ages agree about the width of what is left."""
    for character in text.clean(raw):
        widths = {get_character_cell_size(character, version) for version in ("12.1.0", "14.0.0", "17.0.0")}
        assert len(widths) == 1, f"U+{ord(character):04X}"


@given(anything, st.integers(0, 40))
def test_a_cell_is_exactly_as_wide_as_asked(raw: str, width: int) -> None:
    """Cut or padded, from the left or the right, a cell never shifts its neighbour."""
    clean = text.clean(raw)
    assert text.cell_width(text.fit(clean, width)) == width
    assert text.cell_width(text.fit_right(clean, width)) == width
    assert text.cell_width(text.cut_middle(clean, width)) <= width


@given(anything, st.integers(1, 40), st.integers(1, 40), st.integers(1, 5))
def test_wrapped_lines_keep_their_width_and_number(raw: str, width: int, first: int, most: int) -> None:
    """No line is wider than asked, and there are no more than asked."""
    lines = text.wrap(text.clean(raw), width, first=first, most=most)
    assert 1 <= len(lines) <= most
    assert text.cell_width(lines[0]) <= max(first, width)
    assert all(text.cell_width(line) <= width for line in lines[1:])


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://example.com\x1b\\link", "␛]8;;http://example.com␛\\link"),
        ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
        ("\x9b31mC1", "\N{REPLACEMENT CHARACTER}31mC1"),
        ("a\tb\r\nc\u2028d", "a b c d"),
        ("abc\u202edcba", "abcdcba"),
        ("zero\u200b\u200d\ufeffwidth", "zerowidth"),
        ("lone \ud800", "lone \N{REPLACEMENT CHARACTER}"),
        ("⚠\ufe0f", "⚠"),
        ("👍🏽", "👍"),
        ("🇩🇪", "DE"),
        ("e\u0301", "é"),
        ("[@click=app.quit]go[/] [bold]", "[@click=app.quit]go[/] [bold]"),
        ("训练 עברית", "训练 עברית"),
    ],
)
def test_hostile_and_foreign_text_shows_as_plain_text(raw: str, shown: str) -> None:
    """Sequences show or vanish, words of any language stay."""
    assert text.clean(raw) == shown


def test_a_stack_of_marks_cannot_paint_over_other_lines() -> None:
    """A letter keeps two marks."""
    assert len(text.clean("q" + "\u0320" * 500)) == 3


def test_huge_text_costs_no_more_than_a_long_line() -> None:
    """Ten megabytes are cut before they are looked at."""
    start = time.process_time()
    assert text.clean("\u0301\x1b[" * 5_000_000).endswith("…")
    assert time.process_time() - start < 0.5


def test_a_long_name_loses_its_middle() -> None:
    """Both ends tell names apart."""
    assert text.cut_middle("projects-train-0017", 11) == "proje…-0017"[:11]
    assert text.cut_middle("short", 11) == "short"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-3, "0s"),
        (42, "42s"),
        (252, "4m 12s"),
        (7500, "2h 05m"),
        (273_600, "3d 04h"),
        (99 * 86400, "99d 00h"),
        (1e7, "115d"),
    ],
)
def test_a_duration_shows_its_two_largest_units(seconds: float, shown: str) -> None:
    """Never more than seven cells."""
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "just now"),
        (9.9, "just now"),
        (12, "10 s ago"),
        (59, "50 s ago"),
        (61, "1 min ago"),
        (7199, "1 h ago"),
        (2e5, "2 d ago"),
    ],
)
def test_an_age_moves_in_steps(seconds: float, shown: str) -> None:
    """An idle screen stays still between them."""
    assert text.age(seconds) == shown


def test_a_stamp_is_a_clock_time_only_while_that_is_unambiguous() -> None:
    """Older than twenty hours is a date, older than a year a month."""
    now = datetime(2026, 1, 5, 0, 10, tzinfo=UTC)
    assert text.stamp(now - timedelta(minutes=20), now) == "23:50"
    assert text.stamp(now - timedelta(hours=21), now) == "Jan  4"
    assert text.stamp(now - timedelta(days=400), now) == "2024-12"


def test_the_clock_says_its_zone() -> None:
    """A time without a zone helps nobody on a call."""
    assert text.clock(datetime(2026, 1, 5, 14, 3, tzinfo=UTC), utc=True) == "14:03 UTC"


def test_the_tables_of_widths_are_there() -> None:
    """The versions that the property above compares exist, so that it cannot pass for want of them."""
    assert {load(version).unicode_version for version in ("12.1.0", "14.0.0", "17.0.0")} == {
        "12.1.0",
        "14.0.0",
        "17.0.0",
    }
