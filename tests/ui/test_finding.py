"""Finding things: filters, orders, failures, zoom; and that what has changed is marked."""

from __future__ import annotations

import pytest
from textual import events

from fetchers.records import Reason, State
from monitor.changes import Enable, Hello, Refresh, RowsChanged
from monitor.ui.widgets.live_table import CHANGED
from monitor.ui.widgets.painted import Painted
from tests.ui.scripted import NOW, Stage, record, rows, scope, status

MIXED = [
    record("builds", 1, name="alpha"),
    record("builds", 2, State.FAILED, name="beta"),
    record("builds", 3, name="gamma", scope="europe-west4"),
    record("builds", 4, State.FAILED, name="alpha-two"),
]


def names(stage: Stage) -> list[str]:
    """The rows of the current table, from top to bottom."""
    table = stage.app.dashboard.table
    return [table.rows.records[key].name for key in table.rows]


async def shown(stage: Stage) -> None:
    """Show the mixed rows."""
    await stage.tell(rows("builds", MIXED), status("builds", {"us-east1": scope(), "europe-west4": scope()}))


async def test_a_filter_applies_as_it_is_typed_and_stands_in_the_title() -> None:
    """Counts remain those of all rows, so that no failure is hidden by a filter."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash", *"alph")
        assert names(stage) == ["alpha", "alpha-two"]
        assert "2 of 4" in stage.lines()[-1]
        await stage.press("enter")
        title = stage.line("1 builds")
        assert "/alph" in title
        assert "2 of 4" in title
        assert "2 failed" in title
        assert "q quit" in stage.lines()[-1]


async def test_each_table_has_a_filter_of_its_own_and_escape_shows_all_again() -> None:
    """Going to another table and back loses nothing; Esc takes the filter of this table away."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.tell(rows("runner", [record("runner", 9, name="alone")]), status("runner"))
        await stage.press("slash", *"beta", "enter", "tab")
        assert names(stage) == ["alone"]
        await stage.press("shift+tab")
        assert names(stage) == ["beta"]
        await stage.press("escape")
        assert len(names(stage)) == 4
        assert "/beta" not in stage.text()


async def test_escape_while_typing_goes_back_to_the_filter_before() -> None:
    """Looking for something in passing costs nothing."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash", *"alpha", "enter", "slash", "backspace", "backspace", *"zzz")
        assert names(stage) == []
        assert "4 rows hidden" in stage.line("Nothing matches")
        await stage.press("escape")
        assert names(stage) == ["alpha", "alpha-two"]


async def test_half_an_expression_leaves_what_was_found_and_a_wrong_one_says_so() -> None:
    """`state:` is no error while it is typed; a column that there is not is named with its nearest."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash", *"state:")
        assert "!" not in stage.lines()[-1]
        await stage.press(*"failed")
        assert names(stage) == ["beta", "alpha-two"]
        await stage.press("enter", "slash", "end", "space", *"stat:x")
        assert "state" in stage.lines()[-1].split("stat:x", 1)[1]
        assert "4 rows hidden" in stage.text(), "what was typed before it: `stat`"


async def test_a_column_a_negation_and_a_regular_expression() -> None:
    """The language is the one of `ls --filter`."""
    async with Stage().open() as stage:
        await shown(stage)
        for typed, found in (
            ("state:failed !two", ["beta"]),
            ("where:europe", ["gamma"]),
            ("/^(al|ga)/ !/two$/", ["alpha", "gamma"]),
        ):
            await stage.press("slash", "ctrl+u", *("space" if each == " " else each for each in typed), "enter")
            if typed.startswith("/"):
                assert len(names(stage)) <= 4
            else:
                assert names(stage) == found


async def test_a_pasted_filter_is_one_clean_line() -> None:
    """Neither line ends nor escapes of a paste reach the terminal or leave the line."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash")
        stage.app.screen.focused.post_message(events.Paste("be\nta\x1b]52;c;aGk=\x07"))  # type: ignore[union-attr]
        await stage.settle()
        assert "\x1b" not in stage.text()
        assert "be ta" in stage.lines()[-1]


async def test_the_cursor_returns_to_its_row_when_the_filter_goes() -> None:
    """Filter, look, come back to where one was."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("j", "j")
        assert stage.cursor() == "id-3"
        await stage.press("slash", *"alpha", "enter", "escape")
        assert stage.cursor() == "id-3"


async def test_sorting_asks_for_a_column_and_turns_round_when_asked_again() -> None:
    """The column's name carries the direction; `0` gives the usual order back."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("s")
        assert "sort by" in stage.lines()[-1]
        await stage.press("b")
        assert names(stage) == ["alpha", "alpha-two", "beta", "gamma"]
        assert "NAME ↑" in stage.lines()[1]
        await stage.press("s", "enter")
        assert names(stage) == ["gamma", "beta", "alpha-two", "alpha"]
        assert "NAME ↓" in stage.lines()[1]
        await stage.press("s", "0")
        assert names(stage) == ["alpha", "beta", "gamma", "alpha-two"]


async def test_a_question_that_is_left_changes_nothing() -> None:
    """Escape, or a key that answers nothing."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("s", "escape", "s", "exclamation_mark")
        assert names(stage) == ["alpha", "beta", "gamma", "alpha-two"]
        assert "q quit" in stage.lines()[-1]


async def test_n_goes_from_failure_to_failure_through_all_tables_and_round() -> None:
    """N goes the other way; without a failure it says so."""
    async with Stage().open() as stage:
        await stage.press("n")
        assert "no row has failed" in stage.lines()[-1]
        await shown(stage)
        await stage.tell(rows("vertex", [record("vertex", 7, State.FAILED, name="job")]), status("vertex"))
        visited = []
        for _ in range(4):
            await stage.press("n")
            visited.append((stage.app.dashboard.table.table, stage.cursor()))
        assert visited == [("builds", "id-2"), ("builds", "id-4"), ("vertex", "id-7"), ("builds", "id-2")]
        await stage.press("N")
        assert stage.cursor() == "id-7"


async def test_n_finds_a_failure_behind_a_tab() -> None:
    """At 80x24 the table with the failure comes to the front."""
    async with Stage().open(80, 24) as stage:
        await shown(stage)
        await stage.tell(rows("completed", [record("completed", 7, State.FAILED, name="run")]), status("completed"))
        await stage.press("N")
        assert "why-7" in stage.text()
        assert stage.app.dashboard.table.table == "completed"


async def test_zoom_shows_one_table_alone_and_comes_back() -> None:
    """The others stay in sight on the strip."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("z")
        assert "2 runner" in stage.lines()[1]
        assert sum("builds" in line for line in stage.lines()[2:]) == 1
        assert not any("3 vertex" in line for line in stage.lines()[2:])
        await stage.press("escape")
        assert "3 vertex" in stage.text()


async def test_mine_leaves_out_what_is_known_to_be_others() -> None:
    """Whose it is not known stays: not knowing is not a no."""
    async with Stage().open() as stage:
        whose = [record("builds", 1, detail={"mine": True}), record("builds", 2, detail={"mine": False})]
        await stage.tell(rows("builds", [*whose, record("builds", 3)]), status("builds"))
        await stage.press("m")
        assert names(stage) == ["name-1", "name-3"]
        assert "mine" in stage.line("1 builds")
        await stage.press("m")
        assert len(names(stage)) == 3


async def test_a_table_is_switched_off_and_on_and_another_engine_is_told() -> None:
    """What a person has switched off stays off when the engine is replaced."""
    async with Stage().open() as stage:
        await stage.tell(status("builds"))
        await stage.press("t")
        assert stage.link.commands == [Enable(table="builds", enabled=False)]
        await stage.tell(status("builds", enabled=False), Hello(version="1", pid=1))
        assert stage.link.commands[1:] == [Enable(table="builds", enabled=False)]
        await stage.press("t", "r")
        assert stage.link.commands[2:] == [Enable(table="builds", enabled=True), Refresh()]


async def test_what_changed_is_marked_for_some_seconds() -> None:
    """A new row and a new state; not time that passes, and not the first answer of a region."""
    async with Stage().open() as stage:
        running = [record("builds", number, State.RUNNING) for number in (1, 2)]
        await stage.tell(rows("builds", running), status("builds"))
        assert CHANGED not in stage.text()
        steps = record("builds", 2, State.RUNNING, detail={"step": 5})
        await stage.tell(rows("builds", [steps, record("builds", 0, name="fresh")]))
        assert [line.split()[2] for line in stage.lines() if line.startswith(CHANGED)] == ["fresh"]
        await stage.tell(rows("builds", [record("builds", 2, State.FAILED, finished=NOW)]))
        assert sum(line.startswith(CHANGED) for line in stage.lines()) == 2
        await stage.wait(10)
        assert CHANGED not in stage.text()


async def test_a_reason_that_arrives_later_is_a_change() -> None:
    """Why it failed is what the operator waits for."""
    async with Stage().open() as stage:
        bare = record("builds", 2, State.FAILED, reason=None)
        await stage.tell(rows("builds", [record("builds", 1), bare]), status("builds"))
        await stage.tell(rows("builds", [record("builds", 2, State.FAILED, reason=Reason(text="why"))]))
        assert stage.line("name-2").startswith(CHANGED)


async def test_changes_while_nobody_looks_stay_marked_until_somebody_does() -> None:
    """The terminal says when it is left and when it is looked at again."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", [record("builds", 1), record("builds", 2)]), status("builds"))
        stage.app.post_message(events.AppBlur())
        await stage.settle()
        await stage.tell(rows("builds", [record("builds", 2, State.FAILED)]))
        await stage.wait(30)
        assert stage.line("name-2").startswith(CHANGED)
        stage.app.post_message(events.AppFocus())
        await stage.wait(1)
        assert stage.line("name-2").startswith(CHANGED)
        await stage.wait(10)
        assert not stage.line("name-2").startswith(CHANGED)


async def test_a_filter_that_goes_by_time_is_applied_again_as_time_passes() -> None:
    """`took:>10m` finds a row when it has run for so long."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", [record("builds", 9, State.RUNNING), record("builds", 30)]), status("builds"))
        await stage.press("slash", *"took:", "greater_than_sign", *"10m", "enter")
        assert names(stage) == []
        await stage.wait(120)
        assert names(stage) == ["name-9"]


async def test_a_hundred_thousand_rows_are_searched_between_keys() -> None:
    """What is found is right, and rows that come meanwhile are in it."""
    async with Stage().open() as stage:
        many = {f"id-{n}": record("builds", n, name=f"row-{n}") for n in range(30_000)}
        await stage.tell(RowsChanged(table="builds", upserts=many), status("builds"))
        await stage.press("slash", *"999")
        await stage.tell(rows("builds", [record("builds", 99_999, name="row-99999")]))
        table = stage.app.dashboard.table
        while table.arranging is not None:
            await stage.pilot.pause()
        assert len(table.rows) == sum("999" in str(n) for n in range(30_000)) + 1
        assert isinstance(table, Painted)


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 5)])
async def test_lines_that_ask_fit_any_screen(size: tuple[int, int]) -> None:
    """Neither the filter nor a question is wider than the screen, and the first line stays the header."""
    async with Stage().open(*size) as stage:
        await shown(stage)
        await stage.press("slash", *("a" * 100))
        assert all(len(line) == size[0] for line in stage.lines())
        assert stage.lines()[0].startswith(" monitor")
        await stage.press("escape", "s", *["right"] * 7)
        assert all(len(line) == size[0] for line in stage.lines())
        assert "as usual" in stage.lines()[-1] or size[0] < 40
