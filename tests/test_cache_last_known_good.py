"""The last complete answer of every scope is there at the next start, with its age, and only for its tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.entries import Written
from cache.last_known_good import SKEW, SPACE, Answer, LastKnownGood
from cache.store import Store, open_store
from cache.tenant import GOOGLE, Tenant, for_anyone, tenant_of, view_of, whose
from fetchers.records import Record
from fetchers.settings import Endpoints, Gcp, Settings, Wandb
from tests.support.cache_records import records, times
from tests.support.records import NOON, record

TENANT = Tenant(base_url="https://run.example", owner="acme-ml")
OTHER = Tenant(base_url="https://run.example", owner="other")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store on a file."""
    made, _ = await open_store(f"sqlite:///{tmp_path}/cache.db", opening_s=10, deadline_s=10)
    yield made
    assert await made.close(10)


async def test_answers_are_there_at_the_next_start(tmp_path: Path) -> None:
    """Every scope of every table, an empty answer too, comes back after a restart with its records and its time."""
    url = f"sqlite:///{tmp_path}/cache.db"
    answers = {
        (table, scope): Answer(
            NOON + timedelta(seconds=number), tuple(record(str(n), table, scope) for n in range(number))
        )
        for number, (table, scope) in enumerate(
            (table, scope) for table in ("builds", "runner") for scope in ("a", "b")
        )
    }
    store, _ = await open_store(url, opening_s=10, deadline_s=10)
    for (table, scope), answer in answers.items():
        put = await LastKnownGood(store).put(TENANT, table, scope, answer.records, at=answer.at)
        assert put is Written.COMMITTED
    assert await store.close(10)
    store, _ = await open_store(url, opening_s=10, deadline_s=10)
    assert await LastKnownGood(store).load_all(TENANT) == answers
    assert await store.close(10)


async def test_only_the_latest_answer_counts(store: Store) -> None:
    """A later answer replaces an earlier one, also with nothing; an earlier one that comes late changes nothing."""
    last = LastKnownGood(store)
    for minutes, rows in [(1, 3), (3, 0), (2, 5)]:
        await last.put(
            TENANT, "runner", "a", [record(str(n)) for n in range(rows)], at=NOON + timedelta(minutes=minutes)
        )
    assert await last.load_all(TENANT) == {("runner", "a"): Answer(NOON + timedelta(minutes=3), ())}


async def test_a_clock_that_was_wrong_once_does_not_hold_an_answer_for_ever(store: Store) -> None:
    """An answer dated far ahead yields to one of now."""
    last = LastKnownGood(store)
    await last.put(TENANT, "runner", "a", [], at=NOON + 2 * SKEW)
    assert await last.put(TENANT, "runner", "a", [], at=NOON) is Written.COMMITTED
    assert (await last.load_all(TENANT))["runner", "a"].at == NOON


async def test_rows_of_one_tenant_are_never_another_s(store: Store) -> None:
    """Another owner, another address, another account or another filter loads nothing of ours."""
    last = LastKnownGood(store)
    await last.put(TENANT, "runner", "a", [record()], at=NOON)
    await last.put(TENANT, "runner", "a", [], at=NOON, view="mine")
    others = [
        OTHER,
        Tenant(base_url="https://x.example", owner="acme-ml"),
        Tenant(base_url=TENANT.base_url, owner="acme-ml", account="x"),
    ]
    assert [await last.load_all(other) for other in others] == [{}, {}, {}]
    assert await last.load_all(TENANT, view="yours") == {}
    assert (await last.load_all(TENANT))["runner", "a"].records == (record(),)
    assert (await last.load_all(TENANT, view="mine"))["runner", "a"].records == ()


async def test_times_are_utc(store: Store) -> None:
    """A time told in another zone is the same moment, in UTC."""
    last = LastKnownGood(store)
    await last.put(TENANT, "runner", "a", [], at=NOON.astimezone(timezone(timedelta(hours=5))))
    at = (await last.load_all(TENANT))["runner", "a"].at
    assert (at, at.tzinfo) == (NOON, UTC)


async def test_an_answer_of_another_schema_is_left_out(store: Store) -> None:
    """One row that cannot be read costs only itself, and the next answer takes its place."""
    last = LastKnownGood(store)
    await last.put(TENANT, "runner", "a", [record()], at=NOON)
    await store.put_once(SPACE, (*TENANT.key, "", "runner", "b"), b"\xc1")
    assert set(await last.load_all(TENANT)) == {("runner", "a")}
    assert await last.put(TENANT, "runner", "b", [], at=NOON) is Written.COMMITTED
    assert set(await last.load_all(TENANT)) == {("runner", "a"), ("runner", "b")}


async def test_loading_leaves_the_loop_free(store: Store) -> None:
    """While 9,000 records are loaded something else runs between any two scopes."""
    last = LastKnownGood(store)
    scopes = [(f"t{table}", f"s{scope}") for table in range(5) for scope in range(18)]
    rows = [record(str(number)) for number in range(100)]
    await asyncio.gather(*(last.put(TENANT, table, scope, rows, at=NOON) for table, scope in scopes))
    loading = asyncio.create_task(last.load_all(TENANT))
    turns = 0
    while not loading.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(await loading) == len(scopes)
    assert turns >= len(scopes)


@given(st.lists(records, max_size=5), times)
async def test_any_records_come_back_as_they_went_in(rows: list[Record], at: datetime) -> None:
    """Times to the microsecond, every scalar, every character; only whose they are is missing."""
    store, _ = await open_store("memory:")
    last = LastKnownGood(store)
    assert await last.put(TENANT, "runner", "a", rows, at=at) is Written.COMMITTED
    assert await last.load_all(TENANT) == {("runner", "a"): Answer(at, tuple(map(for_anyone, rows)))}
    await store.close(10)


# --- tenants -------------------------------------------------------------------------------------------------------

tenants = st.builds(Tenant, base_url=st.text(max_size=5), owner=st.text(max_size=5), account=st.text(max_size=5))


def test_a_tenant_s_name_is_stable() -> None:
    """The written form never changes: it is in people's logs and files."""
    assert str(Tenant(base_url="https://api.wandb.ai/", owner="acme/arr", account="me|x@y")) == (
        "https://api.wandb.ai|acme/arr|me%7Cx@y"
    )
    assert Tenant(base_url="https://a/", owner="x") == Tenant(base_url="https://a", owner="x")


def test_a_tenant_is_what_the_settings_say() -> None:
    """Project, endpoint and entity make the tenant; filters make the view, in whatever order they are written."""
    plain = Settings(gcp=Gcp(project="p"), wandb=Wandb(entity="e", project="w"))
    local = Settings(gcp=Gcp(project="p", endpoints=Endpoints(vertex="http://127.0.0.1:1")))
    assert tenant_of("vertex", plain) == Tenant(base_url="https://aiplatform.googleapis.com", owner="p")
    assert tenant_of("vertex", local) == Tenant(base_url="http://127.0.0.1:1", owner="p")
    assert tenant_of("wandb", plain) == Tenant(base_url="https://api.wandb.ai", owner="e/w")
    views = [Settings(gcp=Gcp(jobs=jobs)) for jobs in (("a", "b"), ("b", "a"), ("a",))]
    assert view_of("runner", views[0]) == view_of("runner", views[1]) != view_of("runner", views[2])
    assert [view_of("runner", plain), view_of("wandb", views[0])] == ["", ""]
    narrow = [Settings(wandb=Wandb(users=("a",))), Settings(wandb=Wandb(tags=("a",)))]
    assert len({view_of("wandb", settings) for settings in (plain, *narrow)}) == 3
    assert view_of("runner", narrow[0]) == ""


def test_nobody_knows_whose_rows_those_are_that_depend_on_who_asks() -> None:
    """Where only what is mine is fetched there is no key to keep it under; the other sources have theirs."""
    ours = Settings(gcp=Gcp(project="p", account="me@a.example", mine=True), wandb=Wandb(entity="e", mine=True))
    assert [source for source in ("builds", "runner", "vertex", "wandb") if whose(source, ours) is None] == [
        "runner",
        "wandb",
    ]


def test_every_source_of_google_has_an_address() -> None:
    """An endpoint that can be configured has a default here."""
    assert set(GOOGLE) == set(Endpoints.__struct_fields__)


@given(tenants, tenants)
def test_different_tenants_have_different_names(one: Tenant, other: Tenant) -> None:
    """Name and key tell tenants apart exactly where they differ."""
    assert (str(one) == str(other)) == (one.key == other.key) == (one == other)
