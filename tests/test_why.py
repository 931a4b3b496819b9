"""`monitor why` as it is used: one record, from the cache and from its source, and all failures by their causes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fetchers.messages import Outcome
from fetchers.records import Reason, Record, State
from monitor import because, cause_report
from monitor.because import Because, lack
from monitor.lineage import Row
from monitor.lookup import called, lookup, near
from monitor.paint import plain
from monitor.same_cause import grouped, unexplained
from tests.emulators.control import Emulators, running
from tests.support.command import run
from tests.support.environment import bare
from tests.support.hostile import EVERY
from tests.support.records import NOON, record
from tests.support.sent import PRINTING, foreign
from tests.support.stage import Stage
from tests.support.terminal import MONITOR, Terminal

OF_RECORD = ["schema", "at", "record", "known", "problem", "said", "evidence", "read", "asked"]


# --- with sources -----------------------------------------------------------------------------------------------------


@dataclass
class World:
    """Servers of ours, a machine whose cache knows some of what they tell, and the records that it knows."""

    emulators: Emulators
    stage: Stage
    records: dict[str, list[dict[str, Any]]]

    def monitor(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One run of the program."""
        return subprocess.run(
            [MONITOR, "--config", str(self.stage.config), *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=self.stage.environment,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def calls(self) -> dict[str, int]:
        """Every call that was ever made."""
        return self.emulators.calls("google") | self.emulators.calls("wandb")

    def failed(self, table: str) -> list[dict[str, Any]]:
        """The failures of a table."""
        return [one for one in self.records[table] if one["state"] == "failed"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Tables of jobs and of runs, asked once, their logs read."""
    home = tmp_path_factory.mktemp("home")
    with running(regions=2) as emulators:
        found = World(emulators, Stage(emulators, home), {})
        ran = found.monitor("ls", "vertex", "active", "completed", "-o", "json", "--timeout", "50")
        assert ran.returncode == 0, ran.stderr
        found.records |= {name: table["records"] for name, table in json.loads(ran.stdout)["tables"].items()}
        yield found


def test_what_has_ended_and_was_read_is_told_without_a_call(world: World) -> None:
    """The reason, the lines that say so with the root cause marked, when they were read, and what to do."""
    job, before = world.failed("vertex")[0], world.calls()
    ran = world.monitor("why", job["id"], "-o", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert world.calls() == before
    told = json.loads(ran.stdout)
    assert [*told] == OF_RECORD
    assert told["record"] == job
    assert (told["known"], told["problem"]) == (True, None)
    (root,) = [line["text"] for line in told["evidence"] if line["root"]]
    assert job["reason"]["text"] in root
    assert told["read"]["cached"] is True
    assert told["read"]["entries"] > 0
    assert told["read"]["rules"] > 0
    assert told["said"]["text"] != job["reason"]["text"]


@pytest.mark.parametrize("word", ["{scope}/{id}", "vertex/{scope}/{id}", "{name}", "{url}", "{detail[resource]}"])
def test_a_record_answers_to_every_name_that_it_has(world: World, word: str) -> None:
    """Row key, table and row key, name, page and resource name lead to the same answer, without a call."""
    job, before = world.failed("vertex")[0], world.calls()
    ran = world.monitor("why", word.format_map(job), "-o", "json")
    assert json.loads(ran.stdout)["record"]["id"] == job["id"]
    assert world.calls() == before


def test_a_run_that_failed_is_asked_of_its_own_source_alone(world: World) -> None:
    """Its table's calls are made, no other's; what it printed is told."""
    one, before = world.failed("completed")[0], world.emulators.calls("google")
    ran = world.monitor("why", one["id"], "-o", "json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["asked"]["live"]) == (0, True)
    assert told["record"]["reason"]["rule"] == one["reason"]["rule"]
    assert sum(line["root"] for line in told["evidence"]) == 1
    assert world.emulators.calls("google") == before


def test_what_runs_has_not_ended(world: World) -> None:
    """Status 0: nothing is to be known of its end."""
    one = next(one for one in world.records["active"] if one["state"] == "running")
    ran = world.monitor("why", one["id"])
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "  It has not ended.\n" in ran.stdout


def test_a_source_that_does_not_answer_is_said(world: World) -> None:
    """Status 3 with what was last known and why it is not known now; `--cached` asks nobody, and says the same."""
    one = next(one for one in world.records["vertex"] if one["state"] == "running")
    world.emulators.fault("google", "PERMISSION_DENIED", method="ListCustomJobs")
    try:
        ran = world.monitor("why", one["id"], "-o", "json", "--timeout", "50")
    finally:
        world.emulators.fault("google", None, method="ListCustomJobs")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["known"], told["asked"]["live"]) == (3, False, False)
    assert "ListCustomJobs" in told["problem"]
    before = world.calls()
    cached = world.monitor("why", one["id"], "--cached")
    assert cached.returncode == 3
    assert "! this is what was last known" in cached.stdout
    assert world.calls() == before


def test_causes_of_what_is_cached_are_told_without_a_call(world: World) -> None:
    """As many failures as there are rows that failed; each is in one cause or unexplained."""
    before = world.calls()
    ran = world.monitor("why", "--all", "--cached", "-o", "json")
    told = json.loads(ran.stdout)
    assert world.calls() == before
    assert told["failures"] == sum(len(world.failed(table)) for table in world.records)
    assert sum(cause["count"] for cause in told["causes"]) + len(told["unexplained"]) == told["failures"]
    counts = [cause["count"] for cause in told["causes"]]
    assert counts == sorted(counts, reverse=True)
    assert ran.returncode == 3
    lines = ran.stderr.splitlines()
    assert [line for line in lines if "nothing is cached yet" in line] == [
        "monitor: builds: nothing is cached yet",
        "monitor: runner: nothing is cached yet",
    ]


@pytest.mark.parametrize("output", ["text", "json"])
def test_of_an_empty_cache_no_failures_is_not_said(world: World, tmp_path: Path, output: str) -> None:
    """Status 3, and that nothing is cached: no table has ever answered, so nothing is known of what failed."""
    before = world.calls()
    empty = World(world.emulators, Stage(world.emulators, tmp_path), {})
    ran = empty.monitor("why", "--all", "--cached", "-o", output)
    assert world.calls() == before
    assert ran.returncode == 3
    assert ran.stderr == "monitor: nothing is cached yet\n"
    assert "No failures" not in ran.stdout
    if output == "json":
        told = json.loads(ran.stdout)
        assert {*told["tables"].values()} == {"failed"}


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_a_failure_of_the_demo_says_why_on_a_terminal_of_80_columns(tmp_path: Path) -> None:
    """State, reason in red, lines with the root marked, advice with its command whole, where it is from."""
    table = json.loads(run(tmp_path, "--demo", "ls", "runner", "-o", "json").stdout)["tables"]["runner"]
    failed = next(one for one in table["records"] if one["reason"] and one["reason"]["rule"] == "quota_exceeded")
    command = [MONITOR, "--demo", "why", failed["id"]]
    with Terminal(command, columns=80, rows=60, environment=bare(tmp_path)) as terminal:
        assert terminal.wait_for_end() == 0
        lines = terminal.lines
    assert lines[0].startswith(f"✗ {failed['name']}  failed ")
    assert lines[3].startswith("  ResourceExhausted: 429")
    assert any(line.startswith("  ▶ │ google.api_core.exceptions.ResourceExhausted") for line in lines)
    assert any(line.startswith("      gcloud ") for line in lines)
    assert any(line.startswith("  log ") and "entries" in line for line in lines)
    assert b"\x1b[31m  ResourceExhausted" in terminal.raw
    assert foreign(terminal.raw, PRINTING, (80, 60)) == []


def test_several_that_may_be_meant_are_listed(tmp_path: Path) -> None:
    """64: nothing was told of any. Each with what names it alone, as lines and as JSON; the nearest of none."""
    ran = run(tmp_path, "--demo", "why", "sweep-7")
    assert ran.returncode == 64
    number = len(ran.stdout.splitlines())
    assert number > 1
    assert ran.stderr == f"monitor: {number} records may be meant by 'sweep-7': say more of it, or an id\n"
    told = json.loads(run(tmp_path, "--demo", "why", "sweep-7", "-o", "json").stdout)
    assert len(told["matches"]) == number
    assert all("sweep-7" in match["name"] for match in told["matches"])
    nowhere = run(tmp_path, "--demo", "why", "sweep-7/trail-02")
    assert (nowhere.returncode, nowhere.stdout) == (3, "")  # a region may not be read: it may be there
    assert "sweep-7/trial-02" in nowhere.stderr


def test_a_long_word_is_told_back_in_short(tmp_path: Path) -> None:
    """Of what was typed by mistake a line is enough."""
    ran = run(tmp_path, "--demo", "why", "x" * 20_000)
    assert ran.returncode == 3
    assert len(ran.stderr) < 1_000
    assert "no record 'xxx" in ran.stderr


def test_all_causes_of_the_demo_are_counted(tmp_path: Path) -> None:
    """The same failure of a launcher and of its queue item is one cause; a region that may not be read is said."""
    ran = run(tmp_path, "--demo", "why", "--all")
    assert ran.returncode == 3
    head, *_ = ran.stdout.splitlines()
    failures, causes = (int(word) for word in head.replace(",", "").split() if word.isdecimal())
    assert failures > causes > 1
    assert ran.stderr.count("PERMISSION_DENIED") == 2


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], [""], ["abc", "--all"], ["", "--all"]])
def test_one_record_or_all_of_them(tmp_path: Path, arguments: list[str]) -> None:
    """Neither and both are 64, in a line; a word without letters is none, and nobody is asked."""
    ran = run(tmp_path, "why", *arguments)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == "monitor: wanted an ID, or --all for every failure; see `monitor why --help`\n"


def test_with_nothing_configured_it_is_4(tmp_path: Path) -> None:
    """And says what to do, as `ls` does."""
    ran = run(tmp_path, "why", "abc")
    assert (ran.returncode, ran.stdout) == (4, "")
    assert ran.stderr.startswith("monitor: nothing is configured: ")


# --- which record is meant --------------------------------------------------------------------------------------------

ROWS = {
    "runner": {
        "us-east1/exec-1": record("exec-1"),
        "us-west1/exec-1": record("exec-1", scope="us-west1", name="other"),
        "us-east1/exec-12": record("exec-12", url="https://c.example/exec-12?project=p"),
    },
    "completed": {
        "abc": record("abc", "completed", "acme/arr", name="exec-12 of abc", state=State.FAILED),
        "abd": record("abd", "completed", "acme/arr", name="sweep", state=State.FAILED),
        "abe": record("abe", "completed", "acme/arr", name="sweep", state=State.FAILED),
    },
}

MEANT = {
    "exec-12": ["us-east1/exec-12"],
    "exec-1": ["us-east1/exec-1", "us-west1/exec-1"],
    "us-west1/exec-1": ["us-west1/exec-1"],
    "runner/us-west1/exec-1": ["us-west1/exec-1"],
    "https://c.example/exec-12?project=p": ["us-east1/exec-12"],
    "https://wandb.example/acme/arr/runs/abc": ["abc"],
    "projects/p/locations/us-west1/jobs/j/executions/exec-1": ["us-west1/exec-1"],
    "other": ["us-west1/exec-1"],
    "sweep": ["abd", "abe"],
    "SWEE": ["abd", "abe"],
    "12 OF": ["abc"],
    "nothing": [],
}


@pytest.mark.parametrize("word", MEANT)
def test_the_surest_of_what_a_word_may_mean_is_meant(word: str) -> None:
    """An id before an address, that before a name, that before a part."""
    assert [row.key for row in lookup(word, ROWS)] == MEANT[word]


def test_a_part_is_no_name() -> None:
    """Where not all rows are there yet, a part that one of them has may be another's too."""
    assert called("SWEE", ROWS) == []
    assert called("other", ROWS) == [Row("runner", "us-west1/exec-1")]
    assert near("swep", ROWS)[0] == "sweep"


# --- what is known ----------------------------------------------------------------------------------------------------

REASON = Reason(text="out of memory", rule="out_of_memory", advice="Take more")
READ = Outcome(table="runner", key="k", reason=REASON, evidence=("a", "out of memory", "b"), root=1, rules=1, entries=3)
UNREAD = Outcome(table="runner", key="k", problem="log not readable: needs roles/logging.viewer")

LACKS = {
    "a failure that was read": (Because(record=record(state=State.FAILED), outcome=READ, live=True), ""),
    "a failure read before": (Because(record=record(state=State.FAILED), outcome=READ, trouble="gone"), ""),
    "a failure whose log says nothing": (
        Because(record=record(state=State.FAILED), outcome=Outcome(table="runner", key="k", rules=1), live=True),
        "neither its source nor its log says why",
    ),
    "a failure whose log is not readable": (
        Because(record=record(state=State.FAILED), outcome=UNREAD, live=True),
        "log not readable: needs roles/logging.viewer",
    ),
    "a failure whose log is still to be read": (
        Because(record=record(state=State.FAILED), live=True),
        "its log has not been read yet: ask again in a minute",
    ),
    "a run whose output is still to be read": (
        Because(record=record("a", "completed", state=State.FAILED, reason=REASON), live=True),
        "its log has not been read yet: ask again in a minute",
    ),
    "a run whose source and output say nothing": (
        Because(
            record=record("a", "completed", state=State.FAILED), outcome=Outcome(table="completed", key="a"), live=True
        ),
        "neither its source nor its log says why",
    ),
    "a success": (Because(record=record(state=State.SUCCEEDED), live=True), ""),
    "a running one": (Because(record=record(), live=True), ""),
    "a running one of a source that is away": (Because(record=record(), trouble="no answer"), "no answer"),
    "a state that is new": (
        Because(record=record(state=State.UNKNOWN, raw_state="ODD"), live=True),
        "its source says ODD, which this program does not know",
    ),
}


@pytest.mark.parametrize("case", LACKS)
def test_what_is_not_known_is_said(case: str) -> None:
    """And nothing where it is known, or where nothing is to be known; JSON says the same."""
    known, missing = LACKS[case]
    assert lack(known) == missing
    told = json.loads(because.render_json(known, NOON))
    assert (told["known"], told["problem"]) == (not missing, missing or None)
    text = because.render_text(known, NOON, width=80, paint=plain)
    assert not missing or missing in " ".join(text.split())


def test_what_the_source_said_stands_beside_what_the_log_says() -> None:
    """With when the log was read, how much of it, and whether that was now."""
    known = Because(
        record=record(state=State.FAILED, links={"image": "i:1"}, url="https://c.example/x"),
        outcome=READ,
        read_at=NOON - timedelta(hours=2),
        cached=True,
        said=Reason(text="The container exited with an error"),
        live=True,
    )
    text = because.render_text(known, NOON.astimezone(UTC), width=100, paint=plain)
    assert "  ▶ │ out of memory\n" in text
    assert "says: The container exited with an error" in text
    assert "read 2026-01-01 10:00:00 UTC (2 h ago), kept since then: 3 entries, all of it" in text
    assert "https://c.example/x" in text


def test_secrets_stay_their_own() -> None:
    """In no text of an answer, wherever they came from."""
    hidden = "token=abcdef1234567890"
    reason = Reason(text=f"a {hidden}", advice=f"`gcloud {hidden}`")
    outcome = Outcome(table="runner", key="k", reason=reason, evidence=(f"b {hidden}",), root=0, rules=1)
    kept = record(name=f"n {hidden}", state=State.FAILED, detail={"x": hidden})
    known = Because(record=kept, outcome=outcome, said=Reason(text=f"c {hidden}"), live=True)
    told = because.render_json(known, NOON) + because.render_text(known, NOON, width=80, paint=plain)
    assert told.count("abcdef1234567890") == 0
    assert "[redacted]" in told


LIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]")
"""What a terminal would act on."""


def test_everything_in_a_record_is_only_text() -> None:
    """Each hostile string as name, reason, advice, evidence and link: no control, no escape, no second line."""
    for text in EVERY:
        reason = Reason(text=text, rule=text, category=text, origin=text, advice=f"{text} `gcloud {text}`")
        outcome = Outcome(table="runner", key="k", reason=reason, evidence=(text, text), root=1, rules=1)
        shown = record(name=text, state=State.FAILED, links={"image": text}, url=text, reason=reason)
        known = Because(record=shown, outcome=outcome, said=Reason(text=f"x{text}"), live=True)
        answers = [
            because.render_text(known, NOON, width=80, paint=plain),
            cause_report.render_text(grouped([shown]), [shown], NOON, width=80, paint=plain),
            f"{cause_report.meant('k', shown, NOON, 80)}\n",
        ]
        for answer in answers:
            assert foreign(answer.encode(), PRINTING) == [], repr(text)
        assert not LIVE.search(because.render_json(known, NOON))


# --- causes -----------------------------------------------------------------------------------------------------------


def failures(number: int, text: str | None) -> list[Record]:
    """So many that failed for one reason, each a minute earlier than the one before."""
    reason = None if text is None else Reason(text=text, rule="r", category="config", advice="Mend it: `gcloud x`")
    return [
        record(f"{text}-{n}", name=f"job {n}", state=State.FAILED, reason=reason, finished=NOON - timedelta(minutes=n))
        for n in range(number)
    ]


def shown(records: list[Record], now: datetime = NOON) -> str:
    """The report."""
    return cause_report.render_text(grouped(records), unexplained(records), now, width=80, paint=plain)


def test_causes_are_told_the_biggest_first_with_whom_they_befell() -> None:
    """One advice each; of many records the first ones; those with no reason known at the end."""
    lines = shown([*failures(2, "disk full"), *failures(11, "no quota"), *failures(1, None)]).splitlines()
    assert lines[0] == "14 failures, 2 causes"
    assert lines[2:6] == ["✗ 11 × no quota", "  r · config", "  → Mend it:", "      gcloud x"]
    assert lines[6].startswith("  runner     just now")
    assert "  and 3 more; -o json has them all" in lines
    assert lines.index("✗ 2 × disk full") > lines.index("✗ 11 × no quota")
    assert lines[-2] == "? 1 with no reason known"


def test_nothing_that_failed_is_said() -> None:
    """In words; where a table has not answered, only of the others."""
    assert shown([record(state=State.SUCCEEDED)]) == "No failures\n"
    told = cause_report.render_text([], [], NOON, width=80, paint=plain, whole=False)
    assert told == "No failures in what is known\n"
