"""What each gRPC status means to us: which error of the tree it is and what a person can do about it, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import grpc
from google.api_core.exceptions import GoogleAPICallError

from fetchers.errors import (
    BadAnswer,
    FetchError,
    NoAnswer,
    NotAllowed,
    NotAuthenticated,
    Rejected,
    Throttled,
    Unreachable,
)
from fetchers.gcp_fields import one_line


@dataclass(frozen=True)
class Api:
    """One Google API as messages name it."""

    table: str
    """The table it fills, also the key below `gcp.endpoints`."""
    service: str
    """Its name for `gcloud services enable`."""
    role: str
    """The least role that may read it."""
    largest_answer: int = 64 * 1024 * 1024
    """Bytes of one answer that are received."""
    advice: Mapping[grpc.StatusCode, str] = field(default_factory=dict)
    """What to do about a status, where it is something else than for most; see `Meaning`."""


@dataclass(frozen=True)
class Meaning:
    """What a status is to us."""

    error: type[FetchError]
    advice: str
    """What to do; may name `{project}`, `{scope}`, `{role}`, `{service}`, `{table}`."""


_AGAIN = "the service failed, it will be asked again"
_LOGIN = "run `gcloud auth application-default login`"
_ENABLE = "run `gcloud services enable {service} --project {project}`"
_REGION = "if the service is not offered in {scope}, take it out of gcp.regions"
_NETWORK = "check the network and gcp.endpoints.{table}"

MEANINGS: dict[grpc.StatusCode, Meaning] = {
    grpc.StatusCode.OK: Meaning(BadAnswer, "an error that says OK; " + _AGAIN),
    grpc.StatusCode.CANCELLED: Meaning(Unreachable, "the service gave the call up, it will be asked again"),
    grpc.StatusCode.UNKNOWN: Meaning(Unreachable, "the service, or a proxy before it, failed; it will be asked again"),
    grpc.StatusCode.INVALID_ARGUMENT: Meaning(Rejected, "check gcp.project and gcp.regions"),
    grpc.StatusCode.DEADLINE_EXCEEDED: Meaning(NoAnswer, "check the network, or raise tables.{table}.timeout_s"),
    grpc.StatusCode.NOT_FOUND: Meaning(Rejected, "check gcp.project and gcp.regions"),
    grpc.StatusCode.ALREADY_EXISTS: Meaning(BadAnswer, "no answer to a question that only reads; " + _AGAIN),
    grpc.StatusCode.PERMISSION_DENIED: Meaning(NotAllowed, "needs {role} on {project}"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: Meaning(Throttled, "it will be asked more slowly; a longer interval_s helps"),
    grpc.StatusCode.FAILED_PRECONDITION: Meaning(Rejected, "check that the API is on: " + _ENABLE),
    grpc.StatusCode.ABORTED: Meaning(Unreachable, _AGAIN),
    grpc.StatusCode.OUT_OF_RANGE: Meaning(Rejected, "a smaller tables.{table}.limit may help"),
    grpc.StatusCode.UNIMPLEMENTED: Meaning(Rejected, "check gcp.endpoints.{table}: this server has no such call"),
    grpc.StatusCode.INTERNAL: Meaning(Unreachable, _AGAIN),
    grpc.StatusCode.UNAVAILABLE: Meaning(Unreachable, _NETWORK),
    grpc.StatusCode.DATA_LOSS: Meaning(BadAnswer, _AGAIN),
    grpc.StatusCode.UNAUTHENTICATED: Meaning(NotAuthenticated, _LOGIN),
}
"""Complete: a test compares it with `grpc.StatusCode`."""

CLOSER: tuple[tuple[grpc.StatusCode, re.Pattern[str], Meaning], ...] = (
    (
        grpc.StatusCode.PERMISSION_DENIED,
        re.compile(r"has not been used in project|it is disabled|SERVICE_DISABLED"),
        Meaning(Rejected, "the API is off: " + _ENABLE),
    ),
    (
        grpc.StatusCode.PERMISSION_DENIED,
        re.compile(r"requires billing|billing account", re.IGNORECASE),
        Meaning(Rejected, "link a billing account to {project}"),
    ),
    (
        grpc.StatusCode.UNAVAILABLE,
        re.compile(r"certificate|[Hh]andshake|SSL|TLS|Hostname Verification"),
        Meaning(Unreachable, "check gcp.endpoints.{table}, the clock and the trusted certificates"),
    ),
    (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        re.compile(r"message larger than max"),
        Meaning(BadAnswer, "the answer is too large: lower tables.{table}.limit"),
    ),
    (grpc.StatusCode.NOT_FOUND, re.compile(r"location|region", re.IGNORECASE), Meaning(Rejected, _REGION)),
    (grpc.StatusCode.INVALID_ARGUMENT, re.compile(r"location|region", re.IGNORECASE), Meaning(Rejected, _REGION)),
)
"""What the words of an error add to its status; the first that fits is taken."""

_PEER = r"ipv[46]:(?P<peer>\S+): .*"

CAUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (rf"{_PEER}Connection refused", "connection refused by {peer}"),
        (rf"{_PEER}(?:No route to host|Network is unreachable)", "no route to {peer}"),
        (rf"{_PEER}CERTIFICATE_VERIFY_FAILED: (?P<why>[^:]+)", "the certificate of {peer} is not trusted: {why}"),
        (rf"{_PEER}Hostname Verification Check failed", "the certificate of {peer} is for another name"),
        (rf"{_PEER}WRONG_VERSION_NUMBER", "{peer} does not speak TLS"),
        (rf"{_PEER}[Hh]andshake", "TLS handshake with {peer} failed"),
        (rf"{_PEER}http1\.x server", "{peer} does not speak gRPC"),
        (rf"{_PEER}Connection reset by peer", "connection reset by {peer}"),
        (rf"{_PEER}(?:timed out|Timeout occurred|FD Shutdown)", "connection to {peer} timed out"),
        (r"^(?:Stream removed \()?(?:recvmsg|sendmsg): ?(?:Connection reset by peer|Broken pipe)", "connection reset"),
        (r"^Socket closed", "connection closed by the server"),
        (
            r"^(?:errors resolving|DNS resolution failed for) (?P<peer>\S+?)(?::\d+)?: ",
            "DNS resolution failed for {peer}",
        ),
    )
)
"""How gRPC tells of a connection that failed, the cause at the end of a long text, and that cause in a few words.

The texts are those of grpcio 1.85, and of older ones where they differ.
"""

_WORDS = 400
"""Characters of an error's own text that are kept."""


def explain(error: GoogleAPICallError, call: str, api: Api, *, project: str, scope: str) -> FetchError:
    """Return the error of our tree for one that a client raised; `call` says which call it was."""
    status = error.grpc_status_code or grpc.StatusCode.UNKNOWN
    words = one_line(str(error.message), _WORDS).rstrip(". ") or "no explanation"
    meaning = _meaning(status, words)
    advice = api.advice.get(status, meaning.advice).format(
        project=project, scope=scope, role=api.role, service=api.service, table=api.table
    )
    found = meaning.error(f"{call}: {_cause(status, words)}; {advice}")
    found.retry_after_s = _retry_after_s(error.details)
    return found


def _meaning(status: grpc.StatusCode, words: str) -> Meaning:
    for code, pattern, meaning in CLOSER:
        if code is status and pattern.search(words):
            return meaning
    return MEANINGS.get(status, MEANINGS[grpc.StatusCode.UNKNOWN])


def _cause(status: grpc.StatusCode, words: str) -> str:
    """What happened: the cause alone where no connection came about, else the status and the error's own words."""
    if status is grpc.StatusCode.UNAVAILABLE:
        for pattern, cause in CAUSES:
            if found := pattern.search(words):
                return cause.format_map({name: unquote(text) for name, text in found.groupdict().items()})
    return f"{status.name}: {_SECONDS.sub(_rounded, words)}"


_SECONDS = re.compile(r"\b[1-9]\d*\.\d{2,}(?= ?s\b)")


def _rounded(seconds: re.Match[str]) -> str:
    return f"{float(seconds.group()):.1f}".removesuffix(".0")


def _retry_after_s(details: list[Any]) -> float | None:
    """Seconds the service asked us to wait: its `google.rpc.RetryInfo`, where it sent one."""
    for detail in details or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds) + float(delay.nanos) / 1e9
    return None
