"""No screen lies twice over the tables, and none comes between a person and what they type."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from monitor import browsing
from monitor.browsing import NoBrowser
from monitor.survey import Opening, Setup
from monitor.ui.driver import TerminalDriver
from monitor.ui.screens.address import Address
from monitor.ui.screens.palette import Palette
from tests.ui.scripted import PATIENCE_S, Stage, record, rows
from tests.ui.test_start import survey


class SlowBrowser:
    """Fails, once it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = asyncio.Event()

    async def browse(self, url: str, _environment: Mapping[str, str], _platform: str) -> None:
        """As `browsing.browse`."""
        self.asked.append(url)
        await self.fails.wait()
        raise NoBrowser(f"no browser for {url}")


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> SlowBrowser:
    """In place of the one of this machine."""
    slow = SlowBrowser()
    monkeypatch.setattr(browsing, "browse", slow.browse)
    return slow


async def told(stage: Stage) -> None:
    """Two rows with a page each, and the cursor on the first."""
    await stage.tell(rows("builds", [record("builds", n, url=f"https://pages.test/{n}") for n in (1, 2)]))
    await stage.press("1")


async def failed(stage: Stage, browser: SlowBrowser) -> None:
    """The browser fails, and whoever asked it has heard of it."""
    browser.fails.set()
    async with asyncio.timeout(PATIENCE_S):
        await stage.app.workers.wait_for_complete([one for one in stage.app.workers if one.name.startswith("go to")])
    await stage.settle()


def names(stage: Stage) -> list[str]:
    """The screens that lie over the tables."""
    return [type(screen).__name__ for screen in stage.app.screen_stack[1:]]


async def test_pages_that_cannot_be_opened_are_one_screen_the_last_of_them(browser: SlowBrowser) -> None:
    """Somebody presses `o` again and again: each page is asked for once, and one step leads back."""
    async with Stage().open() as stage:
        await told(stage)
        await stage.press("o", "o", "o", "j", "o", "o")
        assert browser.asked == ["https://pages.test/1", "https://pages.test/2"]
        await failed(stage, browser)
        assert names(stage) == ["Address"]
        assert "https://pages.test/2" in stage.text()
        await stage.press("escape")
        assert names(stage) == []


async def test_an_address_that_lies_under_help_is_come_back_to() -> None:
    """Nothing is stacked on help where an address lies under it already."""
    async with Stage().open() as stage:
        await told(stage)
        stage.app._show_address("https://pages.test/9", "no")
        await stage.settle()
        await stage.press("question_mark")
        assert names(stage) == ["Address", "Help"]
        stage.app._show_address("https://pages.test/8", "no")
        await stage.settle()
        assert names(stage) == ["Address"]
        assert "https://pages.test/8" in stage.text()


@pytest.mark.parametrize(("line", "shown"), [("slash", "/ nam"), ("colon", ": nam")])
async def test_a_browser_that_fails_takes_no_line_from_whoever_types(
    line: str, shown: str, browser: SlowBrowser
) -> None:
    """The address comes once the line is closed; what was typed went all into the line."""
    async with Stage().open() as stage:
        await told(stage)
        await stage.press("o", line, "n", "a")
        await failed(stage, browser)
        await stage.press("m")
        assert shown in stage.text()
        assert "Address" not in names(stage)
        await stage.press("escape")
        await stage.wait(1)
        assert isinstance(stage.app.screen, Address)
        assert "no browser for https://pages.test/1" in " ".join(stage.text().split())


async def test_over_the_palette_a_page_that_was_not_opened_is_said_at_once(browser: SlowBrowser) -> None:
    """Its last line is free for it."""
    async with Stage().open() as stage:
        await told(stage)
        await stage.press("o", "colon")
        await failed(stage, browser)
        assert isinstance(stage.app.screen, Palette)
        assert "not opened: no browser for https://pages.test/1" in stage.text()


async def test_screens_asked_for_in_turn_are_come_back_to() -> None:
    """Help and what is set up, again and again: each is there once."""
    async with Stage(setup=Setup(survey, str, Opening(survey().config, None, demo=False))).open() as stage:
        await stage.press("i")
        await stage.press("question_mark")
        assert names(stage) == ["Start", "Help"]
        for _ in range(5):
            await stage.press("i")
            assert names(stage) == ["Start"]
            await stage.press("question_mark")
            assert names(stage) == ["Start", "Help"]
        await stage.press("question_mark", "escape")
        assert names(stage) == []


async def test_help_that_lies_under_what_is_set_up_is_come_back_to() -> None:
    """The other way round."""
    async with Stage(setup=Setup(survey, str, Opening(survey().config, None, demo=False))).open() as stage:
        await stage.press("question_mark", "i")
        assert names(stage) == ["Help", "Start"]
        await stage.press("question_mark")
        assert names(stage) == ["Help"]


async def test_what_a_terminal_that_is_behind_would_not_get_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver leaves out what is written then."""
    async with Stage().open() as stage:
        written: list[str] = []
        driver = object.__new__(TerminalDriver)
        monkeypatch.setattr(TerminalDriver, "write", lambda _, text: written.append(text))
        with monkeypatch.context() as during:
            during.setattr(stage.app, "_driver", driver)
            driver._behind = True
            assert not stage.app.write_out("copy")
            driver._behind = False
            assert stage.app.write_out("copy")
        assert written == ["copy"]
