"""The error tree: every error that this program raises on purpose.

    MonitorError
    ├── ConfigError              the configuration cannot be used
    ├── FrameError               the other end of a socket spoke nonsense
    ├── FilterError              a filter expression cannot be read; `at` says where, `unfinished` whether it may yet be
    └── FetchError               a source did not give what it was asked for
        ├── NoAnswer             nothing came back in time
        ├── Unreachable          no connection, or the service is away
        ├── NotAuthenticated     no credentials, or they are not accepted
        ├── NotAllowed           the credentials do not permit this call
        ├── Throttled            too many calls; `retry_after_s` where the source says how long
        ├── Rejected             the request itself is wrong (unknown project, API switched off)
        ├── BadAnswer            the answer cannot be understood
        └── WorkerDied           the worker process ended, was killed, or never became ready

Every message says what happened, to what, and what to do.
"""

from __future__ import annotations

import msgspec

from fetchers.redact import redact


class MonitorError(Exception):
    """Root of the tree."""


class ConfigError(MonitorError):
    """The configuration cannot be used."""


class FrameError(MonitorError):
    """A peer sent bytes that are not a frame, or a frame larger than allowed."""


class FilterError(MonitorError):
    """A filter expression cannot be read."""

    def __init__(self, message: str, at: int, *, unfinished: bool = False) -> None:
        super().__init__(message)
        self.at = at
        """Index of the character from which on it cannot be read."""
        self.unfinished = unfinished
        """Whether it is only the beginning of an expression: whoever still types has done nothing wrong."""


class FetchError(MonitorError):
    """A source did not give what it was asked for."""

    kind = "error"
    """One word for scripts, stable."""
    retry_after_s: float | None = None
    """How long the source asked us to wait, seconds."""
    passing = False
    """Whether it may be over in a moment, so that the same question is worth asking once more."""


class NoAnswer(FetchError):
    """Nothing came back in time."""

    kind = "timeout"


class Unreachable(FetchError):
    """No connection, or the service is away."""

    kind = "unreachable"
    passing = True


class NotAuthenticated(FetchError):
    """No credentials, or they are not accepted."""

    kind = "unauthenticated"


class NotAllowed(FetchError):
    """The credentials do not permit this call."""

    kind = "permission"


class Throttled(FetchError):
    """Too many calls."""

    kind = "throttled"

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Rejected(FetchError):
    """The request itself is wrong."""

    kind = "rejected"


class BadAnswer(FetchError):
    """The answer cannot be understood."""

    kind = "bad-answer"


class WorkerDied(FetchError):
    """The worker process ended, was killed, or never became ready."""

    kind = "worker"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An error as data: what crosses a socket and ends up in a title line or in JSON."""

    kind: str
    """`FetchError.kind` of what happened."""
    text: str
    """One line that names the call and the cause."""
    retry_after_s: float | None = None

    @classmethod
    def of(cls, error: FetchError) -> Failure:
        """The failure that `error` reports, without secrets."""
        text = redact(str(error)).encode(errors="replace").decode()  # half a surrogate pair would not travel
        return cls(kind=error.kind, text=text, retry_after_s=error.retry_after_s)
