"""The final state of what has ended is written once it is final, kept for ever, and given to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from cache.entries import Written
from cache.evidence import LONGEST_LINE, MOST_LINES, bounded
from cache.store import Store, open_store
from cache.tenant import Tenant, for_anyone
from cache.terminal_state import SPACE, TerminalStates, is_final, is_settled, resource_key
from fetchers.messages import Outcome
from fetchers.records import Reason, Record, State
from fetchers.redact import redacted
from tests.support.cache_records import records
from tests.support.records import NOON, record

TENANT = Tenant(base_url="https://run.example", owner="acme-ml")
ENDED = NOON + timedelta(minutes=5)
FIRST = ENDED + timedelta(seconds=60)
LAST = ENDED + timedelta(seconds=120)
LONG_AFTER = ENDED + timedelta(days=9)
KEY = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store on a file."""
    made, _ = await open_store(f"sqlite:///{tmp_path}/cache.db", opening_s=10, deadline_s=10)
    yield made
    assert await made.close(10)


def failed(why: str = "no machine", **more: Any) -> Record:
    """A record that failed at `ENDED`."""
    return record("x", state="failed", reason=Reason(text=why), **more)


def read(*lines: str, rules: int = 1) -> Outcome:
    """What a log said that was read."""
    return Outcome(table="runner", key="us-east1/x", evidence=lines, rules=rules)


def run(heartbeat: datetime, state: str = "failed", sign: str = "heartbeat") -> Record:
    """A W&B run whose last sign of life was then."""
    detail = {sign: heartbeat.isoformat()}
    return record("r", table="completed", scope="acme/arr", state=state, finished=heartbeat, detail=detail)


# --- when ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in State if not state.ended])
async def test_what_has_not_ended_is_not_kept(store: Store, state: State) -> None:
    """Queued, running and unknown are no final states, however old."""
    states, row = TerminalStates(store), record("x", state=state)
    assert await states.put(TENANT, row, LONG_AFTER) is Written.EARLY
    assert await states.get(TENANT, row) is None


async def test_the_log_gets_a_minute_to_arrive_and_a_second_look(store: Store) -> None:
    """Refused before 60 s after the end; kept then; written once more from 120 s on; and never again."""
    states = TerminalStates(store)
    outcomes = [
        await states.put(TENANT, failed(why), now)
        for why, now in [
            ("too early", FIRST - timedelta(seconds=1)),
            ("first", FIRST),
            ("still first", LAST - timedelta(seconds=1)),
            ("last", LAST),
            ("too late", LONG_AFTER),
        ]
    ]
    kept = await states.get(TENANT, failed())
    assert outcomes == [Written.EARLY, Written.COMMITTED, Written.REFUSED, Written.COMMITTED, Written.REFUSED]
    assert kept is not None
    assert (kept.record, kept.written_at, kept.settled) == (failed("last"), LAST, True)


async def test_a_look_that_comes_late_is_the_only_one(store: Store) -> None:
    """What ended long ago is settled by its first look."""
    states = TerminalStates(store)
    assert await states.put(TENANT, failed("late"), LONG_AFTER) is Written.COMMITTED
    assert await states.put(TENANT, failed("later"), LONG_AFTER + timedelta(days=1)) is Written.REFUSED


def test_what_ended_at_no_known_time_is_final() -> None:
    """Without any time there is nothing to wait for."""
    row = record("x", state="cancelled", created=None, started=None, finished=None)
    assert is_final(row, NOON)
    assert is_settled(row, NOON)


# --- when again ----------------------------------------------------------------------------------------------------


async def test_better_rules_write_anew_and_worse_ones_do_not(store: Store) -> None:
    """A reason that newer rules read replaces the old one, with its evidence; an older program leaves it alone."""
    states = TerminalStates(store)
    assert await states.put(TENANT, failed("old"), LONG_AFTER, read("a line", rules=1)) is Written.COMMITTED
    assert await states.put(TENANT, failed("new"), LONG_AFTER, read("a line", rules=2)) is Written.COMMITTED
    assert await states.put(TENANT, failed("old"), LONG_AFTER, read("a line", rules=1)) is Written.REFUSED
    kept = await states.get(TENANT, failed())
    assert kept is not None
    assert (kept.record.reason, kept.rules, kept.evidence) == (Reason(text="new"), 2, ("a line",))


async def test_a_log_that_has_been_read_outlives_a_look_without_it(store: Store) -> None:
    """Whoever did not read the log knows less, however late it looked; and it yields to who read it early."""
    states = TerminalStates(store)
    assert await states.put(TENANT, failed("said"), LONG_AFTER) is Written.COMMITTED
    assert await states.put(TENANT, failed("read"), FIRST, read("a line")) is Written.COMMITTED
    assert await states.put(TENANT, failed("said"), LONG_AFTER) is Written.REFUSED
    kept = await states.get(TENANT, failed())
    assert kept is not None
    assert (kept.record.reason, kept.rules) == (Reason(text="read"), 1)


@pytest.mark.parametrize("sign", ["heartbeat", "last_write"])
async def test_a_run_that_came_back_is_asked_about_again(store: Store, sign: str) -> None:
    """A W&B run with a new heartbeat has nothing kept, is written anew, and its earlier life cannot come back.

    The same for an offline run that has written since.
    """
    states = TerminalStates(store)
    crashed, resumed = run(NOON, sign=sign), run(NOON + timedelta(hours=1), "succeeded", sign)
    assert await states.put(TENANT, crashed, LONG_AFTER) is Written.COMMITTED
    assert await states.get(TENANT, crashed) is not None
    assert await states.get(TENANT, resumed) is None
    assert await states.put(TENANT, resumed, LONG_AFTER) is Written.COMMITTED
    assert await states.put(TENANT, crashed, LONG_AFTER) is Written.REFUSED
    kept = await states.get(TENANT, resumed)
    assert kept is not None
    assert kept.record == resumed
    assert await states.get(TENANT, crashed) is None


# --- whose ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        Tenant(base_url="https://run.example", owner="other"),
        Tenant(base_url="https://other.example", owner="acme-ml"),
        Tenant(base_url="https://run.example", owner="acme-ml", account="me@acme.example"),
    ],
)
async def test_another_tenant_gets_nothing(store: Store, other: Tenant) -> None:
    """A state is given only for the same source, owner and account."""
    states = TerminalStates(store)
    await states.put(TENANT, failed(), LONG_AFTER)
    assert await states.get(other, failed()) is None
    assert await states.get(TENANT, failed()) is not None


def test_a_full_resource_name_is_the_key() -> None:
    """A record is known by its resource name wherever it was asked; one whose name is no path by its place."""
    name = "projects/acme-ml/locations/us-east1/builds/1"
    here, there = (record("1", table="builds", scope=scope, detail={"resource": name}) for scope in ("a", "b"))
    assert resource_key(TENANT, here) == resource_key(TENANT, there)
    items = [record(item, table="completed", scope="queue:q", detail={"resource": "vertex"}) for item in ("1", "2")]
    assert resource_key(TENANT, items[0]) != resource_key(TENANT, items[1])


async def test_many_are_found_in_the_order_asked(store: Store) -> None:
    """`get_many` answers record by record, null where nothing is kept."""
    states = TerminalStates(store)
    rows = [record(str(number), state="succeeded") for number in range(50)]
    for row in rows[::2]:
        await states.put(TENANT, row, LONG_AFTER)
    found = await states.get_many(TENANT, rows)
    assert [final.record if final else None for final in found] == [
        row if n % 2 == 0 else None for n, row in enumerate(rows)
    ]
    assert await states.get_many(TENANT, []) == []


# --- what ----------------------------------------------------------------------------------------------------------


async def test_no_secret_is_written(store: Store, tmp_path: Path) -> None:
    """Evidence, reason and details reach the disk without keys, also one that spans lines."""
    pem = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQ", "-----END PRIVATE KEY-----"]
    row = failed(f"WANDB_API_KEY={KEY}", detail={"command": f"--api-key {KEY}"})
    lines = read(f"api_key: {KEY}", *pem)
    assert await TerminalStates(store).put(TENANT, row, LONG_AFTER, lines) is Written.COMMITTED
    await store.flush(10)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240 - a local disk
    assert b"us-east1" in written
    assert KEY.encode() not in written
    assert b"MIIEvQ" not in written


def test_evidence_is_bounded() -> None:
    """Neither many lines nor a long one fill the disk; no lines are no evidence."""
    kept = bounded(["x" * 10_000] * 1_000)
    assert len(kept) <= MOST_LINES
    assert {len(line) for line in kept[:-1]} == {LONGEST_LINE}
    assert bounded(str(number) for number in range(1_000)) == tuple(str(number) for number in range(MOST_LINES))
    assert bounded([]) == ()


@pytest.mark.parametrize("value", [b"", b"\xc1", b"\x80", msgspec.msgpack.encode({"record": {"id": 1}, "settled": 2})])
async def test_a_record_of_another_schema_is_absent(store: Store, value: bytes) -> None:
    """What this program cannot read is not there, and makes way."""
    states = TerminalStates(store)
    await store.put_once(SPACE, resource_key(TENANT, failed()), value)
    assert await states.get(TENANT, failed()) is None
    assert await states.put(TENANT, failed(), LONG_AFTER) is Written.COMMITTED
    assert await states.get(TENANT, failed()) is not None


@given(records)
async def test_any_record_comes_back_as_it_went_in(row: Record) -> None:
    """Times to the microsecond, every scalar, every character; only secrets and whose it is are missing."""
    row = msgspec.structs.replace(row, state=State.FAILED, finished=ENDED)
    store, _ = await open_store("memory:")
    states = TerminalStates(store)
    assert await states.put(TENANT, row, LONG_AFTER) is Written.COMMITTED
    kept = await states.get(TENANT, row)
    assert kept is not None
    assert kept.record == redacted(for_anyone(row))
    await store.close(10)
