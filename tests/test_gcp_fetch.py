"""The three Google fetchers against the emulator, through the real clients: what arrives and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import JobState
from google.cloud.devtools.cloudbuild_v1.types import Build

from fetchers.base import Calls
from fetchers.errors import BadAnswer, NoAnswer, NotAllowed, Unreachable
from fetchers.messages import CallEnded, CallStarted, Message
from fetchers.records import Record, State
from tests.emulators import google_world as world_of
from tests.emulators.faults import Fault
from tests.emulators.google import GoogleEmulator
from tests.gcp_asking import R1, R2, TABLES, GoogleFetcher, fetch_of, pages_of, records_of, settings_for

NOW = datetime.now(UTC).replace(microsecond=0)
LISTS = {"builds": "ListBuilds", "runner": "ListExecutions", "vertex": "ListCustomJobs"}
GETS = {"builds": "GetBuild", "runner": "GetExecution", "vertex": "GetCustomJob"}


@pytest.fixture
async def google() -> AsyncIterator[GoogleEmulator]:
    """A server with an empty world."""
    async with GoogleEmulator() as emulator:
        yield emulator


@pytest.fixture(params=TABLES, ids=lambda fetcher: fetcher.__name__)
async def fetcher(request: pytest.FixtureRequest, google: GoogleEmulator) -> AsyncIterator[GoogleFetcher]:
    """Each of the three fetchers, pointed at it."""
    made: GoogleFetcher = request.param(settings_for(google.endpoint))
    yield made
    await made.close()


def table_of(fetcher: GoogleFetcher) -> str:
    """The table it fills."""
    return TABLES[type(fetcher)]


def add(google: GoogleEmulator, table: str, age: timedelta, *, running: bool, region: str = R1) -> str:
    """Put one resource of the table into the world; returns its id."""
    at = NOW - age
    row: Any
    rows: list[Any]
    if table == "builds":
        row = world_of.build(region, at, Build.Status.WORKING if running else Build.Status.SUCCESS)
        rows = google.world.builds[region]
    elif table == "runner":
        condition = world_of.RUNNING if running else world_of.SUCCEEDED
        more: dict[str, Any] = {"running_count": 1} if running else {"completion_time": at}
        row = world_of.execution(region, at, condition, **more)
        rows = google.world.executions[region]
    else:
        state = JobState.JOB_STATE_RUNNING if running else JobState.JOB_STATE_SUCCEEDED
        row = world_of.custom_job(region, at, state)
        rows = google.world.custom_jobs[region]
    rows.append(row)
    return str(row.name).rpartition("/")[2]


def add_many(google: GoogleEmulator, table: str, number: int) -> list[str]:
    """That many ended resources, a minute apart; ids, newest first."""
    return [add(google, table, timedelta(minutes=1 + minute), running=False) for minute in range(number)]


def ids(records: Sequence[Record]) -> list[str]:
    """The ids, in order."""
    return [record.id for record in records]


async def test_an_empty_region_is_an_empty_answer(fetcher: GoogleFetcher) -> None:
    """A region that holds nothing answers without records and without an error."""
    assert await records_of(fetcher, R1) == []


async def test_records_come_newest_first_up_to_the_limit(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """Of what has ended the newest arrive, in order, and no more of them than were asked for."""
    expected = add_many(google, table_of(fetcher), 30)
    assert ids(await records_of(fetcher, R1, limit=12, us_central1=())) == expected[:12]


async def test_a_limit_beyond_one_page_is_filled_page_by_page(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """More than a page is asked for page by page, each given on as it arrives, and every call is noted."""
    expected = add_many(google, table_of(fetcher), 150)
    log: list[Message] = []
    pages = await pages_of(fetcher, fetch_of(fetcher, R1, limit=1000), R1, log)
    assert [len(page) for page in pages] == [100, 50]
    assert [record.id for page in pages for record in page] == expected
    began = [(note.method, note.scope, note.page) for note in log if isinstance(note, CallStarted)]
    assert began == [(LISTS[table_of(fetcher)], R1, 1), (LISTS[table_of(fetcher)], R1, 2)]
    assert [note.error for note in log if isinstance(note, CallEnded)] == [None, None]


async def test_a_job_of_nine_days_behind_500_newer_ones_is_found_cold(
    google: GoogleEmulator, fetcher: GoogleFetcher
) -> None:
    """Knowing nothing, a fetch finds what has been running for nine days behind 500 newer ones."""
    old = add(google, table_of(fetcher), timedelta(days=9), running=True)
    add_many(google, table_of(fetcher), 500)
    records = await records_of(fetcher, R1)
    assert len(records) == 101
    assert (records[-1].id, records[-1].state) == (old, State.RUNNING)


async def test_a_known_job_is_asked_for_by_name(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """What was running and has ended behind the limit is given with its end, at the price of one call."""
    old = add(google, table_of(fetcher), timedelta(days=9), running=False)
    add_many(google, table_of(fetcher), 130)
    records = await records_of(fetcher, R1, us_central1=[old])
    assert len(records) == 101
    assert (records[-1].id, records[-1].state) == (old, State.SUCCEEDED)
    assert google.board.count(GETS[table_of(fetcher)]) == 1


async def test_a_known_job_that_is_no_more_is_left_out(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """NOT_FOUND for a known id is an answer: the id is gone, the fetch is complete."""
    there = add(google, table_of(fetcher), timedelta(minutes=5), running=True)
    assert ids(await records_of(fetcher, R1, us_central1=["gone-12345", there])) == [there]


async def test_a_known_job_that_cannot_be_asked_for_fails_the_scope(
    google: GoogleEmulator, fetcher: GoogleFetcher
) -> None:
    """When one known id cannot be asked, what was found is given first and then the scope fails, so its row is kept."""
    behind = [add(google, table_of(fetcher), timedelta(days=9, minutes=n), running=False) for n in range(3)]
    add_many(google, table_of(fetcher), 101)
    google.board.fail(Fault.PERMISSION_DENIED, GETS[table_of(fetcher)])
    fetch = fetch_of(fetcher, R1, us_central1=behind)
    async with aclosing(fetcher.fetch(fetch, R1, Calls(fetch, lambda _: None))) as pages:
        assert len(await anext(pages)) == 100
        with pytest.raises(NotAllowed, match=f"{GETS[table_of(fetcher)]} {R1} page 1: PERMISSION_DENIED"):
            await anext(pages)


async def test_no_record_is_given_twice(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """A record that is in a page, in the state filter's answer and among the known ids is given once."""
    running = [add(google, table_of(fetcher), timedelta(minutes=n), running=True) for n in range(3)]
    add_many(google, table_of(fetcher), 20)
    found = ids(await records_of(fetcher, R1, limit=5, us_central1=running))
    assert len(found) == len(set(found)) == 5
    assert set(running) <= set(found)


async def test_a_slow_region_does_not_hold_up_another(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """One region's page arrives while the other's call is still unanswered on the same channel."""
    expected = add_many(google, table_of(fetcher), 1)
    google.board.fail(Fault.NEVER, region=R2)
    slow = asyncio.create_task(pages_of(fetcher, fetch_of(fetcher, R2), R2))
    await google.board.called(LISTS[table_of(fetcher)], R2)
    assert ids(await records_of(fetcher, R1)) == expected
    assert not slow.done()
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)


async def test_the_first_page_arrives_before_the_second_is_asked(
    google: GoogleEmulator, fetcher: GoogleFetcher
) -> None:
    """A page is handed on at once: the second call has not even begun."""
    add_many(google, table_of(fetcher), 101)
    fetch = fetch_of(fetcher, R1, limit=200)
    async with aclosing(fetcher.fetch(fetch, R1, Calls(fetch, lambda _: None))) as pages:
        assert len(await anext(pages)) == 100
        assert google.board.count(LISTS[table_of(fetcher)]) == 1


@pytest.mark.parametrize("fault", [Fault.NEVER, Fault.HEADERS])
async def test_silence_ends_in_time_and_names_the_call(
    google: GoogleEmulator, fetcher: GoogleFetcher, fault: Fault
) -> None:
    """A server that never answers, or stalls after its headers, fails the scope shortly before the soft deadline."""
    google.board.fail(fault)
    clock = asyncio.get_running_loop().time
    began = clock()
    with pytest.raises(
        NoAnswer, match=f"^{LISTS[table_of(fetcher)]} {R1} page 1: DEADLINE_EXCEEDED: no answer in 0.45 s"
    ):
        await records_of(fetcher, R1, deadline_s=0.5)
    assert clock() - began < 2


async def test_endless_pages_end(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """A server whose pages have no end is left after the cap, with a message that says so."""
    google.board.fail(Fault.ENDLESS)
    with pytest.raises(BadAnswer, match=f"^{LISTS[table_of(fetcher)]} {R1} page 50: no end after 50 pages; "):
        await records_of(fetcher, R1)
    assert google.board.count() == 50


async def test_a_dripping_server_gives_what_it_has(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """Pages of one record each are all given on."""
    expected = add_many(google, table_of(fetcher), 4)
    google.board.drip_s = 0.001
    google.board.fail(Fault.DRIP)
    assert [len(page) for page in await pages_of(fetcher, fetch_of(fetcher, R1), R1)] == [1, 1, 1, 1]
    google.board.mend()
    assert ids(await records_of(fetcher, R1)) == expected


async def test_bytes_that_are_no_message_are_a_bad_answer(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """Garbage is never an empty table and never "not found"."""
    google.board.fail(Fault.GARBAGE, LISTS[table_of(fetcher)])
    with pytest.raises(BadAnswer, match=f"^{LISTS[table_of(fetcher)]} {R1} page 1: bytes that are no "):
        await records_of(fetcher, R1)
    google.board.mend()
    google.board.fail(Fault.GARBAGE, GETS[table_of(fetcher)])
    with pytest.raises(BadAnswer, match=GETS[table_of(fetcher)]):
        await records_of(fetcher, R1, us_central1=["a-1"])


async def test_a_reset_connection_fails_one_fetch_and_not_the_next(
    google: GoogleEmulator, fetcher: GoogleFetcher
) -> None:
    """After a reset the next fetch connects anew, at once, with no backoff in between."""
    expected = add_many(google, table_of(fetcher), 2)
    google.board.fail(Fault.RESET)
    with pytest.raises(Unreachable, match=f"{LISTS[table_of(fetcher)]} {R1} page 1: connection reset; "):
        await records_of(fetcher, R1)
    google.board.mend()
    assert ids(await records_of(fetcher, R1, deadline_s=3)) == expected


async def test_closing_between_pages_leaves_nothing_behind(google: GoogleEmulator, fetcher: GoogleFetcher) -> None:
    """A generator closed after its first page asks no further, ends every noted call and keeps no task."""
    add_many(google, table_of(fetcher), 201)
    before = asyncio.all_tasks()
    log: list[Message] = []
    fetch = fetch_of(fetcher, R1, limit=200)
    async with aclosing(fetcher.fetch(fetch, R1, Calls(fetch, log.append))) as pages:
        await anext(pages)
    assert google.board.count() == 1
    assert [type(note) for note in log] == [CallStarted, CallEnded]
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert not {task for task in left if "grpc" not in repr(task) and "emulators" not in repr(task)}


async def test_cancelling_in_a_call_ends_it_and_the_next_fetch_works(
    google: GoogleEmulator, fetcher: GoogleFetcher
) -> None:
    """A fetch cancelled while it waits ends at once, its call noted as ended, and the next one is answered."""
    google.board.fail(Fault.NEVER)
    log: list[Message] = []
    task = asyncio.create_task(pages_of(fetcher, fetch_of(fetcher, R1), R1, log))
    await google.board.called()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(2):
            await task
    assert [type(note) for note in log] == [CallStarted, CallEnded]
    google.board.mend()
    assert await records_of(fetcher, R1) == []
