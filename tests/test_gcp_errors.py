"""Whatever Google says instead of an answer becomes one line that names the call, the cause and what to do."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable

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
        (
            grpc.StatusCode.UNAVAILABLE,
            "Ssl handshake failed: certificate verify failed",
            Unreachable,
            "trusted certificates",
        ),
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


# --- connections ---------------------------------------------------------------------------------------------------


async def error_of(url: str) -> str:
    """What a fetch from `url` says, without the name of the call and without the port."""
    fetcher = RunnerFetcher(settings_for(url))
    with pytest.raises(Unreachable) as caught:
        await records_of(fetcher, R1)
    await fetcher.close()
    return str(caught.value).removeprefix(f"ListExecutions {R1} page 1: ").replace(url.rpartition(":")[2], "PORT")


_ADVICE = "check the network and gcp.endpoints.runner"


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]")])
async def test_a_refused_connection_says_so_first(host: str, shown: str) -> None:
    """The address as people write it, the cause before the advice, and none of gRPC's own story."""
    family = socket.AF_INET6 if "::" in host else socket.AF_INET
    with socket.socket(family) as closed:
        closed.bind((host.strip("[]"), 0))
        url = f"http://{host}:{closed.getsockname()[1]}"
        assert await error_of(url) == f"connection refused by {shown}:PORT; {_ADVICE}"


def hangs_up(writer: asyncio.StreamWriter) -> None:
    """Reset the connection."""
    peer = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def is_a_web_server(writer: asyncio.StreamWriter) -> None:
    """Answer as a server of HTTP/1 does."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize(
    ("scheme", "behaves", "said"),
    [
        ("http", hangs_up, f"connection reset by 127.0.0.1:PORT; {_ADVICE}"),
        ("http", is_a_web_server, f"127.0.0.1:PORT does not speak gRPC; {_ADVICE}"),
    ],
)
async def test_a_server_that_is_none_of_ours_is_told_by_what_it_does(
    scheme: str, behaves: Callable[[asyncio.StreamWriter], None], said: str
) -> None:
    """The few words of the cause stand for gRPC's long ones."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        behaves(writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await error_of(f"{scheme}://127.0.0.1:{port}") == said


_ALL = "failed to connect to all addresses; last error: "
_FAILED = "Failed to connect to remote host"
_CUSTOM = "Custom verification check failed with error"
_SSL = "Tls handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:"
_TLS = "check gcp.endpoints.runner, the clock and the trusted certificates"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            f"{_ALL}UNKNOWN: ipv4:127.0.0.1:37689: {_FAILED}: connect: Connection refused (111)",
            f"connection refused by 127.0.0.1:37689; {_ADVICE}",
        ),
        (
            f"{_ALL}UNKNOWN: ipv6:%5B2001:db8::1%5D:443: {_FAILED}: getsockopt(SO_ERROR): No route to host",
            f"no route to [2001:db8::1]:443; {_ADVICE}",
        ),
        (
            f"{_ALL}UNKNOWN: ipv4:127.0.0.1:4: {_SSL}CERTIFICATE_VERIFY_FAILED: self signed certificate: OK",
            f"the certificate of 127.0.0.1:4 is not trusted: self signed certificate; {_TLS}",
        ),
        (
            f"{_ALL}UNKNOWN: ipv4:127.0.0.1:4: {_CUSTOM}: UNAUTHENTICATED: Hostname Verification Check failed.",
            f"the certificate of 127.0.0.1:4 is for another name; {_TLS}",
        ),
        (
            f"{_ALL}UNKNOWN: ipv4:127.0.0.1:4: {_SSL}WRONG_VERSION_NUMBER: Invalid certificate context: OK",
            f"127.0.0.1:4 does not speak TLS; {_TLS}",
        ),
        (
            f"{_ALL}UNAVAILABLE: ipv4:127.0.0.1:4: Handshake read failed (recvmsg:Connection reset by peer (104))",
            f"TLS handshake with 127.0.0.1:4 failed; {_TLS}",
        ),
        (
            f"{_ALL}UNKNOWN: ipv4:127.0.0.1:4: connection attempt timed out before receiving SETTINGS frame",
            f"connection to 127.0.0.1:4 timed out; {_ADVICE}",
        ),
        (
            "errors resolving no-such-host.invalid:443: [field:hostname lookup error: Domain name not found]",
            f"DNS resolution failed for no-such-host.invalid; {_ADVICE}",
        ),
        (
            "DNS resolution failed for no-such-host.invalid:443: C-ares status is not ARES_SUCCESS qtype=A",
            f"DNS resolution failed for no-such-host.invalid; {_ADVICE}",
        ),
        ("Stream removed (recvmsg:Connection reset by peer (104))", f"connection reset; {_ADVICE}"),
        (
            "The service timed out; a handshake is no help.",
            "UNAVAILABLE: The service timed out; a handshake is no help;",
        ),
    ],
)
def test_the_cause_of_a_failed_connection_comes_first(words: str, said: str) -> None:
    """Texts that gRPC was seen to give; the service's own words stay as they are, after their status."""
    error = from_grpc_status(grpc.StatusCode.UNAVAILABLE, words)
    text = str(explain(error, "C", API, project="acme-ml", scope="r"))
    assert text.removeprefix("C: ").startswith(said)


def test_seconds_have_at_most_one_decimal() -> None:
    """Nobody reads the others; what is no time stays as it is."""
    error = from_grpc_status(grpc.StatusCode.DEADLINE_EXCEEDED, "no answer in 24.0345 s, 2.99993s; 1.2345 MB")
    text = str(explain(error, "C", API, project="acme-ml", scope="r"))
    advice = f"check the network, or raise tables.{API.table}.timeout_s"
    assert text == f"C: DEADLINE_EXCEEDED: no answer in 24 s, 3s; 1.2345 MB; {advice}"
