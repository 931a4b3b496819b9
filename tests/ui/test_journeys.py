"""What people do all day, in a real tmux: begun in a shell, seen on tmux's own screen, and left to the shell again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.columns import GLYPHS
from monitor.tables import TABLES
from tests.support.environment import bare
from tests.support.terminal import MONITOR
from tests.support.tmux import Tmux, needs_tmux

pytestmark = needs_tmux

PROMPT = "ready>"
BROWSER = """#!/bin/sh
echo "$1" >> "$0.opened"
"""
"""A browser that writes down what it was to open."""


@dataclass
class Desk:
    """Somebody at a shell in tmux, with a browser."""

    tmux: Tmux
    browser: Path

    # --- what there is to see

    def opened(self) -> list[str]:
        """The pages that the browser was to open."""
        notes = Path(f"{self.browser}.opened")
        return notes.read_text().split() if notes.exists() else []

    def under_cursor(self, lines: list[str] | None = None) -> str:
        """The row that the cursor is on; empty where it is on none."""
        found = (line for line in lines or self.tmux.lines if line[:1] == "▌" and line[1:2] in set(GLYPHS.values()))
        return next(found, "")

    def titles(self, lines: list[str] | None = None) -> list[str]:
        """The tables whose title lines are on the screen, from top to bottom."""
        found = [re.match(r"[ ▌]\d (\w+) (?!.*\d (?:runner|vertex|active))", line) for line in lines or self.tmux.lines]
        return [match[1] for match in found if match]

    def current(self, lines: list[str] | None = None) -> str:
        """The table that has the keys."""
        found = (re.match(r"▌\d (\w+)", line) for line in lines or self.tmux.lines)
        return next((match[1] for match in found if match), "")

    # --- what there is to do

    def start(self, *arguments: str) -> None:
        """Start the program from the shell."""
        self.tmux.wait_for(PROMPT)
        self.tmux.type(" ".join([MONITOR, *arguments, "\n"]))

    def start_demo(self) -> None:
        """Start the demo, and wait until its first table is live."""
        self.start("--demo")
        self.sees_tables()

    def sees_tables(self) -> None:
        """Wait for the tables, with rows, all regions of the first of them having answered."""

        def there(lines: list[str]) -> bool:
            live = any(line[1:].startswith("1 builds ") and line.endswith("live") for line in lines)
            return live and self.under_cursor(lines) != ""

        self.tmux.wait(there, "the tables")

    def presses(self, key: str, at: str) -> str:
        """Press a key and wait until the cursor is on a row that begins so, and was not; that row.

        Two looks see it alike: one alone may fall into the middle of a frame.
        """
        before, seen = self.under_cursor(), [""]
        self.tmux.press(key)

        def there(lines: list[str]) -> bool:
            seen.append(self.under_cursor(lines))
            moved = name_of(seen[-1]) != name_of(before)
            return moved and seen[-1][1:].startswith(at) and name_of(seen[-1]) == name_of(seen[-2])

        self.tmux.wait(there, key)
        return seen[-1]

    def is_on(self, row: str) -> list[str]:
        """Wait until the cursor is on the row; the lines. The words that were waited for may come before the row."""
        return self.tmux.wait(lambda lines: name_of(self.under_cursor(lines)) == name_of(row), f"the cursor on {row}")

    def quit(self) -> None:
        """Leave, and find the shell as it was: it echoes what is typed, and says how the program ended."""
        self.tmux.press("q")
        self.tmux.wait(lambda lines: [line for line in lines if line][-1] == PROMPT, "the prompt")
        self.tmux.type("echo status $?\n")
        lines = self.tmux.wait_for("status 0")
        assert "echo status $?" in "\n".join(lines)
        assert self.tmux.told("alternate_on") == "0"
        assert self.tmux.told("mouse_any_flag") == "0"
        assert self.tmux.told("cursor_flag") == "1"


TOP = ("1 builds", "2 runner")
"""The first two titles: the rows between them are those of the first table."""


def name_of(row: str) -> str:
    """The name in a row, as far as its column shows it."""
    return row[13:].split("  ", maxsplit=1)[0]


@contextlib.contextmanager
def desk(place: Path, columns: int = 120, rows: int = 40) -> Iterator[Desk]:
    """A shell in a tmux of that size."""
    browser = place / "browser"
    browser.write_text(BROWSER)
    browser.chmod(0o755)
    environment = bare(place / "home", BROWSER=str(browser), PS1=f"{PROMPT} ", TZ="UTC")
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Tmux(shell, place, columns=columns, rows=rows, environment=environment) as tmux:
        yield Desk(tmux, browser)


def test_see_a_failure_read_why_open_its_log_copy_its_id_and_come_back(tmp_path: Path) -> None:
    """From the table to the cause in full, to the browser, to the clipboard, and back to the same row and line."""
    with desk(tmp_path) as person:
        person.start_demo()
        row = person.presses("n", "✗ failed")
        reason = row.split("  ")[-1].rstrip("▐ ").removesuffix("…")
        assert len(reason) > 10
        lines = person.tmux.lines
        assert any(line.startswith(" ✗ ") and reason in line for line in lines[-5:-1]), "the row in full"
        at = lines.index(row)

        person.tmux.press("Enter")
        lines = person.tmux.wait_for("Esc back", name_of(row))
        assert reason in "\n".join(lines[2:])
        assert any("→" in line for line in lines), "what to do"
        record = next(match[1] for line in lines if (match := re.search(r" id +(\S+)", line)))

        person.tmux.press("L")
        person.tmux.wait(lambda _: len(person.opened()) == 1, "the log")
        person.tmux.wait_for("opened https://")  # until then the same page is not asked for again
        person.tmux.press("o")
        person.tmux.wait(lambda _: len(person.opened()) == 2, "the page")
        assert all(page.startswith("https://console.cloud.google.com/") for page in person.opened())
        assert record in person.opened()[1]

        person.tmux.press("y")
        person.tmux.wait_for("i id", "u URL", "r reason")
        person.tmux.press("i")
        person.tmux.wait_for("copied id")
        assert person.tmux.copied == record

        person.tmux.press("Escape")
        person.tmux.wait(lambda lines: person.titles(lines) == [*TABLES], "the tables")
        lines = person.is_on(row)
        assert lines.index(person.under_cursor(lines)) == at
        person.quit()


def under_cause(line: str) -> bool:
    """Whether the cursor stands on this line of a log, and it is the root cause, in full."""
    return re.match(r"▌▶ \d\d:\d\d:\d\d \w+ +\S", line) is not None


def test_read_why_a_build_failed_search_its_log_and_come_back(tmp_path: Path) -> None:
    """From the failure to its evidence, to the log and its cause, to what is searched for, and to the same row."""
    with desk(tmp_path) as person:
        person.start_demo()
        row = person.presses("n", "✗ failed")
        at = person.tmux.lines.index(person.under_cursor())
        person.tmux.press("Enter")
        person.tmux.wait_for("Evidence", "▶", "root cause:", "Where the reason is from")
        person.tmux.press("l")
        lines = person.tmux.wait(lambda lines: any(map(under_cause, lines)), "the cursor on the root cause")
        (cause,) = filter(under_cause, lines)
        person.tmux.press("/")
        person.tmux.wait_for("Enter keep", "Esc undo")
        person.tmux.type("starting build")
        person.tmux.wait_for("1 of 1 match for starting build")
        person.tmux.press("Enter")
        person.tmux.wait_for("? help", "1 of 1 match for starting build")
        person.tmux.press("Escape")
        person.tmux.wait_without("match for")
        person.tmux.press("N")
        person.tmux.wait(lambda lines: any(cause[2:40] in line for line in lines), "the root cause again")
        person.tmux.press("Escape")
        person.tmux.wait_for("Evidence", "Where the reason is from")
        person.tmux.press("Escape")
        person.tmux.wait(lambda lines: person.titles(lines) == [*TABLES], "the tables")
        lines = person.is_on(row)
        assert lines.index(person.under_cursor(lines)) == at
        person.quit()


def test_filter_sort_zoom_and_come_back_to_where_one_was(tmp_path: Path) -> None:
    """A filter works as it is typed and is said in the title; each is undone, and the cursor is where it was."""
    with desk(tmp_path) as person:
        person.start_demo()
        row = person.presses("n", "✗ failed")

        person.tmux.press("/")
        person.tmux.wait_for("Enter keep", "Esc undo")
        person.tmux.type("state:fai")
        person.tmux.wait_for("▌1 builds", "/state:fai")
        person.tmux.type("led")
        lines = person.tmux.wait_for("/state:failed", " of ")
        begin, end = (next(n for n, line in enumerate(lines) if f"{title} " in line) for title in TOP)
        assert all(line[1] == "✗" for line in lines[begin + 1 : end])
        person.tmux.press("Enter")
        person.tmux.wait_for("q quit", "/state:failed")
        person.is_on(row)
        person.tmux.press("Escape")
        person.tmux.wait_without("/state:failed")
        person.is_on(row)

        person.tmux.press("z")
        person.tmux.wait(lambda lines: person.titles(lines) == ["builds"], "one table alone")
        person.tmux.press("s")
        person.tmux.wait_for("t TIME", "0 usual")
        person.tmux.press("t")
        person.tmux.wait_for("TIME ↓")
        person.is_on(row)
        person.tmux.press("s", "0")
        person.tmux.wait_without("TIME ↓", "0 usual")
        person.tmux.press("z")
        person.tmux.wait(lambda lines: person.titles(lines) == [*TABLES], "all tables")
        person.is_on(row)
        person.quit()


def test_a_small_screen_hides_no_failure(tmp_path: Path) -> None:
    """At 80x24 one table shows and the others are counted; `n` goes from one's last failure to the next's."""
    with desk(tmp_path, 80, 24) as person:
        person.start_demo()
        lines = person.tmux.wait(lambda lines: len(re.findall(r"\d \w+ ✗\d+", lines[1])) >= 4, "failures of all tables")
        assert [word for word in lines[1].split() if word in TABLES] == [*TABLES]
        assert person.titles(lines) == ["builds"]
        number = int(re.findall(r"✗ ?(\d+)", lines[3])[0])
        for _ in range(number):
            person.presses("n", "✗ failed")
            assert person.current() == "builds"
        person.presses("n", "✗ failed")
        assert person.current() == "runner"
        person.tmux.press("3")
        person.tmux.wait(lambda lines: person.current(lines) == "vertex", "the third table")
        person.quit()


def test_it_comes_back_from_a_stop_and_takes_every_size(tmp_path: Path) -> None:
    """Ctrl+Z gives the shell its terminal, `fg` paints it again, and each size has a screen of its own."""
    with desk(tmp_path) as person:
        person.start_demo()
        person.tmux.press("C-z")
        person.tmux.wait_for("Stopped", PROMPT)
        person.tmux.type("echo typed\n")
        person.tmux.wait_for("echo typed\ntyped")
        person.tmux.type("fg\n")
        person.sees_tables()
        for columns, rows in ((80, 24), (200, 60), (60, 15), (120, 30), (100, 40)):
            person.tmux.resize(columns, rows)
            lines = person.tmux.wait(
                lambda lines: is_whole(lines, columns, rows) and person.under_cursor(lines) != "",  # noqa: B023 - waited for here
                f"{columns}x{rows}",
            )
            assert (len(person.titles(lines)) == len(TABLES)) == (rows >= 30)
        person.quit()


def is_whole(lines: list[str], columns: int, rows: int) -> bool:
    """Whether the header stands on the first line, up to its end, and the footer on the last."""
    header, footer = lines[0], lines[rows - 1]
    return header.startswith(" monitor ") and len(header) == columns - 1 and footer.endswith("q quit")


def test_every_command_is_found_by_its_name_and_every_theme_by_its_key(tmp_path: Path) -> None:
    """Help tells the keys, the palette does what is chosen on it, and both lead back to where one was."""
    with desk(tmp_path) as person:
        person.start_demo()
        row = person.presses("n", "✗ failed")
        person.tmux.press("?")
        person.tmux.wait_for("next failure of any table", "Esc back")
        person.tmux.press("?")
        person.tmux.wait(lambda lines: person.titles(lines) == [*TABLES], "the tables")
        person.tmux.press(":")
        person.tmux.wait_for("Esc back")
        person.tmux.type("zoom")
        person.tmux.wait(lambda lines: sum("zoom" in line for line in lines) == 2, "the command alone")
        person.tmux.press("Enter")
        person.tmux.wait(lambda lines: person.titles(lines) == ["builds"], "one table alone")
        person.tmux.press("Escape")
        person.tmux.wait(lambda lines: person.titles(lines) == [*TABLES], "all tables")
        person.tmux.press("T")
        person.tmux.wait_for("theme ")
        person.is_on(row)
        person.quit()


def test_a_newcomer_is_told_what_is_missing_and_may_see_the_demo(tmp_path: Path) -> None:
    """With an empty home nothing is shown that is not there; one key shows the demo, which says that it is one."""
    with desk(tmp_path, 80, 24) as person:
        person.start()
        lines = person.tmux.wait_for("Nothing is set up yet", "Google Cloud project", "W&B key", "d demo")
        assert "DEMO" not in lines[0]
        assert person.titles(lines) == []
        person.tmux.press("d")
        person.sees_tables()
        assert " DEMO " in person.tmux.lines[0]
        person.quit()


def test_a_name_pasted_over_the_tables_does_nothing_and_into_a_filter_is_in_it(tmp_path: Path) -> None:
    """A multiplexer marks what it pastes: letters that would sort, zoom and leave are one text, or nothing."""
    with desk(tmp_path) as person:
        person.start_demo()
        person.tmux.paste("aa-quiet-lake-sz")
        person.tmux.press("/")
        person.tmux.wait_for("undo")
        assert set(person.titles()) == set(TABLES)
        person.tmux.paste("quiet-lake q é\nz")
        lines = person.tmux.wait(lambda lines: any(line.startswith(" / quiet-lake q é z ") for line in lines), "it")
        assert set(person.titles(lines)) == set(TABLES)
        person.tmux.press("Escape")
        person.tmux.wait_for("q quit")
        person.quit()
