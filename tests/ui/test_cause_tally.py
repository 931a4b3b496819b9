"""Failures that have one cause are told as one in a table's title; so is whether logs are read, or cannot be."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from fetchers.records import Reason, Record, State
from monitor.changes import RowsChanged
from monitor.same_cause import grouped
from monitor.text import counted
from monitor.ui.cause_tally import SHARED, STEP, CauseTally
from tests.ui.scripted import Stage, record, rows, scope, status

CAUSES = ("CUDA out of memory on gpu {n}", "quota exceeded: {n} of 8", "no such image arr:v{n}")


def failed(number: int, cause: str) -> Record:
    """A failure in the words of its cause."""
    reason = Reason(text=cause.format(n=number), rule=cause.split(maxsplit=1)[0])
    return record("vertex", number, State.FAILED, reason=reason)


def settled(found: CauseTally) -> str:
    """Its words, once it has looked at everything."""
    found.step()
    while found.waits:
        found.step()
    return found.words


def test_it_says_what_grouping_all_rows_would_say_whatever_comes_and_goes() -> None:
    """Rows come, change, are mended and vanish by the hundred: the words are those of the rows that are there."""
    chance = random.Random(5)
    found, there = CauseTally(), dict[str, Record]()
    for _ in range(60):
        upserts = {f"k{n}": failed(n, chance.choice(CAUSES)) for n in chance.sample(range(400), chance.randrange(150))}
        upserts |= {f"k{n}": record("vertex", n) for n in chance.sample(range(400), 20)}
        removed = {f"k{n}" for n in chance.sample(range(400), chance.randrange(300))} - upserts.keys()
        found.change(upserts, removed)
        there = {key: item for key, item in (there | upserts).items() if key not in removed}
        causes = grouped(there.values())
        shared = any(len(cause.records) >= SHARED for cause in causes)
        assert settled(found) == (counted(len(causes), "cause") if shared else "")


def test_many_failures_are_looked_at_in_steps() -> None:
    """None takes long, and until the last there are no new words."""
    found = CauseTally()
    found.change({f"k{n}": failed(n, CAUSES[0]) for n in range(STEP * 3)}, ())
    found.step()
    assert (found.waits, found.words) == (True, "")
    assert settled(found) == "1 cause"


FAILURES = [failed(number, CAUSES[0]) for number in range(1, 8)]


@pytest.mark.parametrize(("width", "words"), [(160, "✗ 7 failed  1 cause"), (80, "1 cause"), (60, "1 cause"), (30, "")])
async def test_failures_of_one_cause_are_told_as_one_in_the_title(width: int, words: str) -> None:
    """Where there is room beside the counts and how fresh they are; how many have failed is told once."""
    async with Stage().open(width, 24) as stage:
        scopes = {f"region-{number}": scope() for number in range(3)}
        await stage.tell(rows("vertex", FAILURES), status("vertex", scopes))
        await stage.press("3")
        title = stage.line("3 vertex", "live") if width > 40 else stage.lines()[3]
        assert words in title
        assert "✗ 7" in title
        mended = replace(FAILURES[0], state=State.SUCCEEDED, reason=None)
        await stage.tell(
            rows("vertex", [mended]), RowsChanged(table="vertex", removed=("id-2", "id-3", "id-4", "id-5"))
        )
        assert "cause" not in stage.text()


ONE, OTHER = failed(1, CAUSES[0]), failed(2, CAUSES[1])
WRAPPED = replace(failed(3, CAUSES[0]), reason=Reason(text="not launched: CUDA out of memory on gpu 9", rule="CUDA"))
MIXED = [ONE, OTHER, WRAPPED, record("vertex", 4), *[failed(number, CAUSES[0]) for number in (5, 6)]]


def ids(stage: Stage) -> list[str]:
    """The rows that the table shows, from top to bottom."""
    return list(stage.app.dashboard.table.rows)


async def test_a_key_shows_only_the_failures_with_the_cause_of_the_row_and_escape_all_again() -> None:
    """Whoever tells it; the title says so, and the counts remain those of all rows."""
    async with Stage().open(140, 30) as stage:
        await stage.tell(rows("vertex", MIXED), status("vertex"))
        await stage.press("3", "c")
        assert ids(stage) == ["id-1", "id-3", "id-5", "id-6"]
        title = stage.line("3 vertex", "✗ 5 failed")
        assert "2 causes" in title
        assert "cause: CUDA out of memory on gpu 1  4 of 6" in title
        await stage.tell(rows("vertex", [failed(7, CAUSES[0]), failed(8, CAUSES[1])]))
        assert ids(stage) == ["id-1", "id-3", "id-5", "id-6", "id-7"]
        await stage.press("escape")
        assert len(ids(stage)) == 8
        await stage.press("j", "c")
        assert ids(stage) == ["id-2", "id-8"]
        await stage.press("slash", *"name-8", "enter")
        assert ids(stage) == ["id-8"]
        await stage.press("escape")
        assert ids(stage) == ["id-2", "id-8"]
        await stage.press("c")
        assert len(ids(stage)) == 8


async def test_the_row_of_a_cause_that_nobody_else_tells_so_stays_with_its_like() -> None:
    """From the one that is told with more words around it one comes to the same rows."""
    async with Stage().open(140, 30) as stage:
        await stage.tell(rows("vertex", MIXED), status("vertex"))
        await stage.press("3", "j", "j", "c")
        assert ids(stage) == ["id-1", "id-3", "id-5", "id-6"]


async def test_what_has_no_cause_narrows_nothing_down() -> None:
    """And says so: a row that did not fail, or of which nobody knows why."""
    async with Stage().open(120, 30) as stage:
        await stage.tell(rows("vertex", [*MIXED, replace(OTHER, id="id-9", reason=None)]), status("vertex"))
        await stage.press("3")
        await stage.press(*["j"] * ids(stage).index("id-4"), "c")
        assert "this row has not failed" in stage.lines()[-1]
        await stage.press("g", *["j"] * ids(stage).index("id-9"), "c")
        assert "why it failed is not known" in stage.lines()[-1]
        assert len(ids(stage)) == 7


async def test_the_palette_narrows_down_to_a_cause() -> None:
    """For who knows no key."""
    async with Stage().open(120, 30) as stage:
        await stage.tell(rows("vertex", MIXED), status("vertex"))
        await stage.press("3", "colon", *"same cause")
        assert stage.line("same cause", "only failures of its cause")
        await stage.press("enter")
        assert ids(stage) == ["id-1", "id-3", "id-5", "id-6"]


async def test_two_failures_of_one_cause_are_no_news() -> None:
    """They can be seen."""
    async with Stage().open() as stage:
        await stage.tell(rows("vertex", FAILURES[:2]), status("vertex"))
        assert "cause" not in stage.text()


async def test_logs_that_are_being_read_are_told_once_that_lasts() -> None:
    """Not in the moment in which something ends; and no more once they are read."""
    async with Stage().open(120, 40) as stage:
        await stage.tell(rows("vertex", FAILURES), status("vertex", unread=5))
        assert "reading" not in stage.text()
        await stage.wait(2)
        assert stage.line("3 vertex", "reading 5 logs")
        await stage.tell(status("vertex", unread=1))
        assert stage.line("3 vertex", "reading 1 log ")
        await stage.tell(status("vertex"))
        assert "reading" not in stage.text()


async def test_logs_that_cannot_be_read_are_told_in_full_where_the_keys_are() -> None:
    """On the others' titles in three words; an error of the table comes before it."""
    why = "log not readable: needs roles/logging.viewer on acme"
    async with Stage().open(120, 40) as stage:
        changes = [status(table, unread=3, unreadable=why) for table in ("builds", "vertex")]
        await stage.tell(rows("vertex", FAILURES), rows("builds", [record("builds", 1)]), *changes)
        assert [line for line in stage.lines() if why in line] == [stage.line(f"! {why}")]
        assert stage.line("3 vertex", "logs not readable")
        await stage.press("3")
        lines = stage.lines()
        assert why in lines[lines.index(stage.line("3 vertex", "logs not readable")) + 1]
        assert stage.line("1 builds", "logs not readable")
