"""The start screen: what was looked for, what mends it, and the ways on from it; a dead disk holds up none of them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fetchers.errors import ConfigError
from monitor.config import Config, parse
from monitor.detect import detect, fill
from monitor.findings import Finding, findings
from monitor.invocation import start
from monitor.survey import Opening, Setup, Survey
from monitor.ui.bindings import KEYS
from monitor.ui.screens.present import Present
from monitor.ui.setup_page import Page, laid_out
from monitor.ui.widgets.painted import width_of
from tests.support.environment import bare
from tests.support.terminal import MONITOR, Terminal
from tests.ui.scripted import PATIENCE_S, Stage

RUN = "offline-run-20260101_120000-abc123"
NOTHING = "Nothing is set up yet"


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Terminal]:
    """The program at 120x40, on a machine where nothing is set up, started where nothing is."""
    with Terminal([MONITOR], environment=fresh(tmp_path), directory=work(tmp_path)) as terminal:
        terminal.wait_for(NOTHING)
        yield terminal


def fresh(home: Path, **more: str) -> dict[str, str]:
    """An environment without anything; the session logs are kept in `home` by the configuration file that it names."""
    return bare(home, **more)


def work(home: Path) -> Path:
    """An empty directory to start in."""
    (home / "work").mkdir(exist_ok=True)
    return home / "work"


def line(terminal: Terminal, what: str) -> str:
    """The title line of a finding."""
    return next((line for line in terminal.lines if f" {what} " in line), "")


# --- journeys on a real terminal -----------------------------------------------------------------------------------


def test_a_newcomer_sees_what_was_looked_for_and_what_mends_it(newcomer: Terminal) -> None:
    """Each thing with its mark, its word, its places and its command; what can be done is below, and no made-up row."""
    newcomer.wait_for("go to the tables")
    assert "○ Google Cloud project     missing" in line(newcomer, "Google Cloud project")
    for command in ("gcloud config set project PROJECT_ID", "gcloud auth application-default login", "wandb login"):
        assert f"→ {command}" in newcomer.text
    assert "· W&B offline runs         none" in line(newcomer, "W&B offline runs")
    assert "✓ Configuration file       found" in line(newcomer, "Configuration file")
    assert "looked for in $GOOGLE_CLOUD_PROJECT" in newcomer.text
    assert "DEMO" not in newcomer.text


def test_nothing_is_asked_while_nothing_is_set_up(newcomer: Terminal) -> None:
    """There is an engine, and no worker that it could have sent anywhere."""
    newcomer.send("\r")
    newcomer.wait_for("not set up")
    family = psutil.Process(newcomer.pid).children(recursive=True)
    assert not any("fetchers.worker" in " ".join(process.cmdline()) for process in family)


def test_the_demo_opens_in_the_same_terminal_and_leads_back(newcomer: Terminal) -> None:
    """`d`, then `i` shows the same again, `o` goes back to one's own; `q` gives the terminal back."""
    newcomer.send("d")
    newcomer.wait(lambda: "DEMO" in newcomer.lines[0] and " live" in newcomer.text, "the demo")
    demo = psutil.Process(newcomer.pid).children(recursive=True)
    newcomer.send("i")
    newcomer.wait(lambda: NOTHING in newcomer.text and "DEMO" in newcomer.lines[0], "what is set up, in the demo")
    newcomer.send("\x1b")
    newcomer.wait(lambda: " live" in newcomer.text and NOTHING not in newcomer.text, "the demo again")
    newcomer.send("i")
    newcomer.wait_for(NOTHING)
    newcomer.send("o")
    newcomer.wait(lambda: NOTHING in newcomer.text and "DEMO" not in newcomer.lines[0], "one's own")
    assert psutil.wait_procs(demo, timeout=3)[1] == []
    newcomer.send("q")
    assert newcomer.wait_for_end() == 0
    assert newcomer.is_cooked()
    assert newcomer.raw.rfind(b"\x1b[?1049l") > newcomer.raw.rfind(b"\x1b[?1049h")


@pytest.mark.parametrize("key", ["\r", "t", "\x1b"])
def test_the_demo_is_never_left_by_the_way(tmp_path: Path, key: str) -> None:
    """From what is set up one comes back to it; nothing is written, and to go to one's own tables is said in words."""
    environment = fresh(tmp_path, WANDB_ENTITY="acme", WANDB_PROJECT="arr", XDG_CONFIG_HOME=str(tmp_path / "new"))
    with Terminal([MONITOR, "--demo"], environment=environment, directory=work(tmp_path)) as terminal:
        terminal.wait_for(" live")
        assert "acme-ml" in terminal.lines[0]
        demo = psutil.Process(terminal.pid).children()
        terminal.send("i")
        terminal.wait_for("leave the demo: your own tables")
        terminal.wait(lambda: "Esc back" in terminal.lines[-1], "the keys")
        terminal.wait(lambda: "DEMO" in terminal.lines[0] and "acme-ml" not in terminal.lines[0], "the header")
        terminal.wait_for("back to the demo")
        assert "write a configuration file" not in terminal.text
        terminal.send(f"c{key}")
        terminal.wait(lambda: " live" in terminal.text and "acme-ml" in terminal.lines[0], "the demo again")
        assert "DEMO" in terminal.lines[0]
        assert psutil.Process(terminal.pid).children() == demo
        assert not (tmp_path / "new").exists()


def test_there_is_no_way_back_where_one_begins(newcomer: Terminal) -> None:
    """Esc is offered once there is something behind."""
    newcomer.wait_for("go to the tables")
    assert "Esc back" not in newcomer.lines[-1]
    newcomer.send("\r")
    newcomer.wait_for("not set up")
    newcomer.send("i")
    newcomer.wait(lambda: "Esc back" in newcomer.lines[-1], "the way back")
    newcomer.send("\x1b")
    newcomer.wait_for("not set up")


def test_what_was_mended_meanwhile_is_found_by_looking_again(newcomer: Terminal, tmp_path: Path) -> None:
    """A directory of runs appears: `r` finds it, and Enter opens tables that ask it."""
    (work(tmp_path) / "wandb" / RUN).mkdir(parents=True)
    (work(tmp_path) / "wandb" / RUN / "run-abc123.wandb").write_bytes(b":W&B\x68\xbe\x00")
    newcomer.send("r")
    newcomer.wait_for("Set up: active, completed")
    newcomer.wait(lambda: "✓ W&B offline runs" in newcomer.text, "the directory")
    newcomer.send("\r")
    newcomer.wait_for("abc123")
    assert "DEMO" not in newcomer.lines[0]


def test_a_configuration_file_is_written_once_and_never_over_one(tmp_path: Path) -> None:
    """`c` says where; a second time nothing is touched."""
    path = tmp_path / "new" / "config.toml"
    environment = fresh(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "elsewhere"))
    target = tmp_path / "elsewhere" / "monitor" / "config.toml"
    with Terminal([MONITOR], columns=200, environment=environment, directory=work(tmp_path)) as terminal:
        terminal.wait_for("· Configuration file       none")
        terminal.send("c")
        terminal.wait_for(f"wrote {target}")
        terminal.wait_for("✓ Configuration file       found")
        assert target.stat().st_mode & 0o777 == 0o600
        target.write_text(f"# mine\n[logs]\ndir = '{tmp_path / 'logs'}'\n")
        terminal.send("c")
        terminal.wait_for("kept: there is one already")
        assert target.read_text().startswith("# mine")
    assert not path.exists()


def test_the_command_under_the_cursor_is_copied(newcomer: Terminal) -> None:
    """By the terminal's own means; the cursor begins on the first thing that is missing."""
    newcomer.send("jjy")
    newcomer.wait_for("copied command wandb login")
    assert b"\x1b]52;c;" + base64.b64encode(b"wandb login") in newcomer.raw


def test_a_wrong_file_is_said_where_it_was_mended(newcomer: Terminal, tmp_path: Path) -> None:
    """What was known stays; once the file is right it is read."""
    path = tmp_path / ".config" / "monitor" / "config.toml"
    kept = path.read_text()
    path.write_text(f"{kept}[gcp]\nprojekt = 'acme-ml'\n")
    newcomer.send("r")
    newcomer.wait_for("unknown key gcp.projekt")
    newcomer.wait_for("○ Google Cloud project")
    path.write_text(f"{kept}[wandb]\nentity = 'acme'\n")
    newcomer.send("r")
    newcomer.wait(lambda: "unknown key" not in newcomer.text, "no complaint")
    newcomer.wait_for("→ wandb init -e acme -p PROJECT")


@pytest.mark.parametrize("found", ["a key", "an entity", "runs"])
def test_who_has_set_up_anything_gets_the_tables(tmp_path: Path, found: str) -> None:
    """Which say themselves what half of them is missing; `i` shows the rest."""
    more = {"a key": {"WANDB_API_KEY": "0" * 40}, "an entity": {"WANDB_ENTITY": "acme"}}.get(found, {})
    if found == "runs":
        (work(tmp_path) / "wandb" / RUN).mkdir(parents=True)
    with Terminal([MONITOR], environment=fresh(tmp_path, **more), directory=work(tmp_path)) as terminal:
        terminal.wait_for("not set up")
        assert NOTHING not in terminal.text
        terminal.send("i")
        terminal.wait_for("looked for in")


def test_a_click_selects_and_takes_what_is_offered(newcomer: Terminal) -> None:
    """On a finding its command is the one to copy; on an offer it is done."""
    click(newcomer, "W&B key")
    newcomer.wait(lambda: "▌○ W&B key" in newcomer.text, "the cursor")
    click(newcomer, "see the demo: made-up")
    newcomer.wait(lambda: "DEMO" in newcomer.lines[0], "the demo")


def click(terminal: Terminal, text: str) -> None:
    """Press and let go of the mouse on a text, once it is there."""
    terminal.wait_for(text)
    y, x = next((y, line.index(text)) for y, line in enumerate(terminal.lines) if text in line)
    for end in "Mm":
        terminal.send(f"\x1b[<0;{x + 1};{y + 1}{end}")


@pytest.mark.parametrize("key", ["d", "\r", "r"])
def test_being_told_to_end_on_the_way_is_obeyed(newcomer: Terminal, key: str) -> None:
    """Wherever between two screens a signal comes, the terminal is given back and nothing is left."""
    family = psutil.Process(newcomer.pid).children(recursive=True)
    newcomer.send(key)
    newcomer.read(0.1)
    os.kill(newcomer.pid, 15)
    assert newcomer.wait_for_end(5) == 143
    assert newcomer.is_cooked()
    assert newcomer.raw.rfind(b"\x1b[?1049l") >= newcomer.raw.rfind(b"\x1b[?1049h")
    assert psutil.wait_procs(family, timeout=3)[1] == []


# --- a disk that does not answer -----------------------------------------------------------------------------------


def survey(text: str = "", **environ: str) -> Survey:
    """What is found on a bare machine with this configuration and environment."""
    config = parse(text, Path("/nowhere/config.toml"))
    detected = detect(config, {"HOME": "/nowhere", **environ}, None, Path("/nowhere"))
    filled = fill(config, detected)
    return Survey(filled, detected, start(filled), file_exists=False, init="monitor config init")


class Disk:
    """A disk that answers when the test says so."""

    def __init__(self, answer: Survey | Exception) -> None:
        self.answer = answer
        self.looks = 0
        self.answers = threading.Event()

    def look(self) -> Survey:
        """Wait for the disk."""
        self.looks += 1
        assert self.answers.wait(PATIENCE_S)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def write(self) -> str:
        """Wait for the disk, in vain."""
        assert self.answers.wait(PATIENCE_S)
        raise ConfigError("/nowhere/config.toml: is there already")


def stage(disk: Disk, present: Survey) -> Stage:
    """A screen of a program that found `present`, whose disk is this one from now on."""
    return Stage(setup=Setup(disk.look, disk.write, Opening(present.config, present, demo=False)))


async def until(stage: Stage, text: str) -> None:
    """Wait until a text is on the screen."""
    async with asyncio.timeout(PATIENCE_S):
        while text not in stage.text():
            await stage.pilot.pause(0.01)


async def test_a_disk_that_hangs_holds_up_no_key() -> None:
    """The look says that it goes on; the cursor moves, help opens, the tables open; one look at a time is enough."""
    disk = Disk(survey("[wandb]\nentity = 'acme'\nproject = 'arr'"))
    try:
        async with stage(disk, survey()).open() as on:
            await until(on, NOTHING)
            await on.press("r", "r", "j", "r")
            await until(on, "looking")
            assert "▌○ Google credentials" in on.text()
            await on.press("question_mark", "escape")
            assert disk.looks == 1
            disk.answers.set()
            await until(on, "Set up: active, completed")
            assert "looking" not in on.text()
            await on.press("enter")
            assert on.app.following is not None
            assert on.app.following.survey is disk.answer
    finally:
        disk.answers.set()


async def test_a_look_that_never_comes_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known stays, with the reason that there is nothing newer; one can look again."""
    monkeypatch.setattr("monitor.ui.screens.start.LOOK_S", 0.05)
    disk = Disk(survey())
    try:
        async with stage(disk, survey()).open() as on:
            await on.press("r")
            await until(on, "no answer in 0.05 s")
            assert "○ Google Cloud project" in on.text()
            await on.press("r")
            await until(on, "no answer in 0.05 s")
            assert disk.looks == 2
    finally:
        disk.answers.set()


async def test_what_cannot_be_written_is_said() -> None:
    """And what is there stays."""
    disk = Disk(survey())
    disk.answers.set()
    async with stage(disk, survey()).open() as on:
        await on.press("c")
        await until(on, "/nowhere/config.toml: is there already")


async def test_from_the_tables_it_is_a_look_that_is_waited_for() -> None:
    """`i` opens at once; the tables stay behind it until it has come back, and Esc leads back to them."""
    disk = Disk(survey("[wandb]\nentity = 'acme'"))
    try:
        async with stage(disk, survey("[wandb]\nentity = 'acme'")).open() as on:
            await on.press("i")
            await until(on, "Looking for what is set up")
            await on.press("enter")
            await until(on, "still looking")
            disk.answers.set()
            await until(on, "No table has anything to ask yet")
            await on.press("escape")
            assert on.app.screen is on.app.dashboard
            assert on.app.following is None
    finally:
        disk.answers.set()


async def test_time_goes_on_over_the_start_screen() -> None:
    """Its header has the clock of every other screen, and it is told what they are told."""
    async with Stage(setup=Setup(survey, str, Opening(survey().config, survey(), demo=False))).open() as on:
        await until(on, NOTHING)
        assert "14:03 UTC" in on.lines()[0]
        await on.wait(60)
        assert "14:04 UTC" in on.lines()[0]
        assert isinstance(on.app.screen, Present)


async def test_in_the_demo_nobody_is_told_to_see_the_demo() -> None:
    """`i` says what is set up outside it, and leads back."""
    async with Stage(demo=True, setup=Setup(survey, str, Opening(survey().config, None, demo=True))).open() as on:
        await on.press("i")
        await until(on, NOTHING)
        assert "see the demo" not in on.text()
        await until(on, "back to the demo")
        await on.press("escape")
        async with asyncio.timeout(PATIENCE_S):
            while on.app.screen is not on.app.dashboard:
                await on.pilot.pause(0.01)


# --- any size ------------------------------------------------------------------------------------------------------


def page(cursor: int = 0) -> Page:
    """A bare machine."""
    found = survey()
    offers = tuple(key for key in KEYS if key.name in {"start_demo", "start_write", "start_again", "start_tables"})
    return Page(findings=found.findings(), cursor=cursor, status=("looked at 14:03:22", "dim"), offers=offers)


@pytest.mark.parametrize("height", [1, 2, 5, 13, 15, 22, 28, 38, 58, 200])
@pytest.mark.parametrize("width", [1, 5, 20, 40, 60, 80, 120, 200, 400])
def test_every_size_is_filled_exactly_and_shows_the_cursor(width: int, height: int) -> None:
    """Wherever the cursor is."""
    for cursor in range(len(page().findings)):
        rows = laid_out(page(cursor), width, height)
        assert len(rows) == height
        assert {width_of(row.parts) for row in rows} == {width}
        assert [row.finding for row in rows if row.selected] == [cursor]


def test_eighty_by_twenty_four_shows_every_finding_and_its_command() -> None:
    """Below the header and above the footer."""
    rows = laid_out(page(), 80, 22)
    text = "\n".join("".join(text for text, _ in row.parts) for row in rows)
    for finding in page().findings:
        assert finding.what in text
        assert f"→ {finding.mend}" in text


def test_a_large_screen_says_every_place_and_offer() -> None:
    """Nothing is cut at 120x40."""
    rows = laid_out(page(), 120, 38)
    said = " ".join(" ".join(text for text, _ in row.parts) for row in rows)
    for finding in page().findings:
        assert " ".join(finding.places.split()) in " ".join(said.split())
    for key in page().offers:
        assert key.text in said


def test_what_was_found_is_never_a_secret_and_never_live() -> None:
    """Hostile names are letters; no key is anywhere."""
    key = "0123456789abcdef0123456789abcdef01234567"
    config = Config(path="/x\x1b[31m/[@click=app.quit]config.toml")
    looks = detect(config, {"HOME": "/nowhere", "WANDB_API_KEY": key, "NETRC": "/\x9b31m"}, None, Path("/nowhere"))
    found: tuple[Finding, ...] = findings(config, looks, file_exists=True, init="monitor config init")
    rows = laid_out(Page(findings=found), 120, 38)
    said = "\n".join("".join(text for text, _ in row.parts) for row in rows)
    assert key not in json.dumps([str(one) for one in found])
    assert all(character.isprintable() or character == "\n" for character in said)
    assert "[@click=app.quit]" in said
