"""What a person sees and does: the screen against a scripted engine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace
from rich.console import RenderableType
from textual.events import MouseScrollDown
from textual.screen import Screen

from fetchers.errors import Failure, FrameError
from fetchers.records import Reason, Record, State
from monitor.changes import Beat, Change, Notice, Refresh, RowsChanged
from monitor.tables import TABLES
from monitor.text import cell_width
from monitor.ui.bindings import KEYS
from monitor.ui.messages import Arrived
from monitor.ui.screens.dashboard import Dashboard
from tests.ui.scripted import NOW, Stage, failed, next_try, record, rows, scope, status

ENDED = [record("builds", number) for number in range(60)]


async def test_rows_and_counts_of_every_table_are_on_screen() -> None:
    """All five at once where there is room, failures first in the title and in words in the row."""
    async with Stage().open() as stage:
        for table in TABLES:
            records = [record(table, 1, State.RUNNING, name=f"{table}-run"), record(table, 2, State.FAILED)]
            await stage.tell(rows(table, records), status(table))
        for table in TABLES:
            assert "✗ 1 failed  ● 1 running" in stage.line(f" {table} ")
            assert stage.line(f"● running    {table}-run")
        assert sum("✗ failed" in line and "why-2" in line for line in stage.lines()) == len(TABLES)


async def test_a_refresh_moves_neither_the_cursor_nor_its_line() -> None:
    """New rows above the selected one push the others, not it."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", ENDED), status("builds"))
        await stage.press(*["j"] * 20)
        before = next(y for y, line in enumerate(stage.lines()) if "name-20 " in line)
        await stage.tell(rows("builds", [record("builds", 100 + n, State.RUNNING) for n in range(4)]))
        assert stage.cursor() == "id-20"
        assert "name-20 " in stage.lines()[before]


async def test_the_neighbour_is_selected_when_the_selected_row_vanishes() -> None:
    """The cursor does not jump to the top."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", ENDED), status("builds"))
        await stage.press("j", "j")
        await stage.tell(RowsChanged(table="builds", removed=("id-2",)))
        assert stage.cursor() == "id-3"
        assert "name-2 " not in stage.text()


async def test_keys_move_the_cursor_and_the_window() -> None:
    """Rows, pages, ends; every key of a pair does the same."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", ENDED), status("builds"))
        for keys, at in ((("down",), 1), (("up",), 0), (("G",), 59), (("g",), 0), (("end",), 59), (("home", "j"), 1)):
            await stage.press(*keys)
            assert stage.cursor() == f"id-{at}"
            assert f"name-{at} " in stage.text()
        await stage.press("pagedown")
        assert stage.cursor() == f"id-{1 + stage.app.dashboard.table.page}"
        await stage.press("pageup")
        assert stage.cursor() == "id-1"


async def test_tab_and_digits_choose_the_table_that_keys_move() -> None:
    """Round and round, and the mark follows."""
    async with Stage().open() as stage:
        for key, name in (("tab", "runner"), ("shift+tab", "builds"), ("shift+tab", "completed"), ("3", "vertex")):
            await stage.press(key)
            assert stage.line("▌").split()[1] == name


async def test_below_thirty_lines_one_table_shows_behind_tabs() -> None:
    """The others are counted on a line of their own; a key brings them to the front."""
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("builds", ENDED), status("builds"))
        await stage.tell(rows("vertex", [record("vertex", 1, State.FAILED, name="broken")]), status("vertex"))
        assert "✗1" in stage.line("1 builds", "3 vertex", "5 completed")
        assert "broken" not in stage.text()
        await stage.press("3")
        assert "broken" in stage.text()
        assert "name-1 " not in stage.text()


async def test_headings_are_right_for_every_table_they_stand_over() -> None:
    """A table of its own has its own words; a stack has words that fit all five."""
    async with Stage().open(200, 24) as stage:
        await stage.press("3")
        assert "MACHINE" in stage.line("STATE", "WHY", "JOB")
        await stage.pilot.resize_terminal(200, 60)
        await stage.settle()
        assert "DETAIL" in stage.line("STATE", "WHY", "NAME")
        assert "MACHINE" not in stage.text()


async def test_the_selected_row_is_shown_in_full_with_what_to_do() -> None:
    """At 80 columns a reason never fits its column; the line above the footer has it all."""
    text = "Machine type n1-standard-96 is not supported with NVIDIA_A100"
    record_ = record("vertex", 1, State.FAILED, reason=Reason(text=text, advice="use a2-highgpu-1g"))
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("vertex", [record_]), status("vertex"))
        await stage.press("3")
        assert text not in stage.line("✗ failed")
        assert f"{text} → use" in " ".join(line.strip() for line in stage.lines())


async def test_a_resize_changes_the_layout_and_keeps_the_selection() -> None:
    """From tabs to a stack and back, all lines full width, the selected row in view."""
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("builds", ENDED), status("builds"))
        await stage.press(*["j"] * 30)
        for width, height in ((200, 60), (120, 30), (80, 29), (50, 12), (20, 4), (80, 24)):
            await stage.pilot.resize_terminal(width, height)
            await stage.settle()
            assert {cell_width(line) for line in stage.lines()} == {width}
            assert stage.cursor() == "id-30"
            assert "2 r" in stage.text() or width < 40
        assert "name-30 " in stage.text()


BUSY = {
    table: [
        record(table, n, state) for n, state in enumerate([State.FAILED] * 18 + [State.RUNNING] * 6 + [State.QUEUED])
    ]
    for table in TABLES
}
REGIONS = {f"region-{n}": scope(5, rows=1) for n in range(18)}


@pytest.mark.parametrize("width", [*range(80, 150, 7)])
async def test_a_title_keeps_its_form_while_time_passes_and_rows_scroll(width: int) -> None:
    """Whatever its age, its freshness and its arrows say, the counts stand as they did; neighbours look alike."""
    async with Stage().open(width, 40) as stage:
        for table, records in BUSY.items():
            await stage.tell(rows(table, records), status(table, REGIONS))
        told = titles(stage)
        assert len({counts_of(line) for line in told}) == 1
        for seconds in (0, 3, 20, 60, 3600, 86400):
            await stage.wait(seconds)
            assert [counts_of(line) for line in titles(stage)] == [counts_of(line) for line in told]
        await stage.press("G", "2", "G")
        assert [counts_of(line) for line in titles(stage)] == [counts_of(line) for line in told]


def titles(stage: Stage) -> list[str]:
    """The title line of every table."""
    return [stage.line(f"{number} {table} ") for number, table in enumerate(TABLES, start=1)]


def counts_of(line: str) -> tuple[str, ...]:
    """The counts that a title shows, with their words; all five tables of `BUSY` have the same."""
    return tuple(re.findall(r"[✗●○] \d+(?: [a-z]+| )", line))


async def test_a_title_has_words_where_there_is_room_for_the_widest() -> None:
    """All of them, those that matter, or none."""
    for width, shown in (
        (200, "✗ 18 failed  ● 6 running  ○ 1 queued"),
        (110, "✗ 18 failed  ● 6 running  ○ 1 "),
        (80, "✗ 18  ● 6"),
    ):
        async with Stage().open(width, 40) as stage:
            for table, records in BUSY.items():
                await stage.tell(rows(table, records), status(table, REGIONS))
            assert all(shown in line for line in titles(stage))


async def test_a_stale_or_failed_table_says_when_it_was_heard_last() -> None:
    """`now · stale` would contradict itself; what is live keeps the short form."""
    broken = scope(3, live=False, rows=1, failure=Failure(kind="unreachable", text="no connection"))
    async with Stage(tables=("builds", "runner", "vertex")).open() as stage:
        await stage.tell(rows("builds", [record("builds", 1)]), status("builds", {"a": broken, "b": broken}))
        await stage.tell(status("runner", {"a": replace(broken, rows=0), "b": replace(broken, rows=0)}))
        await stage.tell(status("vertex", {"us-east1": scope(3)}))
        assert "0/2 regions · last answer 3 s ago · stale" in stage.line("1 builds")
        assert "0/2 regions · last answer 3 s ago · failed" in stage.line("2 runner")
        assert " now · live" in stage.line("3 vertex")
        await stage.wait(24)
        assert "last answer 20 s ago · stale" in stage.line("1 builds")
        assert " 20 s ago · live" in stage.line("3 vertex")


LONG = (
    "ListExecutions us-east1 page 1: PERMISSION_DENIED: launcher@acme-ml.iam.gserviceaccount.com lacks"
    " run.executions.list on project acme-ml; grant it roles/run.viewer, or remove us-east1 from gcp.regions"
)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
async def test_the_error_of_the_table_that_has_the_keys_is_readable_to_its_end(width: int, height: int) -> None:
    """It has rows, and neither cause nor advice is cut; the next try stands beside it and moves no line."""
    told = status("runner", {"us-east1": failed(LONG), "b": scope(rows=1)})
    again = status("runner", {"us-east1": failed(LONG, loading=True), "b": scope(rows=1)})
    async with Stage().open(width, height) as stage:
        await stage.tell(rows("runner", [record("runner", 1, scope="b")]), told)
        await stage.press("2")
        assert next_try() in stage.line("! ListExecutions")
        assert LONG in " ".join(stage.text().replace(next_try(), "").split())
        before = next(y for y, line in enumerate(stage.lines()) if "name-1 " in line)
        await stage.tell(again)
        assert "asking again now" in stage.line("! ListExecutions")
        assert "name-1 " in stage.lines()[before]
        await stage.press("1")
        assert sum("roles/run.viewer" in line for line in stage.lines()) == (height >= 40 and width >= 200)


UNSET = {
    table: "no W&B project: set wandb.entity" if TABLES[table].source == "wandb" else "no Google Cloud project: set it"
    for table in TABLES
}


async def test_a_newcomer_is_told_once_what_is_missing_and_how_to_begin() -> None:
    """Nothing is set up: the first table says how to begin, and no two tables say the same."""
    async with Stage().open(120, 40) as stage:
        await stage.tell(*(status(table, missing=text) for table, text in UNSET.items()))
        assert stage.text().count("no Google Cloud project") == 1
        assert stage.text().count("no W&B project") == 1
        assert sum("as builds" in line for line in stage.lines()) == 2
        assert stage.line("as active")
        assert stage.line("`monitor config init` writes a file to begin with")
        assert stage.line("`monitor --demo` shows what it looks like")
        await stage.tell(status("active"))
        assert "config init" not in stage.text()


async def test_a_newcomer_is_told_behind_every_tab() -> None:
    """A table that is alone on the screen refers to none that is not there."""
    async with Stage().open(80, 24) as stage:
        await stage.tell(*(status(table, missing=text) for table, text in UNSET.items()))
        for key, text in zip("12345", UNSET.values(), strict=True):
            await stage.press(key)
            assert text in " ".join(stage.text().split())
            assert stage.line("`monitor config init` writes")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 15), (40, 10)])
async def test_what_failed_stays_in_sight_on_every_tab(width: int, height: int) -> None:
    """Names give way first; the tab of the table that has the keys is always there."""
    async with Stage().open(width, height) as stage:
        for number, table in enumerate(TABLES, start=1):
            records = [record(table, n, State.FAILED) for n in range(10 + number)]
            await stage.tell(rows(table, records), status(table, {"a": scope(900, rows=1)}))
        for key in "12345":
            await stage.press(key)
            assert [stage.lines()[1].count(f"✗{10 + number}~") for number in range(1, 6)] == [1] * 5


async def test_a_narrow_title_keeps_its_name_and_counts() -> None:
    """Arrows give way first, then how many regions answered; how fresh it is stays."""
    async with Stage(tables=("builds",)).open(40, 10) as stage:
        await stage.tell(rows("builds", BUSY["builds"]), status("builds", REGIONS))
        line = stage.line("1 builds", "live", "▌")
        assert "✗ 18  ● 6  ○ 1" in line
        assert "regions" not in line


async def test_the_current_tab_is_there_however_narrow_the_line() -> None:
    """Those before it give way."""
    async with Stage().open(16, 10) as stage:
        for table in TABLES:
            await stage.tell(rows(table, [record(table, n, State.FAILED) for n in range(100)]), status(table))
        for key, letter in zip("12345", "brvac", strict=True):
            await stage.press(key)
            assert f"{letter}✗100" in stage.lines()[1]


async def test_help_explains_what_the_screen_does_not_say_itself() -> None:
    """Columns, the marks of a title line, and words that JSON has others for."""
    async with Stage().open(120, 40) as stage:
        await stage.press("question_mark")
        for parts in (
            ("SINCE", "start while it runs, then end"),
            ("TIME", "how long it ran, or runs"),
            ("WHERE", "region, project or queue"),
            ("↓66", "rows below"),
            ("7/18", "regions that have answered"),
            ("not set up", "`unconfigured` in JSON"),
            ("off ", "`disabled` in JSON"),
        ):
            assert stage.line(*parts)


@pytest.mark.parametrize("height", [24, 40])
async def test_empty_loading_idle_stale_failed_unset_and_off_are_seven_different_sights(height: int) -> None:
    """Nothing there, nothing known and nothing asked are never the same words."""
    cases = {
        "Loading": status("builds", {"a": scope(None, loading=True)}),
        "Empty": status("builds", {"a": scope()}),
        "Idle": status("builds", {"a": scope(interval_s=600)}),
        "Out of date": status("builds", {"a": scope(900)}),
        "Not known": status("builds", {"a": failed("ListBuilds a page 1: 403 denied")}),
        "Not set up": status("builds", missing="set gcp.project"),
        "Switched off": status("builds", enabled=False),
    }
    async with Stage(tables=("builds",)).open(100, height) as stage:
        for words, told in cases.items():
            await stage.tell(told)
            shown = stage.text()
            assert words in shown
            assert [other for other in cases if other in shown] == [words]


async def test_a_failure_says_what_failed_and_when_it_is_tried_again() -> None:
    """In the place of rows where there are none, under the title where there are."""
    failure = failed("ListCustomJobs us-east4 page 1: no answer in 20 s", next_at=NOW + timedelta(seconds=90))
    async with Stage().open() as stage:
        await stage.tell(status("vertex", {"us-east4": failure}))
        assert f"no answer in 20 s — {next_try(90)}" in stage.line("Not known")
        await stage.tell(
            rows("vertex", [record("vertex", 1)]), status("vertex", {"us-east1": scope(rows=1), "us-east4": failure})
        )
        assert "1/2 regions" in stage.line(" vertex ", "partial")
        assert stage.line("! ListCustomJobs").rstrip().endswith(next_try(90))


async def test_what_a_table_waits_for_is_said_while_its_client_loads_for_the_first_time_and_again() -> None:
    """Before the first answer in the place of rows, after a killed worker beside its error."""
    killed = failed("ListBuilds global page 1: no answer in 20 s; worker killed")
    async with Stage().open() as stage:
        await stage.tell(status("builds", {"global": scope(None)}, waiting="its client is loading"))
        assert stage.line("Loading", "its client is loading")
        await stage.tell(status("builds", {"global": killed}, waiting="its client is loading"))
        assert "worker killed — its client is loading" in stage.line("Not known")
        await stage.tell(status("builds", {"global": killed}))
        assert f"worker killed — {next_try()}" in stage.line("Not known")


async def test_live_turns_stale_by_itself() -> None:
    """An engine that says nothing more cannot keep its answers fresh; what ran then is not said to run now."""
    async with Stage().open() as stage:
        running = record("builds", 10, State.RUNNING)
        await stage.tell(rows("builds", [running]), status("builds", {"us-east1": scope(0, rows=1)}))
        assert "live" in stage.line(" builds ")
        assert "10m 00s" in stage.line("● running")
        await stage.wait(30)
        assert "10m 30s" in stage.line("● running")
        await stage.wait(60)
        assert "stale" in stage.line(" builds ")
        await stage.wait(60)
        assert stage.line("● running").startswith("~")
        assert "10m 00s" in stage.line("● running")


async def test_time_passes_only_where_something_is_unfinished() -> None:
    """A tick repaints the running row and leaves the ended one alone."""
    async with Stage(tables=("builds",)).open() as stage:
        await stage.tell(rows("builds", [record("builds", 3, State.RUNNING), record("builds", 9)]), status("builds"))
        table = stage.app.dashboard.table
        before = dict(table._lines)
        await stage.wait(1)
        assert "3m 01s" in stage.line("● running", "name-3")
        assert table._lines[0] is not before[0]
        assert table._lines[1] is before[1]


async def test_an_engine_that_is_gone_is_said_and_its_rows_stay() -> None:
    """Keys still work, nothing is called live, nothing pretends to load."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", ENDED), status("builds"), status("vertex", {"a": scope(None, loading=True)}))
        stage.link.end()
        await stage.settle()
        assert "engine ended 14:03" in stage.lines()[0]
        assert "stale" in stage.line(" builds ")
        assert "Loading" not in stage.text()
        await stage.press("j")
        assert stage.cursor() == "id-1"
        assert "name-1 " in stage.text()


async def test_the_engine_is_asked_for_after_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes do not compete with what a person sees first."""
    stage, order = Stage(), list[str]()
    changes, display = stage.link.changes, stage.app._display

    def asked() -> AsyncIterator[Change]:
        order.append("engine")
        return changes()

    def shown(screen: Screen[None], frame: RenderableType | None) -> None:
        if frame is not None and not stage.app._batch_count:
            order.append("frame")
        display(screen, frame)

    monkeypatch.setattr(stage.link, "changes", asked)
    monkeypatch.setattr(stage.app, "_display", shown)
    async with stage.open():
        assert order[0] == "frame"
        assert order.count("engine") == 1


async def test_an_engine_that_is_gone_from_the_start_is_said_too() -> None:
    """The screen may not even be up yet."""
    stage = Stage()
    stage.link.end()
    async with stage.open():
        assert "engine ended" in stage.lines()[0]
        assert "Not known" in stage.text()


async def test_an_engine_that_breaks_off_is_gone_too() -> None:
    """What it said last is kept, and what went wrong is a notice."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", ENDED), status("builds"))
        stage.link.end(FrameError("a frame of 9 bytes does not decode"))
        await stage.settle()
        assert "engine ended" in stage.lines()[0]
        assert "does not decode" in stage.text()
        assert "name-1 " in stage.text()


async def test_a_table_behind_a_tab_shows_the_present_when_it_comes_forward() -> None:
    """It has not been ticked; it must not show the time at which it was hidden."""
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("vertex", [record("vertex", 1, State.RUNNING)]), status("vertex"))
        await stage.wait(30)
        await stage.press("3")
        assert "1m 30s" in stage.line("● running")
        await stage.press("question_mark")
        await stage.wait(10)
        await stage.press("escape")
        assert "1m 40s" in stage.line("● running")


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_leaving_needs_one_key(key: str) -> None:
    """Whatever is on screen."""
    async with Stage().open() as stage:
        await stage.pilot.press(key)
        assert stage.app._exit


async def test_an_engine_that_stops_beating_is_said_to_be_silent() -> None:
    """Until it beats again."""
    async with Stage().open() as stage:
        await stage.tell(Beat(at=NOW))
        await stage.wait(8)
        assert "engine silent" not in stage.text()
        await stage.wait(4)
        assert "engine silent for 12s" in stage.lines()[0]
        await stage.tell(Beat(at=NOW))
        await stage.wait(0)
        assert "engine silent" not in stage.text()


HOSTILE = (
    "[@click=app.quit]go[/] [bold]x[/] \x1b[2J\x1b]8;;http://e.example\x07l \x1b]52;c;eA==\x07 \u202eabc 训练 עברית"
)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
async def test_hostile_names_show_as_text_and_shift_nothing(width: int, height: int) -> None:
    """In a row, an error, a notice and a word for what is missing: no markup, no sequence, no link, no shift."""
    evil = record("builds", 1, State.FAILED, name=HOSTILE, scope=HOSTILE, reason=Reason(text=HOSTILE, advice=HOSTILE))
    told = (rows("builds", [evil]), status("builds", {HOSTILE: failed(HOSTILE, rows=1), "b": scope()}))
    async with Stage(subject=HOSTILE, notices=[HOSTILE]).open(width, height) as stage:
        await stage.tell(*told, status("runner", {"a": failed(HOSTILE)}), Notice(level="error", text=HOSTILE + "2"))
        for table in "12":
            await stage.press(table)
            assert "[@click=app.quit]" in stage.text()
            assert {cell_width(line) for line in stage.lines()} == {width}
            assert all(line.isprintable() for line in stage.lines())
            for strip in stage.app.screen._compositor.render_strips():
                assert not any(segment.style and (segment.style.link or segment.style.meta) for segment in strip)
        assert stage.app.is_running


async def test_a_burst_of_changes_paints_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand changes of one row reach the screen in a few messages, and the last one wins."""
    seen: list[Arrived] = []
    take = Dashboard.on_arrived

    def count(dashboard: Dashboard, message: Arrived) -> None:
        seen.append(message)
        take(dashboard, message)

    monkeypatch.setattr(Dashboard, "on_arrived", count)
    async with Stage().open() as stage:
        await stage.tell(*(rows("builds", [record("builds", 1, name=f"take-{n}")]) for n in range(1000)))
        assert "take-999" in stage.text()
        assert 1 <= len(seen) <= 5


async def test_a_table_of_a_hundred_thousand_rows_answers_keys() -> None:
    """The last row is one key away, and only lines in view have been made into text."""
    many = {f"k{n}": record("builds", n, id=f"k{n}") for n in range(100_000)}
    async with Stage().open() as stage:
        await stage.tell(RowsChanged(table="builds", upserts=many), status("builds"))
        await stage.press("G")
        assert "name-99999 " in stage.text()
        assert len(stage.app.dashboard.table._lines) < 40


async def test_keys_do_what_the_table_of_keys_says() -> None:
    """Refresh asks the engine, u changes the zone, Esc puts a notice away, ? explains every key, q ends."""
    async with Stage(notices=["first", "second"]).open() as stage:
        await stage.press("r")
        assert stage.link.commands == [Refresh()]
        assert "second" in stage.line("+1 more")
        await stage.press("escape", "escape")
        assert "first" not in stage.text()
        assert "14:03 UTC" in stage.lines()[0]
        await stage.press("u")
        assert not stage.app.utc
        await stage.press("question_mark")
        assert all(key.text in stage.text() for key in KEYS if key.where in {"dashboard", "app"})
        await stage.press("escape")
        assert "1 builds" in stage.text()


async def test_the_demo_says_so_on_every_screen() -> None:
    """Nobody mistakes it for the truth."""
    async with Stage(demo=True).open(80, 24) as stage:
        assert "DEMO" in stage.lines()[0]
        await stage.press("question_mark")
        assert "DEMO" in stage.lines()[0]


async def test_help_fits_the_smallest_usual_terminal() -> None:
    """No explanation is cut at 80x24."""
    async with Stage().open(80, 24) as stage:
        await stage.press("question_mark")
        assert "…" not in stage.text()
        assert "Ctrl+C" in stage.text()


async def test_a_click_selects_and_the_wheel_scrolls() -> None:
    """The wheel leaves the cursor on its row."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", ENDED), status("builds"))
        await stage.tell(rows("runner", [record("runner", 7), record("runner", 8)]), status("runner"))
        await stage.pilot.click("#table-runner", offset=(5, 1))
        await stage.settle()
        assert stage.cursor() == "id-8"
        table = stage.app.dashboard.tables[0]
        await stage.pilot._post_mouse_events([MouseScrollDown], "#table-builds", offset=(5, 1))
        await stage.settle()
        assert table.rows.top == 3
        assert stage.cursor() == "id-8"


async def test_a_spinner_turns_only_while_something_loads() -> None:
    """An idle screen has no timer that paints."""
    async with Stage(tables=("builds",)).open() as stage:
        await stage.tell(status("builds", {"a": scope(None, loading=True)}))
        spinning = stage.app.dashboard._spinning
        assert spinning is not None
        assert spinning._active.is_set()
        await stage.tell(status("builds"))
        assert not spinning._active.is_set()


async def test_a_routine_question_turns_no_spinner_until_it_takes_a_second() -> None:
    """A table that has answered is asked again twice a minute: that is worth no byte to a terminal."""
    async with Stage(tables=("builds",)).open() as stage:
        await stage.tell(rows("builds", ENDED), status("builds", {"us-east1": scope(loading=True)}))
        spinning = stage.app.dashboard._spinning
        assert spinning is not None
        assert not spinning._active.is_set()
        await stage.wait(1)
        assert spinning._active.is_set()
        await stage.tell(status("builds"))
        assert not spinning._active.is_set()


def test_a_later_change_of_a_frame_wins() -> None:
    """Removed and brought back is there; brought and removed is gone."""
    one: Record = record("builds", 1)
    arrived = Arrived()
    arrived.add(RowsChanged(table="builds", upserts={"a": one, "b": one}))
    arrived.add(RowsChanged(table="builds", removed=("a", "c")))
    arrived.add(RowsChanged(table="builds", upserts={"c": one}))
    delta = arrived.rows["builds"]
    assert (set(delta.upserts), delta.removed) == ({"b", "c"}, {"a"})
