"""One table of keys: what it says is what the screens do, what footers and help show, rebound or not."""

from __future__ import annotations

import asyncio
import string
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.events import MouseScrollDown

from fetchers.errors import ConfigError
from monitor import key_names
from monitor.config import parse
from monitor.filters import parse as parse_filter
from monitor.survey import Opening, Setup, Survey
from monitor.ui.bindings import KEYS, clashes, footer_keys, in_force, keymap, rebound
from monitor.ui.line_editor import _CUTS, _MOVES
from monitor.ui.screens.help import CONTEXTS, EDITED, FILTERS, TYPED, Help, HelpText
from monitor.ui.theme import LIGHT
from monitor.ui.widgets.find_line import FindLine
from tests.support.environment import bare
from tests.support.terminal import MONITOR, Terminal
from tests.ui.scripted import PATIENCE_S, Stage, record, rows, status

ROWS = [record("builds", number) for number in range(5)]


async def pages(stage: Stage) -> str:
    """All that help says, page by page."""
    await stage.press("question_mark")
    found = stage.text()
    for _ in range(stage.app.screen.query_one(HelpText).pages - 1):
        await stage.press("pagedown")
        found += stage.text()
    return found


@pytest.mark.parametrize("size", [(80, 24), (80, 25), (120, 40), (200, 60), (43, 24)])
async def test_help_explains_every_key_whole_at_every_usual_size(size: tuple[int, int]) -> None:
    """Nothing is cut, and what does not fit is on another page, not beyond an edge."""
    async with Stage().open(*size) as stage:
        said = await pages(stage)
        assert "…" not in said
        assert set(CONTEXTS) == {key.where for key in KEYS}
        for word in " ".join(f"{key.first} {key.text}" for key in KEYS).split():
            assert word in said
        for words in (
            "cancelled",
            "as last known, not live",
            "nothing known",
            "rows below",
            "region, project or queue",
        ):
            assert words in said


@pytest.mark.parametrize(
    ("keys", "heading"),
    [((), "Tables"), (("enter",), "Everything about a row"), (("i",), "What is set up"), (("o",), "An address")],
)
async def test_help_begins_with_the_screen_that_it_is_asked_on(
    keys: tuple[str, ...], heading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys, and then those of every screen."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.setenv(name, "")
    config = parse("", Path("/nowhere/config.toml"))
    setup = Setup(take_nothing, str, Opening(config, None, demo=False))
    async with Stage(setup=setup).open(80, 24) as stage:
        await stage.tell(rows("builds", [record("builds", 1, url="https://example.com/1")]), status("builds"))
        await stage.press("1", *keys)
        async with asyncio.timeout(PATIENCE_S):
            while keys and stage.app.screen is stage.app.dashboard:
                await stage.pilot.pause()
        await stage.press("question_mark")
        assert stage.lines()[1].startswith(f" {heading} ")
        assert "Everywhere" in stage.text()


def take_nothing() -> Survey:
    """A look that finds no file to read."""
    raise ConfigError("there is none")


def test_help_tells_every_key_of_a_line_that_is_typed() -> None:
    """They are no bindings, and cannot be rebound; help has a table of them, which this holds to the truth."""
    assert {key for keys in EDITED for key in keys.split(",")} == _MOVES.keys() | _CUTS.keys()
    assert {key for keys in TYPED for key in keys.split(",")} == {"enter", "tab", "escape", *FindLine._PASSED}


@pytest.mark.parametrize(("text", "words"), FILTERS)
def test_every_filter_that_help_shows_is_one(text: str, words: str) -> None:
    """In a table of runs, which has all the columns of the examples."""
    assert words
    assert parse_filter(text, ("active",)).lacking("active") == []


async def test_pages_of_help_are_turned_by_keys_wheel_and_clicks() -> None:
    """Forwards and back, and no further than there are pages."""
    async with Stage().open(80, 24) as stage:
        await stage.press("question_mark")
        pages = stage.app.screen.query_one(HelpText).pages
        assert pages > 1
        assert f"page 1 of {pages}" in stage.text()
        await stage.press(*["space"] * (pages + 1))
        assert f"page {pages} of {pages}" in stage.text()
        await stage.press(*["pageup", "k"] * pages)
        assert f"page 1 of {pages}" in stage.text()
        await stage.pilot._post_mouse_events([MouseScrollDown], "HelpText", offset=(5, 5))
        await stage.settle()
        assert f"page 2 of {pages}" in stage.text()
        await stage.pilot.click("FooterLine", offset=(stage.lines()[-1].index("previous"), 0))
        await stage.settle()
        assert f"page 1 of {pages}" in stage.text()
        await stage.pilot.click("FooterLine", offset=(stage.lines()[-1].index("back"), 0))
        await stage.settle()
        assert not isinstance(stage.app.screen, Help)


async def test_every_size_of_help_is_survived() -> None:
    """Down to one cell, and the page that is shown exists at every size."""
    async with Stage().open(80, 24) as stage:
        await stage.press("question_mark", "pagedown")
        for width, height in ((30, 10), (1, 1), (200, 60), (12, 3), (80, 24)):
            await stage.pilot.resize_terminal(width, height)
            await stage.settle()
            assert {len(line) for line in stage.lines()} == {width}
        assert "page" in stage.text()


async def test_a_click_on_a_key_of_the_footer_presses_it() -> None:
    """Whatever it does: here, help opens."""
    async with Stage().open(80, 24) as stage:
        await stage.pilot.click("FooterLine", offset=(stage.lines()[-1].index("? help") + 2, 0))
        await stage.settle()
        assert isinstance(stage.app.screen, Help)


async def test_a_rebound_key_does_what_the_old_one_did_and_shows_everywhere() -> None:
    """The old key does nothing any more; footer and help name the new one."""
    async with Stage(keys=rebound({"down": ("w", "ctrl+n"), "help": ("f1",)})).open(120, 40) as stage:
        await stage.tell(rows("builds", ROWS), status("builds"))
        await stage.press("w", "ctrl+n")
        assert stage.cursor() == "id-2"
        await stage.press("j", "down")
        assert stage.cursor() == "id-2"
        assert "F1 help" in stage.lines()[-1]
        await stage.press("f1")
        assert stage.line("w Ctrl+N", "row down")


def test_the_configuration_rebinds_keys_and_chooses_the_theme(tmp_path: Path) -> None:
    """From the file to the screen: the footer names the new key, it does its work, and the colours are others."""
    environment = bare(tmp_path)
    config = Path(environment["XDG_CONFIG_HOME"], "monitor", "config.toml")
    config.write_text(f'{config.read_text()}[keys]\nhelp = "f1"\n[ui]\ntheme = "light"\nutc = true\n')
    with Terminal([MONITOR, "--demo"], columns=100, rows=24, environment=environment) as terminal:
        terminal.wait_for("F1 help")
        assert terminal.lines[0].endswith("UTC")
        assert terminal.screen.buffer[2][50].bg == LIGHT.colours["background"].removeprefix("#")
        terminal.send("\x1bOP")
        terminal.wait_for("Everywhere")
        terminal.send("\x03")
        assert terminal.wait_for_end() == 0


async def test_keys_can_change_places() -> None:
    """Two actions that swap their keys: neither is lost."""
    async with Stage(keys=rebound({"up": ("j",), "down": ("k",), "table": tuple("54321")})).open() as stage:
        await stage.tell(rows("builds", ROWS), status("builds"))
        await stage.press("k", "k", "j")
        assert stage.cursor() == "id-1"
        await stage.press("1")
        assert stage.line("▌").split()[1] == "completed"


async def test_what_is_in_force_is_what_the_screen_answers_to() -> None:
    """On the dashboard its own keys and those of the app; a footer has nothing else to show."""
    async with Stage().open() as stage:
        found = {key.name: key.keys for key in in_force(stage.app.screen)}
        assert found["up"] == "up,k"
        assert found["quit"] == "q"
        assert found["table"] == "1,2,3,4,5"
        assert "raw" not in found
        await stage.press("question_mark")
        found = {key.name: key.keys for key in in_force(stage.app.screen)}
        assert found["leave_help"] == "escape,question_mark,q"
        assert "quit" not in found
        assert "up" not in found


def test_no_two_actions_share_a_key_but_those_meant_to() -> None:
    """And one that is made to is told with both names."""
    assert list(clashes(KEYS)) == []
    ((one, other, key),) = clashes(rebound({"zoom": ("s",)}))
    assert {one.name, other.name, key} == {"zoom", "sort", "s"}
    assert list(clashes(rebound({"zoom": ("T",)})))  # the app's keys are felt on every screen
    assert list(clashes(rebound({"theme": ("x",)})))
    assert not list(clashes(rebound({"sort": ("x",)})))  # but the detail's are not felt on the dashboard


def test_every_key_of_the_table_has_a_name_that_we_and_the_toolkit_know() -> None:
    """As it is written there is how it is called; punctuation is called what the toolkit calls it."""
    assert all(key_names.canonical(name) == name for key in KEYS for name in key.names)
    for character in string.punctuation:
        (bound,) = Binding.make_bindings([Binding(character if character != "," else "comma", "x")])
        assert key_names.canonical(character) == bound.key


@pytest.mark.parametrize(
    ("said", "name", "shown"),
    [
        ("Z", "Z", "Z"),
        ("?", "question_mark", "?"),
        ("Ctrl+N", "ctrl+n", "Ctrl+N"),
        ("esc", "escape", "Esc"),
        ("PgUp", "pageup", "PgUp"),
        ("F5", "f5", "F5"),
        ("+", "plus", "+"),
        ("shift+Tab", "shift+tab", "Shift+Tab"),
        ("ctrl+i", "tab", "Tab"),
        ("ctrl+shift+up", "ctrl+shift+up", "Ctrl+Shift+↑"),
    ],
)
def test_people_may_call_keys_what_they_like(said: str, name: str, shown: str) -> None:
    """Characters, names and modifiers in any case, and what a terminal cannot tell apart is one key."""
    assert key_names.canonical(said) == name
    assert key_names.shown(name) == shown


@pytest.mark.parametrize(
    ("said", "meant"),
    [("pageupp", "pageup"), ("contrl+n", "ctrl+n"), ("control-n", "ctrl+n"), ("shift+n", "N"), ("excape", "escape")],
)
def test_a_name_of_no_key_has_a_nearest_one(said: str, meant: str) -> None:
    """What is no key is not taken for one, and the one that was meant is found."""
    assert key_names.canonical(said) is None
    assert key_names.nearest(said) == meant


@pytest.mark.parametrize("said", ["", "ctrl+", "hyper+x", "++", "zz", "\x1b", "ctrl+ctrl+n", "é\x07"])
def test_nonsense_is_no_key(said: str) -> None:
    """And does no harm."""
    assert key_names.canonical(said) is None
    key_names.nearest(said)


def test_only_what_differs_is_remapped() -> None:
    """The toolkit is told nothing where nothing is configured."""
    assert keymap(rebound({})) == {}
    assert keymap(rebound({"zoom": ("Z", "f3")})) == {"zoom": "Z,f3"}
    assert [key.name for key in footer_keys("help")] == ["help_previous", "help_next", "theme", "leave_help"]
