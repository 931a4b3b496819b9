"""The screen of one log: its end first, older pages as they come, what is searched, marked, followed, and missing."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from fetchers.errors import Failure
from fetchers.messages import LogEntry, Outcome
from fetchers.records import Reason, State
from monitor.changes import AskReason, Hello, LogRead, ReadLog, ReasonRead
from monitor.text import cell_width
from monitor.ui.screens.detail import Detail
from monitor.ui.screens.log import Log
from monitor.ui.screens.log_gathering import AUTOMATIC
from tests.ui.scripted import NOW, PATIENCE_S, Stage, record, rows, scope, status

JOB = record("vertex", 5, State.FAILED, name="arr-llama", detail={"log_url": "https://console.test/logs"})
RUN = record("vertex", 4, State.RUNNING, name="arr-bert")
PAGE = 1_000


def entry(number: int, text: str | None = None, **changed: str) -> LogEntry:
    """One of a log in which one entry a second was written."""
    at = NOW - timedelta(hours=1) + timedelta(seconds=number)
    return LogEntry(text=f"step {number}" if text is None else text, at=at, id=f"e{number}", **changed)


def entries(first: int, last: int) -> tuple[LogEntry, ...]:
    """Some of it."""
    return tuple(entry(number) for number in range(first, last))


class Reader:
    """Somebody at the screen of a log, and the engine that gives it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def open(self, *keys: str) -> Log:
        """The log of the first row of the table, or of where keys lead."""
        await self.stage.tell(rows("vertex", [JOB, RUN]), status("vertex", {"us-east1": scope()}))
        await self.stage.press("3", *keys, "l")
        await self.until(lambda: isinstance(self.stage.app.screen, Log))
        assert isinstance(self.stage.app.screen, Log)
        return self.stage.app.screen

    @property
    def asked(self) -> list[ReadLog]:
        """All that was asked of the log."""
        return [command for command in self.stage.link.commands if isinstance(command, ReadLog)]

    async def give(self, *given: LogEntry, before: str | None = None) -> None:
        """Answer the last question; `before` names the page that is older."""
        await self.answer(entries=given, token=before)

    @property
    def page(self) -> str | None:
        """Which page was asked for last."""
        return self.asked[-1].part.token

    async def answer(self, **answer: object) -> None:
        """As `give`, whatever the answer."""
        told = LogRead(request=self.asked[-1].request, **answer)  # type: ignore[arg-type]
        await self.stage.tell(told)
        await self.rest()

    async def rest(self) -> None:
        """Wait until all that has arrived is on the screen."""
        screen = self.screen
        await self.until(lambda: not (screen._working or screen._arrived))
        await self.stage.settle()

    @property
    def screen(self) -> Log:
        """It."""
        assert isinstance(self.stage.app.screen, Log)
        return self.stage.app.screen

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what the screen does in its own time."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await self.stage.pilot.pause(0.01)
        await self.stage.settle()

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until nothing is left to do."""
        await self.stage.press(*keys)
        await self.rest()

    def body(self) -> list[str]:
        """The lines of the log on the screen, without marks."""
        return [line[:-1].rstrip() for line in self.stage.lines()[3:-1]]

    def under_cursor(self) -> str:
        """The line that the cursor is on."""
        (found,) = (line for line in self.body() if line.startswith("▌"))
        return found[2:].strip()


async def test_the_end_of_a_log_is_shown_first_and_older_pages_come_by_themselves() -> None:
    """Up to some thousand lines; what is in view stays in view."""
    async with Stage().open(80, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        assert "Reading the log" in stage.text()
        (first,) = reader.asked
        assert (first.part.token, first.part.after) == (None, None)
        number = 10_000
        await reader.give(*entries(number - PAGE, number), before="t1")
        assert reader.under_cursor().endswith("step 9999")
        shown = reader.body()
        for page in range(1, AUTOMATIC // PAGE):
            assert len(reader.asked) == page + 1
            assert reader.page == f"t{page}"
            older = entries(number - (page + 1) * PAGE, number - page * PAGE)
            await reader.give(*older, before=f"t{page + 1}")
            assert reader.body() == shown
        assert len(reader.asked) == AUTOMATIC // PAGE
        assert stage.line("3,000 lines, back to", "older: PgUp")


async def test_older_lines_are_read_when_somebody_is_at_the_top() -> None:
    """`g` and PgUp ask for them, one page at a time, until the first entry is there."""
    async with Stage().open(80, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(*entries(2_000, 2_000 + AUTOMATIC), before="t1")
        assert len(reader.asked) == 1
        await reader.press("g")
        assert reader.under_cursor().endswith("step 2000")
        assert stage.line("reading older lines")
        await reader.press("g", "pageup", "k")
        assert len(reader.asked) == 2
        await reader.give(*entries(1_000, 2_000), before="t2")
        assert reader.under_cursor().endswith("step 2000")
        await reader.press("home")
        assert reader.under_cursor().endswith("step 1000")
        await reader.give(*entries(0, 1_000))
        await reader.press("home")
        assert len(reader.asked) == 3
        assert stage.line("5,000 lines", "all of it")
        await reader.press("G")
        assert reader.under_cursor().endswith("step 4999")


async def test_a_page_without_entries_is_no_end() -> None:
    """Where there is a token, it goes on."""
    async with Stage().open(80, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(before="t1")
        assert reader.page == "t1"
        assert "Reading the log" in stage.text()
        await reader.give(entry(1))
        assert stage.line("1 line", "all of it")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"entries": ()}, ("The log is empty", "`r` reads it again")),
        (
            {"failure": Failure(kind="permission", text="ListLogEntries: needs roles/logging.viewer on acme")},
            ("The log may not be read", "needs roles/logging.viewer on acme", "`r` tries again"),
        ),
        ({"failure": Failure(kind="rejected", text="no such log")}, ("There is no such log", "no such log")),
        ({"failure": Failure(kind="timeout", text="no answer in 20 s")}, ("not given in time", "no answer in 20 s")),
        ({"waits_s": 42.0}, ("Reading the log", "waits for its turn", "42s at most")),
    ],
    ids=["empty", "forbidden", "gone", "slow", "waiting"],
)
async def test_a_log_that_cannot_be_shown_says_why(answer: dict[str, object], words: tuple[str, ...]) -> None:
    """In the middle of the screen, with what to do; Esc leads back."""
    async with Stage().open(80, 24) as stage:
        reader = Reader(stage)
        await reader.open("j")
        await reader.answer(**answer)
        at = [next(n for n, line in enumerate(stage.lines()) if word in line) for word in words]
        assert all(6 < line < 18 for line in at)
        await reader.press("r")
        assert len(reader.asked) == 2
        await reader.give(entry(7))
        assert reader.under_cursor().endswith("step 7")
        await stage.press("escape")
        assert stage.app.screen is stage.app.dashboard


async def test_older_lines_that_cannot_be_read_cost_none_that_were() -> None:
    """It says so, and asks again when somebody goes up there again."""
    async with Stage().open(100, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(*entries(2_000, 3_000), before="t1")
        await reader.answer(failure=Failure(kind="throttled", text="too many reads"))
        assert stage.line("1,000 lines", "older lines not read: too many reads")
        assert reader.under_cursor().endswith("step 2999")
        await reader.press("g")
        assert reader.page == "t1"
        await reader.give(*entries(1_000, 2_000))
        assert stage.line("2,000 lines", "all of it")


async def test_escape_comes_back_to_the_same_place_of_a_record() -> None:
    """A page that was scrolled is as it was; from the tables one comes back to the row."""
    async with Stage().open(80, 16) as stage:
        reader = Reader(stage)
        await stage.tell(rows("vertex", [JOB, RUN]), status("vertex", {"us-east1": scope()}))
        await stage.press("3", "j", "enter", "j", "j")
        before = stage.lines()[1:-1]
        assert isinstance(stage.app.screen, Detail)
        await stage.press("l")
        await reader.until(lambda: isinstance(stage.app.screen, Log))
        await reader.give(*entries(0, 50))
        await stage.press("escape")
        assert isinstance(stage.app.screen, Detail)
        assert stage.lines()[1:-1] == before
        await stage.press("escape")
        assert stage.cursor() == "id-5"


async def test_words_and_expressions_are_searched_counted_and_stepped_through() -> None:
    """As they are typed; n and N go round; Esc leaves the search before it leaves the log."""
    async with Stage().open(100, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(*entries(0, 500), entry(500, "CUDA Error at step 44"))
        await reader.press("slash", *"step 44")
        assert stage.line("12 of 12 matches for step 44")
        assert stage.line("/ step 44", "12 of 12 matches", "Enter keep")
        await reader.press("enter")
        assert reader.under_cursor().endswith("CUDA Error at step 44")
        await reader.press("n")
        assert reader.under_cursor().endswith("step 44")
        assert stage.line("1 of 12 matches")
        await reader.press("n")
        assert reader.under_cursor().endswith("step 440")
        await reader.press("N", "N")
        assert reader.under_cursor().endswith("CUDA Error at step 44")
        await reader.press("slash", *["backspace"] * 7, *r"/^cuda \w+/", "enter")
        assert stage.line("1 of 1 match for")
        await reader.press("slash", *["backspace"] * 20, *"/[", "enter")
        assert stage.line("is not closed")
        await reader.press("escape")
        assert stage.line("1 of 1 match for")
        await reader.press("escape")
        assert "match" not in stage.text()
        assert isinstance(stage.app.screen, Log)


async def test_what_is_found_is_marked_where_it_stands() -> None:
    """Each place of it, also where a line is wrapped."""
    async with Stage().open(40, 12) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(entry(1, "a needle here, and at the end of the first line: needle, and one more Needle"))
        await reader.press("slash", *"needle", "enter")
        marked = [
            segment.text
            for strip in stage.app.screen._compositor.render_strips()[3:-1]
            for segment in strip
            if segment.style and segment.style.reverse
        ]
        assert "".join(marked).casefold() == "needle" * 3


COMMAND = "gcloud projects add-iam-policy-binding acme-ml --member=user:me@acme.example --role=roles/aiplatform.user"
REFUSED = Reason(
    text="PermissionDenied: 403 aiplatform.customJobs.create",
    rule="permission_denied",
    advice=f"Grant it: `{COMMAND}`.",
)
DENIED = record("vertex", 5, State.FAILED, reason=REFUSED)
OUTCOME = Outcome(
    table="vertex",
    key="id-5",
    reason=REFUSED,
    evidence=("before", "403 aiplatform.customJobs.create denied", "after"),
    root=1,
    rules=3,
    entries=900,
)


async def denied(stage: Stage, *, told: bool = True) -> Reader:
    """Somebody who has opened the log of a job that was refused something, on line 301 of 900."""
    reader = Reader(stage)
    await stage.tell(rows("vertex", [DENIED]), status("vertex", {"us-east1": scope()}))
    await stage.press("3", "l")
    await reader.until(lambda: isinstance(stage.app.screen, Log))
    if told:
        await stage.tell(ReasonRead(table="vertex", key="id-5", outcome=OUTCOME))
    await reader.give(
        *entries(0, 300), entry(300, "403 aiplatform.customJobs.create denied"), *entries(301, 899), entry(899, TRACE)
    )
    return reader


async def test_a_failures_log_is_open_at_its_root_cause_until_somebody_moves() -> None:
    """With what to do, and the command that does it, under the log; elsewhere the footer says where it is."""
    async with Stage().open(120, 24) as stage:
        reader = await denied(stage)
        assert AskReason(table="vertex", key="id-5") in stage.link.commands
        assert reader.under_cursor().endswith("403 aiplatform.customJobs.create denied")
        assert stage.line("▌▶")
        assert stage.line("▶ root cause · permission_denied → Grant it:")
        assert stage.line(f"   {COMMAND}")
        await reader.press("k")
        assert stage.line("▶ root cause on line 301  n · permission_denied → Grant it:")
        assert stage.line(f"   {COMMAND}")
        await stage.tell(ReasonRead(table="vertex", key="id-5", outcome=OUTCOME))
        assert reader.under_cursor().endswith("step 299")


async def test_a_root_cause_that_is_known_late_is_gone_to_by_a_key_once_somebody_has_moved() -> None:
    """What somebody reads does not jump away; `n` leads to the root cause first."""
    async with Stage().open(120, 24) as stage:
        reader = await denied(stage, told=False)
        await reader.press("G", "k")
        before = reader.under_cursor()
        await stage.tell(ReasonRead(table="vertex", key="id-5", outcome=OUTCOME))
        assert reader.under_cursor() == before
        await reader.press("n")
        assert reader.under_cursor().endswith("403 aiplatform.customJobs.create denied")


async def test_another_finding_is_told_beside_the_root_cause_and_not_as_one() -> None:
    """Two lines: what it is, and where the root cause is."""
    async with Stage().open(120, 24) as stage:
        reader = await denied(stage)
        await reader.until(lambda: bool(reader.screen._view.causes) and len(reader.screen._view.causes) > 1)
        await reader.press("n")
        assert reader.under_cursor().endswith("Tried to allocate 2.50 GiB")
        assert stage.line("! also · out_of_memory → ")
        assert stage.line(f"▶ root cause on line 301  n · permission_denied · {REFUSED.text}")


async def test_where_there_is_little_room_what_to_do_comes_before_the_rule() -> None:
    """And the lines that follow the root cause are in view, though its footer takes lines from the log."""
    async with Stage().open(80, 24) as stage:
        reader = Reader(stage)
        advice = f"Have somebody who owns the project grant you the role: `{COMMAND}`."
        row = replace(DENIED, reason=replace(REFUSED, advice=advice))
        await stage.tell(rows("vertex", [row]), status("vertex", {"us-east1": scope()}))
        await stage.press("3", "l")
        await reader.until(lambda: isinstance(stage.app.screen, Log))
        await stage.tell(ReasonRead(table="vertex", key="id-5", outcome=OUTCOME))
        wide = "403 aiplatform.customJobs.create denied " + "and denied again, " * 6
        await reader.give(*entries(0, 300), entry(300, wide), entry(301, "the end"))
        assert stage.line("▶ root cause → Have somebody who owns the project grant you the role:")
        assert reader.body()[-3].endswith("the end")
        assert stage.line("▌▶", "403 aiplatform.customJobs.create denied")


async def test_on_a_low_screen_causes_take_one_line() -> None:
    """What to do, as far as it goes; the log has the other lines."""
    async with Stage().open(80, 11) as stage:
        await denied(stage)
        assert stage.lines()[-2].startswith(" ▶ root cause · permission_denied → Grant it:")
        assert stage.lines()[-3].startswith("  ")


TRACE = """Traceback (most recent call last):
  File "/app/train.py", line 12, in <module>
    main()
torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB"""


@pytest.mark.parametrize(("keys", "mark", "words"), [(("j",), "▶", "root cause"), ((), "!", "cause")])
async def test_what_has_been_read_is_diagnosed_here_too(keys: tuple[str, ...], mark: str, words: str) -> None:
    """Of what failed the root cause; of what runs only what went wrong. Older lines move it, and it is found again."""
    async with Stage().open(120, 24) as stage:
        reader = Reader(stage)
        await reader.open(*keys)
        await reader.press("n")
        assert stage.line("nothing has been read yet")
        await reader.give(*entries(100, 150), entry(150, TRACE), before="t1")
        await reader.until(lambda: mark in stage.text())
        await reader.give(*entries(0, 100))
        await reader.press("g", "n")
        assert reader.under_cursor().endswith("CUDA out of memory. Tried to allocate 2.50 GiB")
        assert stage.line(f"▌{mark}")
        assert stage.line(f" {mark} {words} · out_of_memory → ")


async def test_a_log_is_followed_while_its_job_runs_and_until_it_has_ended() -> None:
    """Every ten seconds, without what is known; who is on the last line stays there; then it says that it is over."""
    async with Stage().open(100, 24) as stage:
        reader = Reader(stage)
        await stage.tell(rows("vertex", [RUN]), status("vertex", {"us-east1": scope()}))
        await stage.press("3", "l")
        await reader.until(lambda: isinstance(stage.app.screen, Log))
        await reader.give(*entries(0, 100))
        await reader.press("f")
        asked = reader.asked[-1]
        newest = entry(99).at
        assert asked.part.after is not None
        assert newest is not None
        assert newest - timedelta(seconds=30) < asked.part.after <= newest
        await reader.give(*entries(95, 103))
        assert reader.under_cursor().endswith("step 102")
        assert stage.line("103 lines", "following")
        before = len(reader.asked)
        await stage.wait(5)
        assert len(reader.asked) == before
        await stage.wait(6)
        assert len(reader.asked) == before + 1
        await reader.press("k")
        await reader.give(entry(103))
        assert reader.under_cursor().endswith("step 101")
        ended = record("vertex", 4, State.SUCCEEDED, finished=stage.clock.now)
        await stage.tell(rows("vertex", [ended]))
        for _ in range(7):
            await stage.wait(11)
            await reader.give(entry(103))
        assert stage.line("104 lines", "the log has ended")
        before = len(reader.asked)
        await stage.wait(60)
        assert len(reader.asked) == before


async def test_what_cannot_be_followed_is_asked_for_as_rarely_and_said() -> None:
    """A source that is away is not asked every second; once it answers, following goes on."""
    async with Stage().open(100, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(*entries(0, 10))
        await reader.press("f")
        await stage.wait(12)
        await reader.answer(failure=Failure(kind="unreachable", text="no connection"))
        assert stage.line("following", "newer lines not read: no connection")
        before = len(reader.asked)
        await stage.wait(1)
        await stage.wait(1)
        assert len(reader.asked) == before
        await stage.wait(9)
        assert len(reader.asked) == before + 1
        assert stage.line("newer lines not read")
        await reader.give(entry(10))
        assert reader.under_cursor().endswith("step 10")
        assert "no connection" not in stage.text()


async def test_what_was_written_meanwhile_is_read_page_by_page_and_shown_in_order() -> None:
    """More than a page of it: older pages first."""
    async with Stage().open(100, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(*entries(0, 10))
        await reader.press("f")
        await reader.give(*entries(30, 50), before="n1")
        assert reader.page == "n1"
        assert stage.line("10 lines")
        await reader.give(*entries(5, 30))
        found = [line.text for line in reader.screen._text.lines]
        assert found == [f"step {number}" for number in range(50)]


async def test_another_engine_is_asked_again() -> None:
    """The one that was asked is gone, and its answers with it."""
    async with Stage().open(80, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        first = reader.asked[-1]
        await stage.tell(Hello(version="1", pid=2))
        assert len(reader.asked) == 2
        await stage.tell(LogRead(request=first.request, entries=entries(0, 5)))
        assert "step 4" not in stage.text()
        await reader.give(*entries(5, 9))
        assert reader.under_cursor().endswith("step 8")


async def test_long_lines_are_wrapped_or_gone_along() -> None:
    """`w` switches; → goes to the right, and every character can be seen either way."""
    line = "".join(f"<{number:04}>" for number in range(40))
    async with Stage().open(70, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(entry(1, line), entry(2, "short"))
        words = "".join(row[2:].strip().removeprefix("13:03:23").strip() for row in reader.body())
        assert line in words
        await reader.press("w")
        assert "<0039>" not in stage.text()
        assert len([row for row in reader.body() if "<" in row]) == 1
        for _ in range(20):
            await reader.press("right")
        assert "<0039>" in stage.text()
        await reader.press(*["left"] * 20)
        assert "<0000>" in stage.text()


@pytest.mark.parametrize(("width", "shown"), [(120, "13:03:27 ERROR boom"), (80, "13:03:27 E boom"), (50, "boom")])
async def test_time_and_severity_stand_at_the_left_where_there_is_room(width: int, shown: str) -> None:
    """Of an entry's first line only."""
    async with Stage().open(width, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(entry(5, "boom\nagain", severity="ERROR"))
        assert reader.body()[0][2:].strip() == shown
        assert reader.body()[1][2:].strip() == "again"


HOSTILE = "[@click=app.quit]go[/] \x1b[2J\x1b]8;;http://e.example\x07l\x1b]52;c;eA==\x07 \u202eabc 训练 עברית\x9b31m"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (20, 8), (1, 1)])
async def test_hostile_text_is_text_on_every_line(size: tuple[int, int]) -> None:
    """No markup, no sequence, no link, and each line as wide as the screen, wrapped or not."""
    async with Stage().open(*size) as stage:
        reader = Reader(stage)
        await reader.open()
        await reader.give(entry(1, HOSTILE, severity=HOSTILE), entry(2, HOSTILE * 200), entry(3, "a\r\nb\x00c\n\n"))
        for keys in (("g",), ("w",), ("right",), ("slash", "a", "enter")):
            assert {cell_width(line) for line in stage.lines()} == {size[0]}
            assert all(line.isprintable() for line in stage.lines())
            for strip in stage.app.screen._compositor.render_strips():
                assert not any(segment.style and (segment.style.link or segment.style.meta) for segment in strip)
            await reader.press(*keys)


async def test_a_log_of_a_hundred_thousand_lines_answers_keys_at_once() -> None:
    """Only lines in view are laid out: a key costs what it does in a short log."""
    async with Stage().open(80, 24) as stage:
        reader = Reader(stage)
        log = await reader.open()
        size = 20 * PAGE
        for page in reversed(range(5)):
            await reader.give(*entries(page * size, (page + 1) * size), before=f"t{page}")
            await reader.press("g")
        assert len(log._text) == 100_000
        loop = asyncio.get_running_loop()
        took = []
        for key in ("G", "pageup", "k", "g", "pagedown", "j"):
            before = loop.time()
            await stage.pilot.press(key)
            took.append(loop.time() - before)
        assert max(took) < 1


async def test_memory_is_bounded_and_what_was_dropped_is_said() -> None:
    """Older lines push the newest out, and `G` reads the end again."""
    async with Stage().open(100, 24) as stage:
        reader = Reader(stage)
        log = await reader.open()
        await reader.give(*entries(1_000, 2_000), before="t1")
        log._text._most_lines = 1_500
        await reader.give(*entries(0, 1_000))
        assert stage.line("1,500 lines", "500 lines after dropped")
        assert len(log._text) == 1_500
        await reader.press("G")
        assert reader.page is None
        await reader.give(*entries(1_990, 2_000))
        assert reader.under_cursor().endswith("step 1999")


@pytest.mark.parametrize("width", [80, 120])
async def test_the_footer_of_a_log_says_how_to_copy(width: int) -> None:
    """Also where there is no room for all keys."""
    async with Stage().open(width, 24) as stage:
        await Reader(stage).open()
        assert " y copy " in stage.lines()[-1]


async def test_a_search_finds_what_stands_in_the_column_of_severities() -> None:
    """It is on the screen like the words behind it; once for each entry, and marked there."""
    async with Stage().open(120, 24) as stage:
        reader = Reader(stage)
        await reader.open("j")
        quiet = [entry(number, severity="INFO") for number in range(3)]
        await reader.give(*quiet, entry(3, "boom\nagain", severity="ERROR"), entry(4, severity="DEFAULT"))
        await reader.press("slash", *"error", "enter")
        assert stage.line("1 of 1 match for")
        assert reader.under_cursor().endswith("ERROR boom")
        (marked,) = (
            segment.text
            for strip in stage.app.screen._compositor.render_strips()[3:-1]
            for segment in strip
            if segment.style and segment.style.reverse
        )
        assert marked == "ERROR"
        await reader.press("slash", *["backspace"] * 5, *"default", "enter")
        assert stage.line("0 matches for")


async def test_a_wrong_expression_is_told_in_the_words_it_was_typed_in() -> None:
    """Nothing of what the search puts around it."""
    async with Stage().open(120, 24) as stage:
        reader = Reader(stage)
        await reader.open("j")
        await reader.give(*entries(0, 9))
        await reader.press("slash", *"/(/", "enter")
        assert stage.line("cannot be used: missing ): (")
        assert "(?m)" not in stage.text()


def to_clipboard(monkeypatch: pytest.MonkeyPatch, written: list[str]) -> None:
    """Have what a terminal is told noted, on a machine where that is the way to the clipboard."""

    def write(_: object, text: str) -> bool:
        written.append(text)
        return True

    monkeypatch.setattr("monitor.ui.app.MonitorApp.write_out", write)
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


async def test_the_keys_of_a_log_open_its_pages_and_copy_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """`y` takes the line under the cursor, whole and clean; where there is none, what mends that."""
    written: list[str] = []

    to_clipboard(monkeypatch, written)
    async with Stage().open(100, 24) as stage:
        reader = Reader(stage)
        await reader.open()
        text = "needs roles/logging.viewer; run `gcloud projects add-iam-policy-binding acme-ml`"
        await reader.answer(failure=Failure(kind="permission", text=text))
        await reader.press("y")
        await reader.until(lambda: len(written) == 1)
        assert stage.line("copied command gcloud projects add-iam-policy-binding acme-ml")
        await reader.press("r")
        await reader.give(entry(1, "first"), entry(2, "second"))
        await reader.press("k", "y")
        await reader.until(lambda: len(written) == 2)
        assert stage.line("copied line first")


async def test_on_a_line_that_says_why_one_chooses_what_to_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line, the advice, or the command in it, whole however narrow the screen is."""
    written: list[str] = []
    to_clipboard(monkeypatch, written)
    async with Stage().open(80, 24) as stage:
        reader = await denied(stage)
        await reader.press("y")
        assert stage.line("copy", "l line", "a advice", "c command")
        await reader.press("c")
        await reader.until(lambda: len(written) == 1)
        assert base64.b64decode(written[0].split(";")[2].rstrip("\a\x1b\\")).decode() == COMMAND
        await reader.press("y", "escape", "k", "y")
        await reader.until(lambda: len(written) == 2)
        assert stage.line("copied line step 299")
