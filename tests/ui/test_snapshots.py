"""Every screen as it was last reviewed, at three sizes, dark and light: `make snapshots` writes them anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from fetchers.demo import METHODS, REFUSED
from fetchers.demo_records import demo_settings, fixture
from fetchers.errors import Failure
from fetchers.messages import LogEntry, Outcome
from fetchers.records import Reason, Record, State
from monitor.changes import (
    Change,
    EngineEnded,
    LogRead,
    Notice,
    ReadLog,
    ReasonRead,
    RowsChanged,
    ScopeStatus,
    TableChanged,
    TableStatus,
)
from monitor.commands.dashboard import subject
from monitor.config import parse
from monitor.detect import detect, fill
from monitor.invocation import start
from monitor.survey import Opening, Setup, Survey
from monitor.tables import TABLES
from monitor.ui.screens.dashboard import SPINNER
from monitor.ui.theme import DARK, LIGHT
from tests.support.snapshots import Album, Frame, frame
from tests.ui.scripted import NOW, Stage, failed, record, rows, scope, status

ALBUM = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (120, 40), (200, 60))
SETTINGS = demo_settings(NOW.timestamp())

Walk = Sequence[tuple[str, Sequence[str]]]
"""What each screen is called, and the keys that lead to it from the one before."""

TABLES_WALK: Walk = (
    ("tables", ()),
    ("failure", ("n",)),
    ("zoomed", ("z",)),
    ("find", ("z", "slash", *"state:failed")),
    ("find-wrong", tuple("x:[")),
    ("filtered", (*["backspace"] * 3, "enter")),
    ("sort", ("escape", "s")),
    ("sorted", ("t",)),
    ("off", ("s", "0", "2", "t")),
    ("one-cause", ("t", "3", "n", "c")),
    ("detail", ("escape", "enter")),
    ("copy", ("y",)),
    ("json", ("escape", "x")),
    ("help", ("x", "escape", "question_mark")),
    ("help-2", ("pagedown",)),
    ("help-last", ("pagedown",) * 8),
    ("palette", ("escape", "colon", *"so")),
    ("address", ("escape", "o")),
)
STATES_WALK: Walk = (
    ("states", ()),
    ("failed", ("2",)),
    ("stale", ("3",)),
    ("notice-zoomed", ("z",)),
    ("empty", ("z", "4")),
    ("partial", ("5",)),
)
START_WALK: Walk = (("start", ()), ("unset", ("enter",)), ("start-found", ("i", "r")))
LOG_WALK: Walk = (
    ("log", ()),
    ("log-elsewhere", ("G",)),
    ("log-copy", ("n", "n", "y")),
    ("log-search", ("escape", "slash", *"/step 1[0-9]/")),
    ("log-unwrapped", ("enter", "escape", "w", "G")),
)
ENDED = "engine-ended"
REASON, READING, REFUSED_LOG = "reason", "log-reading", "log-refused"
SCREENS = {name for walk in (TABLES_WALK, STATES_WALK, START_WALK, LOG_WALK) for name, _ in walk}
SCREENS |= {ENDED, REASON, READING, REFUSED_LOG}


class Visit:
    """Somebody who walks through the screens of a stage and compares each with the album."""

    def __init__(self, stage: Stage, size: tuple[int, int]) -> None:
        self._stage = stage
        self._size = size
        self._album = Album(ALBUM)
        self._differences: list[str] = []

    async def walk(self, walk: Walk) -> None:
        """Look at each screen."""
        for name, keys in walk:
            if keys:
                await self._stage.press(*keys)
            await self._come_to_rest()
            await self.look(name)

    async def _come_to_rest(self) -> None:
        """Until what a key has begun in the background is on the screen: a look, or the way to a browser."""
        for worker in list(self._stage.app.workers):
            if worker.name != "listen":
                await worker.wait()
        await self._stage.settle()

    async def look(self, name: str) -> None:
        """Look at the screen in both themes."""
        width, height = self._size
        present = self._stage.app.theme
        themes = (present, LIGHT.name if present == DARK.name else DARK.name)  # a change of theme takes its time
        frames = {theme: await self._in_theme(theme) for theme in themes}
        assert len(frames[DARK.name]) == height
        found = self._album.differs(f"{name}-{width}x{height}", frames[DARK.name], frames[LIGHT.name])
        self._differences.append(found)

    async def _in_theme(self, theme: str) -> Frame:
        if theme != self._stage.app.theme:
            self._stage.app.theme = theme
            await self._stage.settle()
        lines = frame(self._stage.app.screen._compositor.render_strips())
        return [[cell._replace(text=SPINNER[0]) if cell.text in SPINNER else cell for cell in line] for line in lines]

    def judge(self) -> None:
        """Fail where any screen was another."""
        found = [difference for difference in self._differences if difference]
        assert not found, "\n\n".join(["look at these, and then `make snapshots`:", *found])


def week() -> list[Change]:
    """The demo at its start, as an engine tells it once everything has answered or failed."""
    by_table: dict[str, list[Record]] = defaultdict(list)
    for item in fixture(NOW, NOW):
        by_table[item.table].append(item)
    changes: list[Change] = []
    for name, table in TABLES.items():
        shown = [item for item in by_table[name] if (name, item.scope) not in REFUSED]
        scopes = {place: answered(name, place, shown) for place in table.scopes(SETTINGS)}
        changes.append(RowsChanged(table=name, upserts={table.key(item): item for item in shown}))
        changes.append(TableChanged(status=TableStatus(table=name, took_s=1.6, scopes=scopes)))
    return changes


def answered(table: str, place: str, shown: Sequence[Record]) -> ScopeStatus:
    """What is known of one scope."""
    good = ScopeStatus(
        fetched_at=NOW - timedelta(seconds=4),
        live=True,
        took_s=0.6,
        rows=sum(item.scope == place for item in shown),
        next_at=NOW + timedelta(seconds=26),
    )
    if (table, place) not in REFUSED:
        return good
    text = f"{METHODS[table]} {place} page 1: PERMISSION_DENIED: {REFUSED[table, place]}"
    return replace(good, fetched_at=None, live=False, failure=Failure(kind="permission", text=text))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_tables_and_what_opens_from_them(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's week: tables, failures, zoom, filters, sorting, a record, its JSON, help, palette and an address."""
    monkeypatch.setenv("BROWSER", "")
    monkeypatch.setenv("SSH_CONNECTION", "127.0.0.1 1 127.0.0.1 22")
    stage = Stage(demo=True, subject=subject(SETTINGS))
    async with stage.open(*size):
        await stage.tell(*week())
        visit = Visit(stage, size)
        await visit.walk(TABLES_WALK)
        visit.judge()


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_state_of_a_table(size: tuple[int, int]) -> None:
    """Loading, failed, stale, empty and partly known are told apart; so are a notice and an engine that is gone."""
    stage = Stage(subject="acme-ml")
    lost = Failure(kind="unreachable", text="ListCustomJobs us-east1: no connection")
    old = scope(360, live=False, rows=2, failure=lost)
    refused = failed("Runs queue:gpu page 1: 403 Forbidden")
    async with stage.open(*size):
        await stage.tell(
            status("builds", {"us-east1": ScopeStatus(loading=True)}, waiting="its client is loading"),
            status("runner", {"us-east1": failed("ListExecutions us-east1 page 1: no answer in 20 s; worker killed")}),
            rows("vertex", [record("vertex", 1, State.RUNNING), record("vertex", 2, State.FAILED)]),
            status("vertex", {"us-east1": old}),
            status("active", {"acme/arr": scope()}),
            rows("completed", [record("completed", 3, scope="acme/arr")]),
            status("completed", {"acme/arr": scope(rows=1), "queue:gpu": refused}),
            Notice(level="error", text="the cache's disk is full: what is known now will be forgotten at the end"),
        )
        visit = Visit(stage, size)
        await visit.walk(STATES_WALK)
        await stage.tell(EngineEnded(how="SIGKILL", again_s=5))
        await stage.wait(0)  # until the screen has looked at the time
        await visit.look(ENDED)
        visit.judge()


OOM = Reason(
    text="CUDA out of memory: tried to allocate 2.50 GiB on a GPU of 79.15 GiB",
    rule="out_of_memory",
    category="resources",
    origin="python",
    fatal=True,
    advice="Take a smaller batch, or a machine with more memory: `gcloud compute machine-types list --filter=a3-mega`",
)
FAILURES = [record("vertex", number, State.FAILED, name=f"arr-sweep-{number}", reason=OOM) for number in range(2, 6)]
WRITTEN = (
    *(f"step {number} loss {8 / number:.3f} tokens/s {18_000 + 7 * number:,}" for number in range(1, 71)),
    "Traceback (most recent call last):",
    '  File "/app/train.py", line 211, in <module>',
    "    main(parse())",
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has 79.15 GiB, 1.37 of it 训练",
    "wandb: Run history: loss ▇▅▃▂▁",
)
EVIDENCE = Outcome(
    table="vertex", key="id-2", reason=OOM, evidence=WRITTEN[-8:], root=6, rules=3, entries=75, whole=False
)


def written() -> tuple[LogEntry, ...]:
    """A log of which the last lines say why."""
    began, severities = NOW - timedelta(minutes=8), ["INFO"] * 70 + ["ERROR"] * 4 + ["WARNING"]
    return tuple(
        LogEntry(text=text, at=began + timedelta(seconds=4 * number), severity=severity, id=str(number))
        for number, (text, severity) in enumerate(zip(WRITTEN, severities, strict=True))
    )


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_why_a_job_failed_and_its_log(size: tuple[int, int]) -> None:
    """Its reason with evidence, the log while it comes, its cause, what is searched for, and why there is none."""
    stage = Stage(subject="acme-ml")
    async with stage.open(*size):
        await stage.tell(rows("vertex", FAILURES), status("vertex", {"us-east1": scope(rows=4)}))
        await stage.press("3", "enter")
        told = ReasonRead(
            table="vertex",
            key="id-2",
            outcome=EVIDENCE,
            read_at=NOW - timedelta(seconds=70),
            said=Reason(text="The replica workerpool0-0 exited with a non-zero status of 1"),
        )
        await stage.tell(told)
        visit = Visit(stage, size)
        await visit.look(REASON)
        await stage.press("l")
        await visit.look(READING)
        await stage.tell(LogRead(request=asked(stage), entries=written(), token="t"), told)  # noqa: S106 - a page
        await visit.walk(LOG_WALK)
        await stage.press("r")
        await stage.press("escape", "l")
        refused = Failure(
            kind="permission",
            text="log not readable: needs roles/logging.viewer on acme-ml; run `gcloud projects "
            "add-iam-policy-binding acme-ml --member=user:me@acme.example --role=roles/logging.viewer`",
        )
        await stage.tell(LogRead(request=asked(stage), failure=refused))
        await visit.look(REFUSED_LOG)
        visit.judge()


def asked(stage: Stage) -> int:
    """Number of the last question about a log."""
    return [command.request for command in stage.link.commands if isinstance(command, ReadLog)][-1]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_what_a_newcomer_sees(size: tuple[int, int]) -> None:
    """Nothing is set up: the start screen, the tables behind it, and what it says once something has been found."""
    nothing = survey("")
    found = survey('[gcp]\nproject = "acme-ml"\n[wandb]\nentity = "acme"\nproject = "arr"')
    stage = Stage(setup=Setup(lambda: found, lambda: "", Opening(nothing.config, nothing, demo=False)))
    async with stage.open(*size):
        missing = {name: table.missing(nothing.start.settings) for name, table in TABLES.items()}
        await stage.tell(*(status(name, {}, missing=text) for name, text in missing.items()))
        visit = Visit(stage, size)
        await visit.walk(START_WALK)
        visit.judge()


def survey(text: str) -> Survey:
    """What is found on a bare machine with this configuration."""
    config = parse(text, Path("/nowhere/config.toml"))
    detected = detect(config, {"HOME": "/nowhere"}, Path("/nowhere/work"), Path("/nowhere"))
    filled = fill(config, detected)
    return Survey(filled, detected, start(filled), file_exists=bool(text), init="monitor config init")


def test_the_album_holds_the_screens_that_are_visited_and_no_other() -> None:
    """A screen that nobody looks at any more would be reviewed for nothing; so would an ink that nothing is in."""
    visited = {f"{name}-{width}x{height}" for name in SCREENS for width, height in SIZES}
    album = Album(ALBUM)
    album.clear_up(visited)
    assert album.names == visited
    assert album.used == album.codes
