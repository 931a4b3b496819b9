"""Failures that have one cause are found to have one, and others are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.records import Reason, Record, State
from monitor.same_cause import grouped, tally, unexplained
from tests.support.hostile import EVERY

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def failed(number: int, text: str | None, rule: str | None = None, **more: object) -> Record:
    """A failure that ended `number` minutes before noon."""
    reason = None if text is None else Reason(text=text, rule=rule, advice=f"advice {number}")
    fields = {"table": "runner", "id": f"run-{number:04}", "name": f"job-{number}", "scope": "us-east1"} | more
    state = fields.pop("state", State.FAILED)
    ended = NOON - timedelta(minutes=number)
    return Record(state=state, raw_state="x", finished=ended, reason=reason, **fields)  # type: ignore[arg-type]


SAME = [
    ("GPU 0 has 39.59 GiB, 1.2 GiB free", "GPU 3 has 79.10 GiB, 0.4 GiB free"),
    ("no pod 7f3ac9d1e2 at 0x7ffe12", "no pod b81c44aa90 at 0x55d2f0"),
    ("run-0001 of job-1 did not start", "run-0002 of job-2 did not start"),
    ("Lost the connection\nto the host", "lost the connection  to the host"),
]
DIFFERENT = [
    ("exit status 1", "exit status 137"),
    ("the container ended with code 2", "the container ended with code 139"),
    ("HTTP 403: no", "HTTP 404: no"),
    ("KeyError: 'loss'", "KeyError: 'step'"),
    ("out of memory", "out of disk"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_numbers_ids_and_own_names_make_no_other_cause(one: str, other: str) -> None:
    """Two records tell of it, one cause is found, told as of the newest."""
    (cause,) = grouped([failed(2, other, "r"), failed(1, one, "r")])
    assert [record.id for record in cause.records] == ["run-0001", "run-0002"]
    assert (cause.text, cause.rule, cause.advice) == (one, "r", "advice 1")


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_says_something_else_is_another_cause(one: str, other: str) -> None:
    """A status is no mere number, and what is in quotes is what the matter is."""
    assert len(grouped([failed(1, one), failed(2, other)])) == 2


def test_who_tells_it_makes_no_other_cause() -> None:
    """The API, the log and the launcher say the same thing, each with words before it; too little is not the same."""
    what = "400 Machine type a2-highgpu-8g is not supported"
    ways = (what, f"InvalidArgument: {what}", f"not launched: InvalidArgument: {what}", f"google.api: {what}")
    assert len(grouped([failed(number, text, "r") for number, text in enumerate(ways)])) == 1
    assert len(grouped([failed(1, "exit status 1", "r"), failed(2, "the trainer: exit status 1", "r")])) == 2


def test_another_rule_is_another_cause() -> None:
    """Also where the words are the same."""
    assert len(grouped([failed(1, "it died", "a"), failed(2, "it died", "b"), failed(3, "it died")])) == 3


def test_a_name_that_is_a_word_stays_in_the_reason() -> None:
    """Of two jobs called `memory` and `train` both ran out of memory."""
    assert len(grouped([failed(1, "out of memory", name="memory"), failed(2, "out of memory", name="train")])) == 1


def test_links_and_scopes_are_names_of_its_own() -> None:
    """The same failure in two regions, each of a run of its own, has one cause."""
    records = [
        failed(number, f"{run} failed in {scope}", scope=scope, links={"wandb_run": f"https://w/e/p/runs/{run}"})
        for number, (run, scope) in enumerate([("quiet-bird", "us-east1"), ("loud-wolf", "europe-north1")])
    ]
    assert len(grouped(records)) == 1


def test_a_region_is_the_same_sign_whoever_tells_it() -> None:
    """A launcher tells its own region, its queue item that of another: the record's names make no difference there."""
    what = "InvalidArgument: 400 Machine type a2-highgpu-8g is not supported in asia-northeast1"
    launcher = failed(1, what, "r", scope="asia-northeast1")
    item = failed(2, f"not launched: {what}", "r", table="completed", scope="acme/arr", name="llama-70b")
    elsewhere = failed(3, what.replace("asia-northeast1", "us-central1-a"), "r", scope="us-central1")
    assert len(grouped([launcher, item, elsewhere])) == 1


def test_the_cause_that_befell_most_comes_first_and_then_the_newest() -> None:
    """And who failed for no known reason is in none of them, as what has not failed is in none."""
    records = [failed(1, "new"), failed(2, "often"), failed(3, "often"), failed(4, "old"), failed(5, None)]
    others = [failed(6, "often", state=State.CANCELLED), failed(7, "✓ Completed: 1 job", state=State.SUCCEEDED)]
    assert [(cause.text, len(cause.records)) for cause in grouped(records + others)] == [
        ("often", 2),
        ("new", 1),
        ("old", 1),
    ]
    assert [record.id for record in unexplained(records + others)] == ["run-0005"]


@pytest.mark.parametrize(("failures", "causes", "said"), [(1, 1, "1 failure, 1 cause"), (7, 2, "7 failures, 2 causes")])
def test_failures_and_causes_are_counted_in_words(failures: int, causes: int, said: str) -> None:
    """As the title of a table says them."""
    assert tally(failures, causes) == said


@given(st.lists(st.one_of(st.none(), st.text(max_size=40), st.sampled_from(EVERY)), max_size=8))
def test_every_failure_is_in_one_cause_or_unexplained(texts: list[str | None]) -> None:
    """Whatever the reasons say, and in whatever order they come."""
    records = [failed(number, text) for number, text in enumerate(texts)]
    causes = grouped(records)
    ids = [record.id for cause in causes for record in cause.records] + [one.id for one in unexplained(records)]
    assert sorted(ids) == sorted(record.id for record in records)
    assert causes == grouped(reversed(records))
