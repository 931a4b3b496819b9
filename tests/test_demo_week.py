"""The demo's fixture: a believable week, the same for whoever asks, which goes on while one watches."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import NoneType

import pytest
from google.cloud.aiplatform_v1.types import JobState
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.cloud.run_v2.types import Condition

from fetchers import builds, vertex
from fetchers.demo import DEAD_AFTER, DEAD_TABLE, REFUSED, listed
from fetchers.demo_launches import ONLINE
from fetchers.demo_records import demo_settings, fixture
from fetchers.demo_story import WORDS
from fetchers.diagnosis.rules import RULES
from fetchers.messages import Fetch
from fetchers.records import Record, State, ordered
from fetchers.wandb_records import ITEM_STATES, RUN_STATES
from monitor.changes import Start
from monitor.freshness import Freshness, of_table
from monitor.lineage import resolve
from monitor.link import EngineProcess
from monitor.mirror import Mirror
from monitor.tables import TABLES, TablePlan

EPOCH = datetime(2026, 3, 4, 9, 41, tzinfo=UTC)

FOUNDING = {
    "machine_type_unsupported",
    "invalid_argument",
    "permission_denied",
    "not_found",
    "quota_exceeded",
    "repeated_failures",
    "python_exception",
    "http_error",
    "service_error",
    "wandb_init",
    "image_pull",
    "out_of_memory",
    "disk_full",
    "preempted",
    "deadline_exceeded",
    "collective_failure",
    "process_killed",
}
"""The rules that everybody will meet."""


def at(**after: float) -> list[Record]:
    """The records so long after the start."""
    return list(fixture(EPOCH, EPOCH + timedelta(**after)))


def of(table: str, records: Iterable[Record]) -> list[Record]:
    """Those of one table, in the order of the screen."""
    return ordered(record for record in records if record.table == table)


def first_minutes(minutes: float = 7, every_s: float = 6) -> list[list[Record]]:
    """What one sees who watches from the start."""
    return [at(seconds=every_s * number) for number in range(int(minutes * 60 / every_s))]


def test_the_same_moment_has_the_same_records_whatever_was_asked_before() -> None:
    """No clock and no dice but the epoch's: a day later and back again it is the same."""
    first = at(minutes=3)
    assert at(days=1) != first
    assert at(minutes=3) == first


def test_another_epoch_moves_every_time_and_nothing_else() -> None:
    """What is told depends on how long it runs."""
    later = timedelta(days=200, hours=7, seconds=13)
    moved = fixture(EPOCH + later, EPOCH + later)
    for ours, theirs in zip(at(), moved, strict=True):
        assert (ours.id, ours.state, ours.name, ours.links) == (theirs.id, theirs.state, theirs.name, theirs.links)
        assert ours.created is not None
        assert theirs.created == ours.created + later


def test_a_scope_alone_is_that_part_of_the_whole() -> None:
    """A fetch of one region makes no other region's records."""
    assert list(fixture(EPOCH, EPOCH, ONLINE)) == [record for record in at() if record.scope == ONLINE]


def test_every_table_is_filled_at_the_start() -> None:
    """Enough to scroll in all of them, and not so much that a newcomer is lost."""
    rows = Counter(record.table for record in at())
    assert set(rows) == set(TABLES)
    assert rows["active"] >= 12
    assert all(25 <= rows[table] <= 100 for table in TABLES if table != "active"), rows


def test_ids_are_unique_and_records_belong_to_scopes_that_are_asked() -> None:
    """At any time, and nothing is where the demo may not read."""
    settings = demo_settings(EPOCH.timestamp())
    for hours in (0, 0.03, 3, 30, 300):
        records = at(hours=hours)
        keys = Counter((TABLES[record.table].source, TABLES[record.table].key(record)) for record in records)
        assert keys.most_common(1)[0][1] == 1
        assert all(record.scope in TABLES[record.table].scopes(settings) for record in records)
        assert not {(record.table, record.scope) for record in records} & set(REFUSED)


def test_the_newest_failure_of_every_table_is_on_its_first_lines() -> None:
    """Whoever opens it sees at once why things fail."""
    for table in ("builds", "runner", "vertex", "completed"):
        newest = next(record for record in of(table, at()) if record.state.ended)
        assert newest.state is State.FAILED, table
        assert newest.reason is not None


def test_each_rule_of_the_diagnosis_gives_a_reason_within_the_week() -> None:
    """With its category, who said it, and what to do about it."""
    reasons = [record.reason for record in at() if record.reason is not None]
    given = {reason.rule: reason.category for reason in reasons if reason.rule}
    assert given.keys() >= FOUNDING
    assert given == {rule: RULES[rule].category for rule in given}
    assert all(reason.advice and reason.origin for reason in reasons if reason.rule)
    assert all(reason.text and "\n" not in reason.text for reason in reasons)


def test_every_state_and_every_word_of_the_sources_is_seen_within_minutes() -> None:
    """In passing or for good: nobody has to wait for a cancelled job to see what one looks like."""
    seen = [record for records in first_minutes(10) for record in records]
    states = {(record.table, record.state) for record in seen}
    active = {State.QUEUED, State.RUNNING}
    for table in TABLES:
        assert {state for name, state in states if name == table} >= (
            active if table == "active" else set(State) - (active if table == "completed" else set())
        )
    words = {record.raw_state for record in seen}
    assert words >= {raw for kind in WORDS.values() for _, raw in kind.values()}


def test_words_mean_what_they_mean_to_the_real_fetchers() -> None:
    """The demo's table of states is theirs."""
    assert WORDS["builds"] == _named(builds.STATES, Build.Status)
    assert WORDS["vertex"] == _named(vertex.STATES, JobState)
    assert {word: state for word, (state, _) in WORDS["runs"].items()} == RUN_STATES
    assert {word: state for word, (state, _) in WORDS["items"].items()} == ITEM_STATES
    assert {raw for _, raw in WORDS["runner"].values()} == {state.name for state in Condition.State}


def _named(states: dict[int, State], words: type) -> dict[str, tuple[State, str]]:
    return {words(value).name: (state, words(value).name) for value, state in states.items()}


def test_something_changes_every_few_seconds_of_the_first_minutes() -> None:
    """A state, somewhere: progress alone does not count."""
    last, quiet = -1.0, 0.0
    before: dict[str, str] = {}
    for second in range(150):
        now = {record.id: record.raw_state for record in at(seconds=second)}
        if now != before:
            last, quiet, before = second, max(quiet, second - last), now
    assert quiet <= 12


def test_a_launch_goes_all_the_way_before_ones_eyes() -> None:
    """Build, queue, launcher, job, run, crash: one after another, each with links to those before and after it."""
    told: list[str] = []
    for seconds in range(0, 200, 2):
        records = at(seconds=seconds)
        run = [record for record in records if record.name == "llama-8b-dpo-beta0.1"]
        [build] = [record for record in records if record.name == "arr-train:7f3a91c"]
        job = [record for record in records if record.id == build.links.get("vertex_job")]
        execution = [record for record in records if record.id == build.links.get("execution")]
        said = " ".join(record.raw_state for record in (build, *execution, *job, *run))
        if said not in told:
            told.append(said)
    assert told[0] == "WORKING"
    assert told[1:3] == ["SUCCESS", "SUCCESS pending"]
    assert "SUCCESS CONDITION_RECONCILING leased" in told
    assert "SUCCESS CONDITION_SUCCEEDED JOB_STATE_RUNNING running" in told
    assert told[-1] == "SUCCESS CONDITION_SUCCEEDED JOB_STATE_FAILED failed"


def test_links_lead_from_row_to_row_through_all_tables() -> None:
    """Whatever a link names is a row, but for images that were built before the week began."""
    records = at(minutes=4)
    rows = {table: {TABLES[table].key(record): record for record in of(table, records)} for table in TABLES}
    followed = Counter[str]()
    for record in records:
        for kind, value in record.links.items():
            found = resolve(kind, value, rows, record.created)
            assert found is not None or kind in {"image", "build"}, (record.name, kind, value)
            followed[kind] += found is not None
    assert set(followed) == {"build", "image", "execution", "vertex_job", "wandb_run"}
    assert min(followed.values()) > 40
    crashed = next(record for record in records if record.id == "d4b6z1kl")
    assert set(crashed.links) == set(followed)


def test_runs_make_steps_and_learn() -> None:
    """A run that runs has made more steps a minute later, and its loss falls in the long run."""
    now, later = ({record.id: record for record in at(minutes=minute)} for minute in (2, 62))
    runs = [id_ for id_, record in now.items() if record.scope == ONLINE and record.state is State.RUNNING]
    still = [id_ for id_ in runs if later[id_].state is State.RUNNING]
    assert still
    assert all(int(str(later[id_].detail["step"])) > int(str(now[id_].detail["step"])) for id_ in still)
    before, after = (float(str(records["k3f9x2ab"].detail["summary.loss"])) for records in (now, later))
    assert after < before + 0.05


@pytest.mark.parametrize("hours", [1, 3, 7, 26, 100, 1_000])
def test_hours_and_days_later_it_goes_on(hours: int) -> None:
    """Jobs run, items wait, builds and failures are recent, and nothing piles up."""
    records = at(hours=hours)
    states = Counter((record.table, record.state) for record in records)
    assert states["vertex", State.RUNNING] >= 3
    assert states["runner", State.RUNNING] >= 1
    assert states["active", State.RUNNING] >= 4
    assert states["active", State.QUEUED] >= 1
    now = EPOCH + timedelta(hours=hours)
    for table in ("builds", "runner", "vertex", "completed"):
        ended = [record for record in of(table, records) if record.finished]
        assert now - max(record.finished for record in ended if record.finished) < timedelta(hours=1)
    assert len(records) < 1_000


def test_no_scope_gives_more_than_its_limit_and_what_is_pending_comes_first() -> None:
    """As with the real fetchers, a long job never vanishes behind younger ones."""
    fetch = Fetch(table="vertex", generation=1, scopes=("us-central1",), soft_deadline_s=8, limit=10)
    records = listed(at(hours=50), fetch, "us-central1")
    assert len(records) == 10
    pending = [record for record in of("vertex", at(hours=50)) if record.state.pending]
    assert {record.id for record in pending if record.scope == "us-central1"} <= {record.id for record in records}


def test_details_have_what_the_real_fetchers_give() -> None:
    """Pages, logs, machines, counts, and whose it is: nobody's name but that of a role."""
    for record in at(minutes=2):
        assert record.url or record.scope.startswith("queue:")
        assert isinstance(record.detail.get("mine"), NoneType if record.table in {"builds", "vertex"} else bool)
        assert all(value not in {None, ""} for value in record.detail.values())
        assert record.url is None or record.url.startswith(("https://console.cloud.google.com/", "https://wandb.ai/"))
        wanted = {"builds": "digest", "runner": "succeeded", "vertex": "machine_type"}.get(record.table)
        if wanted and record.state is State.SUCCEEDED:
            assert record.detail[wanted]
    accounts = {record.detail["creator"] for record in at() if record.table == "runner"}
    assert all(str(account).endswith("@acme-ml.iam.gserviceaccount.com") for account in accounts)
    assert {True, False} <= {record.detail.get("mine") for record in at()}


def test_reasons_tell_of_their_own_record_and_of_nothing_else() -> None:
    """Executions, images and machines in them are its own, or such as its links name."""
    told = Counter[str]()
    for record in at():
        said = f"{record.reason.text} {record.reason.advice}" if record.reason else ""
        assert "{" not in said
        for image in re.findall(r"us-central1-docker\.pkg\.dev/[^ :\"]+:[^ :\"]+", said):
            assert image == record.links["image"], record.name
            told["image"] += 1
        for execution in re.findall(r"vertex-ai-launcher-\w+", said):
            assert execution == record.links["execution"], record.name
            told["execution"] += 1
    assert set(told) == {"image", "execution"}


def test_spans_in_reasons_are_those_of_the_record() -> None:
    """What ran into a limit has run, or waited, exactly as long, and its own details say so too."""
    limits = {"after its timeout of": "timeout_s", "build timed out after": "timeout_s", "It waited": "queue_ttl_s"}
    told = set()
    for record in at():
        for words, limit in limits.items():
            if record.reason is None or words not in record.reason.text or record.scope == ONLINE:
                continue
            [seconds] = re.findall(rf"{words} (\d+) s", record.reason.text)
            assert record.detail[limit] == int(seconds)
            assert record.seconds(EPOCH) == pytest.approx(int(seconds), abs=1)
            told.add(words)
        if record.table == "vertex" and record.reason and record.reason.rule == "preempted":
            [(hours, minutes)] = re.findall(r"after (?:(\d+) h )?(\d+) min", record.reason.text)
            assert record.seconds(EPOCH) == pytest.approx(3600 * int(hours or 0) + 60 * int(minutes), abs=60)
            told.add("reclaimed")
    assert told == {*limits, "reclaimed"}


def test_names_are_long_short_and_of_many_scripts() -> None:
    """What a real project has, so that a cut or a width that is wrong shows."""
    names = [record.name for record in at()]
    assert max(map(len, names)) >= 50
    for wide in ("日本語", "指令微调", "한국어", "évaluation", "ＷＩＤＥ"):
        assert any(wide in name for name in names), wide


def test_telling_costs_little() -> None:
    """It runs on laptops all day: a scope takes milliseconds, whenever it is asked."""
    at(hours=90)
    began = time.process_time()
    for _ in range(10):
        list(fixture(EPOCH, EPOCH + timedelta(hours=90), "us-central1"))
    assert time.process_time() - began < 10 * 0.05


BEFORE_S = 6.0
"""Seconds from the start of the engine to the moment at which its oldest connections die."""

PLAN = TablePlan(interval_s=2.5, timeout_s=2.5)


async def test_a_source_that_hangs_is_killed_and_recovers_before_ones_eyes(tmp_path: Path) -> None:
    """The read never returns, the watchdog ends the worker and says where it hung; the next one answers again."""
    settings = demo_settings(time.time() - DEAD_AFTER.total_seconds() + BEFORE_S)
    link = EngineProcess(Start(settings=settings, tables={DEAD_TABLE: PLAN}, log_dir=str(tmp_path)))
    mirror, hung, told = Mirror(), False, []
    try:
        async with asyncio.timeout(40):
            async for change in link.changes():
                mirror.apply(change)
                status = mirror.status.get(DEAD_TABLE)
                fresh = status and of_table(status, datetime.now(UTC))
                failures = {scope.failure.text for scope in status.scopes.values() if scope.failure} if status else ()
                hung = hung or any("worker killed" in text for text in failures)
                told += [text for text in failures if text not in told]
                if hung and fresh is Freshness.LIVE:
                    break
                assert not hung or mirror.rows[DEAD_TABLE]
    finally:
        link.close()
    assert any(re.fullmatch(r"ListBuilds \S+ page 1: no answer in 2\.5 s; worker killed", text) for text in told), told
    assert "_read_for_ever" in (tmp_path / "monitor.log").read_text()
