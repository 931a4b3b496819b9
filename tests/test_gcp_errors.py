"""Whatever Google says instead of an answer becomes one line that names the call, the cause and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
from google.api_core.exceptions import from_grpc_status

from fetchers.errors import BadAnswer, FetchError, NotAllowed, Rejected, Throttled, Unreachable
from fetchers.gcp_errors import MEANINGS, explain
from fetchers.runner import API, RunnerFetcher
from tests.emulators.faults import Fault
from tests.emulators.google import RETRY_AFTER_S, GoogleEmulator
from tests.gcp_asking import R1, records_of, settings_for


@pytest.fixture
async def google() -> AsyncIterator[GoogleEmulator]:
    """A server with an empty world."""
    async with GoogleEmulator() as emulator:
        yield emulator


@pytest.fixture
async def fetcher(google: GoogleEmulator) -> AsyncIterator[RunnerFetcher]:
    """The fetcher of executions, pointed at it."""
    made = RunnerFetcher(settings_for(google.endpoint))
    yield made
    await made.close()


def test_every_status_has_a_meaning() -> None:
    """A status that gRPC adds fails this test until somebody says what to do about it."""
    assert set(MEANINGS) == set(grpc.StatusCode)


STATUSES = [fault for fault in Fault if fault.is_status]


def test_the_emulator_can_say_every_status() -> None:
    """The parametrised test below leaves no failing status out."""
    assert {fault.value for fault in STATUSES} == {code.name for code in grpc.StatusCode} - {"OK"}


@pytest.mark.parametrize("fault", STATUSES)
async def test_a_status_becomes_its_error(google: GoogleEmulator, fetcher: RunnerFetcher, fault: Fault) -> None:
    """The error is the table's, on one line that opens with call, scope, page and status, and gives advice."""
    google.board.fail(fault)
    with pytest.raises(FetchError) as caught:
        await records_of(fetcher, R1)
    meaning = MEANINGS[grpc.StatusCode[fault.value]]
    assert type(caught.value) is meaning.error
    text = str(caught.value)
    assert text.startswith(f"ListExecutions {R1} page 1: {fault.value}: ")
    assert "; " in text
    assert "\n" not in text
    assert "{" not in text


async def test_a_missing_role_is_named(google: GoogleEmulator, fetcher: RunnerFetcher) -> None:
    """Who may not list executions is told which role on which project would do."""
    google.board.fail(Fault.PERMISSION_DENIED)
    with pytest.raises(NotAllowed) as caught:
        await records_of(fetcher, R1)
    assert str(caught.value) == (
        "ListExecutions us-central1 page 1: PERMISSION_DENIED: Permission denied on resource 'projects/acme-ml'"
        " (or it may not exist); needs roles/run.viewer on acme-ml"
    )


async def test_a_service_that_says_how_long_to_wait_is_heard(google: GoogleEmulator, fetcher: RunnerFetcher) -> None:
    """`RetryInfo` in the error's details becomes `retry_after_s`."""
    google.board.fail(Fault.RESOURCE_EXHAUSTED)
    with pytest.raises(Throttled) as caught:
        await records_of(fetcher, R1)
    assert caught.value.retry_after_s == RETRY_AFTER_S


async def test_an_unknown_region_is_told_from_an_unknown_project(
    google: GoogleEmulator, fetcher: RunnerFetcher
) -> None:
    """A location that the service does not have: the advice is to take it out of the configuration."""
    google.world.regions = ("europe-west4",)
    with pytest.raises(Rejected, match=r"take it out of gcp\.regions"):
        await records_of(fetcher, R1)


@pytest.mark.parametrize(
    ("status", "words", "kind", "advice"),
    [
        (
            grpc.StatusCode.PERMISSION_DENIED,
            "Cloud Run Admin API has not been used in project 1 before or it is disabled.",
            Rejected,
            "run `gcloud services enable run.googleapis.com --project acme-ml`",
        ),
        (grpc.StatusCode.PERMISSION_DENIED, "This API method requires billing to be enabled.", Rejected, "billing"),
        (grpc.StatusCode.UNAVAILABLE, "Ssl handshake failed: certificate verify failed", Unreachable, "TLS failed"),
        (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "CLIENT: Received message larger than max (9 vs. 4)",
            BadAnswer,
            "lower tables.runner.limit",
        ),
    ],
)
def test_the_words_of_an_error_refine_its_status(
    status: grpc.StatusCode, words: str, kind: type[FetchError], advice: str
) -> None:
    """Where one status stands for several causes, its text decides."""
    error = from_grpc_status(status, words)
    found = explain(error, "ListExecutions r page 1", API, project="acme-ml", scope="r")
    assert type(found) is kind
    assert advice in str(found)


def test_braces_and_line_breaks_in_an_error_are_only_text() -> None:
    """An error text is data: it is put on one line and cut, and never read as a template."""
    error = from_grpc_status(grpc.StatusCode.INTERNAL, "bad {project!r}\n{0}\r\n" + "y" * 5000)
    text = str(explain(error, "ListExecutions r page 1", API, project="p", scope="r"))
    assert "bad {project!r} {0} y" in text
    assert len(text) < 600
