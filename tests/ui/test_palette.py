"""The palette: every command by some letters of its name, with keys and mouse, whatever is typed or pasted into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from monitor.tables import TABLES
from monitor.text import cell_width
from monitor.ui.bindings import in_force
from monitor.ui.matching import best_first, rank
from monitor.ui.screens.dashboard import Dashboard
from monitor.ui.screens.detail import Detail
from monitor.ui.screens.help import Help
from monitor.ui.screens.palette import Palette
from monitor.ui.theme import LIGHT, THEMES
from monitor.ui.widgets.offer_list import OfferList
from tests.ui.scripted import Stage, record, rows, status

ROWS = [record("builds", number) for number in range(9)]


def first(stage: Stage) -> str:
    """The line under the cursor."""
    return next(line for line in stage.lines()[2:] if line.startswith("▌"))


def offers(stage: Stage) -> OfferList:
    """What is listed."""
    return stage.app.screen.query_one(OfferList)


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_everything_that_keys_do_is_listed_with_its_key(key: str) -> None:
    """And tables, columns and themes by name."""
    async with Stage().open(80, 24) as stage:
        keys = in_force(stage.app.screen)
        await stage.press(key)
        listed = {offer.name: offer.shown for offer in offers(stage).found}
        for one in keys:
            assert one.name in {"palette", "table"} or listed[one.name.replace("_", " ")] == one.shown
        assert {f"theme: {name}" for name in THEMES} | {f"table: {name}" for name in TABLES} <= set(listed)
        assert "sort by: STATE" in listed


async def test_letters_narrow_the_list_and_enter_does_it() -> None:
    """Letters of a name in their order are enough; the screen is in front again when it is done."""
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("builds", ROWS), status("builds"))
        await stage.press("colon", *"thligt")
        assert "theme: light" in first(stage)
        assert "theme: dark" not in stage.text()
        await stage.press("enter")
        assert isinstance(stage.app.screen, Dashboard)
        assert stage.app.theme == LIGHT.name
        assert "theme light" in stage.lines()[-1]


@pytest.mark.parametrize(
    ("typed", "done"),
    [
        ("last", lambda stage: stage.cursor() == "id-8"),
        ("tabver", lambda stage: stage.app.dashboard.table.table == "vertex"),
        ("help", lambda stage: isinstance(stage.app.screen, Help)),
        ("utc", lambda stage: not stage.app.utc),
        ("zoom", lambda stage: stage.app.dashboard._zoomed),
    ],
)
async def test_what_is_chosen_is_done_where_it_would_have_been_done_by_its_key(typed: str, done: object) -> None:
    """On the dashboard, or on the app."""
    async with Stage().open(120, 40) as stage:
        await stage.tell(rows("builds", ROWS), status("builds"))
        await stage.press("colon", *("space" if letter == " " else letter for letter in typed), "enter")
        await stage.settle()
        assert callable(done)
        assert done(stage), stage.text()


async def test_a_table_is_sorted_by_the_name_of_a_column() -> None:
    """As by the key that asks for one."""
    async with Stage().open(120, 40) as stage:
        await stage.tell(rows("builds", ROWS), status("builds"))
        column = stage.app.dashboard.table.columns[1]
        await stage.press("colon", *"sortby")
        await stage.press("colon", *column.header.lower(), "enter")
        sorting = stage.app.dashboard.table.wish.sorting
        assert sorting is not None
        assert sorting.column == column


async def test_over_a_record_the_palette_has_what_can_be_done_there() -> None:
    """Its own commands, by the first key that is pressed there, and none of the tables'."""
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("builds", ROWS), status("builds"))
        await stage.press("enter", "colon")
        names = {offer.name for offer in offers(stage).found}
        assert {"raw", "leave detail", "theme: light"} <= names
        assert not {"zoom", "sort by: STATE", "table: runner"} & names
        await stage.press(*"raw", "enter")
        detail = stage.app.screen
        assert isinstance(detail, Detail)
        assert detail.raw


async def test_escape_does_nothing_and_leaves() -> None:
    """And so does the key that opened it."""
    async with Stage().open(80, 24) as stage:
        for key in ("escape", "ctrl+p"):
            await stage.press("ctrl+p", *"quit")
            assert isinstance(stage.app.screen, Palette)
            await stage.press(key)
            assert isinstance(stage.app.screen, Dashboard)


async def test_where_nothing_fits_enter_does_nothing() -> None:
    """It says so, and letters that are taken back bring everything back."""
    async with Stage().open(80, 24) as stage:
        await stage.press("colon", *"zzqxj", "enter")
        assert isinstance(stage.app.screen, Palette)
        assert "no command has these letters" in stage.text()
        await stage.press("ctrl+u")
        assert "no command has these letters" not in stage.text()


async def test_the_list_scrolls_and_the_mouse_chooses() -> None:
    """Arrows, pages, wheel and clicks; the cursor is always in view."""
    async with Stage().open(80, 12) as stage:
        await stage.tell(rows("builds", ROWS), status("builds"))
        await stage.press("colon")
        everything = len(offers(stage).found)
        await stage.press("up", *["pagedown"] * -(-everything // 8))
        assert "theme: terminal" in first(stage)
        await stage.press("pageup", "pageup", "down")
        assert first(stage)
        await stage.pilot._post_mouse_events([events.MouseScrollUp] * everything, "OfferList", offset=(5, 5))
        await stage.settle()
        assert first(stage) == stage.lines()[2]
        await stage.press(*"help")
        await stage.pilot.click("OfferList", offset=(9, 1))
        await stage.settle()
        assert isinstance(stage.app.screen, Help)


@pytest.mark.parametrize(
    "text", ["\x1b[31mred\x1b]52;c;AAAA\x07", "[@click=app.bell]x[/]", "\u202eevil\u200b", "x" * 10_000, "a\nb\rc\0"]
)
async def test_pasted_nonsense_is_inert(text: str) -> None:
    """It is text, cut to what has room, and every line is as wide as the screen."""
    async with Stage().open(60, 12) as stage:
        await stage.press("colon")
        offers(stage).post_message(events.Paste(text))
        await stage.settle()
        assert not any(character in stage.text() for character in "\x1b\x07\u202e\u200b\r\0")
        assert {cell_width(line) for line in stage.lines()} == {60}


@pytest.mark.parametrize("size", [(1, 1), (20, 4), (300, 90), (80, 24)])
async def test_every_size_is_survived(size: tuple[int, int]) -> None:
    """And the command under the cursor stays in view where there is a line for it."""
    async with Stage().open(80, 24) as stage:
        await stage.press("colon", *["pagedown"] * 2)
        await stage.pilot.resize_terminal(*size)
        await stage.settle()
        assert {cell_width(line) for line in stage.lines()} == {size[0]}
        assert size[1] < 4 or first(stage)


# --- what fits -----------------------------------------------------------------------------------------------------


def test_the_closer_the_letters_the_better() -> None:
    """A beginning, then a word's, then anywhere, then letters apart; without letters, the order stays."""
    names = ["raw", "next row of the table", "throw", "r one of w", "row up"]
    assert best_first("row", names, lambda name: (name,)) == [
        "row up",
        "next row of the table",
        "throw",
        "r one of w",
    ]
    assert best_first("", names, lambda name: (name,)) == names
    assert rank("zoom", "sort") is None


def test_what_is_said_about_a_command_counts_less_than_its_name() -> None:
    """Among those that fit in the same way."""
    pairs = [("palette", "help by name"), ("help", "this")]
    assert best_first("help", pairs, lambda pair: pair) == [("help", "this"), ("palette", "help by name")]


@given(st.text(max_size=20), st.text(max_size=40))
def test_only_letters_that_are_there_in_their_order_fit(typed: str, text: str) -> None:
    """Whatever they are."""
    letters, left = typed.casefold().replace(" ", ""), iter(text.casefold())
    if rank(typed, text) is not None and letters.isalnum():
        assert all(letter in left for letter in letters)
