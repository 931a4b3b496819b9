"""How a Google server is reached: addresses, plaintext and TLS, credentials, and servers that never say a word."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fetchers.builds import HOST as BUILDS_HOST
from fetchers.errors import FetchError, NoAnswer, NotAuthenticated, Rejected, Unreachable
from fetchers.gcp import Endpoint, endpoint_of
from fetchers.gcp_auth import obtain
from fetchers.runner import RunnerFetcher
from fetchers.vertex import HOST as VERTEX_HOST
from tests.emulators.google import GoogleEmulator
from tests.emulators.listeners import Silent, refused_port, silent
from tests.emulators.tokens import service_account, token_server
from tests.gcp_asking import R1, records_of, settings_for


@pytest.fixture
async def quiet() -> AsyncIterator[Silent]:
    """A server that accepts and never answers."""
    async with silent() as listener:
        yield listener


async def failure(fetcher: RunnerFetcher, **asking: Any) -> FetchError:
    """The error of one fetch."""
    with pytest.raises(FetchError) as caught:
        await records_of(fetcher, R1, **asking)
    return caught.value


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9001", Endpoint("127.0.0.1:9001", tls=False)),
        ("http://127.0.0.1:9001/", Endpoint("127.0.0.1:9001", tls=False)),
        ("http://[::1]:9001", Endpoint("[::1]:9001", tls=False)),
        ("https://run.internal", Endpoint("run.internal:443", tls=True)),
        ("https://run.internal:8443", Endpoint("run.internal:8443", tls=True)),
        (None, Endpoint("run.googleapis.com:443", tls=True)),
    ],
)
def test_an_address_is_read_from_a_url(url: str | None, expected: Endpoint) -> None:
    """`http` is plaintext, `https` is TLS, and nothing means Google's own host over TLS."""
    assert endpoint_of(url, "run.googleapis.com", "runner") == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:9001",
        "ftp://host",
        "http://",
        "http://host:port",
        "http://host:99999",
        "http://host/v2",
        "https://user@host",
        "https://host?x=1",
    ],
)
async def test_what_is_no_address_is_refused_with_the_setting(url: str) -> None:
    """The error names the key, the value and the right form."""
    error = await failure(RunnerFetcher(settings_for(url)))
    assert isinstance(error, Rejected)
    assert str(error) == (
        f'gcp.endpoints.runner = "{url}" is no address; write http://HOST:PORT or https://HOST[:PORT]'
    )


def test_googles_own_hosts_are_regional_where_the_service_is() -> None:
    """Vertex AI has a host for each region, Cloud Build one for all."""
    assert VERTEX_HOST.format(scope=R1) == "us-central1-aiplatform.googleapis.com"
    assert BUILDS_HOST.format(scope=R1) == "cloudbuild.googleapis.com"


async def test_plaintext_sends_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """An `http://` server never sees a token, whatever credentials there are; they are not even read."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/adc.json")
    async with GoogleEmulator() as google:
        fetcher = RunnerFetcher(settings_for(google.endpoint))
        assert await records_of(fetcher, R1) == []
        assert ["authorization" in metadata for _, metadata in google.seen] == [False]
        await fetcher.close()


async def test_a_proxy_of_the_environment_is_not_used_for_plaintext(monkeypatch: pytest.MonkeyPatch) -> None:
    """`http_proxy` is for the world outside, not for a server next door."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{refused_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    async with GoogleEmulator() as google:
        fetcher = RunnerFetcher(settings_for(google.endpoint))
        assert await records_of(fetcher, R1) == []
        await fetcher.close()


async def test_a_refused_connection_is_said_at_once() -> None:
    """Where nobody listens the scope fails in a moment, with the address in the message."""
    port = refused_port()
    fetcher = RunnerFetcher(settings_for(f"http://127.0.0.1:{port}"))
    error = await failure(fetcher)
    assert isinstance(error, Unreachable)
    assert str(port) in str(error)
    assert str(error).endswith("check the network and gcp.endpoints.runner")
    await fetcher.close()


async def test_a_server_that_comes_up_is_found_by_the_next_fetch() -> None:
    """After a refused connection the next fetch connects at once, whatever backoff the first one began."""
    port = refused_port()
    fetcher = RunnerFetcher(settings_for(f"http://127.0.0.1:{port}"))
    await failure(fetcher)
    google = GoogleEmulator()
    await google.start(port)
    try:
        assert await records_of(fetcher, R1, deadline_s=2) == []
    finally:
        await fetcher.close()
        await google.stop()


async def test_a_server_that_accepts_and_is_silent_ends_in_time(quiet: Silent) -> None:
    """A connection on which nothing comes is left before the soft deadline, and the call is named."""
    fetcher = RunnerFetcher(settings_for(f"http://127.0.0.1:{quiet.port}"))
    error = await failure(fetcher, deadline_s=0.5)
    assert quiet.accepted.is_set()
    assert isinstance(error, NoAnswer)
    assert str(error).startswith(f"ListExecutions {R1} page 1: DEADLINE_EXCEEDED: no answer in 0.45 s")
    await fetcher.close()


async def test_a_handshake_that_never_ends_ends_in_time(
    quiet: Silent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A TLS server that accepts and is silent is left before the soft deadline."""
    async with token_server() as tokens:
        credentials = service_account(tmp_path / "adc.json", tokens.url)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
        fetcher = RunnerFetcher(settings_for(f"https://127.0.0.1:{quiet.port}"))
        error = await failure(fetcher, deadline_s=1)
    assert quiet.accepted.is_set()
    assert isinstance(error, NoAnswer)
    await fetcher.close()


async def test_missing_credentials_are_said_with_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without usable credentials the error names the login command, and no thread is left."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/adc.json")
    fetcher = RunnerFetcher(settings_for("https://127.0.0.1:1"))
    error = await failure(fetcher)
    assert isinstance(error, NotAuthenticated)
    assert str(error).startswith(f"google.auth {R1}: File /nowhere/adc.json was not found; run `gcloud auth ")
    assert not fetcher.stuck()


async def test_a_new_login_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure the credentials are read anew: a login in another terminal is enough."""
    path = tmp_path / "adc.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    fetcher = RunnerFetcher(settings_for(f"https://127.0.0.1:{refused_port()}"))
    assert isinstance(await failure(fetcher), NotAuthenticated)
    async with token_server() as tokens:
        service_account(path, tokens.url)
        assert isinstance(await failure(fetcher), Unreachable)
        assert tokens.given == ["token-1"]
    await fetcher.close()


async def test_a_refused_account_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token endpoint that refuses the account: not authenticated, with its words."""
    async with token_server() as tokens:
        tokens.refuses = True
        credentials = service_account(tmp_path / "adc.json", tokens.url)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
        error = await failure(RunnerFetcher(settings_for("https://127.0.0.1:1")))
    assert isinstance(error, NotAuthenticated)
    assert "Account was disabled" in str(error)


async def test_a_silent_token_endpoint_ends_in_time_and_is_told_as_stuck(
    quiet: Silent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While `google.auth` hangs, all scopes fail in time, one thread hangs and not one for each, and `stuck` tells."""
    credentials = service_account(tmp_path / "adc.json", f"http://127.0.0.1:{quiet.port}/token")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
    fetcher = RunnerFetcher(settings_for("https://127.0.0.1:1"))
    before = threads()
    assert not fetcher.stuck()
    found = await asyncio.gather(*(failure(fetcher, deadline_s=0.5) for _ in range(4)))
    assert {type(error) for error in found} == {NoAnswer}
    assert str(found[0]).startswith(f"google.auth {R1}: no credentials in 0.45 s; check the metadata server")
    assert fetcher.stuck()
    assert threads() == before + 1
    quiet.hang_up()  # what a kill does to a real one


def threads() -> int:
    """Threads of this process in `google.auth`."""
    return sum(thread.name == "google.auth" for thread in threading.enumerate())


@pytest.fixture(scope="module")
def observed() -> dict[str, Any]:
    """What the TLS scenario saw, in a process that trusts the scenario's certificate."""
    root = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.gcp_tls_scenario"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_https_sends_a_token_over_tls(observed: dict[str, Any]) -> None:
    """An `https://` server is asked over TLS, with a bearer token that is used again while it is good."""
    assert observed["answers"][:2] == [1, 1]
    assert observed["sent"][:2] == ["Bearer token-1", "Bearer token-1"]


def test_after_unauthenticated_the_credentials_are_got_anew(observed: dict[str, Any]) -> None:
    """A refused token is not sent again: the next fetch asks for another and is answered."""
    kind, text = observed["refused"]
    assert kind == "unauthenticated"
    assert "gcloud auth application-default login" in text
    assert observed["sent"][2:4] == ["Bearer token-1", "Bearer token-2"]
    assert observed["answers"][2] == 1


def test_mine_hides_what_others_started_where_the_account_is_known(observed: dict[str, Any]) -> None:
    """With credentials that tell the account, an execution of somebody else's is left out."""
    assert observed["answers"][3] == 0


def test_a_certificate_that_nobody_vouches_for_is_refused(observed: dict[str, Any]) -> None:
    """No call and no token reaches a server whose certificate is not trusted, and the error says TLS."""
    kind, text = observed["stranger"]["error"]
    assert kind == "unreachable"
    assert "is not trusted" in text
    assert observed["stranger"]["calls"] == 0


async def test_gcloud_is_not_run_for_a_project_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that name no project, where `gcloud` keeps them: a `gcloud` that hangs is not even asked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "gcloud").write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nsleep 60\n")
    (programs / "gcloud").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    async with token_server() as tokens:
        path = service_account(tmp_path / "application_default_credentials.json", tokens.url)
        content = json.loads(path.read_text())
        del content["project_id"]
        path.write_text(json.dumps(content))
        async with asyncio.timeout(20):
            grant = await asyncio.to_thread(obtain)
    assert ("authorization", "Bearer token-1") in grant.headers
    assert not (tmp_path / "asked").exists()
