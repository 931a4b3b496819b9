"""What `gcp.jobs`, `gcp.labels` and the walk for old executions ask for, and what they leave out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import JobState

from fetchers.errors import Rejected
from fetchers.gcp import PAGE_SIZE
from fetchers.runner import WALK_AGE, RunnerFetcher
from fetchers.vertex import VertexFetcher
from tests.emulators import google_world as world_of
from tests.emulators.faults import Fault
from tests.emulators.google import GoogleEmulator
from tests.gcp_asking import R1, records_of, settings_for

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
async def google() -> AsyncIterator[GoogleEmulator]:
    """A server with an empty world."""
    async with GoogleEmulator() as emulator:
        yield emulator


def add_execution(google: GoogleEmulator, id_: str, age: timedelta = timedelta(), **more: Any) -> str:
    """One succeeded execution, unless `more` says otherwise."""
    condition = more.pop("condition", world_of.SUCCEEDED)
    google.world.executions[R1].append(world_of.execution(R1, NOW - age, condition, id_=id_, **more))
    return id_


async def ask(fetcher: RunnerFetcher | VertexFetcher, **asking: Any) -> list[str]:
    """Ids of what one fetch of the first region gives."""
    records = await records_of(fetcher, R1, **asking)
    await fetcher.close()
    return [record.id for record in records]


async def test_only_the_named_jobs_are_asked_for(google: GoogleEmulator) -> None:
    """With `gcp.jobs` set each job is listed by itself, and no other job's executions are even asked for."""
    agent = add_execution(google, "agent-aaaaa")
    other = add_execution(google, "trainer-bbbbb")
    add_execution(google, "nightly-ccccc")
    fetcher = RunnerFetcher(settings_for(google.endpoint, jobs=("agent", "trainer")))
    assert sorted(await ask(fetcher)) == [agent, other]
    parents = [request.parent for request in google.requests]
    assert [parent.rpartition("/")[2] for parent in parents] == ["agent", "trainer"]


async def test_a_job_that_is_not_in_a_region_is_simply_empty(google: GoogleEmulator) -> None:
    """NOT_FOUND for a named job is no failure of the region: the job lives elsewhere."""
    google.board.fail(Fault.NOT_FOUND, "ListExecutions")
    assert await ask(RunnerFetcher(settings_for(google.endpoint, jobs=("agent",)))) == []


async def test_a_known_execution_of_another_job_is_left_out(google: GoogleEmulator) -> None:
    """A known id asked for by name passes the same filter as a listed one."""
    other = add_execution(google, "trainer-bbbbb")
    fetcher = RunnerFetcher(settings_for(google.endpoint, jobs=("agent",)))
    assert await ask(fetcher, us_central1=[other]) == []


async def test_executions_are_filtered_by_labels(google: GoogleEmulator) -> None:
    """All labels must match; the API cannot filter, so the answer is."""
    both = add_execution(google, "agent-aaaaa", labels={"team": "vision", "tier": "1"})
    add_execution(google, "agent-bbbbb", labels={"team": "vision"})
    add_execution(google, "agent-ccccc", labels={"team": "speech", "tier": "1"})
    fetcher = RunnerFetcher(settings_for(google.endpoint, labels={"team": "vision", "tier": "1"}))
    assert await ask(fetcher) == [both]


async def test_the_limit_counts_what_passes_the_filter(google: GoogleEmulator) -> None:
    """What a filter leaves out does not use up the limit, even when it fills the first page."""
    wanted = [add_execution(google, f"agent-w{n}", timedelta(days=1, minutes=n)) for n in range(3)]
    for n in range(PAGE_SIZE + 5):
        add_execution(google, f"agent-x{n}", timedelta(minutes=n), labels={"team": "speech"})
    fetcher = RunnerFetcher(settings_for(google.endpoint, labels={"team": "vision"}))
    assert await ask(fetcher, limit=3) == wanted


async def test_mine_shows_everything_where_the_account_is_unknown(google: GoogleEmulator) -> None:
    """A plaintext endpoint has no credentials and so no account: nothing is hidden on a guess."""
    someones = add_execution(google, "agent-aaaaa", creator="bob@acme.example")
    assert await ask(RunnerFetcher(settings_for(google.endpoint, mine=True))) == [someones]


async def test_whose_an_execution_is_is_told_where_both_are_known(google: GoogleEmulator) -> None:
    """Yours, somebody else's, and one whose creator the service does not name; of these only another's is hidden."""
    for id_, creator in (("a-mine0", "you@acme.example"), ("b-bobs0", "bob@acme.example"), ("c-nobo0", "")):
        add_execution(google, id_, creator=creator)
    settings = settings_for(google.endpoint, account="you@acme.example")
    fetcher = RunnerFetcher(settings)
    found = {record.id: record.detail.get("mine") for record in await records_of(fetcher, R1)}
    await fetcher.close()
    assert found == {"a-mine0": True, "b-bobs0": False, "c-nobo0": None}
    narrow = settings_for(google.endpoint, account="you@acme.example", mine=True)
    assert sorted(await ask(RunnerFetcher(narrow))) == ["a-mine0", "c-nobo0"]


async def test_custom_jobs_are_filtered_by_labels_at_the_server(google: GoogleEmulator) -> None:
    """The newest are asked for with a label filter, and what runs behind them passes the same test."""
    for n in range(4):
        state = JobState.JOB_STATE_RUNNING if n else JobState.JOB_STATE_SUCCEEDED
        team = "vision" if n < 2 else "speech"
        job = world_of.custom_job(R1, NOW - timedelta(minutes=n), state, id_=str(n), labels={"team": team})
        google.world.custom_jobs[R1].append(job)
    fetcher = VertexFetcher(settings_for(google.endpoint, labels={"team": "vision"}))
    assert await ask(fetcher, limit=1) == ["0", "1"]
    assert google.requests[0].filter == 'labels.team="vision"'


async def test_no_second_listing_where_the_first_held_everything(google: GoogleEmulator) -> None:
    """The state filter costs a call only where something lies beyond the limit."""
    google.world.custom_jobs[R1].append(world_of.custom_job(R1, NOW))
    await ask(VertexFetcher(settings_for(google.endpoint)))
    assert google.board.count() == 1


async def test_a_warm_fetch_does_not_walk(google: GoogleEmulator) -> None:
    """Where the engine knows what runs, even that nothing does, the newest page is all that is asked."""
    for n in range(250):
        add_execution(google, f"agent-{n:05}", timedelta(minutes=n))
    fetcher = RunnerFetcher(settings_for(google.endpoint))
    assert len(await ask(fetcher, us_central1=())) == 100
    assert google.board.count() == 1


async def test_a_cold_walk_stops_where_nothing_can_run_any_more(google: GoogleEmulator) -> None:
    """Pages of executions older than any can run are not asked for."""
    for n in range(450):
        add_execution(google, f"agent-{n:05}", WALK_AGE * (n / 150))
    fetcher = RunnerFetcher(settings_for(google.endpoint), now=lambda: NOW)
    assert len(await ask(fetcher)) == 100
    assert google.board.count() == 2


@pytest.mark.parametrize("id_", ["agent-abcde", "a-job-with-dashes-abcde"])
async def test_an_execution_is_asked_for_under_its_job(google: GoogleEmulator, id_: str) -> None:
    """The short name of an execution is its job's, a dash and a suffix: enough to ask for it by name."""
    add_execution(google, id_)
    for n in range(PAGE_SIZE):
        add_execution(google, f"new-{n:05}", timedelta(minutes=-n - 1))
    fetcher = RunnerFetcher(settings_for(google.endpoint))
    assert (await ask(fetcher, us_central1=[id_]))[-1] == id_
    assert google.requests[-1].name.endswith(f"/jobs/{id_.rpartition('-')[0]}/executions/{id_}")


async def test_no_project_is_said() -> None:
    """Without a project nothing can be asked, and the error says which setting is missing."""
    fetcher = RunnerFetcher(settings_for("http://127.0.0.1:1", project=None))
    with pytest.raises(Rejected, match=r"set gcp\.project"):
        await ask(fetcher)
