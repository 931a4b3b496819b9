"""The watchdog: every fetch ends, whatever its worker does; time is moved by hand and workers follow a script."""

from __future__ import annotations

import asyncio

import pytest

from fetchers.errors import Failure
from fetchers.lifeline import STACKS_SIGNAL
from fetchers.messages import (
    CallEnded,
    CallStarted,
    Event,
    Fetch,
    Note,
    Page,
    Ready,
    ScopeComplete,
    ScopeFailed,
    ScopeStarted,
)
from fetchers.settings import Settings, Wandb
from monitor.breaker import OPEN_S, RESPAWN_S
from monitor.flight import HARD_AFTER_SOFT_S, ROWS_MOST, Ended
from monitor.life import AUTOPSY_S
from monitor.memory_watch import MEMORY_MOST
from monitor.open_calls import MOST
from monitor.watchdog import (
    EVIDENCE_S,
    LOADING,
    READY_LEAST_S,
    READY_S,
    READY_TIMES,
    RESTARTING,
    Hearing,
    Watchdog,
)
from tests.support.records import NOON, record
from tests.support.scripted_worker import ScriptedChild, ScriptedLauncher
from tests.support.virtual_clock import VirtualClock

EAST, WEST = "us-east1", "us-west1"
SOFT = 20.0


class Stage:
    """A watchdog, its scripted workers, and all that is heard of them."""

    def __init__(self, source: str = "runner", settings: Settings | None = None) -> None:
        self.clock = VirtualClock()
        self.launcher = ScriptedLauncher()
        self.events: list[Event] = []
        self.ended: list[Ended] = []
        self.calls: list[tuple[CallStarted, CallEnded | None, str | None]] = []
        self.notes: list[str] = []
        self.waiting: list[str | None] = []
        hearing = Hearing(
            event=self.events.append,
            ended=self.ended.append,
            called=lambda _table: None,
            call=lambda *call: self.calls.append(call),
            note=lambda _source, _level, text: self.notes.append(text),
            waiting=lambda _source, what: self.waiting.append(what),
        )
        self.watchdog = Watchdog(source, settings or Settings(), self.launcher, self.clock, hearing)

    async def settle(self) -> None:
        """Let the task that starts a worker run."""
        for _ in range(3):
            await asyncio.sleep(0)

    async def worker(self) -> ScriptedChild:
        """The newest worker, once it has been started."""
        await self.settle()
        return self.launcher.children[-1]

    def failures(self) -> dict[str, str]:
        """Scope → text of everything that failed."""
        return {event.scope: event.failure.text for event in self.events if isinstance(event, ScopeFailed)}


def fetch(table: str = "runner", generation: int = 1, scopes: tuple[str, ...] = (EAST, WEST)) -> Fetch:
    """A fetch with a soft deadline of 20 s."""
    return Fetch(table=table, generation=generation, scopes=scopes, soft_deadline_s=SOFT)


def call(identity: int, scope: str = EAST, table: str = "runner", page: int = 1) -> CallStarted:
    """The beginning of an API call."""
    return CallStarted(id=identity, table=table, generation=1, method="ListExecutions", scope=scope, page=page, at=NOON)


@pytest.fixture
def stage() -> Stage:
    """A watchdog that has been asked for nothing yet."""
    return Stage()


async def test_a_fetch_waits_for_ready_and_its_deadline_begins_then(stage: Stage) -> None:
    """Imports are not charged to the fetch: nothing is sent, and nothing judged, before the worker is ready."""
    stage.watchdog.fetch(fetch())
    worker = await stage.worker()
    assert worker.configured.source == "runner"
    stage.clock.advance(SOFT + 10)
    assert worker.fetches == []
    assert not worker.killed
    worker.ready()
    assert worker.fetches == [fetch()]
    stage.clock.advance(SOFT)
    assert not worker.killed


async def test_events_are_handed_on_and_the_fetch_ends(stage: Stage) -> None:
    """Pages and ends arrive in order; the table is free again after the last."""
    stage.watchdog.fetch(fetch())
    worker = await stage.worker()
    worker.ready()
    worker.answer(fetch(), WEST, [record("a", scope=WEST)])
    assert [type(event) for event in stage.events] == [ScopeStarted, Page, ScopeComplete]
    assert stage.watchdog.busy("runner")
    stage.clock.advance(2)
    worker.answer(fetch(), EAST)
    worker.end(fetch())
    assert not stage.watchdog.busy("runner")
    [ended] = stage.ended
    assert ended.outcomes == {EAST: None, WEST: None}
    assert (ended.took_s, ended.kills) == (2, 0)


async def test_a_worker_that_hangs_is_killed_at_the_hard_deadline_and_what_it_gave_counts(stage: Stage) -> None:
    """Stacks are asked for first; the scope that answered stays complete, the other's error names the open call."""
    stage.watchdog.fetch(fetch())
    worker = await stage.worker()
    worker.ready()
    worker.answer(fetch(), WEST)
    worker.say(call(1, EAST, page=3))
    stage.clock.advance(SOFT + HARD_AFTER_SOFT_S - 0.01)
    assert worker.signals == []
    stage.clock.advance(0.01)
    assert worker.signals == [STACKS_SIGNAL]
    assert not worker.killed
    stage.clock.advance(EVIDENCE_S)
    assert worker.killed
    assert stage.failures() == {EAST: "ListExecutions us-east1 page 3: no answer in 20 s; worker killed"}
    [ended] = stage.ended
    assert (ended.outcomes[WEST], ended.kills) == (None, 1)


async def test_an_answer_that_comes_while_the_evidence_is_gathered_still_counts(stage: Stage) -> None:
    """The worker is given the last tenth of a second; a fetch that ends in it kills nobody."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    stage.clock.advance(SOFT + HARD_AFTER_SOFT_S)
    worker.answer(fetch(), EAST)
    worker.end(fetch())
    stage.clock.advance(60)
    assert not worker.killed
    assert stage.failures() == {}


async def test_a_killed_worker_is_replaced_and_the_next_fetch_goes_to_the_new_one(stage: Stage) -> None:
    """A kill frees the slot: the next worker is started at once and gets what is asked next."""
    stage.watchdog.fetch(fetch())
    first = await stage.worker()
    first.ready()
    stage.clock.advance(SOFT + 1)
    stage.watchdog.fetch(fetch(generation=2))
    second = await stage.worker()
    assert second is not first
    second.ready()
    assert [sent.generation for sent in second.fetches] == [2]


async def test_nothing_is_heard_of_a_worker_that_was_killed(stage: Stage) -> None:
    """Frames and the end of its socket, arriving after the kill, belong to nobody."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    first = await stage.worker()
    first.ready()
    stage.clock.advance(SOFT + 1)
    heard = len(stage.events)
    first.answer(fetch(), EAST, [record("late")])
    first.leave()
    second = await stage.worker()
    stage.clock.advance(1)
    assert len(stage.events) == heard
    assert not second.killed


async def test_the_other_table_of_a_killed_worker_is_asked_again_within_its_own_deadline(stage: Stage) -> None:
    """Two fetches share the W&B worker; the one that did not hang is answered by the next worker."""
    stage = Stage("wandb")
    stage.watchdog.fetch(fetch("active", 1, ("acme/arr",)))
    worker = await stage.worker()
    worker.ready()
    stage.clock.advance(15)
    stage.watchdog.fetch(fetch("completed", 2, ("acme/arr",)))
    stage.clock.advance(SOFT + HARD_AFTER_SOFT_S + EVIDENCE_S - 15)
    assert worker.killed
    [ended] = stage.ended
    assert ended.outcomes["acme/arr"] == Failure(
        kind="timeout", text="active acme/arr: no answer in 20 s; worker killed"
    )
    stage.clock.advance(1)
    second = await stage.worker()
    second.ready()
    [again] = second.fetches
    assert (again.table, again.generation) == ("completed", 2)
    assert again.soft_deadline_s == pytest.approx(15 - HARD_AFTER_SOFT_S - EVIDENCE_S - 1)
    second.answer(again, "acme/arr")
    second.end(again)
    assert stage.ended[1].outcomes == {"acme/arr": None}
    assert stage.ended[1].took_s < SOFT


async def test_the_other_table_without_time_left_says_whose_fault_it_was(stage: Stage) -> None:
    """Where nothing can be asked again, the error names the table that had hung."""
    stage = Stage("wandb")
    stage.watchdog.fetch(fetch("active", 1, ("acme/arr",)))
    stage.watchdog.fetch(fetch("completed", 2, ("acme/arr",)))
    worker = await stage.worker()
    worker.ready()
    stage.clock.advance(SOFT + 1)
    texts = {ended.fetch.table: ended.outcomes["acme/arr"] for ended in stage.ended}
    assert texts["completed"] == Failure(
        kind="worker", text="completed acme/arr: worker killed, because active had hung in it"
    )


async def test_a_worker_that_dies_is_replaced_and_what_it_left_open_is_asked_of_the_next(stage: Stage) -> None:
    """A crash with time left costs the viewer nothing: only the open scopes are asked again, in the same fetch."""
    stage.watchdog.fetch(fetch())
    first = await stage.worker()
    first.ready()
    first.answer(fetch(), WEST, [record("a", scope=WEST)])
    stage.clock.advance(3)
    first.leave()
    stage.clock.advance(1)
    second = await stage.worker()
    assert second is not first
    stage.clock.advance(1)
    second.ready()
    [again] = second.fetches
    assert (again.scopes, again.generation, again.soft_deadline_s) == ((EAST,), 1, SOFT - 5)
    second.answer(again, EAST)
    second.end(again)
    [ended] = stage.ended
    assert ended.outcomes == {EAST: None, WEST: None}
    assert ended.took_s == 5
    assert stage.failures() == {}


async def test_a_fetch_whose_second_worker_dies_too_fails_with_its_last_words(stage: Stage) -> None:
    """Twice is enough: the error says how it ended and what was said last."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    for _ in range(2):
        worker = await stage.worker()
        worker.say(Note(level="fatal", text="ImportError: no module named grpc"))
        worker.leave()
        stage.clock.advance(1)
    assert stage.failures() == {
        EAST: "runner us-east1: worker ended (status 1: ImportError: no module named grpc); twice in a row"
    }


async def test_a_second_attempt_never_extends_the_deadline(stage: Stage) -> None:
    """The next worker is still loading when the time is over: the fetch fails, that worker is not to blame."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    first = await stage.worker()
    first.ready()
    first.say(call(1, EAST, page=3))
    stage.clock.advance(SOFT - 2)
    first.leave()
    stage.clock.advance(1)
    second = await stage.worker()
    stage.clock.advance(1 + HARD_AFTER_SOFT_S)
    assert stage.failures() == {
        EAST: "ListExecutions us-east1 page 3: worker ended (status 1); the next was not ready in time"
    }
    assert not second.killed
    second.ready()
    assert second.fetches == []
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    assert [sent.generation for sent in second.fetches] == [2]


async def test_a_second_attempt_that_hangs_is_ended_at_the_first_ones_deadline(stage: Stage) -> None:
    """Two attempts, one hard deadline."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    first = await stage.worker()
    first.ready()
    stage.clock.advance(10)
    first.leave()
    stage.clock.advance(1)
    second = await stage.worker()
    second.ready()
    stage.clock.advance(SOFT - 11 + HARD_AFTER_SOFT_S + EVIDENCE_S)
    assert second.killed
    [ended] = stage.ended
    assert ended.took_s == pytest.approx(SOFT + HARD_AFTER_SOFT_S + EVIDENCE_S)
    assert stage.failures() == {EAST: "runner us-east1: no answer in 20 s; worker killed"}


async def test_a_worker_that_never_becomes_ready_is_given_up(stage: Stage) -> None:
    """An import that hangs ends after its own, longer, time."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    stage.clock.advance(READY_S)
    assert worker.killed
    assert stage.failures() == {EAST: "runner us-east1: worker not ready in 60 s; killed"}


async def test_a_worker_that_speaks_nonsense_is_killed(stage: Stage) -> None:
    """A frame of four gigabytes is an error of the worker's, not memory of ours."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    for _ in range(2):
        worker = await stage.worker()
        worker.ready()
        worker.say_bytes(b"\xff\xff\xff\xff")
        assert worker.killed
        stage.clock.advance(0)
    assert "4294967295 bytes is over the limit" in stage.failures()[EAST]


async def test_a_worker_that_brings_rows_without_end_is_killed(stage: Stage) -> None:
    """Each page is sound; their number is not, and it is the worker's end before it is our memory's."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    rows = tuple(record(str(number), scope=EAST) for number in range(1000))
    page = Page(table="runner", generation=1, scope=EAST, at=NOON, records=rows)
    for _ in range(2):
        worker = await stage.worker()
        worker.ready()
        for _ in range(ROWS_MOST // len(rows)):
            worker.say(page)
        assert not worker.killed
        worker.say(page)
        assert worker.killed
        stage.clock.advance(0)
    assert "more than 200,000 rows" in stage.failures()[EAST]


async def test_a_worker_whose_memory_grows_without_end_is_killed(stage: Stage) -> None:
    """It is looked at every second while it is asked something, and the error says how much it held."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    worker.say(call(1, EAST))
    worker.held = MEMORY_MOST
    stage.clock.advance(5)
    assert not worker.killed
    worker.held = MEMORY_MOST * 3 // 2
    stage.clock.advance(1)
    assert worker.killed
    assert stage.failures() == {EAST: "ListExecutions us-east1 page 1: worker killed, because it held 1.5 GB of memory"}


async def test_a_worker_that_grows_while_it_loads_is_killed_too(stage: Stage) -> None:
    """An import that eats the machine is ended before its own minute is over."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.held = MEMORY_MOST * 2
    stage.clock.advance(1)
    assert worker.killed
    assert "held 2.0 GB" in stage.failures()[EAST]


async def test_what_a_fetch_waits_for_is_told(stage: Stage) -> None:
    """The client loads, is there, is lost, and loads again: the screen can say which."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    worker.leave()
    stage.clock.advance(1)
    await stage.worker()
    assert stage.waiting == [LOADING, None, RESTARTING, LOADING]


async def test_a_flood_of_prints_costs_a_few_lines_of_log(stage: Stage) -> None:
    """Every kind of line is in the log once when it first comes, and counted when the worker ends."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    for number in range(1000):
        worker.printed.feed(b"Exception in thread Thread-%d:\nAssertionError\n" % number)
    worker.answer(fetch(scopes=(EAST,)), EAST)
    worker.end(fetch())
    assert [note for note in stage.notes if "printed" in note] == [
        "worker runner printed: Exception in thread Thread-0:",
        "worker runner printed: AssertionError",
    ]
    worker.leave()
    stage.clock.advance(1)
    [end] = [note for note in stage.notes if "ended" in note]
    assert "\n1,000 × Exception in thread Thread-0:\n1,000 × AssertionError\n" in end


async def test_a_machine_that_cannot_start_a_process_fails_the_fetch_and_is_tried_again(stage: Stage) -> None:
    """`fork: resource temporarily unavailable` is an error of one fetch, not of the program."""
    stage.launcher.refuse = OSError("no more processes")
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    await stage.settle()
    stage.clock.advance(0)
    await stage.settle()
    assert "no more processes" in stage.failures()[EAST]
    stage.launcher.refuse = None
    stage.clock.advance(1)
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    assert [sent.generation for sent in worker.fetches] == [2]


async def deaths(stage: Stage, number: int) -> None:
    """Workers that die as soon as they are started, one after another."""
    for _ in range(number):
        worker = await stage.worker()
        worker.leave()
        stage.clock.advance(RESPAWN_S[-1] + AUTOPSY_S)


async def test_workers_that_keep_dying_open_the_breaker_and_fetches_fail_at_once(stage: Stage) -> None:
    """Five deaths in a row do not become ten processes a second, and nobody waits for a sixth."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    await deaths(stage, len(RESPAWN_S) + 1)
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    assert len(stage.launcher.children) == len(RESPAWN_S) + 1
    failure = stage.ended[-1].outcomes[EAST]
    assert failure is not None
    assert failure.text.startswith("runner us-east1: 5 workers in a row have ended, the last one so: status 1; none is")
    assert failure.retry_after_s == pytest.approx(OPEN_S[0], abs=3)
    assert stage.waiting[-1] is None


async def test_an_open_breaker_makes_one_trial_when_its_time_is_over_and_opens_for_longer(stage: Stage) -> None:
    """Half-open: the next fetch starts one worker; its death opens the breaker again."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    await deaths(stage, len(RESPAWN_S) + 1)
    stage.clock.advance(OPEN_S[0])
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    await deaths(stage, 1)
    assert len(stage.launcher.children) == len(RESPAWN_S) + 2
    failure = stage.ended[-1].outcomes[EAST]
    assert failure is not None
    assert "6 workers in a row" in failure.text
    stage.clock.advance(OPEN_S[1] - 5)
    stage.watchdog.fetch(fetch(generation=3, scopes=(EAST,)))
    await stage.settle()
    assert len(stage.launcher.children) == len(RESPAWN_S) + 2


async def test_somebody_who_asks_gets_a_trial_at_once_and_an_answer_closes_the_breaker(stage: Stage) -> None:
    """`r` does not wait for the breaker; one answer and the deaths are forgotten."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    await deaths(stage, len(RESPAWN_S) + 1)
    stage.watchdog.relent()
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    worker.answer(fetch(generation=2), EAST)
    worker.end(fetch(generation=2))
    worker.leave()
    stage.clock.advance(AUTOPSY_S)
    await stage.settle()
    assert len(stage.launcher.children) == len(RESPAWN_S) + 3


async def test_a_pause_of_the_whole_program_is_not_blamed_on_the_worker(stage: Stage) -> None:
    """After Ctrl+Z or sleep, what has arrived is read first and the worker gets its grace again."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    stage.clock.jump(3600)
    assert worker.signals == []
    worker.answer(fetch(), EAST)
    worker.end(fetch())
    stage.clock.advance(60)
    assert not worker.killed
    assert stage.failures() == {}


async def test_a_worker_with_a_call_that_never_returns_is_replaced_once_it_is_idle(stage: Stage) -> None:
    """Its soft deadline was kept, so nothing is lost; but its threads are, so it is not used again."""
    stage = Stage("wandb")
    stage.watchdog.fetch(fetch("active", 1, ("acme/arr",)))
    stage.watchdog.fetch(fetch("completed", 2, ("acme/arr",)))
    worker = await stage.worker()
    worker.ready()
    worker.fail(fetch("active", 1), "acme/arr")
    worker.end(fetch("active", 1), stuck=True)
    assert not worker.killed
    worker.answer(fetch("completed", 2), "acme/arr")
    worker.end(fetch("completed", 2))
    assert worker.killed
    assert [ended.outcomes["acme/arr"] is None for ended in stage.ended] == [False, True]


async def test_a_call_whose_end_was_never_heard_is_in_the_log_all_the_same(stage: Stage) -> None:
    """The session log names the call that hung."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    worker.say(call(1), CallEnded(id=1, at=NOON), call(2, page=2))
    stage.clock.advance(SOFT + 1)
    assert [(begun.page, ended is not None) for begun, ended, _ in stage.calls] == [(1, True), (2, False)]


async def test_closing_kills_the_worker_and_silences_it(stage: Stage) -> None:
    """After `close` nothing is heard and nothing is started."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    stage.watchdog.close()
    worker.answer(fetch(), EAST)
    stage.clock.advance(600)
    await stage.settle()
    assert worker.killed
    assert stage.events == []
    assert len(stage.launcher.children) == 1


async def test_a_worker_that_cannot_be_buried_does_not_keep_the_next_from_starting(stage: Stage) -> None:
    """No thread, no descriptor: whatever the clearing up fails with, the fetch ends and the table is asked again."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    worker.refuses_to_die = RuntimeError("can't start new thread")
    stage.clock.advance(SOFT + 1)
    assert "no answer in 20 s" in stage.failures()[EAST]
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    second = await stage.worker()
    assert second is not worker
    second.ready()
    assert [sent.generation for sent in second.fetches] == [2]


async def test_settings_that_do_not_encode_fail_the_fetch_and_do_not_hang_it(stage: Stage) -> None:
    """A path that is not UTF-8 is an error at once, not a worker that never becomes ready."""
    stage = Stage("wandb", Settings(wandb=Wandb(offline_dirs=("\udcff",))))
    stage.watchdog.fetch(fetch("active", 1, ("\udcff",)))
    await stage.settle()
    stage.clock.advance(0)
    await stage.settle()
    assert "could not be started" in stage.failures()["\udcff"]


async def test_a_worker_that_was_quick_before_is_given_less_time_to_become_ready(stage: Stage) -> None:
    """One that is stopped while it starts is found out in seconds, once we know how long starting takes."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    first = await stage.worker()
    first.ready()
    stage.clock.advance(SOFT + 1)
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    second = await stage.worker()
    stage.clock.advance(READY_LEAST_S)
    assert second.killed


async def test_a_worker_that_was_given_up_before_its_process_was_made_never_is(stage: Stage) -> None:
    """Nothing is started for nobody."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    stage.watchdog.close()
    await stage.settle()
    assert stage.launcher.children == []


async def test_a_worker_that_says_twice_that_it_is_ready_is_killed(stage: Stage) -> None:
    """A deadline that runs is moved by nobody's word."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    worker.ready()
    assert worker.killed


async def test_a_worker_that_dies_before_it_ends_what_it_has_answered_costs_nothing(stage: Stage) -> None:
    """Every scope is complete: there is nothing to ask again, and the fetch is over."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    worker.answer(fetch(), EAST)
    worker.leave()
    stage.clock.advance(AUTOPSY_S)
    [ended] = stage.ended
    assert ended.outcomes == {EAST: None}


async def test_calls_without_end_are_not_remembered_without_end(stage: Stage) -> None:
    """The newest are what matters when it hangs."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    worker = await stage.worker()
    worker.ready()
    for number in range(MOST + 5):
        worker.say(call(number, EAST, page=number))
    stage.clock.advance(SOFT + 1)
    assert stage.failures() == {EAST: f"ListExecutions us-east1 page {MOST + 4}: no answer in 20 s; worker killed"}
    assert len(stage.calls) == MOST


@pytest.mark.parametrize("claim_s", [0.1, 3600.0])
async def test_what_a_worker_says_of_its_own_start_is_not_believed(stage: Stage, claim_s: float) -> None:
    """How long the next one may take is worked out from our own clock, and never over the first limit."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    first = await stage.worker()
    stage.clock.advance(5)
    first.say(Ready(source="runner", pid=1, import_s=claim_s))
    stage.clock.advance(SOFT + 1)
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    second = await stage.worker()
    stage.clock.advance(READY_TIMES * 5 - 1)
    assert not second.killed
    stage.clock.advance(1)
    assert second.killed


async def test_the_limit_of_a_start_never_grows_over_the_first(stage: Stage) -> None:
    """A start that took a minute does not give the next one four."""
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    first = await stage.worker()
    stage.clock.advance(READY_S - 1)
    first.ready()
    stage.clock.advance(SOFT + 1)
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    second = await stage.worker()
    stage.clock.advance(READY_S)
    assert second.killed


async def test_a_stuck_worker_is_asked_nothing_more_and_replaced_though_fetches_overlap(stage: Stage) -> None:
    """Two tables that take turns do not keep it alive: what comes meanwhile waits for the next one."""
    stage = Stage("wandb")
    stage.watchdog.fetch(fetch("active", 1, ("acme/arr",)))
    stage.watchdog.fetch(fetch("completed", 2, ("acme/arr",)))
    worker = await stage.worker()
    worker.ready()
    worker.fail(fetch("active", 1), "acme/arr")
    worker.end(fetch("active", 1), stuck=True)
    stage.watchdog.fetch(fetch("active", 3, ("acme/arr",)))
    assert [sent.generation for sent in worker.fetches] == [1, 2]
    worker.answer(fetch("completed", 2), "acme/arr")
    worker.end(fetch("completed", 2))
    assert worker.killed
    stage.clock.advance(0)
    second = await stage.worker()
    second.ready()
    assert [sent.generation for sent in second.fetches] == [3]


async def test_a_worker_that_comes_up_after_it_was_given_up_is_ended(stage: Stage) -> None:
    """Its process was still being started: it is killed and never asked, and the next one is."""
    stage.launcher.gate.clear()
    stage.watchdog.fetch(fetch(scopes=(EAST,)))
    await stage.settle()
    stage.watchdog.give_up("no answer in 5 s")
    stage.launcher.gate.set()
    await stage.settle()
    [late] = stage.launcher.children
    assert late.killed
    assert late.told == []
    assert "its client was still loading; no answer in 5 s" in stage.failures()[EAST]
    stage.watchdog.fetch(fetch(generation=2, scopes=(EAST,)))
    stage.clock.advance(1)
    second = await stage.worker()
    assert second is not late
    second.ready()
    assert [sent.generation for sent in second.fetches] == [2]
