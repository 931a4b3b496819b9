"""Finding things: filters, orders, failures, zoom; and that what has changed is marked."""

from __future__ import annotations

import pytest
from textual import events

from fetchers.records import Reason, State
from monitor.changes import Enable, Hello, Refresh, RowsChanged
from monitor.filters import LONGEST
from monitor.tables import TABLES
from monitor.ui.widgets.heading_line import HeadingLine
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


async def test_a_column_that_only_other_tables_have_is_said_to_be_theirs() -> None:
    """It holds in no row here, and nobody need wonder why."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash", *"machine", "colon", "a", "2")
        assert "no record of builds has a 'machine'" in stage.lines()[-1]
        assert names(stage) == []


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


async def test_a_filter_as_long_as_a_filter_may_be_can_be_pasted() -> None:
    """All of its characters count, and what is beyond them is no mistake but left out."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash")
        stage.app.screen.focused.post_message(events.Paste("!" + "z" * 2 * LONGEST))  # type: ignore[union-attr]
        await stage.press("enter")
        assert len(stage.app.dashboard.tables[0].wish.filter.text) == LONGEST  # type: ignore[union-attr]


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
        assert " sort " in stage.lines()[-1]
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
        await stage.wait(1)
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
        await stage.settle()
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
        await stage.press("slash")
        stage.app.screen.focused.post_message(events.Paste("a" * 100))  # type: ignore[union-attr]
        await stage.settle()
        assert "a" * (size[0] // 3) in stage.lines()[-1]
        assert all(len(line) == size[0] for line in stage.lines())
        assert stage.lines()[0].startswith(" monitor")
        await stage.press("escape", "s", *["right"] * 7)
        assert all(len(line) == size[0] for line in stage.lines())
        assert "usual" in stage.lines()[-1] or size[0] < 40


async def test_a_change_behind_a_tab_is_marked_until_it_has_been_seen() -> None:
    """Its seconds begin when somebody can see it."""
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("vertex", [record("vertex", 1), record("vertex", 2)]), status("vertex"))
        await stage.tell(rows("vertex", [record("vertex", 2, State.FAILED)]))
        await stage.wait(40)
        await stage.press("3")
        await stage.wait(5)
        assert stage.line("name-2 ", "failed").startswith(CHANGED)
        await stage.wait(10)
        assert not stage.line("name-2 ", "failed").startswith(CHANGED)


async def test_another_reason_is_a_change() -> None:
    """A better one, found later, is what the operator wants to see."""
    async with Stage().open() as stage:
        first = record("builds", 2, State.FAILED, reason=Reason(text="one"))
        await stage.tell(rows("builds", [record("builds", 1), first]), status("builds"))
        await stage.tell(rows("builds", [record("builds", 2, State.FAILED, reason=Reason(text="two"))]))
        assert stage.line("name-2").startswith(CHANGED)


async def test_enter_on_a_mistake_keeps_what_was_typed() -> None:
    """Nothing is thrown away, and no letter of what is typed on is a command."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash", *"took:", "greater_than_sign", *"1x", "enter", *"qq")
        assert "took:>1xqq" in stage.lines()[-1]
        assert "of 4" not in stage.lines()[-1], "what an older text found is not told beside a mistake"
        await stage.press("escape")
        assert len(names(stage)) == 4


async def test_a_click_on_another_table_leaves_each_its_filter() -> None:
    """What was typed stands for the table it was typed for."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.tell(rows("runner", [record("runner", 9, name="alone")]), status("runner"))
        await stage.press("2", "slash", *"alone", "enter", "1", "slash", *"alpha")
        await stage.pilot.click("#title-runner")
        await stage.press("j")
        filters = [table.wish.words for table in stage.app.dashboard.tables[:2]]
        assert filters == ["/alpha", "/alone"]
        assert "q quit" in stage.lines()[-1]


async def test_a_click_on_another_table_leaves_the_question() -> None:
    """Its letters were those of the first table."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("s")
        await stage.pilot.click("#title-runner")
        await stage.press("b")
        assert [table.wish.words for table in stage.app.dashboard.tables] == [""] * 5


async def test_the_mouse_sorts_and_opens() -> None:
    """A click on a column's name sorts by it; a second click on a row opens it."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.pilot.click(HeadingLine, offset=(stage.lines()[1].index("NAME"), 0))
        await stage.settle()
        assert names(stage) == ["alpha", "alpha-two", "beta", "gamma"]
        assert "by BUILD ↑" in stage.line("1 builds")
        await stage.pilot.click("#table-builds", offset=(5, 2), times=2)
        await stage.settle()
        assert "beta" in stage.lines()[1]
        assert "why-2" in stage.text()


async def test_mine_stays_for_all_tables_until_it_is_asked_for_all() -> None:
    """Escape takes a filter away, and nothing else."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("m", "slash", *"beta", "enter", "escape")
        assert [table.wish.words for table in stage.app.dashboard.tables] == ["mine"] * 5


async def test_what_nobody_asks_for_is_as_last_known() -> None:
    """A table that is switched off tells no running time, and no failure of it is gone to."""
    async with Stage().open() as stage:
        running = [record("builds", 3, State.RUNNING), record("builds", 4, State.FAILED)]
        await stage.tell(rows("builds", running), status("builds", enabled=False))
        before = stage.line("name-3 ", "running")
        await stage.wait(100)
        assert stage.line("name-3 ", "running") == before
        assert before.startswith("~")
        assert "last answer 1 min ago · off" in stage.line("1 builds")
        await stage.press("n")
        assert "no row" in stage.lines()[-1]


async def test_a_filter_that_goes_by_time_is_not_begun_again_before_it_is_done() -> None:
    """Each second is one more reason to look again, and none to throw away what has been found so far."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash", *"took:", "greater_than_sign", *"1m", "enter")
        table = stage.app.dashboard.table
        begun, table.arranging = table._steps, 0.5
        await stage.wait(1)
        assert table._steps is begun
        table.arranging = None
        await stage.wait(1)
        assert table._steps is not begun


@pytest.mark.parametrize("width", [80, 40, 32, 25])
async def test_the_strip_hides_no_failure_however_narrow(width: int) -> None:
    """Letters go, then numbers, then blanks; what failed stays."""
    async with Stage().open(width, 10) as stage:
        for table in TABLES:
            failed = [record(table, number, State.FAILED, id=f"{table}-{number}") for number in range(12)]
            await stage.tell(rows(table, failed), status(table))
        assert stage.lines()[1].count("✗12") == len(TABLES)


async def test_a_filter_that_goes_by_time_rests_for_longer_than_it_took() -> None:
    """Many rows that tick do not keep the loop busy for ever."""
    async with Stage().open() as stage:
        await shown(stage)
        await stage.press("slash", *"took:", "greater_than_sign", *"1m", "enter")
        table = stage.app.dashboard.table
        table._begun_at -= 100  # as if it had taken so many seconds
        table._arranged()
        begun = table._steps
        await stage.wait(1)
        assert table._steps is begun
        table._rest_until = 0.0
        await stage.wait(1)
        assert table._steps is not begun
