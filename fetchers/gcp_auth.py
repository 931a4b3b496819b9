"""Authorization headers from Application Default Credentials, without ever blocking the loop.

`google.auth` blocks for minutes when a metadata server, a token endpoint or `gcloud` is silent, and offers no timeout
that holds. It runs in a daemon thread of its own; when that thread is overdue only a kill ends it, and `stuck` says so.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from dataclasses import dataclass
from typing import Any

import google.auth
import google.auth.exceptions
import google.auth.transport.requests
from google.auth import _cloud_sdk, environment_vars

from fetchers.errors import FetchError, NoAnswer, NotAuthenticated, Unreachable
from fetchers.gcp_fields import one_line
from fetchers.threads import Threads

Headers = tuple[tuple[str, str], ...]
"""What is sent beside every call: `authorization` and, where set, `x-goog-user-project`."""

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
CALL = "google.auth"
"""How this step is named among the API calls."""

_LOGIN = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"

_MEANINGS: tuple[tuple[type[Exception], type[FetchError], str], ...] = (
    (google.auth.exceptions.DefaultCredentialsError, NotAuthenticated, _LOGIN),
    (google.auth.exceptions.RefreshError, NotAuthenticated, _LOGIN),
    (google.auth.exceptions.TransportError, Unreachable, "check the network and the token endpoint"),
    (Exception, NotAuthenticated, _LOGIN),
)
"""The first that fits says what went wrong."""


@dataclass(frozen=True)
class Grant:
    """Credentials that hold a token, and the headers made from them."""

    credentials: Any
    headers: Headers
    account: str | None
    """E-mail address of who we are, where the credentials say so."""

    @property
    def fresh(self) -> bool:
        """Whether the token will outlast the next calls."""
        return bool(self.credentials.valid)


def obtain(credentials: Any = None) -> Grant:
    """Find credentials, unless given, and a token for them. Blocks, possibly for minutes."""
    if credentials is None:
        credentials = _found()
    found: dict[str, str] = {}
    credentials.before_request(google.auth.transport.requests.Request(), "", "", found)
    return Grant(credentials, tuple((key.lower(), value) for key, value in found.items()), _account(credentials))


def _found() -> Any:
    """Find the credentials that `google.auth.default` finds, in its order.

    It would run `gcloud`, without any limit of time, for a project that the settings already name; reading the file,
    where there is one, does not.
    """
    path = os.environ.get(environment_vars.CREDENTIALS) or _cloud_sdk.get_application_default_credentials_path()
    if os.path.isfile(path):  # noqa: PTH113 - its own spelling of the path, whatever that is
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it warns of files of strangers; this one is our own
            return google.auth.load_credentials_from_file(path, scopes=SCOPES)[0]
    return google.auth.default(scopes=SCOPES)[0]


def _account(credentials: Any) -> str | None:
    for name in ("service_account_email", "account"):
        value = getattr(credentials, name, None)
        if isinstance(value, str) and "@" in value:
            return value
    return None


class Access:
    """The grant that all fetches of a worker share; one thread at a time renews it."""

    def __init__(self) -> None:
        self._threads = Threads()
        self._attempt: asyncio.Task[Grant] | None = None
        self._overdue: asyncio.Task[Grant] | None = None

    async def grant(self, within_s: float, call: str) -> Grant:
        """Return a grant whose token is fresh; `call` opens the message of an error.

        Raises `NoAnswer` after `within_s` seconds, `NotAuthenticated` or `Unreachable`.
        """
        attempt = self._renewed(within_s)
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(attempt)
        except TimeoutError:
            self._overdue = attempt
            raise NoAnswer(
                f"{call}: no credentials in {within_s:.3g} s; check the metadata server, the token endpoint"
                f" or the program (gcloud?) that they come from, or {_LOGIN}"
            ) from None
        except Exception as error:
            raise _explained(error, call) from error

    def held(self) -> Grant | None:
        """Return the grant where its token is fresh."""
        attempt = self._attempt
        return attempt.result() if attempt and attempt.done() and _good(attempt) and attempt.result().fresh else None

    def forget(self) -> None:
        """Look for credentials anew next time: these were refused, and there may have been a new login."""
        if self._attempt is not None and self._attempt.done():
            self._attempt = None

    def stuck(self) -> bool:
        """Whether the thread is still in a call that should have returned."""
        waited_for = self._overdue is not None and not self._overdue.done()
        return waited_for or self._threads.stuck()

    def _renewed(self, within_s: float) -> asyncio.Task[Grant]:
        """Return the attempt to wait for: the one under way or still good, else a new one with the same credentials."""
        attempt = self._attempt
        if attempt is not None and (not attempt.done() or self.held()):
            return attempt
        credentials = attempt.result().credentials if attempt is not None and _good(attempt) else None
        self._attempt = asyncio.create_task(self._threads.call(lambda: obtain(credentials), within_s, CALL))
        self._attempt.add_done_callback(_good)  # its error is read there: nobody may be waiting for it any more
        return self._attempt


def _good(attempt: asyncio.Task[Grant]) -> bool:
    return not attempt.cancelled() and attempt.exception() is None


def _explained(error: Exception, call: str) -> FetchError:
    words = one_line(str(error), 300).rstrip(". ") or type(error).__name__
    if isinstance(error, google.auth.exceptions.GoogleAuthError) and error.retryable:
        return Unreachable(f"{call}: {words}; it will be asked again")
    kind, advice = next((kind, advice) for group, kind, advice in _MEANINGS if isinstance(error, group))
    return kind(f"{call}: {words}; {advice}")
