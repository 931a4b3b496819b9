"""Asks Cloud Logging for one page of entries: counted against the quota, however often it has to be asked for."""

from __future__ import annotations

import re
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
PIECES = 8
"""Calls for one page at most: a search that takes the service long is given in pieces, of which some are empty."""

SMALLEST_PAGE = 20
"""Entries; the service takes none of over 256 KB."""
LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes: many pages are received at a time, and each takes several times its size."""

_TOO_LARGE = re.compile(r"larger than max \((\d+) vs")
"""What gRPC says, on this side of the wire, of an answer beyond what it may receive; with its size in bytes."""

API = Api(
    table="logging",
    service="logging.googleapis.com",
    role="roles/logging.viewer",
    largest_answer=LARGEST_ANSWER,
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


class OutOfCalls(FetchError):
    """The quota has no call left for what it takes to read this page; nothing is wrong with it."""


async def read_page(session: Session, request: ListLogEntriesRequest, quota: Quota) -> EntryPage:
    """Read a page; one that the service broke off, empty or less than half full, says "go on" and is gone on with.

    The first call has been taken from `quota` already; without one for the next, what there is is given with its
    token. Raises `FetchError`; `BadAnswer` where there is no end, `OutOfCalls` where only a smaller page would do.
    """
    found: list[Any] = []
    seen: set[str] = set()
    for page in range(1, PIECES + 1):
        answer = await _call(session, request, page, quota)
        found += answer.entries
        token = str(answer.next_page_token)
        if not token or len(found) >= request.page_size / 2:
            return EntryPage(found, token)
        if token in seen:
            raise BadAnswer(f"{_named(session, page)}: the same page token came twice; check gcp.endpoints.logging")
        if page < PIECES and not quota.take():
            break
        seen.add(token)
        request.page_token = token
    if not found and page == PIECES:
        raise BadAnswer(f"{_named(session, page)}: no entries and no end; it will be asked again")
    return EntryPage(found, token)


async def _call(session: Session, request: ListLogEntriesRequest, page: int, quota: Quota) -> Any:
    """Make the call; where the page is too large to receive, once more for a smaller one."""
    try:
        return _message(await session.call(METHOD, request, page))
    except NotAllowed as error:
        raise not_allowed(session, error) from error
    except FetchError as error:
        size = _smaller(request.page_size, str(error))
        if size is None:
            raise
        if size >= request.page_size:
            what = "entries too large to receive; see them in the console"
            raise BadAnswer(f"{_named(session, page)}: {what}") from error
        if not quota.take():
            raise OutOfCalls(f"{_named(session, page)}: no call is left for a smaller page") from error
    request.page_size = size
    return await _call(session, request, page, quota)


def _smaller(page_size: int, problem: str) -> int | None:
    """How many entries to ask for instead of those that were too large; null where that was not the problem."""
    found = _TOO_LARGE.search(problem)
    if found is None:
        return None
    return max(SMALLEST_PAGE, page_size * LARGEST_ANSWER // int(found[1]) // 2)


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
