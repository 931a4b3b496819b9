"""Failures that have one cause are told as one in a table's title; so is whether logs are read, or cannot be."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from fetchers.records import Reason, Record, State
from monitor.changes import RowsChanged
from monitor.same_cause import grouped, tally
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
        total = sum(len(cause.records) for cause in causes)
        assert settled(found) == (tally(total, len(causes)) if shared else "")


def test_many_failures_are_looked_at_in_steps() -> None:
    """None takes long, and until the last there are no new words."""
    found = CauseTally()
    found.change({f"k{n}": failed(n, CAUSES[0]) for n in range(STEP * 3)}, ())
    found.step()
    assert (found.waits, found.words) == (True, "")
    assert settled(found) == "300 failures, 1 cause"


FAILURES = [failed(number, CAUSES[0]) for number in range(1, 8)]


@pytest.mark.parametrize(("width", "words"), [(160, "7 failures, 1 cause"), (80, "1 cause"), (60, "1 cause"), (30, "")])
async def test_failures_of_one_cause_are_told_as_one_in_the_title(width: int, words: str) -> None:
    """In as many words as there is room for beside the counts and how fresh they are."""
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
