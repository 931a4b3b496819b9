"""The fetcher of logs against the emulator, through the real client: which calls it makes, and what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta

import pytest
from google.api_core.exceptions import NotFound

from fetchers.base import Calls
from fetchers.errors import BadAnswer, FetchError, NoAnswer, NotAllowed, Rejected, Throttled, Unreachable
from fetchers.gcp_errors import explain
from fetchers.log_extraction import LogsFetcher
from fetchers.log_pages import API
from fetchers.messages import CallEnded, CallStarted, LogTarget, Message
from fetchers.records import Reason, State
from tests.emulators.faults import Fault
from tests.emulators.google import GoogleEmulator
from tests.emulators.google_logs import Line
from tests.gcp_asking import R1, R2, settings_for
from tests.log_asking import OOM, before_the_end, fetch_of, outcomes_of, part_of, target_of, write

METHOD = "ListLogEntries"
ERROR: list[Line] = [("ERROR", OOM)]


@pytest.fixture
async def google() -> AsyncIterator[GoogleEmulator]:
    """A server without logs."""
    async with GoogleEmulator() as emulator:
        yield emulator


@pytest.fixture
async def fetcher(google: GoogleEmulator) -> AsyncIterator[LogsFetcher]:
    """The fetcher, pointed at it."""
    made = LogsFetcher(settings_for(google.endpoint))
    yield made
    await made.close()


def failures(google: GoogleEmulator, number: int, table: str = "runner", count: int = 40) -> list[LogTarget]:
    """Records that have failed, a minute apart, with logs that say why."""
    targets = [target_of(f"{table}-{n:05}", table, ended=timedelta(minutes=5 + n)) for n in range(number)]
    for target in targets:
        write(google, target, ERROR, count)
    return targets


# --- how many calls ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["runner", "vertex", "builds"])
async def test_many_logs_are_read_with_one_call(google: GoogleEmulator, fetcher: LogsFetcher, table: str) -> None:
    """Fifteen short logs take one call, and each record gets the reason that stands in its own."""
    targets = failures(google, 14, table)
    other = target_of("other-00000", table)
    write(google, other, [("ERROR", "OSError: [Errno 28] No space left on device: '/tmp/x'")])
    found = await outcomes_of(fetcher, [*targets, other])
    assert google.board.count(METHOD) == 1
    rules = {id_: outcome.reason.rule for id_, outcome in found.items() if outcome.reason}
    assert rules == {target.record.id: "out_of_memory" for target in targets} | {"other-00000": "disk_full"}
    assert all(outcome.whole and outcome.entries == 40 for outcome in found.values())


async def test_a_cause_800_lines_before_the_end_is_found_though_others_fill_the_page(
    google: GoogleEmulator, fetcher: LogsFetcher
) -> None:
    """Logs that a page holds too little of are read alone, at one call each, and at the same time."""
    short = failures(google, 12, count=20)
    chatty = [target_of(f"chatty-{n}") for n in range(3)]
    for target in chatty:
        write(google, target, before_the_end(800), count=5_000)
    google.board.delay(0.3, METHOD)
    log: list[Message] = []
    found = await outcomes_of(fetcher, [*chatty, *short], log=log)
    assert {outcome.reason.rule for outcome in found.values() if outcome.reason} == {"out_of_memory"}
    assert len(found) == 15
    assert not any(found[target.record.id].whole for target in chatty)
    assert google.board.count(METHOD) <= 1 + 15
    kinds = [type(note) for note in log]
    calls = google.board.count(METHOD)
    assert kinds == [CallStarted, CallEnded, *[CallStarted] * (calls - 1), *[CallEnded] * (calls - 1)]


async def test_what_says_enough_is_not_read_again(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """A part that says what went wrong needs no second call; an exception, which may be an effect of that, does."""
    clear, vague = target_of("clear"), target_of("vague")
    write(google, clear, ERROR, count=5_000)
    write(google, vague, [*before_the_end(600), ("ERROR", "RuntimeError: the worker is gone")], count=5_000)
    found = await outcomes_of(fetcher, [clear, vague])
    assert google.board.count(METHOD) == 2
    assert not found["clear"].whole
    assert [outcome.reason.rule for outcome in found.values() if outcome.reason] == ["out_of_memory"] * 2


async def test_no_more_calls_are_made_than_are_left(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """With too few calls for all, some logs stay unread; further fetches of one call each come to all of them."""
    targets = [target_of(f"chatty-{n}") for n in range(4)]
    for target in targets:
        write(google, target, before_the_end(800), count=5_000)
    left = targets
    for asked in range(1, 6):
        found = await outcomes_of(fetcher, left, calls=1)
        assert google.board.count(METHOD) == asked
        left = [target for target in left if target.record.id not in found]
    assert left == []


async def test_tables_share_the_calls_of_a_fetch(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Two calls are enough for two of three tables; the third is left unread."""
    targets = [target for table in ("runner", "vertex", "builds") for target in failures(google, 3, table)]
    found = await outcomes_of(fetcher, targets, calls=2)
    assert google.board.count(METHOD) == 2
    assert {outcome.table for outcome in found.values()} == {"runner", "vertex"}
    assert await outcomes_of(fetcher, targets, calls=0) == {}


async def test_logs_too_many_to_read_alone_are_read_together_again(
    google: GoogleEmulator, fetcher: LogsFetcher
) -> None:
    """A hundred and twenty logs of thirty lines are all read with ten calls."""
    targets = failures(google, 120, count=30)
    found = await outcomes_of(fetcher, targets, calls=10)
    assert len(found) == 120
    assert google.board.count(METHOD) <= 10


async def test_long_names_are_spread_over_filters_that_the_service_takes(
    google: GoogleEmulator, fetcher: LogsFetcher
) -> None:
    """Names that do not fit into one filter take another call."""
    targets = [target_of(f"{n:02}-{'x' * 990}") for n in range(40)]
    for target in targets:
        write(google, target, ERROR, count=5)
    assert len(await outcomes_of(fetcher, targets)) == 40
    assert google.board.count(METHOD) == 3
    assert max(len(request.filter) for request in google.requests) <= 20_000


async def test_empty_pages_with_a_token_are_gone_through(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """An empty page with a token means that the search goes on, at a call each."""
    google.blank_pages = 3
    found = await outcomes_of(fetcher, failures(google, 2))
    assert [outcome.reason.rule for outcome in found.values() if outcome.reason] == ["out_of_memory"] * 2
    assert google.board.count(METHOD) == 4


async def test_pages_that_are_broken_off_are_gone_on_with(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """A service that gives an entry at a time is asked on, a few times and never for ever."""
    target = target_of("slow")
    write(google, target, before_the_end(3), count=5_000)
    google.board.drip_s = 0
    google.board.fail(Fault.DRIP, METHOD)
    found = await outcomes_of(fetcher, [target])
    assert google.board.count(METHOD) == 8
    assert (found["slow"].entries, found["slow"].whole) == (8, False)
    assert found["slow"].reason is not None
    assert len((await part_of(fetcher, target)).entries) == 3


async def test_a_token_that_comes_again_ends_the_reading(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Two empty pages of one token would go round for ever: they are an error."""
    google.blank_pages = 1_000_000
    google.goes_round = True
    with pytest.raises(BadAnswer, match="the same page token came twice"):
        await outcomes_of(fetcher, failures(google, 2))
    assert google.board.count(METHOD) == 2


async def test_a_second_try_asks_only_for_what_is_missing(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Whoever asks again within a fetch spends what is left of its calls, and gets nothing twice."""
    targets = failures(google, 3)
    fetch = fetch_of(targets, calls=2)
    calls = Calls(fetch, lambda _: None)
    for expected in (3, 0):
        async with aclosing(fetcher.fetch(fetch, "runner", calls)) as parts:
            assert sum([len(part) async for part in parts if isinstance(part, list)]) == expected
    assert google.board.count(METHOD) == 1


async def test_a_second_try_without_a_call_left_is_no_success(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Where the only call has failed, asking again without one says so again."""
    google.board.fail(Fault.UNAVAILABLE, METHOD)
    fetch = fetch_of(failures(google, 3), calls=1)
    calls = Calls(fetch, lambda _: None)
    for _ in range(2):
        with pytest.raises(Unreachable, match="UNAVAILABLE"):
            async with aclosing(fetcher.fetch(fetch, "runner", calls)) as parts:
                await anext(parts)
    assert google.board.count(METHOD) == 1


# --- what is found -----------------------------------------------------------------------------------------------


async def test_successes_say_how_many_jobs_they_completed(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """The agents' counts take one call for all, however long their logs; one that counts nothing says nothing."""
    targets = {n: target_of(f"agent-{n}", state=State.SUCCEEDED) for n in (1, 4)}
    for number, target in targets.items():
        last = [("INFO", f"wandb: launch: Runs: {number}"), *(step for step in before_the_end(20, "bye"))]
        write(google, target, last, count=3_000)
    silent = target_of("silent", state=State.SUCCEEDED)
    write(google, silent)
    found = await outcomes_of(fetcher, [*targets.values(), silent])
    texts = {id_: outcome.reason.text if outcome.reason else None for id_, outcome in found.items()}
    assert texts == {"agent-1": "✓ Completed: 1 job", "agent-4": "✓ Completed: 4 jobs", "silent": None}
    assert found["agent-4"].jobs == 4
    assert found["agent-4"].evidence == ("wandb: launch: Runs: 4",)
    assert google.board.count(METHOD) == 1


async def test_records_of_one_name_in_two_regions_keep_their_own_logs(
    google: GoogleEmulator, fetcher: LogsFetcher
) -> None:
    """The region of an entry tells two executions of one name apart."""
    here, there = target_of("twin", scope=R1), target_of("twin", scope=R2)
    write(google, here, ERROR)
    write(google, there, [("ERROR", "OSError: [Errno 28] No space left on device")])
    fetch = fetch_of([here, there])
    async with aclosing(fetcher.fetch(fetch, "runner", Calls(fetch, lambda _: None))) as parts:
        found = {outcome.key: outcome.reason.rule async for part in parts for outcome in part}  # type: ignore[union-attr]
    assert found == {f"{R1}/twin": "out_of_memory", f"{R2}/twin": "disk_full"}


@pytest.mark.parametrize("name", ['a" OR "b', "back\\slash", "line\nbreak", 'x") OR resource.type=("build'])
async def test_any_name_stays_a_name_in_a_filter(google: GoogleEmulator, fetcher: LogsFetcher, name: str) -> None:
    """A name with the filter language's own marks in it neither breaks the filter nor finds the logs of others."""
    write(google, target_of("b"), ERROR)
    write(google, target_of("b", "builds"), ERROR)
    found = await outcomes_of(fetcher, [target_of(name), target_of("other")])
    assert {outcome.entries for outcome in found.values()} == {0}


async def test_an_empty_log_is_said(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """A failure without a log says so, behind what its source said."""
    bare = target_of("bare")
    told = target_of("told", said=Reason(text="The container exited with an error.", origin="gcp"))
    found = await outcomes_of(fetcher, [bare, told])
    texts = {id_: outcome.reason.text for id_, outcome in found.items() if outcome.reason}
    assert texts == {"bare": "no log entries", "told": "The container exited with an error. (no log entries)"}
    assert google.board.count(METHOD) == 1


async def test_a_log_that_explains_nothing_leaves_what_the_source_said(
    google: GoogleEmulator, fetcher: LogsFetcher
) -> None:
    """Where no rule finds anything, the reason is the source's; the log counts as read."""
    said = Reason(text="Task failed.", origin="gcp")
    target = target_of("quiet", said=said)
    write(google, target)
    found = await outcomes_of(fetcher, [target])
    assert (found["quiet"].reason, found["quiet"].entries, found["quiet"].problem) == (said, 40, None)
    assert found["quiet"].rules > 0


async def test_the_sources_own_words_stand_where_they_say_more(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """A log that ends in some exception does not hide that the source says: out of memory."""
    said = Reason(text="The replica ran out of memory.", rule="out_of_memory", category="resources", origin="gcp")
    target = target_of("killed", "vertex", said=said)
    traceback = ("Traceback (most recent call last):", '  File "a.py", line 1, in <module>', "    a()", "ValueError: b")
    write(google, target, [("ERROR", text) for text in traceback])
    found = await outcomes_of(fetcher, [target])
    assert found["killed"].reason == said
    assert any("ValueError" in line for line in found["killed"].evidence)


# --- what goes wrong ---------------------------------------------------------------------------------------------

FAULTS: dict[Fault, tuple[type[FetchError], str]] = {
    Fault.PERMISSION_DENIED: (NotAllowed, "^log not readable: needs roles/logging.viewer on acme-ml; run `gcloud"),
    Fault.NOT_FOUND: (Rejected, "the project or its log bucket is gone"),
    Fault.RESOURCE_EXHAUSTED: (Throttled, "gcp.log_reads_per_minute"),
    Fault.UNAVAILABLE: (Unreachable, "UNAVAILABLE"),
    Fault.INTERNAL: (Unreachable, "INTERNAL"),
    Fault.RESET: (Unreachable, METHOD),
    Fault.GARBAGE: (BadAnswer, "check gcp.endpoints.logging"),
    Fault.ENDLESS: (BadAnswer, "no entries and no end"),
    Fault.NEVER: (NoAnswer, "no answer in 0.9 s; check the network"),
    Fault.HEADERS: (NoAnswer, "no answer in 0.9 s"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_service_that_refuses_all_fails_the_scope(
    google: GoogleEmulator, fetcher: LogsFetcher, fault: Fault
) -> None:
    """The error says what happened and what to do; once the fault is gone, all is read."""
    targets = failures(google, 2)
    google.board.fail(fault, METHOD)
    kind, text = FAULTS[fault]
    hangs = kind is NoAnswer
    with pytest.raises(kind, match=text):
        await outcomes_of(fetcher, targets, deadline_s=1 if hangs else 20)
    google.board.mend()
    assert len(await outcomes_of(fetcher, targets)) == 2


async def test_a_refusal_names_the_command_that_grants_the_role(google: GoogleEmulator) -> None:
    """Whoever is known by name can copy the command."""
    google.board.fail(Fault.PERMISSION_DENIED, METHOD)
    fetcher = LogsFetcher(settings_for(google.endpoint, account="ada@acme.example"))
    with pytest.raises(NotAllowed) as caught:
        await outcomes_of(fetcher, [target_of("one")])
    await fetcher.close()
    command = (
        "gcloud projects add-iam-policy-binding acme-ml --member=user:ada@acme.example --role=roles/logging.viewer"
    )
    assert command in str(caught.value)


def test_a_log_bucket_that_is_gone_is_no_question_of_regions() -> None:
    """What speaks of a location where logs are kept says nothing about the regions that are asked."""
    error = NotFound("Bucket `projects/acme-ml/locations/global/buckets/_Default` was not found.")
    found = explain(error, f"{METHOD} runner page 1", API, project="acme-ml", scope="runner")
    assert "log bucket is gone" in str(found)
    assert "gcp.regions" not in str(found)


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.ENDLESS, Fault.INVALID_ARGUMENT])
async def test_a_log_that_alone_is_unreadable_has_a_problem_of_its_own(
    google: GoogleEmulator, fetcher: LogsFetcher, fault: Fault
) -> None:
    """An answer about one log that makes no sense is that log's problem, and fails nobody else."""
    google.board.fail(fault, METHOD)
    found = await outcomes_of(fetcher, [target_of("odd")])
    assert found["odd"].problem is not None
    assert METHOD in found["odd"].problem
    assert (found["odd"].reason, found["odd"].rules) == (None, 0)


async def test_what_was_found_before_a_refusal_counts(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """A quota that ends between two calls costs only what the second would have read; it says how long to wait."""
    clear, vague = target_of("clear"), target_of("vague")
    write(google, clear, ERROR, count=5_000)
    write(google, vague, count=5_000)
    google.board.delay(0.2, METHOD)
    fetch = fetch_of([clear, vague])
    async with aclosing(fetcher.fetch(fetch, "runner", Calls(fetch, lambda _: None))) as parts:
        first = await anext(parts)
        google.board.fail(Fault.RESOURCE_EXHAUSTED, METHOD)
        with pytest.raises(Throttled) as caught:
            await anext(parts)
    assert [outcome.key for outcome in first] == [clear.key]  # type: ignore[union-attr]
    assert caught.value.retry_after_s == 7


async def test_a_fetch_that_is_given_up_leaves_no_call_behind(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Closing the generator ends the calls that are under way, and notes their end."""
    google.board.fail(Fault.NEVER, METHOD)
    log: list[Message] = []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await outcomes_of(fetcher, [*failures(google, 2), *failures(google, 2, "builds")], log=log)
    assert [type(note) for note in log] == [CallStarted, CallEnded]


async def test_a_table_without_such_logs_is_refused(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """W&B runs have no log in Cloud Logging: asking for one makes no call."""
    with pytest.raises(Rejected, match="completed"):
        await outcomes_of(fetcher, [target_of("run", "completed")])
    assert google.board.count(METHOD) == 0
