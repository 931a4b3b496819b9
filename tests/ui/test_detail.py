"""The screen of one record: what it says, where it leads, and what one takes from it."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.events import MouseScrollDown, MouseScrollUp

from fetchers.errors import Failure
from fetchers.messages import Outcome
from fetchers.records import Reason, State
from monitor.changes import AskReason, Change, Hello, ReasonRead, RowsChanged
from monitor.export import record_json, render_json
from monitor.lineage import Row
from monitor.text import cell_width
from monitor.ui.app import MonitorApp
from monitor.ui.questions import copy_choices
from monitor.ui.screens.address import Address
from monitor.ui.screens.detail import Detail
from monitor.ui.taking import copyable
from monitor.ui.widgets.sheet import Sheet
from tests.support.environment import bare
from tests.support.terminal import MONITOR, Terminal
from tests.ui.scripted import NOW, PATIENCE_S, Stage, next_try, record, rows, scope, status

COMMAND = "gcloud compute machine-types list --filter=name=a2-highgpu-8g"
REASON = Reason(
    text="InvalidArgument: 400 Machine type a2-highgpu-8g is not supported in europe-west1",
    rule="machine_type_unsupported",
    category="config",
    origin="gcp",
    fatal=True,
    advice=f"Choose a region that has it: `{COMMAND}`",
)
URL = "https://console.cloud.google.com/agent-platform/locations/us-east1/training/6231?project=acme-ml"
JOB = record(
    "vertex",
    5,
    State.FAILED,
    id="6231",
    name="arr-llama-8b-sft",
    reason=REASON,
    url=URL,
    links={"vertex_job": "6231", "wandb_run": "k3f9", "image": "gcr.io/acme/arr@sha256:aa", "execution": "gone-x7"},
    detail={
        "resource": "projects/1/locations/us-east1/customJobs/6231",
        "machine_type": "a2-highgpu-8g",
        "timeout_s": 604800,
        "log_url": "https://console.cloud.google.com/logs/query;query=6231",
        "label.team": "vision",
        "label.wandb-run-id": "k3f9",
    },
)
RUN = record("active", 4, State.RUNNING, id="k3f9", name="llama-8b-sft", links={"vertex_job": "6231"})
BUILD = record("builds", 30, id="b7", name="arr:v7", detail={"images": "gcr.io/acme/arr:v7", "digest": "sha256:aa"})
TOLD: tuple[Change, ...] = (
    rows("builds", [BUILD]),
    rows("vertex", [JOB, record("vertex", 9), record("vertex", 11)]),
    rows("active", [RUN]),
    *(status(table, {"us-east1": scope(10, rows=3, took_s=1.8)}) for table in ("builds", "vertex", "active")),
)


async def opened(stage: Stage, table: str = "3") -> Detail:
    """The first row of a table, opened."""
    await stage.tell(*TOLD)
    await stage.press(table, "enter")
    assert isinstance(stage.app.screen, Detail)
    return stage.app.screen


def said(stage: Stage) -> str:
    """The screen's words, however its lines break."""
    return " ".join(" ".join(line.strip(" ▌┃▐") for line in stage.lines()).split())


def says(stage: Stage, words: str) -> bool:
    """Whether they are on the screen, on one line."""
    return words in stage.text()


async def until(stage: Stage, holds: Callable[[], bool]) -> None:
    """Wait for what another process, or the screen, does in its own time."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await stage.pilot.pause(0.02)
    await stage.settle()


def everything(stage: Stage) -> str:
    """All that one can scroll through, column by column, and what stands over it."""
    page = stage.app.screen.query_one(Sheet)._page
    columns: list[list[str]] = [[], []]
    for cells in page:
        for column, cell in zip(columns, cells, strict=False):
            column.append("".join(text for text, _ in cell.parts).strip(" ┃"))
    return " ".join(" ".join([*stage.lines()[:4], *columns[0], *columns[1]]).split())


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 12)])
async def test_everything_known_about_a_record_is_on_its_screen(size: tuple[int, int]) -> None:
    """Why, what to do, when, every field, every link, and where it is from; at every size, and only for the reason."""
    async with Stage().open(*size) as stage:
        await opened(stage)
        text = everything(stage)
        packed = text.replace(" ", "")
        for words in (
            *("✗ failed", "arr-llama-8b-sft", "vertex · us-east1", REASON.text, "machine_type_unsupported", "config"),
            *("said by gcp", "Choose a region that has it:", COMMAND, "6231", "FAILED"),
            *("2026-01-05 13:58:22 UTC", "5 min ago", "took", "5m 00s"),
            *("resource", "customJobs/6231", "a2-highgpu-8g", "604,800 (7d 00h)", "team", "vision", "wandb-run-id"),
            *("→ llama-8b-sft", "● running", "→ arr:v7", "gone-x7", "not in any table", URL, "/logs/query;query=6231"),
            *("Vertex AI API, ListCustomJobs", "live", "10 s ago", "1.8 s"),
        ):
            assert words.replace(" ", "") in packed, words
        assert {type(command) for command in stage.link.commands} == {AskReason}
        last = "".join(text for cell in stage.app.screen.query_one(Sheet)._page[-1] for text, _ in cell.parts)
        await stage.press("end")
        assert any(last.split() == line.strip(" ▐▌").split() for line in stage.lines())
        assert {cell_width(line) for line in stage.lines()} == {size[0]}


async def test_the_reason_is_on_the_first_screen_of_a_small_terminal() -> None:
    """With its advice, the command on lines of its own."""
    async with Stage().open(80, 24) as stage:
        await opened(stage)
        assert stage.line("┃ InvalidArgument: 400")
        assert stage.line("┃", COMMAND).strip(" ▌┃▐") == COMMAND


async def test_enter_follows_a_link_and_escape_goes_back_one_step() -> None:
    """To the run, from there to its job, and all the way back; the dashboard's cursor ends where one was last."""
    async with Stage().open() as stage:
        detail = await opened(stage)
        await stage.press("enter")
        assert detail.row == Row("active", "k3f9")
        assert stage.line("● running", "llama-8b-sft", "active")
        await stage.press("enter")
        assert detail.row == Row("vertex", "6231")
        await stage.press("escape")
        assert detail.row == Row("active", "k3f9")
        await stage.press("backspace")
        assert detail.row == Row("vertex", "6231")
        await stage.press("enter", "J", "escape", "escape", "q")
        assert stage.app.screen is stage.app.dashboard
        assert (stage.app.dashboard.table.table, stage.cursor()) == ("vertex", "6231")


async def test_the_cursor_of_the_dashboard_goes_where_one_looked_last() -> None:
    """Another row of the table, after J."""
    async with Stage().open() as stage:
        await opened(stage)
        await stage.press("J", "J", "K", "escape")
        assert (stage.app.dashboard.table.table, stage.cursor()) == ("vertex", "id-9")


async def test_links_are_shown_in_both_directions_and_each_row_once() -> None:
    """What names a record is as near as what it names."""
    async with Stage().open(80, 40) as stage:
        await opened(stage, "1")
        assert stage.line("Vertex job", "← arr-llama-8b-sft", "✗ failed")
        await stage.press("enter")
        assert len([line for line in stage.lines() if "llama-8b-sft  ● running" in line]) == 1
        assert stage.line("→ llama-8b-sft", "● running", "k3f9")
        assert "Named by" not in stage.text()


async def test_only_links_that_lead_somewhere_can_be_chosen() -> None:
    """Tab goes round among rows, pages and commands; what no table has is passed over."""
    async with Stage().open(120, 40) as stage:
        detail = await opened(stage)
        sheet, seen = detail.query_one(Sheet), list[str]()
        for _ in range(5):
            seen.append(type(sheet.selected).__name__)
            await stage.press("tab")
        assert seen == ["Follow", "Follow", "Open", "Open", "Take"]
        await stage.press("shift+tab")
        assert type(sheet.selected).__name__ == "Take"
        assert all("gone-x7" not in line for line in stage.lines() if line.startswith("▌"))


async def test_two_links_that_lead_to_the_same_are_two_places() -> None:
    """A build's page is where its log is: the cursor is on one of them."""
    build = record("builds", 1, url=URL, detail={"log_url": URL})
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("builds", [build]), status("builds"))
        await stage.press("1", "enter")
        for label in ("page", "log", "page"):
            marked = [line for line in stage.lines() if line.startswith("▌")]
            assert [line.split()[0] for line in marked if line[1] != " "] == [f"▌{label}"]
            await stage.press("tab")


async def test_a_record_that_changes_while_it_is_open_is_shown_as_it_is() -> None:
    """Its time runs, then it fails, and says why."""
    async with Stage().open() as stage:
        await opened(stage, "4")
        assert "4m 00s" in stage.line("runs for")
        await stage.wait(1)
        assert "4m 01s" in stage.line("runs for")
        failed = replace(RUN, state=State.FAILED, finished=NOW, reason=Reason(text="CUDA out of memory"))
        await stage.tell(rows("active", [failed]))
        assert stage.line("✗ failed", "llama-8b-sft", "active")
        assert stage.line("┃ CUDA out of memory")
        assert "4m 00s" in stage.line("took")


async def test_a_run_that_ends_is_followed_into_its_other_table() -> None:
    """It moves from `active` to `completed` under the same key."""
    async with Stage().open() as stage:
        detail = await opened(stage, "4")
        ended = replace(RUN, table="completed", state=State.SUCCEEDED, finished=NOW)
        await stage.tell(RowsChanged(table="active", removed=("k3f9",)), rows("completed", [ended]))
        assert detail.row == Row("completed", "k3f9")
        assert stage.line("✓ succeeded", "completed")
        assert "no longer listed" not in stage.text()


async def test_a_record_that_vanishes_stays_as_last_known_and_says_so() -> None:
    """Its neighbours can still be gone to: the next one is the one that took its place."""
    async with Stage().open() as stage:
        detail = await opened(stage)
        await stage.tell(RowsChanged(table="vertex", removed=("6231",)))
        assert stage.line("no longer listed; this is as last known")
        assert REASON.text in stage.text()
        await stage.press("l")
        assert stage.line("its log cannot be asked for")
        await stage.press("J")
        assert detail.row == Row("vertex", "id-9")
        assert "no longer listed" not in stage.text()


async def test_a_link_appears_once_the_row_that_it_names_is_there() -> None:
    """And disappears with it: nothing leads nowhere."""
    late = record("runner", 6, id="gone-x7", name="launcher-x7")
    async with Stage().open() as stage:
        await opened(stage)
        assert "not in any table" in stage.line("gone-x7")
        await stage.tell(rows("runner", [late]))
        await stage.wait(1)
        assert stage.line("→ launcher-x7", "✓ succeeded")
        await stage.tell(RowsChanged(table="runner", removed=("gone-x7",)))
        await stage.wait(1)
        assert "not in any table" in stage.line("gone-x7")


async def test_the_siblings_are_those_that_the_dashboard_shows() -> None:
    """In its order, without what its filter hides; it does not go on beyond the ends."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", [record("builds", n) for n in range(12)]), status("builds"))
        await stage.press("1", "slash", *"name-1", "enter", "enter")
        detail = stage.app.screen
        assert isinstance(detail, Detail)
        seen = []
        for _ in range(4):
            seen.append(detail.row.key)
            await stage.press("J")
        assert seen == ["id-1", "id-10", "id-11", "id-11"]
        assert "3/3" in stage.lines()[1]
        await stage.press(*"KKKK")
        assert detail.row.key == "id-1"


async def test_x_shows_the_very_json_that_ls_prints() -> None:
    """And back, to the same place."""
    async with Stage().open(120, 60) as stage:
        await opened(stage)
        await stage.press("x")
        body = [line[1:-1].rstrip() for line in stage.lines()[2:-1]]
        assert "\n".join(body).rstrip() == record_json(JOB)
        assert re.sub(r"\s", "", record_json(JOB)) in re.sub(r"\s", "", render_json(stage.app.mirror, ["vertex"], NOW))
        await stage.press("x")
        assert "Where this is from" in stage.text()


async def test_a_scope_that_failed_says_so_with_all_its_evidence() -> None:
    """However long; and when it is asked again, and that what is shown is old."""
    evidence = "ListCustomJobs us-east1 page 3: no answer in 20 s; worker killed; " + "in read (socket.py:720) < " * 30
    broken = scope(
        300, rows=3, live=False, failure=Failure(kind="timeout", text=evidence), next_at=NOW + timedelta(0, 30)
    )
    async with Stage().open(120, 60) as stage:
        await opened(stage)
        await stage.tell(status("vertex", {"us-east1": broken}))
        right = " ".join(line[60:].strip(" ▐") for line in stage.lines())
        assert " ".join(evidence.split()) in " ".join(right.split())
        assert "stale" in stage.line("answer", "5 min ago")
        assert next_try(30).removeprefix("next try ") in stage.line("asked again")
        assert "not known" in right


async def test_the_last_error_stays_on_the_page_after_the_scope_has_answered() -> None:
    """With when it was and the file that holds the stacks, which can be copied; before any error there is neither."""
    words = "ListCustomJobs us-east1 page 3: no answer in 20 s"
    over = scope(5, rows=3, failed_at=NOW - timedelta(minutes=7), got_over=Failure(kind="timeout", text=words))
    async with Stage().open(100, 60) as stage:
        await opened(stage)
        await stage.tell(Hello(version="1", pid=1, log="/var/log/monitor.log"))
        assert "last error" not in stage.text()
        assert "monitor.log" not in stage.text()
        await stage.tell(status("vertex", {"us-east1": over}))
        assert stage.line("answer  ", "live")
        assert "timeout  7 min ago; it has answered since" in stage.line("last error")
        assert words in stage.text()
        assert "/var/log/monitor.log" in stage.line("evidence")


async def test_what_ran_when_it_was_last_heard_of_is_not_said_to_run_now() -> None:
    """Its time stands still, and it is said as of when."""
    async with Stage().open() as stage:
        await opened(stage, "4")
        await stage.wait(300)
        assert stage.line("~ as of 5 min ago")
        assert "3m 50s" in stage.line("runs for")


# --- what the reason rests on ----------------------------------------------------------------------------------------

LINES = tuple(f"line {number} of the evidence" for number in range(1, 20))
OUTCOME = Outcome(
    table="vertex",
    key="6231",
    reason=REASON,
    evidence=(*LINES, "google.api_core.exceptions.InvalidArgument: 400 Machine type a2-highgpu-8g", "after it"),
    root=len(LINES),
    rules=7,
    entries=1_204,
)
READ = ReasonRead(table="vertex", key="6231", outcome=OUTCOME, read_at=NOW - timedelta(minutes=3))


@pytest.mark.parametrize("size", [(80, 40), (120, 40), (200, 60)])
async def test_the_evidence_is_shown_with_its_root_cause_marked(size: tuple[int, int]) -> None:
    """By a sign, a word and a colour; with numbers of lines, and how many are left out."""
    async with Stage().open(*size) as stage:
        await opened(stage)
        before = everything(stage)
        assert "Evidence" not in before
        assert "Where the reason is from" not in before
        await stage.tell(READ)
        assert re.search(r"▶ +20 +root cause: google.api_core", stage.line("▶"))
        assert stage.line(" 19 ", "line 19 of the evidence")
        assert stage.line(" 21 ", "after it")
        assert stage.line("… 14 lines before; y copies all")
        assert "line 14 of" not in stage.text()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (READ, "3 min ago by this session from 1,204 entries, all of its log rules version 7"),
        (
            replace(READ, cached=True, outcome=replace(OUTCOME, whole=False, entries=1)),
            "by an earlier session, or another monitor: kept from 1 entry, not all of its log rules version 7",
        ),
    ],
    ids=["read now", "read before"],
)
async def test_where_a_reason_is_from_is_said(told: ReasonRead, words: str) -> None:
    """When it was read, by whom, from how much, and by which rules."""
    async with Stage().open(80, 60) as stage:
        await opened(stage)
        await stage.tell(told)
        assert words in everything(stage)


async def test_what_the_source_said_is_shown_where_that_is_something_else() -> None:
    """Not where the reason has its words."""
    async with Stage().open() as stage:
        await opened(stage)
        await stage.tell(replace(READ, said=Reason(text="The replica workerpool0-0 exited with status 1")))
        assert stage.line("┃ The source itself says: The replica workerpool0-0 exited with status 1")
        await stage.tell(replace(READ, said=Reason(text="Machine type a2-highgpu-8g is not supported")))
        assert "The source itself says" not in stage.text()


async def test_a_log_that_has_not_been_read_is_said_and_asked_about_again() -> None:
    """Whether it waits or cannot be read; once that is another, the engine is asked what it knows now."""
    why = "log not readable: needs roles/logging.viewer on acme"
    nothing = ReasonRead(table="vertex", key="6231")
    async with Stage().open() as stage:
        await opened(stage)
        asked = AskReason(table="vertex", key="6231")
        assert stage.link.commands == [asked]
        await stage.tell(status("vertex", unread=5), nothing)
        assert stage.line("┃ Its log has not been read yet: 5 logs of vertex to read")
        assert stage.link.commands == [asked] * 2
        await stage.tell(status("vertex", unreadable=why), nothing)
        assert stage.line(f"┃ {why}")
        await stage.tell(rows("vertex", [replace(JOB, reason=Reason(text="out of memory"))]))
        assert stage.link.commands == [asked] * 4
        await stage.tell(Hello(version="1", pid=2))
        assert stage.link.commands == [asked] * 5
        await stage.wait(5)
        assert stage.link.commands == [asked] * 5


async def test_an_answer_about_another_row_is_not_shown() -> None:
    """Somebody has gone on before it came; that one is asked about."""
    async with Stage().open() as stage:
        await opened(stage)
        await stage.press("J")
        assert stage.link.commands[-1] == AskReason(table="vertex", key="id-9")
        await stage.tell(READ)
        assert "Evidence" not in stage.text()
        await stage.press("K")
        await stage.tell(READ)
        assert "Evidence" in stage.text()


HOSTILE = "[@click=app.quit]go[/] \x1b[2J\x1b]8;;http://e.example\x07l\x1b]52;c;eA==\x07 \u202eabc 训练 עברית\x9b31m"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_hostile_text_is_text_on_every_line(size: tuple[int, int]) -> None:
    """In every field, as JSON too: no markup, no sequence, no link, and each line as wide as the screen."""
    evil = record(
        "vertex",
        1,
        State.FAILED,
        id=HOSTILE,
        name=HOSTILE,
        raw_state=HOSTILE,
        scope=HOSTILE,
        reason=Reason(text=HOSTILE, rule=HOSTILE, origin=HOSTILE, advice=f"{HOSTILE} `{HOSTILE}` {HOSTILE}"),
        url=f"https://e.example/{HOSTILE}",
        links={"wandb_run": HOSTILE, HOSTILE: HOSTILE},
        detail={HOSTILE: HOSTILE, "log_url": HOSTILE, f"label.{HOSTILE}": f"a\n\x1b[1m{HOSTILE}\r\n  b"},
    )
    failing = scope(300, rows=1, live=False, failure=Failure(kind=HOSTILE, text=HOSTILE))
    async with Stage().open(*size) as stage:
        await stage.tell(RowsChanged(table="vertex", upserts={"evil": evil}), status("vertex", {HOSTILE: failing}))
        await stage.press("3", "enter")
        for keys in (("pagedown",), ("pagedown",), ("pagedown",), ("x",), ("end",)):
            assert {cell_width(line) for line in stage.lines()} == {size[0]}
            assert all(line.isprintable() for line in stage.lines())
            for strip in stage.app.screen._compositor.render_strips():
                assert not any(segment.style and (segment.style.link or segment.style.meta) for segment in strip)
            await stage.press(*keys)
        assert stage.app.is_running


async def test_long_values_are_wrapped_and_end_somewhere_and_lines_stay_lines() -> None:
    """Ten thousand characters take a dozen lines; the JSON has them all."""
    long = record("vertex", 1, detail={"notes": "word " * 2000, "token": "x" * 10_000, "config": "a: 1\n  b: 2\nc: 3"})
    async with Stage().open(80, 24) as stage:
        await stage.tell(rows("vertex", [long]), status("vertex"))
        await stage.press("3", "enter", "x", "x")
        text = everything(stage)
        assert text.count("(x shows all of it)") == 2
        assert stage.app.screen.query_one(Sheet)._last_top < 60
        await stage.pilot.resize_terminal(80, 60)
        await stage.settle()
        at = next(n for n, line in enumerate(stage.lines()) if "a: 1" in line)
        assert [line[13:].rstrip(" ▐") for line in stage.lines()[at : at + 3]] == ["a: 1", "  b: 2", "c: 3"]
        await stage.press("x", "end")
        found = stage.app.screen.query_one(Sheet)._page
        assert sum(part[0].count("x") for (cell,) in found for part in cell.parts) >= 10_000


async def test_keys_scroll_and_the_cursor_stays_in_view() -> None:
    """By lines, pages and to the ends; the wheel too."""
    async with Stage().open(80, 16) as stage:
        detail = await opened(stage)
        sheet = detail.query_one(Sheet)
        for keys, top in ((("j", "j"), 2), (("k",), 1), (("end",), sheet._last_top), (("g",), 0)):
            await stage.press(*keys)
            assert sheet.top == top
            places = sheet._in_view
            assert not places or sheet.selected in [place.target for place in places]
        await stage.press("pagedown")
        assert sheet.top == sheet.size.height - 1
        for event, by in ((MouseScrollDown, 3), (MouseScrollUp, -3)):
            before = sheet.top
            await stage.pilot._post_mouse_events([event], "Sheet", offset=(5, 5))
            await stage.settle()
            assert sheet.top == before + by


async def test_a_click_goes_where_it_points() -> None:
    """To the row that a link names."""
    async with Stage().open() as stage:
        detail = await opened(stage)
        y = next(n for n, line in enumerate(stage.lines()) if "→ llama-8b-sft" in line)
        x = stage.lines()[y].index("→ llama")
        await stage.pilot.click(offset=(x, y))
        await stage.settle()
        assert detail.row == Row("active", "k3f9")


# --- what one takes from it --------------------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was written to a terminal beside frames, which stands alone: no tmux, no browser."""
    texts: list[str] = []

    def write(_: MonitorApp, text: str) -> bool:
        texts.append(text)
        return True

    monkeypatch.setattr("monitor.ui.app.MonitorApp.write_out", write)
    for name in ("TMUX", "STY", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY", "VTE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return texts


def copied(written: list[str]) -> str:
    """The text that the terminal was last told to copy."""
    found = re.fullmatch(r"\x1b\]52;c;(.*)\x07", written[-1])
    assert found
    return base64.b64decode(found[1]).decode()


def test_there_is_a_letter_for_everything_that_one_may_want() -> None:
    """Each its own, and each gives the whole text of that name."""
    texts = copyable(JOB)
    assert {choice.key: texts[choice.value] for choice in copy_choices(texts)} == {
        "i": "6231",
        "u": URL,
        "r": REASON.text,
        "a": REASON.advice,
        "c": COMMAND,
        "j": record_json(JOB),
    }


async def test_y_and_a_letter_copy(written: list[str]) -> None:
    """On the detail as on the dashboard; and it is said what was copied."""
    async with Stage().open() as stage:
        await opened(stage)
        for leave, key, text in (((), "c", COMMAND), (("escape",), "u", URL)):
            await stage.press(*leave)
            await stage.press("y")
            assert stage.line("copy", "id", "URL", "reason", "advice", "command", "JSON")
            before = len(written)
            await stage.press(key)
            await until(stage, lambda before=before: len(written) > before)  # type: ignore[misc]
            assert copied(written) == text
            assert stage.line("copied")


async def test_evidence_is_copied_whole(written: list[str]) -> None:
    """Also what the page has no room for; `e` is its letter."""
    async with Stage().open() as stage:
        await opened(stage)
        await stage.tell(READ)
        await stage.press("y", "e")
        await until(stage, lambda: bool(written))
        assert copied(written).splitlines() == [*OUTCOME.evidence]


async def test_a_question_that_is_left_copies_nothing(written: list[str]) -> None:
    """Esc answers nothing, and the keys are the page's again."""
    async with Stage().open() as stage:
        detail = await opened(stage)
        await stage.press("y", "escape", "y", "z", "J")
        assert detail.row == Row("vertex", "id-9")
        assert not written


async def test_enter_on_a_command_copies_it(written: list[str]) -> None:
    """One line of it, however it was wrapped."""
    async with Stage().open(40, 40) as stage:
        await opened(stage)
        await stage.press(*["tab"] * 3, "home", "shift+tab")
        while type(stage.app.screen.query_one(Sheet).selected).__name__ != "Take":
            await stage.press("tab")
        await stage.press("enter")
        await stage.settle()
        assert copied(written) == COMMAND


async def test_a_terminal_that_takes_no_copies_says_what_to_do(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent to it."""
    monkeypatch.setenv("TERM", "linux")
    async with Stage().open() as stage:
        await opened(stage)
        await stage.press("y", "i")
        await stage.settle()
        assert "no clipboard (TERM is linux): select it with the mouse" in stage.line("not copied")
        assert not written


FROM = pytest.mark.parametrize("way", [(), ("escape",)], ids=["its page", "the tables"])
"""Keys that lead from the page of a row to where its keys are pressed."""


@FROM
async def test_o_and_shift_l_open_the_page_and_the_log(
    written: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: tuple[str, ...]
) -> None:
    """In the browser that the person has named."""
    del written
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/asked\n')
    program.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(program))
    async with Stage().open() as stage:
        await opened(stage)
        await stage.press(*way)
        for key, asked in (("o", URL), ("L", JOB.detail["log_url"])):
            await stage.press(key)
            await until(stage, partial(says, stage, f"opened {asked}"))
        assert (tmp_path / "asked").read_text().splitlines() == [URL, JOB.detail["log_url"]]


async def test_where_there_is_no_browser_the_whole_address_is_shown(written: list[str]) -> None:
    """On a small terminal too, from edge to edge, with why; `y` copies it, and Esc is back."""
    async with Stage().open(40, 12) as stage:
        await opened(stage)
        await stage.press("o")
        await until(stage, lambda: isinstance(stage.app.screen, Address))
        assert URL in "".join(stage.lines()).replace(" ", "")
        assert "$BROWSER" in said(stage)
        start = next(n for n, line in enumerate(stage.lines()) if line.startswith("https://"))
        assert stage.lines()[start].rstrip() == URL[:40]
        await stage.press("y")
        await stage.settle()
        assert copied(written) == URL
        await stage.press("escape")
        assert isinstance(stage.app.screen, Detail)


@FROM
async def test_what_a_record_does_not_have_is_said(written: list[str], way: tuple[str, ...]) -> None:
    """No page, no log: no key does nothing without a word."""
    async with Stage().open() as stage:
        await opened(stage, "4")
        await stage.press(*way)
        for key, what in (("o", "page"), ("L", "log")):
            await stage.press(key)
            await until(stage, partial(says, stage, f"its source names no {what}"))
        assert not written


@FROM
async def test_a_log_that_is_no_page_can_be_copied(written: list[str], way: tuple[str, ...]) -> None:
    """A bucket is read with other tools."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", [record("builds", 1, detail={"log_uri": "gs://logs/log-1.txt"})]))
        await stage.press("1", "enter", *way, "L")
        await until(stage, partial(says, stage, "copied log gs://logs/log-1.txt"))
        assert copied(written) == "gs://logs/log-1.txt"


# --- on a real terminal ------------------------------------------------------------------------------------------


def test_on_a_terminal_a_failure_is_opened_read_and_copied(tmp_path: Path) -> None:
    """The demo: to a failure, its screen, its id into the terminal's clipboard, and back."""
    environment = bare(
        tmp_path, TERM="xterm-256color", DISPLAY="", WAYLAND_DISPLAY="", BROWSER="", SSH_TTY="/dev/pts/9"
    )
    for name in ("TMUX", "STY"):
        environment.pop(name, None)
    with Terminal([MONITOR, "--demo"], columns=120, rows=40, environment=environment) as terminal:
        terminal.wait(lambda: any("✗ failed" in line and "~" not in line for line in terminal.lines), "a failure")
        terminal.send("n")
        terminal.send("\r")
        terminal.wait_for("Where this is from")
        terminal.wait(lambda: any(line.startswith(" id ") for line in terminal.lines), "its id")
        shown = next(line for line in terminal.lines if line.startswith(" id ")).split()[1]
        terminal.send("y")
        terminal.wait_for("copy   i id")
        terminal.send("i")
        sequence = b"\x1b]52;c;" + base64.b64encode(shown.encode()) + b"\x07"
        terminal.wait(lambda: sequence in terminal.raw, "the clipboard to be set")
        terminal.wait_for(f"copied id {shown}")
        terminal.send("o")
        terminal.wait_for("Not opened: over ssh there is no browser here")
        terminal.send("q")
        terminal.wait_for("Where this is from")
        terminal.send("q")
        terminal.wait_for("1 builds")
        terminal.send("q")
        assert terminal.wait_for_end() == 0
