"""Columns fill any line, stand still, and say what a record is without colour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.records import Reason, State
from monitor.columns import COLUMNS, GAP, GLYPHS, widths
from monitor.tables import TABLES
from monitor.text import cell_width
from tests.ui.scripted import NOW, record


@pytest.mark.parametrize("table", TABLES)
@given(total=st.integers(38, 400))
def test_the_columns_of_every_table_fill_the_line(table: str, total: int) -> None:
    """Neither a cell too many nor one too few."""
    found = widths(COLUMNS[table], total)
    assert sum(width for _, width in found) + GAP * (len(found) - 1) == total
    assert all(column.min <= width <= (column.max or total) for column, width in found)


def test_every_table_has_columns_at_the_same_places() -> None:
    """The eye finds a column without reading which table it is in."""
    assert set(COLUMNS) == set(TABLES)
    for total in (78, 118, 198):
        assert len({tuple(width for _, width in widths(columns, total)) for columns in COLUMNS.values()}) == 1


def test_a_state_is_a_glyph_and_a_word() -> None:
    """Each glyph is one cell and stands for one state."""
    assert len(set(GLYPHS.values())) == len(State)
    assert {cell_width(glyph) for glyph in GLYPHS.values()} == {1}
    column = COLUMNS["builds"][0]
    assert column.value(record("builds", 1, State.FAILED), NOW) == "✗ failed"
    assert max(cell_width(column.value(record("b", 1, state), NOW)) for state in State) == column.min


def test_no_cell_lets_a_sequence_through() -> None:
    """Every text that a source sends is cleaned on its way to a cell."""
    evil = "\x1b]52;c;x\x07\nname\u202e"
    hostile = record("builds", 1, name=evil, scope=evil, reason=Reason(text=evil), detail={"image": evil, "job": evil})
    for columns in COLUMNS.values():
        for column in columns:
            shown = column.value(hostile, NOW)
            assert shown.isprintable(), column.key


def test_a_state_that_nobody_knows_shows_the_source_s_own_word() -> None:
    """What we cannot map is not hidden."""
    odd = record("vertex", 1, State.UNKNOWN, raw_state="JOB_STATE_PARTYING")
    assert "JOB_STATE_PARTYING" in {column.key: column.value(odd, NOW) for column in COLUMNS["vertex"]}["why"]
