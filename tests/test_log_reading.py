"""Rows first, reasons after: what the engine has read of logs, tells of them, and never reads again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fetchers.errors import Failure
from fetchers.messages import (
    LOG,
    OUTCOMES,
    CallEnded,
    CallStarted,
    Extracted,
    Fetch,
    LogEntry,
    LogPage,
    LogPart,
    Outcome,
    ScopeComplete,
    ScopeFailed,
    ScopeStarted,
)
from fetchers.records import Reason, Record, State
from fetchers.settings import Gcp, Settings, Wandb
from monitor.changes import AskReason, Change, LogRead, ReadLog, ReasonRead, RowsChanged, Start
from monitor.engine import Engine
from monitor.extraction import AGAIN_S
from monitor.keeping import Keeping
from monitor.mirror import Mirror
from monitor.tables import TablePlan
from tests.support.records import record
from tests.support.scripted_worker import ScriptedChild, ScriptedLauncher
from tests.support.virtual_clock import EPOCH, VirtualClock

EAST = "us-east1"
SETTINGS = Settings(gcp=Gcp(project="acme-ml", regions=(EAST,)), wandb=Wandb(entity="acme", project="arr"))
LONG_AGO = EPOCH - timedelta(hours=3)
SAID = Reason(text="The container exited with an error", origin="gcp")
FOUND = Reason(text="CUDA out of memory", rule="out_of_memory", category="resources")
RULES = 1_000_000
"""Version of the rules: the newest there will ever be."""


def failed(name: str = "x", **more: Any) -> Record:
    """An execution that failed three hours ago, of which its source says little."""
    fields: dict[str, Any] = {"state": State.FAILED, "finished": LONG_AGO, "reason": SAID}
    return record(name, **(fields | more))


def outcome(name: str = "x", **more: Any) -> Outcome:
    """What its log says."""
    fields: dict[str, Any] = {"reason": FOUND, "evidence": ("step 3", "CUDA out of memory"), "root": 1}
    fields |= {"rules": RULES, "entries": 40}
    return Outcome(table="runner", key=f"{EAST}/{name}", **(fields | more))


OLDER = "older"  # a constant: the linter takes a token for a secret


class Stage:
    """An engine with scripted workers, the table of executions, and a cache."""

    def __init__(self, cache: str = "memory:", settings: Settings = SETTINGS, **start: Any) -> None:
        self.clock, self.launcher, self.mirror = VirtualClock(), ScriptedLauncher(), Mirror()
        self.told: list[Change] = []
        self.begun: set[int] = set()
        plans = {"runner": TablePlan(), "completed": TablePlan()}
        self.keeping = Keeping(cache, settings, plans)
        first = Start(settings=settings, tables=plans, **start)
        self.engine = Engine(first, self.launcher, self.clock, self.tell, keeping=self.keeping)

    def tell(self, change: Change) -> None:
        self.told.append(change)
        self.mirror.apply(change)

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Let the engine and its disk work until something holds."""
        for _ in range(2000):
            self.clock.advance(0.005)
            if holds():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(what)

    async def worker(self, source: str) -> ScriptedChild:
        """The newest worker of a source, ready."""
        await self.until(lambda: any(child.source == source for child in self.launcher.children), f"worker {source}")
        child = next(child for child in reversed(self.launcher.children) if child.source == source)
        if child.pid not in self.begun:
            self.begun.add(child.pid)
            child.ready()
        return child

    async def asked(self, child: ScriptedChild, table: str, so_far: int = 0) -> Fetch:
        """The newest fetch of one kind that a worker was sent, once there are more than `so_far`."""

        def sent() -> list[Fetch]:
            return [fetch for fetch in child.fetches if fetch.table == table]

        await self.until(lambda: len(sent()) > so_far, f"a fetch of {table}")
        return sent()[-1]

    async def rows(self, *records: Record) -> None:
        """Begin, and have the executions answered with these."""
        self.engine.begin()
        child = await self.worker("runner")
        fetch = await self.asked(child, "runner")
        child.answer(fetch, EAST, records, EPOCH)
        child.end(fetch)
        await self.until(lambda: len(self.mirror.rows.get("runner", {})) == len(records), "the rows")

    def reason(self, name: str = "x") -> Reason | None:
        """What a row says."""
        return self.mirror.rows["runner"][f"{EAST}/{name}"].reason

    def answers(self, kind: type[Change]) -> list[Any]:
        """What a viewer was told of one kind."""
        return [change for change in self.told if isinstance(change, kind)]

    async def close(self) -> None:
        self.engine.close()
        await self.keeping.close(5)


def about(fetch: Fetch, scope: str = "runner") -> dict[str, Any]:
    """What all events of a fetch carry."""
    return {"table": fetch.table, "generation": fetch.generation, "scope": scope, "at": EPOCH}


def extracted(child: ScriptedChild, fetch: Fetch, *outcomes: Outcome) -> None:
    """Have a worker say what logs said, and be done."""
    child.say(ScopeStarted(**about(fetch)), Extracted(**about(fetch), outcomes=outcomes), ScopeComplete(**about(fetch)))
    child.end(fetch)


def refused(child: ScriptedChild, fetch: Fetch, text: str, kind: str = "permission") -> None:
    """Have a worker fail."""
    failure = Failure(kind=kind, text=text)
    child.say(ScopeStarted(**about(fetch)), ScopeFailed(**about(fetch), failure=failure))
    child.end(fetch)


async def test_rows_are_told_at_once_and_again_when_their_log_was_read() -> None:
    """What the source said stands until then, and afterwards what the log says, whatever the source repeats."""
    stage = Stage()
    await stage.rows(failed(), record("y"))
    assert stage.reason() == SAID
    assert stage.mirror.status["runner"].unread == 1
    logs = await stage.worker("logs")
    fetch = await stage.asked(logs, OUTCOMES)
    assert [(target.key, target.record) for target in fetch.targets] == [(f"{EAST}/x", failed())]
    assert fetch.calls == 30
    extracted(logs, fetch, outcome())
    await stage.until(lambda: stage.reason() == FOUND, "the reason")
    assert stage.mirror.status["runner"].unread == 0
    stage.told.clear()
    stage.clock.advance(31)
    child = await stage.worker("runner")
    again = await stage.asked(child, "runner", 1)
    child.answer(again, EAST, [failed(), record("y"), record("z")], EPOCH)
    child.end(again)
    await stage.until(lambda: stage.answers(RowsChanged), "the second answer")
    assert [[*change.upserts] for change in stage.answers(RowsChanged)] == [[f"{EAST}/z"]]
    assert stage.reason() == FOUND
    assert [fetch.table for fetch in logs.fetches] == [OUTCOMES]
    await stage.close()


async def test_who_wants_no_reasons_starts_no_worker_for_them() -> None:
    """`ls --no-reasons` costs no read."""
    stage = Stage(reasons=False)
    await stage.rows(failed())
    stage.clock.advance(5)
    assert {child.source for child in stage.launcher.children} == {"runner", "wandb"}
    assert stage.mirror.status["runner"].unread == 0
    await stage.close()


async def test_what_was_read_once_is_never_read_again(tmp_path: Path) -> None:
    """A second monitor on the same cache says why with the first answer, and starts no worker for logs."""
    url = f"sqlite:///{tmp_path}/cache.sqlite"
    first = Stage(url)
    await first.rows(failed())
    logs = await first.worker("logs")
    extracted(logs, await first.asked(logs, OUTCOMES), outcome())
    await first.until(lambda: first.reason() == FOUND, "the reason")
    await first.until(lambda: not first.keeping._tasks, "the disk")
    await first.close()
    second = Stage(url)
    await second.rows(failed())
    await second.until(lambda: second.reason() == FOUND, "the reason from the cache")
    second.clock.advance(300)
    assert {child.source for child in second.launcher.children} == {"runner", "wandb"}
    second.engine.obey(AskReason(table="runner", key=f"{EAST}/x"))
    await second.until(lambda: second.answers(ReasonRead)[-1].cached, "what it rests on")
    answer = second.answers(ReasonRead)[-1]
    assert answer.said == SAID
    assert answer.outcome.evidence == outcome().evidence
    assert answer.outcome.root == 1
    await second.close()


async def test_better_rules_read_what_was_kept_without_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that older rules could not read are enough for the rules of today."""
    url = f"sqlite:///{tmp_path}/cache.sqlite"
    first = Stage(url)
    await first.rows(failed())
    logs = await first.worker("logs")
    lines = ("step 3", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.40 GiB")
    old = Outcome(table="runner", key=f"{EAST}/x", reason=SAID, evidence=lines, rules=RULES, entries=2)
    extracted(logs, await first.asked(logs, OUTCOMES), old)
    await first.until(lambda: first.mirror.status["runner"].unread == 0, "an outcome")
    await first.until(lambda: not first.keeping._tasks, "the disk")
    await first.close()
    for module in ("fetchers.diagnosis.reread", "monitor.log_reading"):
        monkeypatch.setattr(f"{module}.RULES_VERSION", RULES + 1)
    second = Stage(url)
    await second.rows(failed())
    await second.until(lambda: (second.reason() or SAID).rule == "out_of_memory", "the better reason")
    assert {child.source for child in second.launcher.children} == {"runner", "wandb"}
    await second.close()


async def test_logs_that_may_not_be_read_lose_no_row_and_are_asked_for_again() -> None:
    """A row whose source said nothing says that; one whose source did keeps that; the table says what to do."""
    stage = Stage()
    await stage.rows(failed("x"), failed("silent", reason=None))
    logs = await stage.worker("logs")
    refused(logs, await stage.asked(logs, OUTCOMES), "needs roles/logging.viewer on acme-ml")
    await stage.until(lambda: stage.reason("silent") is not None, "a reason")
    silent = stage.reason("silent")
    assert silent is not None
    assert silent.text == "log not readable: needs roles/logging.viewer on acme-ml"
    assert stage.reason("x") == SAID
    assert stage.mirror.status["runner"].unreadable == "needs roles/logging.viewer on acme-ml"
    stage.clock.advance(AGAIN_S + 1)
    extracted(logs, await stage.asked(logs, OUTCOMES, 1), outcome("x"), outcome("silent"))
    await stage.until(lambda: stage.reason("silent") == FOUND, "the reason, in the end")
    assert stage.mirror.status["runner"].unreadable is None
    await stage.close()


async def test_what_is_wrong_with_the_logs_is_said_as_it_is_now() -> None:
    """A row repeats no excuse of an hour ago."""
    stage = Stage()
    await stage.rows(failed(reason=None))
    logs = await stage.worker("logs")
    refused(logs, await stage.asked(logs, OUTCOMES), "no answer in 30 s", "timeout")
    await stage.until(lambda: "no answer" in (stage.reason() or SAID).text, "the first excuse")
    stage.clock.advance(AGAIN_S + 1)
    refused(logs, await stage.asked(logs, OUTCOMES, 1), "needs roles/logging.viewer")
    await stage.until(lambda: "needs roles" in (stage.reason() or SAID).text, "the second")
    await stage.close()


async def test_a_new_failure_does_not_wait_behind_what_is_asked_for_again_later() -> None:
    """One log that cannot be read holds up no other."""
    stage = Stage()
    await stage.rows(failed("x"))
    logs = await stage.worker("logs")
    fetch = await stage.asked(logs, OUTCOMES)
    extracted(logs, fetch, outcome("x", reason=None, rules=0, problem="404", retry_after_s=600))
    stage.clock.advance(31)
    child = await stage.worker("runner")
    again = await stage.asked(child, "runner", 1)
    child.answer(again, EAST, [failed("x"), failed("y")], EPOCH)
    child.end(again)
    began = stage.clock.monotonic()
    following = await stage.asked(logs, OUTCOMES, 1)
    assert [target.record.id for target in following.targets] == ["y"]
    assert stage.clock.monotonic() - began < 2
    await stage.close()


async def test_a_cache_that_breaks_costs_a_read_and_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the store raises, the log is read."""
    stage = Stage()

    async def broken(_: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(stage.keeping, "finals", broken)
    await stage.rows(failed())
    logs = await stage.worker("logs")
    extracted(logs, await stage.asked(logs, OUTCOMES), outcome())
    await stage.until(lambda: stage.reason() == FOUND, "the reason")
    await stage.close()


async def test_better_rules_do_not_make_an_early_look_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read 65 s after the end is read again at the next start, and that is what is kept."""
    url, young = f"sqlite:///{tmp_path}/cache.sqlite", failed(finished=EPOCH - timedelta(seconds=65))
    first = Stage(url)
    await first.rows(young)
    logs = await first.worker("logs")
    extracted(logs, await first.asked(logs, OUTCOMES), outcome())
    await first.until(lambda: first.reason() == FOUND, "a reason")
    await first.until(lambda: not first.keeping._tasks, "the disk")
    await first.close()
    for module in ("fetchers.diagnosis.reread", "monitor.log_reading"):
        monkeypatch.setattr(f"{module}.RULES_VERSION", RULES + 1)
    second, true = Stage(url), Reason(text="the true cause", rule="disk_full")
    second.clock.advance(300)
    await second.rows(young)
    logs = await second.worker("logs")
    fetch = await second.asked(logs, OUTCOMES)
    await second.until(lambda: not second.keeping._tasks, "the disk")
    extracted(logs, fetch, outcome(reason=true, rules=RULES + 1))
    await second.until(lambda: second.reason() == true, "the true reason")
    await second.until(lambda: not second.keeping._tasks, "the disk")
    (kept,) = await second.keeping.finals([young])
    assert kept is not None
    assert kept.settled
    assert kept.record.reason == true
    await second.close()


async def test_a_worker_that_dies_over_a_log_is_replaced_and_the_rest_is_read() -> None:
    """What it had said before counts."""
    stage = Stage()
    await stage.rows(failed("x"), failed("y"))
    logs = await stage.worker("logs")
    fetch = await stage.asked(logs, OUTCOMES)
    logs.say(ScopeStarted(**about(fetch)), Extracted(**about(fetch), outcomes=(outcome("x"),)))
    logs.leave()
    stage.clock.advance(2)
    await stage.until(lambda: len([c for c in stage.launcher.children if c.source == "logs"]) > 1, "the next worker")
    following = await stage.worker("logs")
    extracted(following, await stage.asked(following, OUTCOMES), outcome("y"))
    await stage.until(lambda: stage.reason("y") == FOUND, "the other reason")
    assert stage.reason("x") == FOUND
    await stage.close()


async def test_a_viewer_that_asked_before_the_log_was_read_is_told_when_it_is() -> None:
    """First that nobody knows yet, then what it rests on."""
    stage = Stage()
    await stage.rows(failed())
    stage.engine.obey(AskReason(table="runner", key=f"{EAST}/x"))
    assert [answer.outcome for answer in stage.answers(ReasonRead)] == [None]
    logs = await stage.worker("logs")
    extracted(logs, await stage.asked(logs, OUTCOMES), outcome())
    await stage.until(lambda: stage.reason() == FOUND, "the reason")
    assert stage.answers(ReasonRead)[-1].outcome == outcome()
    assert not stage.answers(ReasonRead)[-1].cached
    await stage.close()


async def test_why_a_run_failed_is_asked_of_the_worker_that_reads_runs() -> None:
    """W&B's logs are not Google's."""
    stage = Stage()
    stage.engine.begin()
    child = await stage.worker("wandb")
    run = record("r", table="completed", scope="acme/arr", state=State.FAILED, reason=FOUND)
    for fetch in list(child.fetches):
        child.answer(fetch, "acme/arr", [run], EPOCH)
        child.end(fetch)
    await stage.until(lambda: stage.mirror.rows.get("completed"), "the run")
    stage.engine.obey(AskReason(table="completed", key="r"))
    fetch = await stage.asked(child, OUTCOMES)
    said = Outcome(table="completed", key="r", reason=FOUND, evidence=("a line",), rules=RULES)
    where = about(fetch, "completed")
    child.say(ScopeStarted(**where), Extracted(**where, outcomes=(said,)), ScopeComplete(**where))
    child.end(fetch)
    await stage.until(lambda: stage.answers(ReasonRead), "the answer")
    assert stage.answers(ReasonRead)[-1].outcome == said
    await stage.close()


# --- the log itself ------------------------------------------------------------------------------------------------


def reading(number: int, name: str = "x", **part: Any) -> ReadLog:
    """A viewer wants to see a part of a log."""
    return ReadLog(request=number, table="runner", key=f"{EAST}/{name}", part=LogPart(**part))


async def test_a_log_is_read_part_by_part() -> None:
    """Each answer carries the number of its question, and the token for what is older."""
    stage = Stage()
    await stage.rows(record("x"))
    stage.engine.obey(reading(1))
    logs = await stage.worker("logs")
    fetch = await stage.asked(logs, LOG)
    assert fetch.targets[0].record.id == "x"
    entries = (LogEntry(text="step 1", at=EPOCH, severity="INFO", id="a"),)
    logs.say(ScopeStarted(**about(fetch)), LogPage(**about(fetch), entries=entries, token=OLDER))
    logs.say(ScopeComplete(**about(fetch)))
    logs.end(fetch)
    stage.engine.obey(reading(2, token=OLDER))
    older = await stage.asked(logs, LOG, 1)
    assert older.part == LogPart(token=OLDER)
    refused(logs, older, "too many reads", "throttled")
    await stage.until(lambda: len(stage.answers(LogRead)) > 1, "both answers")
    page, none = stage.answers(LogRead)
    assert (page.request, page.entries, page.token) == (1, entries, OLDER)
    assert (none.request, none.failure.text) == (2, "too many reads")
    await stage.close()


async def test_a_reader_waits_for_its_turn_when_the_minute_is_used_up_and_is_told_for_how_long() -> None:
    """The quota is shared with the reading of reasons."""
    stage = Stage()
    await stage.rows(failed(), record("y"))
    logs = await stage.worker("logs")
    fetch = await stage.asked(logs, OUTCOMES)
    calls = [
        CallStarted(id=number, method="ListLogEntries", page=1, **about(fetch)) for number in range(30)
    ]  # all that a minute has
    logs.say(*calls, *(CallEnded(id=call.id, at=EPOCH) for call in calls))
    extracted(logs, fetch, outcome())
    stage.engine.obey(reading(1, "y"))
    await stage.until(lambda: stage.answers(LogRead), "an answer")
    (answer,) = stage.answers(LogRead)
    assert 1 < answer.waits_s <= 2
    assert [sent.table for sent in logs.fetches] == [OUTCOMES]
    stage.clock.advance(2)
    await stage.asked(logs, LOG)
    await stage.close()


async def test_a_newer_question_takes_the_place_of_those_that_wait() -> None:
    """A viewer that scrolls wildly, or has left, is told so; what it looks at now comes next."""
    stage = Stage()
    await stage.rows(record("x"), record("y"))
    for number in range(30):
        stage.engine.obey(reading(number))
    stage.engine.obey(reading(30, "y"))
    stage.engine.obey(reading(31, "gone"))
    stage.engine.obey(reading(32, "y"))
    await stage.until(lambda: len(stage.answers(LogRead)) >= 31, "answers")
    said = {answer.request: answer.failure.text for answer in stage.answers(LogRead)}
    assert said.pop(31) == f"runner {EAST}/gone: this row is gone"
    assert all("meanwhile" in text for text in said.values())
    assert set(said) == {*range(1, 31)}
    logs = await stage.worker("logs")
    first = await stage.asked(logs, LOG)
    assert first.targets[0].record.id == "x"
    logs.say(ScopeStarted(**about(first)), LogPage(**about(first), entries=()), ScopeComplete(**about(first)))
    logs.end(first)
    following = await stage.asked(logs, LOG, 1)
    assert following.targets[0].record.id == "y"
    await stage.close()


async def test_a_project_whose_logs_may_not_be_read_at_all_says_so() -> None:
    """With a quota of 0 nothing is read, nobody waits, and the engine lives."""
    none = msgspec.structs.replace(SETTINGS, gcp=msgspec.structs.replace(SETTINGS.gcp, log_reads_per_minute=0))
    stage = Stage(settings=none)
    await stage.rows(failed())
    stage.engine.obey(reading(1))
    (answer,) = stage.answers(LogRead)
    assert "gcp.log_reads_per_minute is 0" in answer.failure.text
    stage.clock.advance(600)
    assert {child.source for child in stage.launcher.children} == {"runner", "wandb"}
    await stage.close()


async def test_nothing_is_asked_once_the_engine_has_closed() -> None:
    """A reader that waits for its turn starts no worker behind its back."""
    stage = Stage()
    await stage.rows(record("x"))
    stage.engine._logs._readers["logs"].extraction._bucket.spend(30)
    stage.engine.obey(reading(1))
    assert stage.answers(LogRead)[-1].waits_s == pytest.approx(2, abs=0.2)
    children = len(stage.launcher.children)
    await stage.close()
    stage.clock.advance(60)
    await asyncio.sleep(0)
    assert len(stage.launcher.children) == children


async def test_a_worker_that_says_nothing_of_a_log_leaves_nobody_waiting() -> None:
    """Then there is nothing in it."""
    stage = Stage()
    await stage.rows(record("x"))
    stage.engine.obey(reading(1))
    logs = await stage.worker("logs")
    fetch = await stage.asked(logs, LOG)
    logs.say(ScopeStarted(**about(fetch)), ScopeComplete(**about(fetch)))
    logs.end(fetch)
    await stage.until(lambda: stage.answers(LogRead), "an answer")
    assert stage.answers(LogRead) == [LogRead(request=1)]
    await stage.close()
