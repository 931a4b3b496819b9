"""Asks Cloud Logging for one page of entries: counted against the quota, however often it has to be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc

from fetchers.base import describe_call
from fetchers.errors import BadAnswer, FetchError, NotAllowed
from fetchers.gcp import Session
from fetchers.gcp_errors import Api
from fetchers.logging_sdk import ListLogEntriesRequest

METHOD = "ListLogEntries"
NEWEST_FIRST = "timestamp desc"
OLDEST_FIRST = "timestamp asc"
PAGE_SIZE = 1_000
"""Entries: what the service gives at once."""
SMALLER = 20
"""How many times smaller a page is asked for that was too large to receive."""
EMPTY_PAGES = 8
"""Empty pages in a row after which a server is taken to have no end."""

_TOO_LARGE = "larger than max"
"""What gRPC says, on this side of the wire, of an answer beyond what it may receive."""

API = Api(
    table="logging",
    service="logging.googleapis.com",
    role="roles/logging.viewer",
    advice={
        grpc.StatusCode.INVALID_ARGUMENT: "check gcp.project",
        grpc.StatusCode.NOT_FOUND: "the project or its log bucket is gone; check gcp.project",
        grpc.StatusCode.DEADLINE_EXCEEDED: "check the network; it will be asked again",
        grpc.StatusCode.OUT_OF_RANGE: "it will be asked again",
        grpc.StatusCode.RESOURCE_EXHAUSTED: "logs will be read more slowly; a lower gcp.log_reads_per_minute helps",
    },
)


@dataclass
class Quota:
    """Calls that a fetch may still make."""

    left: int

    def take(self) -> bool:
        """Take one call; false where none is left."""
        if self.left <= 0:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True)
class EntryPage:
    """A page of entries, in the order that was asked for."""

    entries: list[Any]
    token: str
    """For the next one; empty after the last."""


def request_for(session: Session, words: str, order: str = NEWEST_FIRST, most: int = PAGE_SIZE) -> Any:
    """The request for the first page of what the filter `words` finds."""
    return ListLogEntriesRequest(
        resource_names=[f"projects/{session.project}"],
        filter=words,
        order_by=order,
        page_size=max(1, min(most, PAGE_SIZE)),
    )


async def read_page(session: Session, request: ListLogEntriesRequest, quota: Quota) -> EntryPage:
    """Read a page; an empty one that is not the last says "go on" and leads to the next.

    The first call has been taken from `quota` already; without one for the next, an empty page is given with its
    token. Raises `FetchError`; `BadAnswer` where there is no end.
    """
    seen: set[str] = set()
    for page in range(1, EMPTY_PAGES + 1):
        answer = await _call(session, request, page, quota)
        entries, token = list(answer.entries), str(answer.next_page_token)
        if entries or not token or (page < EMPTY_PAGES and not quota.take()):
            return EntryPage(entries, token)
        if token in seen:
            raise BadAnswer(f"{_named(session, page)}: the same page token came twice; check gcp.endpoints.logging")
        seen.add(token)
        request.page_token = token
    raise BadAnswer(f"{_named(session, EMPTY_PAGES)}: no entries and no end; it will be asked again")


async def _call(session: Session, request: ListLogEntriesRequest, page: int, quota: Quota) -> Any:
    """Make the call; where the page is too large to receive, once more for a smaller one."""
    try:
        return _message(await session.call(METHOD, request, page))
    except NotAllowed as error:
        raise not_allowed(session, error) from error
    except FetchError as error:
        if _TOO_LARGE not in str(error):
            raise
        too_large = BadAnswer(f"{_named(session, page)}: entries too large to receive; see them in the console")
        if request.page_size <= PAGE_SIZE // SMALLER or not quota.take():
            raise too_large from error
    request.page_size //= SMALLER
    return await _call(session, request, page, quota)


def _message(answer: Any) -> Any:
    """The raw message that the client's pager wraps."""
    return type(answer._response).pb(answer._response)  # noqa: SLF001 - it hands out wrapped entries alone


def _named(session: Session, page: int) -> str:
    return describe_call(METHOD, session.scope, page)


def not_allowed(session: Session, error: NotAllowed) -> NotAllowed:
    """The error of a reader without the role, with the command that grants it."""
    account = session.account
    kind = "serviceAccount" if account and account.endswith(".gserviceaccount.com") else "user"
    member = f"{kind}:{account}" if account else "MEMBER"
    command = f"gcloud projects add-iam-policy-binding {session.project} --member={member} --role={API.role}"
    call = str(error).partition(";")[0]
    return NotAllowed(f"log not readable: needs {API.role} on {session.project}; run `{command}` ({call})")
