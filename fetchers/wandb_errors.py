"""What the W&B SDK raises, as our own errors with their real cause. Pure: looks at the error, asks nobody."""

from __future__ import annotations

import re
from typing import Any

from fetchers.errors import (
    BadAnswer,
    FetchError,
    NoAnswer,
    NotAllowed,
    NotAuthenticated,
    Rejected,
    Throttled,
    Unreachable,
    WorkerDied,
)
from fetchers.redact import first_of

_LONGEST = 300
_STATUS = re.compile(r"\bHTTP (\d{3})\b")
_RETRIED = re.compile(r"giving up after \d+ attempt\(s\):?\s*")
_SERVER_ERROR = 500


_STATUSES: dict[int, type[FetchError]] = {
    401: NotAuthenticated,
    403: NotAllowed,
    404: Rejected,
    408: NoAnswer,
    429: Throttled,
    504: NoAnswer,
}
"""HTTP status → error; every other 5xx is `Unreachable`, every other status `Rejected`."""

_HELPER = frozenset(
    {
        "OSError",
        "MailboxClosedError",
        "HandleAbandonedError",
        "ServicePollForTokenError",
        "WandbServiceConnectionError",
        "WandbCoreNotAvailableError",
    }
)
"""Errors, by name, that say nothing of the server: the SDK's helper process is gone or was never there."""

_WORDS: tuple[tuple[re.Pattern[str], type[FetchError]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"service process is not running", WorkerDied),
        (r"service process is busy", NoAnswer),
        (r"not logged in|relogin required|invalid credentials|invalid api key|unauthorized", NotAuthenticated),
        (r"permission denied|forbidden|not authorized|access denied", NotAllowed),
        (r"rate limit|too many requests", Throttled),
        (r"cannot query field|not found|could not find|does not exist in", Rejected),
        (r"^input: ", BadAnswer),
        (r"client\.timeout|deadline exceeded|timed out|i/o timeout", NoAnswer),
        (r"invalid character|unexpected (EOF|end of)|cannot unmarshal|decod", BadAnswer),
        (
            r"dial tcp|connection re(fused|set)|no such host|\bEOF\b|x509|tls:|unreachable|proxy|broken pipe",
            Unreachable,
        ),
    )
)
"""What an error without a status says → error; the first that matches."""


_PLAINLY: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"^.*dial tcp (\S+): connect: connection refused$", r"connection refused by \1"),
        (r"^.*dial tcp: lookup (\S+)( on \S+)?: no such host$", r"DNS resolution failed for \1"),
        (r"^.*tls: failed to verify certificate: (.*)$", r"its certificate is not trusted: \1"),
        (r"^.*connection reset by peer$", "connection reset by the server"),
        (r"^.*(context deadline exceeded|Client\.Timeout|i/o timeout).*$", "no answer in the time the SDK gives it"),
        (r'^Post "[^"]*": EOF$', "connection closed by the server (EOF)"),
        (r"^invalid character .*$", r"the answer is no JSON (\g<0>); does a proxy or a sign-in page answer for W&B?"),
        (r"^unexpected (EOF|end of JSON input)$", r"the answer breaks off (\g<0>)"),
        (r"^input: (.*)$", r"GraphQL error: \1"),
    )
)
"""How the SDK's helper, in Go, tells of what went wrong → the same for people; the first that fits."""


def of_api_error(error: BaseException, call: str, base_url: str) -> FetchError:
    """Our error for what the SDK raised in `call` (`Runs acme/arr page 1`), whatever it is wrapped in."""
    root = _root(error)
    if not _HELPER.isdisjoint(parent.__name__ for parent in type(root).__mro__):
        return WorkerDied(_say(WorkerDied, _cause(f"{type(root).__name__} {root}"), call, base_url))
    text = _cause(str(root) or type(root).__name__)
    status = _status(root)
    kind = _kind_of_status(status) if status else _kind_of_text(text)
    if status is not None and str(status) not in text:
        text = f"HTTP {status}: {text}"
    return kind(_say(kind, text, call, base_url))


def of_retries(text: str, call: str, base_url: str, waited_s: float) -> FetchError | None:
    """Our error where the SDK was still trying when the time was up; null where `text` is a timeout itself."""
    found = _STATUS.search(text)
    kind = _kind_of_status(int(found.group(1))) if found else _kind_of_text(text)
    if kind is NoAnswer:
        return None
    return kind(_say(kind, f"{_plainly(_cause(text))}; still so after {waited_s:.1f} s", call, base_url))


def core_was_silent(error: BaseException) -> bool:
    """Whether it was the SDK's helper process that did not answer; a server that does not is told by that process."""
    return "service process is busy" in str(_root(error))


def no_key(base_url: str) -> NotAuthenticated:
    """No API key is configured for the server."""
    return NotAuthenticated(f"no W&B API key for {base_url}: run `wandb login --host {base_url}` or set WANDB_API_KEY")


def _say(kind: type[FetchError], text: str, call: str, base_url: str) -> str:
    text = _plainly(text)
    if kind is NotAuthenticated:
        login = f"run `wandb login --relogin --host {base_url}`"
        return f"W&B at {base_url} did not accept the API key ({text}): {login}"
    if kind is NotAllowed:
        return f"{call}: {text}: the API key may not read this; ask its owner, or check wandb.entity"
    if kind is WorkerDied:
        return f"{call}: wandb-core ended or did not start ({text}); the worker is replaced"
    network = "; check the network and wandb.base_url" if kind is Unreachable and not _STATUS.search(text) else ""
    return f"{call}: {text} (W&B at {base_url}){network}"


def _root(error: BaseException) -> BaseException:
    """The innermost error that says something about the call: the SDK wraps its own twice."""
    found = error
    while (cause := getattr(found, "exc", None) or found.__cause__) and isinstance(cause, Exception):
        found = cause
    return found


def _status(error: BaseException) -> int | None:
    response: Any = getattr(error, "response", None)
    if status := getattr(response, "http_status", 0):
        return int(status)
    found = _STATUS.search(str(error))
    return int(found.group(1)) if found else None


def _kind_of_status(status: int) -> type[FetchError]:
    return _STATUSES.get(status, Unreachable if status >= _SERVER_ERROR else Rejected)


def _kind_of_text(text: str) -> type[FetchError]:
    return next((kind for pattern, kind in _WORDS if pattern.search(text)), Unreachable)


def _plainly(text: str) -> str:
    for pattern, words in _PLAINLY:
        if pattern.search(text):
            return pattern.sub(words, text)
    return text


def _cause(text: str) -> str:
    """One line, and of a message about retries only what went wrong."""
    if "while retrying: " in text:
        text = text.rpartition("while retrying: ")[2]
    text = _RETRIED.sub("", text)
    return first_of(" ".join(text.split()), _LONGEST)
