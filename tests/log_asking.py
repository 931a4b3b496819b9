"""How the tests of log reading ask: records that have ended, logs that they have written, and one fetch in one call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from fetchers.base import Calls, LogText
from fetchers.log_extraction import LogsFetcher
from fetchers.messages import LOG, OUTCOMES, Fetch, LogPart, LogTarget, Message, Outcome
from fetchers.records import Reason, Record, State
from tests.emulators.google import GoogleEmulator
from tests.emulators.google_logs import Course, Line, build_log, ending, execution_log, job_log
from tests.gcp_asking import R1

NOW = datetime.now(UTC).replace(microsecond=0)
OOM = "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB."
"""A line that says why."""


def step(number: int) -> Line:
    """A line that says nothing."""
    return "INFO", f"step {number}: loss {1 + 1 / (number + 1):.3f}"


def target_of(
    id_: str,
    table: str = "runner",
    *,
    state: State = State.FAILED,
    ended: timedelta = timedelta(minutes=5),
    took: timedelta = timedelta(hours=2),
    said: Reason | None = None,
    scope: str = R1,
) -> LogTarget:
    """A record that ended so long ago; one that has not ended yet began so long ago."""
    end = NOW - ended
    record = Record(
        table=table,
        id=id_,
        name=id_,
        state=state,
        raw_state=state.value,
        scope=scope,
        created=end - took,
        finished=end if state.ended else None,
        reason=said,
    )
    return LogTarget(key=f"{scope}/{id_}", record=record)


def write(google: GoogleEmulator, target: LogTarget, last: Sequence[Line] = (), count: int = 40) -> None:
    """Have the record's program write so many lines, of which the last are these."""
    record = target.record
    assert record.created is not None
    course = Course(record.created, record.finished or NOW, count, ending(count, last, step))
    google.world.written.append(
        {
            "runner": lambda: execution_log(record.scope, record.id, course),
            "vertex": lambda: job_log(record.id, course),
            "builds": lambda: build_log(record.id, course),
        }[record.table]()
    )


def before_the_end(lines: int, text: str = OOM) -> list[Line]:
    """A line that says why, and so many that follow it and say nothing."""
    return [("ERROR", text), *(("INFO", f"rank 0 waits for rank 3, {number} s") for number in range(lines))]


def fetch_of(targets: Sequence[LogTarget], calls: int = 30, deadline_s: float = 20) -> Fetch:
    """A fetch that reads these logs."""
    tables = tuple(dict.fromkeys(target.record.table for target in targets))
    return Fetch(
        table=OUTCOMES, generation=1, scopes=tables, soft_deadline_s=deadline_s, targets=tuple(targets), calls=calls
    )


async def outcomes_of(
    fetcher: LogsFetcher,
    targets: Sequence[LogTarget],
    calls: int = 30,
    deadline_s: float = 20,
    log: list[Message] | None = None,
) -> dict[str, Outcome]:
    """Outcomes by the ids of their records. Raises `FetchError`."""
    fetch = fetch_of(targets, calls, deadline_s)
    made = Calls(fetch, (log if log is not None else []).append)
    found: dict[str, Outcome] = {}
    for scope in fetch.scopes:
        async with aclosing(fetcher.fetch(fetch, scope, made)) as parts:
            async for part in parts:
                assert not isinstance(part, LogText)
                for outcome in part:
                    assert isinstance(outcome, Outcome)
                    assert outcome.key not in found
                    found[outcome.key] = outcome
    return {key.rpartition("/")[2]: outcome for key, outcome in found.items()}


async def part_of(fetcher: LogsFetcher, target: LogTarget, part: LogPart | None = None) -> LogText:
    """A part of one log. Raises `FetchError`."""
    table = target.record.table
    fetch = Fetch(table=LOG, generation=1, scopes=(table,), soft_deadline_s=20, targets=(target,), part=part)
    async with aclosing(fetcher.fetch(fetch, table, Calls(fetch, lambda _: None))) as parts:
        found = [text async for text in parts]
    assert len(found) == 1
    assert isinstance(found[0], LogText)
    return found[0]
