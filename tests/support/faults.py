"""What can go wrong, where, and what a person must then be told: the whole list of fault × source, as data.

`CASES` is the table; `tests.support.stage.befallen` switches cases on for a program that is started with its stage.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator

from tests.emulators import servers
from tests.emulators.listeners import LOCAL, refused_port
from tests.emulators.tokens import service_account
from tests.emulators.wandb import DOWNLOAD
from tests.support.stage import Case, Stage, Switch

GOOGLE = {"builds": "ListBuilds", "runner": "ListExecutions", "vertex": "ListCustomJobs"}
"""Source → the call that lists it."""

SOURCES = (*GOOGLE, "wandb")

CONSOLE = "RunConsoleLogTail"
"""The operation by which a run's lines are had."""

ADC = "GOOGLE_APPLICATION_CREDENTIALS"
LOGIN = "gcloud auth application-default login"


def switch(act: Callable[[Stage, str], None]) -> Switch:
    """A fault that is there from the start, and whose servers end with the stage."""

    @contextlib.contextmanager
    def switched(stage: Stage, source: str) -> Iterator[None]:
        act(stage, source)
        yield

    return switched


# --- faults of a server ----------------------------------------------------------------------------------------------


def served(fault: str) -> Switch:
    """A fault of the emulator's own."""

    @contextlib.contextmanager
    def switched(stage: Stage, source: str) -> Iterator[None]:
        service, method = ("google", GOOGLE[source]) if source in GOOGLE else ("wandb", "*")
        stage.emulators.fault(service, fault, method)
        try:
            yield
        finally:
            stage.emulators.fault(service, None, method)

    return switched


def output(fault: str, *, of: str) -> Switch:
    """A fault of what says why runs ended: of their lines, or of the file that is had where these are refused."""

    @contextlib.contextmanager
    def switched(stage: Stage, _source: str) -> Iterator[None]:
        faults = {CONSOLE: fault} if of == CONSOLE else {CONSOLE: "404", of: fault}
        for operation, kind in faults.items():
            stage.emulators.fault("wandb", kind, operation)
        try:
            yield
        finally:
            for operation in faults:
                stage.emulators.fault("wandb", None, operation)

    return switched


def silent(stage: Stage, source: str) -> None:
    """The connection is accepted, and no byte ever comes."""
    stage.point(source, f"http://{LOCAL}:{stage.stack.enter_context(servers.mute())}")


def refused(stage: Stage, source: str) -> None:
    """Nobody listens."""
    stage.point(source, f"http://{LOCAL}:{refused_port()}")


def silent_tls(stage: Stage, source: str) -> None:
    """The credentials are good, and the handshake is never answered."""
    good_credentials(stage)
    stage.point(source, f"https://{LOCAL}:{stage.stack.enter_context(servers.mute())}")


def untrusted_tls(stage: Stage, source: str) -> None:
    """The credentials are good, and the server's certificate is signed by nobody."""
    good_credentials(stage)
    stage.point(source, f"https://{LOCAL}:{stage.stack.enter_context(servers.untrusted(stage.home))}")


# --- faults of Google's credentials ----------------------------------------------------------------------------------


def good_credentials(stage: Stage) -> None:
    """A service account whose tokens anybody can have."""
    if ADC not in stage.environment:
        account(stage, stage.stack.enter_context(servers.tokens()))


def account(stage: Stage, token_uri: str) -> None:
    """A service account whose tokens come from `token_uri`."""
    stage.environment[ADC] = str(service_account(stage.home / "adc.json", token_uri))


def written(stage: Stage, text: str) -> None:
    """A file of credentials of this content."""
    path = stage.home / "adc.json"
    path.write_text(text)
    stage.environment[ADC] = str(path)


def missing_file(stage: Stage) -> None:
    """The file that the environment names is not there."""
    stage.environment[ADC] = str(stage.home / "none.json")


def silent_tokens(stage: Stage) -> None:
    """The token endpoint accepts the connection and says nothing."""
    account(stage, f"http://{LOCAL}:{stage.stack.enter_context(servers.mute())}/token")


def expired(stage: Stage) -> None:
    """The token endpoint refuses: the login has expired or was revoked."""
    account(stage, stage.stack.enter_context(servers.no_tokens()))


def dead_metadata_server(stage: Stage) -> None:
    """A machine that looks like one of Google's, whose metadata server accepts the connection and says nothing."""
    where = f"{LOCAL}:{stage.stack.enter_context(servers.mute())}"
    stage.environment |= {"GCE_METADATA_HOST": where, "GCE_METADATA_IP": where}


HANGING_GCLOUD = "#!/bin/sh\nsleep 3600 &\nsleep 3600\n"
"""It starts a process of its own, which holds its pipes open when it is gone."""


def hanging_gcloud(stage: Stage) -> None:
    """Credentials that are made by a program, `gcloud`, which hangs."""
    programs = stage.home / "bin"
    programs.mkdir(exist_ok=True)
    gcloud = programs / "gcloud"
    gcloud.write_text(HANGING_GCLOUD)
    gcloud.chmod(0o755)
    stage.environment |= {
        "PATH": f"{programs}:{stage.environment['PATH']}",
        "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1",
    }
    written(stage, json.dumps(_made_by(f"{gcloud} config config-helper")))


def _made_by(command: str) -> dict[str, object]:
    return {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"executable": {"command": command, "timeout_millis": 120_000}},
    }


def _of_credentials(fault: str, act: Callable[[Stage], None], *words: str, lasts: bool = False) -> list[Case]:
    """A fault of the credentials befalls every Google API that is asked over TLS."""

    def switched(stage: Stage, source: str) -> None:
        act(stage)
        stage.point(source, f"https://{LOCAL}:{refused_port()}")

    return [
        Case(
            source=source,
            fault=fault,
            words=("google.auth", *words),
            switch=switch(switched),
            lasts=lasts,
            credentials=fault,
        )
        for source in GOOGLE
    ]


# --- faults of a worker, of W&B's key and helper ---------------------------------------------------------------------


def broken(fault: str) -> Switch:
    """A fault of the worker's own."""
    return switch(lambda stage, source: stage.break_worker(source, fault))


def no_key(stage: Stage, _source: str) -> None:
    """Nobody has logged in to W&B."""
    del stage.environment["WANDB_API_KEY"]


# --- the table -------------------------------------------------------------------------------------------------------


def _google(fault: str, *words: str, how: Switch | None = None, lasts: bool = False) -> list[Case]:
    """Befalls each of the three Google APIs; the error names the call."""
    return [
        Case(
            source=source,
            fault=fault,
            words=(method, *words),
            switch=how or served(fault),
            lasts=lasts,
            any_time=how is None,
            credentials="good" if "tls" in fault else "",
        )
        for source, method in GOOGLE.items()
    ]


def _wandb(fault: str, *words: str, how: Switch | None = None, lasts: bool = False) -> Case:
    """Befalls the W&B server, or what the SDK starts to reach it."""
    return Case(
        source="wandb", fault=fault, words=words, switch=how or served(fault), lasts=lasts, any_time=how is None
    )


def _output(*faults: str, of: str) -> list[Case]:
    """Befalls what runs printed: their rows stay and are live, they only do not say more."""
    name = "lines" if of == CONSOLE else "file"
    return [
        Case(source="wandb", fault=f"{name}-{fault}", words=(), switch=output(fault, of=of), status=0)
        for fault in faults
    ]


def _worker(fault: str, *words: str, lasts: bool = False, status: int = 3) -> list[Case]:
    """Befalls the worker of each source, whatever it asks."""
    return [
        Case(source=source, fault=fault, words=words, switch=broken(fault), lasts=lasts, status=status)
        for source in SOURCES
    ]


CASES: list[Case] = [
    # fault, words beside the name of the call; `lasts`: it shows when the time is up
    *_google("never", "no answer in", lasts=True),
    *_google("headers", "no answer in", lasts=True),
    *_google("drip", lasts=True),  # a record a page: the cap on pages or the deadline, whichever comes first
    *_google("endless", "no end after 50 pages"),
    *_google("garbage", "bytes that are no"),
    *_google("reset", "connection reset", "check the network"),
    *_google("UNAVAILABLE", "UNAVAILABLE: The service is currently unavailable"),
    *_google("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED: Quota exceeded", "asked more slowly"),
    *_google("PERMISSION_DENIED", "needs roles/"),
    *_google("UNAUTHENTICATED", LOGIN),
    *_google("INTERNAL", "INTERNAL"),
    *_google("silent", "no answer in", how=switch(silent), lasts=True),
    *_google("refused", "connection refused by 127.0.0.1:", how=switch(refused)),
    *_google("silent-tls", "no answer in", how=switch(silent_tls), lasts=True),
    *_google("untrusted-tls", "the certificate of 127.0.0.1", "not trusted", how=switch(untrusted_tls)),
    *_of_credentials("no-credentials", lambda _stage: None, LOGIN),
    *_of_credentials("missing-credentials", missing_file, "none.json was not found", LOGIN),
    *_of_credentials("malformed-credentials", lambda stage: written(stage, "{nonsense"), "not a valid json", LOGIN),
    *_of_credentials("expired-credentials", expired, "expired or revoked", LOGIN),
    *_of_credentials("silent-token-endpoint", silent_tokens, "no credentials in", "token endpoint", lasts=True),
    *_of_credentials("dead-metadata-server", dead_metadata_server, "no credentials in", "metadata server", lasts=True),
    *_of_credentials("hanging-gcloud", hanging_gcloud, "no credentials in", "the program (gcloud?)", lasts=True),
    _wandb("hang", "Viewer", "no answer in", lasts=True),
    _wandb("stall", "Viewer", "no answer in", lasts=True),
    _wandb("drip", "Viewer", "no answer in", lasts=True),
    _wandb("reset", "Viewer", "connection closed by the server"),
    _wandb("401", "did not accept the API key (HTTP 401", "wandb login --relogin --host http://127.0.0.1"),
    _wandb("403", "Viewer", "HTTP 403: permission denied", "ask its owner"),
    _wandb("429", "Viewer", "HTTP 429: rate limit exceeded", lasts=True),
    _wandb("500", "Viewer", "HTTP 500: internal server error"),
    _wandb("html", "Viewer", "the answer is no JSON", "proxy"),
    _wandb("truncated", "Viewer", "the answer breaks off"),
    _wandb("graphql-error", "Viewer", "GraphQL error: column does not exist"),
    _wandb("silent", "Viewer", "no answer in", how=switch(silent), lasts=True),
    _wandb("refused", "Viewer", "connection refused by 127.0.0.1:", how=switch(refused)),
    _wandb("silent-tls", "Viewer", "no answer in", how=switch(silent_tls), lasts=True),
    _wandb("untrusted-tls", "Viewer", "its certificate is not trusted", how=switch(untrusted_tls)),
    _wandb("no-key", "no W&B API key", "wandb login", how=switch(no_key)),
    _wandb("core-stopped-at-once", "Viewer", "no answer in", how=broken("core-stopped-at-once"), lasts=True),
    _wandb("core-stopped", "Runs", "no answer in", how=broken("core-stopped"), lasts=True),
    _wandb("core-killed", "Runs", "wandb-core ended", how=broken("core-killed")),
    *_output("hang", "403", of=CONSOLE),
    *_output("hang", "drip", "garbage", "403", "html", of=DOWNLOAD),
    *_worker("gil", "worker killed", lasts=True),
    *_worker("sleeps", "no answer in", lasts=True),
    *_worker("SIGSTOP", "worker killed", lasts=True),
    *_worker("half-a-frame", "worker killed", lasts=True),
    *_worker("import-hangs", "its client was still loading", lasts=True),
    *_worker("import-raises", "ImportError: libstdc++.so.6: version `GLIBCXX_3.4.29' not found"),
    *_worker("exits", "worker ended (status 0"),
    *_worker("SIGKILL", "worker ended (SIGKILL"),
    *_worker("SIGSEGV", "worker ended (SIGSEGV"),
    *_worker("SIGKILL-once", status=0),
    *_worker("frame-of-1-GB", "a frame of"),
    *_worker("endless-bytes", "a frame of"),
    *_worker("endless-rows", "more than 200,000 rows"),
    *_worker("grows", "worker killed, because it held", "GB of memory"),
    *_worker("floods-stderr", status=0),
]
"""Every fault in every source that it can befall."""
