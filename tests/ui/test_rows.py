"""Rows keep their order, their selection and their place through any change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fetchers.records import Record, State, order
from monitor.columns import COLUMNS
from monitor.ui import places as module
from monitor.ui import rows as rows_module
from monitor.ui.heights import share
from monitor.ui.rows import Keep, Rows, Sort
from monitor.ui.sorting import Sorting
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
    got = share([[1] * len(wants), wants], total, focus % len(wants))
    assert sum(got) == total
    assert total < len(wants) or all(got)


def test_a_small_table_gives_its_room_to_others_and_the_focused_one_gets_more() -> None:
    """Two rows take two lines; of two long tables the focused one is taller."""
    small, focused, other = share([[2, 100, 100]], 32, focus=1)
    assert small == 2
    assert focused > other > 2


def test_what_is_unfinished_is_in_view_before_history() -> None:
    """Eight running rows of one table stand before the ended rows of the focused one."""
    assert share([[1, 8], [100, 100]], 12, focus=0)[1] >= 8


arrangements = st.tuples(
    st.sampled_from([order, Sorting(COLUMNS["builds"][1]), Sorting(COLUMNS["builds"][4], reverse=True)]),
    st.sampled_from([None, lambda row: row.state is State.FAILED, lambda row: int(row.id[3:]) % 3 > 0]),
)


@given(changes, st.lists(arrangements, min_size=1, max_size=4))
def test_rows_arranged_anew_while_they_change_are_as_if_arranged_at_once(history: list[tuple], wishes: list) -> None:  # type: ignore[type-arg]
    """Slices of the work and changes of rows take turns; nothing is lost, doubled or out of order."""
    before = rows_module.SLICE, rows_module.CHOICE
    rows_module.SLICE = rows_module.CHOICE = 3
    try:
        rows, steps = Rows(), iter([0.0])
        for turn, (upserts, removed, move, _, height) in enumerate(history):
            sort, keep = wishes[turn % len(wishes)]
            if turn % 2 == 0:
                steps = rows.arrange(sort, keep)
            rows.resize(height)
            new = {f"id-{number}": record("builds", number, state) for number, state in upserts.items()}
            next(steps, None)
            rows.change(new, [f"id-{number}" for number in removed])
            next(steps, None)
            rows.move(move)
        sort, keep = wishes[-1]
        for _ in rows.arrange(sort, keep):
            pass
        wanted = {key: row for key, row in rows.records.items() if keep is None or keep(row)}
        assert [*rows] == sorted(wanted, key=lambda key: (*sort(wanted[key]), key))
        assert all(rows.shows(key) == (key in wanted) for key in rows.records)
        assert rows.counts.total() == len(rows.records)
        assert 0 <= rows.top <= max(0, len(rows) - rows.height)
    finally:
        rows_module.SLICE, rows_module.CHOICE = before


def arranged(rows: Rows, sort: Sort = order, keep: Keep | None = None) -> None:
    """All slices at once."""
    for _ in rows.arrange(sort, keep):
        pass


def test_a_row_that_is_filtered_out_is_selected_again_when_it_comes_back() -> None:
    """Looking for something else loses nobody's place."""
    rows = filled(50, 10)
    rows.select(20)
    arranged(rows, keep=lambda row: row.id.endswith("7"))
    assert [*rows] == ["id-7", "id-17", "id-27", "id-37", "id-47"]
    assert rows.key(rows.cursor) == "id-27", "the next one that there is"
    arranged(rows)
    assert (rows.key(rows.cursor), rows.top <= 20 < rows.top + 10) == ("id-20", True)


def test_a_filter_that_hides_everything_and_goes_leaves_the_selection() -> None:
    """No row in sight is not no row."""
    rows = filled(50, 10)
    rows.select(20)
    arranged(rows, keep=lambda _row: False)
    assert (len(rows), rows.cursor, rows.counts.total()) == (0, 0, 50)
    rows.change(made(70, state=State.RUNNING))
    rows.move(1)
    arranged(rows)
    assert rows.selected == "id-20"


def test_columns_sort_as_people_count() -> None:
    """9 before 10, the longest and the newest first, and what is empty last, whichever way round."""
    rows = Rows()
    named = {
        key: record("builds", 1, id=key, name=name)
        for key, name in zip("abcd", ("t10", "t9", "T1", "t9b"), strict=True)
    }
    rows.change(named | {"e": record("builds", 1, id="", name="")})
    by_name = COLUMNS["builds"][1]
    arranged(rows, Sorting(by_name))
    assert [*rows] == ["c", "b", "d", "a", "e"]
    arranged(rows, Sorting(by_name, reverse=True))
    assert [*rows] == ["a", "d", "b", "c", "e"]
    arranged(rows, Sorting(next(column for column in COLUMNS["builds"] if column.key == "when")))
    assert [*rows] == sorted(rows.records, key=lambda key: rows.records[key].id)
