"""Rows keep their order, their selection and their place through any change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fetchers.records import Record, State, order
from monitor.ui import rows as module
from monitor.ui.heights import share
from monitor.ui.rows import Rows
from tests.ui.scripted import record


def made(*numbers: int, state: State = State.SUCCEEDED) -> dict[str, Record]:
    """Records by key, the higher the older."""
    return {f"id-{number}": record("builds", number, state) for number in numbers}


def filled(count: int, height: int) -> Rows:
    """A table of ended rows, newest first."""
    rows = Rows()
    rows.resize(height)
    rows.change(made(*range(count)))
    return rows


changes = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 30), st.sampled_from(list(State)), max_size=12),
        st.sets(st.integers(0, 30), max_size=12),
        st.integers(-8, 8),
        st.integers(-5, 5),
        st.integers(0, 9),
    ),
    max_size=12,
)


@given(changes, st.sampled_from([0, 3, 100]))
def test_any_history_leaves_sorted_rows_and_a_cursor_that_exists(history: list[tuple], few: int) -> None:  # type: ignore[type-arg]
    """Whatever came, went, moved or was resized: order, counts, window and cursor agree with the records."""
    module._FEW, before = few, module._FEW
    try:
        rows = Rows()
        for upserts, removed, move, scroll, height in history:
            selected = rows.selected
            new = {f"id-{number}": record("builds", number, state) for number, state in upserts.items()}
            rows.change(new, [f"id-{number}" for number in removed])
            if selected in rows.records:
                assert rows.selected == selected
            rows.resize(height)
            rows.scroll(scroll)
            rows.move(move)
            check(rows)
    finally:
        module._FEW = before


def check(rows: Rows) -> None:
    """What must hold at any time."""
    keys = [rows.key(index) for index in range(len(rows))]
    assert keys == sorted(rows.records, key=lambda key: (*order(rows.records[key]), key))
    assert all(rows.index(key) == index for index, key in enumerate(keys))
    assert +rows.counts == {
        state: number for state in State if (number := sum(item.state is state for item in rows.records.values()))
    }
    assert 0 <= rows.top <= max(0, len(rows) - rows.height)
    if rows.selected is not None:
        assert keys[rows.cursor] == rows.selected


@given(
    st.sets(st.integers(0, 400), min_size=30, max_size=60),
    st.sets(st.integers(0, 400), max_size=60),
    st.integers(0, 59),
)
def test_the_selected_row_keeps_its_line_where_it_can(before: set[int], after: set[int], at: int) -> None:
    """New rows above or below move neither the selection nor its line, unless the end of the table is in the way."""
    rows = Rows()
    rows.resize(10)
    rows.change(made(*before))
    rows.select(at)
    key, line = rows.selected, rows.cursor - rows.top
    rows.change(made(*after), [item for item in made(*before) if item not in made(*after) and item != key])
    assert rows.selected == key
    least, most = 0, max(0, len(rows) - 10)
    assert rows.top == max(least, min(most, rows.cursor - line))


def test_a_selected_row_that_vanishes_leaves_its_place_to_its_neighbour() -> None:
    """The cursor stays at the same index."""
    rows = filled(5, 10)
    rows.select(2)
    rows.change({}, ["id-2"])
    assert rows.selected == "id-3"
    rows.select(3)
    rows.change({}, ["id-4"])
    assert rows.selected == "id-3"


def test_until_a_row_is_chosen_the_cursor_stays_on_top() -> None:
    """What runs newly is seen by someone who has touched nothing."""
    rows = filled(50, 10)
    rows.change(made(77, state=State.RUNNING))
    assert (rows.key(rows.cursor), rows.top) == ("id-77", 0)


def test_rows_that_scroll_by_wheel_stay_in_view_when_others_arrive() -> None:
    """The window holds on to its first row while the cursor is elsewhere."""
    rows = filled(100, 10)
    rows.scroll(40)
    rows.change({f"new-{n}": record("builds", 0, State.RUNNING, id=f"new-{n}") for n in range(5)})
    assert (rows.key(rows.top), rows.selected) == ("id-40", "id-0")


def test_a_table_that_empties_and_fills_again_starts_on_top() -> None:
    """Nothing refers to rows that are gone."""
    rows = filled(5, 3)
    rows.select(4)
    rows.change({}, [f"id-{number}" for number in range(5)])
    assert (len(rows), rows.top, rows.selected) == (0, 0, None)
    rows.change(made(9))
    assert rows.cursor == 0


@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.integers(0, 120), st.integers(0, 5))
def test_heights_fill_the_screen_exactly(wants: list[int], total: int, focus: int) -> None:
    """No line is lost or given twice, and nobody starves while there are enough."""
    got = share(wants, total, focus % len(wants), [1] * len(wants))
    assert sum(got) == total
    assert total < len(wants) or all(got)


def test_a_small_table_gives_its_room_to_others_and_the_focused_one_gets_more() -> None:
    """Two rows take two lines; of two long tables the focused one is taller."""
    small, focused, other = share([2, 100, 100], 32, focus=1)
    assert small == 2
    assert focused > other > 2


def test_what_is_unfinished_is_in_view_before_history() -> None:
    """Eight running rows of one table stand before the ended rows of the focused one."""
    assert share([100, 100], 12, focus=0, urgent=[1, 8])[1] >= 8
