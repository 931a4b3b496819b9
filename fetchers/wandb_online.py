"""Runs and launch-queue items of a W&B server, through the SDK's own client, page by page.

The SDK is synchronous and its helper process can hang: every call runs in a thread of ours with a deadline. Only the
client, the queries and the paging are the SDK's; its `Run` objects are never made, for one run with a config that is
no JSON makes the whole page raise.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import wandb
from wandb.sdk.launch.utils import LAUNCH_DEFAULT_PROJECT
from wandb.sdk.lib import wbauth
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from fetchers.ask import Ask
from fetchers.base import describe_call
from fetchers.errors import BadAnswer, FetchError, NoAnswer, NotAuthenticated, Rejected, WorkerDied
from fetchers.records import Record
from fetchers.settings import Wandb
from fetchers.wandb_core_log import last_trouble
from fetchers.wandb_environment import HTTP_TIMEOUT_S
from fetchers.wandb_errors import core_was_silent, no_key, of_api_error, of_retries
from fetchers.wandb_records import PENDING_RUN_STATES, item_record, records, text

PER_PAGE = 50
"""Runs of one page: each comes with its whole config and summary."""
MOST_PAGES = 100
"""Pages after which a listing is taken for endless."""
MOST_NAMES = 500
"""Ids asked for by name in one request."""
ITEMS_PER_PAGE = 100
MOST_ITEM_PAGES = 10
"""A queue keeps what it has long handed out; further back is not looked."""
CORE_SILENCE_S = 2 * HTTP_TIMEOUT_S + 4
"""A helper process that has answered nothing for so long, though asked, is hung: an attempt of its own ends sooner."""

_ITEMS = """
query LaunchQueueItems($entity: String!, $project: String!, $queue: String!, $first: Int, $after: String) {
  project(name: $project, entityName: $entity) {
    runQueue(name: $queue) {
      runQueueItems(first: $first, after: $after) {
        edges { cursor node { id state associatedRunId createdAt runSpec priority error { message } } }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""
_ITEMS_OF_OLD = """
query LaunchQueueItemsOfOld($entity: String!, $project: String!, $queue: String!, $first: Int) {
  project(name: $project, entityName: $entity) {
    runQueue(name: $queue) {
      runQueueItems(first: $first) { edges { node { id state associatedRunId } } }
    }
  }
}
"""
"""What the SDK itself asks of an item: for servers that refuse a field of the query above."""


class OnlineRuns:
    """One server. The client is made at the first fetch, and anew after the server has refused the key."""

    def __init__(self, settings: Wandb) -> None:
        self._settings = settings
        self._api: Any = None
        self._viewer: str | None = None
        """Whose key the client uses, by W&B name; null where the server does not say."""
        self._making = asyncio.Lock()
        self._unanswered_since: float | None = None
        """Monotonic seconds of the first call since the helper process last answered; null where all are answered."""
        self._broken = False
        self._refused: tuple[float, Exception] | None = None
        """When the client could last not be made, and what the SDK raised."""

    @property
    def base_url(self) -> str:
        """The server's address."""
        return self._settings.base_url

    def broken(self) -> bool:
        """Whether the SDK's helper process is dead or hung: only another process mends that."""
        return self._broken

    async def active(self, ask: Ask) -> AsyncGenerator[Sequence[Record]]:
        """Every run that is running or pending, then what became of those last seen so."""
        seen: set[str] = set()
        wanted = {"state": {"$in": list(PENDING_RUN_STATES)}}
        async for page in self._runs(ask, "Runs", wanted, "-created_at", MOST_PAGES * PER_PAGE):
            seen.update(record.id for record in page)
            yield page
        missing = [run for run in ask.known if run not in seen]
        for start in range(0, len(missing), MOST_NAMES):
            names = missing[start : start + MOST_NAMES]
            async for page in self._runs(ask, "Runs by name", {"name": {"$in": names}}, "-created_at", len(names)):
                yield page

    async def completed(self, ask: Ask) -> AsyncGenerator[Sequence[Record]]:
        """The runs that ended last, newest end first: a long run that has just ended is not behind younger ones."""
        wanted = {"state": {"$nin": list(PENDING_RUN_STATES)}}
        async for page in self._runs(ask, "Runs", wanted, "-heartbeat_at", ask.fetch.limit):
            yield page

    async def queued(self, ask: Ask, queue: str) -> AsyncGenerator[Sequence[Record]]:
        """The items of a launch queue that have not become runs; those that failed to at most `limit` of them."""
        entity = self._settings.entity or ""
        failed = 0
        async for nodes in self._items(ask, entity, queue):
            page = []
            for record in (item_record(node, ask.scope, entity, self._viewer) for node in nodes):
                if record is None or not self._is_wanted(record):
                    continue
                failed += not record.state.pending
                if record.state.pending or failed <= ask.fetch.limit:
                    page.append(record)
            yield page

    # --- listings ------------------------------------------------------------------------------------------------

    async def _runs(
        self, ask: Ask, method: str, filters: Mapping[str, Any], order: str, most: int
    ) -> AsyncGenerator[Sequence[Record]]:
        entity, _, project = ask.scope.partition("/")
        api = await self._client(ask)
        api.flush()  # the SDK remembers listings: without this the table never changes
        listing = api.runs(f"{entity}/{project}", filters={**filters, **self._wanted()}, order=order, lazy=False)
        variables, page = dict(listing.variables), 0
        while most > 0 and page < MOST_PAGES:
            page += 1
            variables["perPage"] = min(PER_PAGE, most)
            data = await self.asked(ask, method, page, listing.QUERY, variables)
            found = _field(data, "project", ask.scope)
            if found is None:
                raise Rejected(self._no_project(ask.scope))
            edges, cursor = _connection(_field(found, "runs", ask.scope), ask.scope)
            nodes = (edge.get("node") for edge in edges)
            yield records(nodes, ask.scope, api._service_api.app_url, self._viewer)  # noqa: SLF001
            most -= len(edges)
            if cursor is None or cursor == variables.get("cursor"):
                return
            variables["cursor"] = cursor

    async def _items(self, ask: Ask, entity: str, queue: str) -> AsyncGenerator[list[Any]]:
        variables = {"entity": entity, "project": LAUNCH_DEFAULT_PROJECT, "queue": queue, "first": ITEMS_PER_PAGE}
        for page in range(1, MOST_ITEM_PAGES + 1):
            data = await self._items_page(ask, page, variables)
            found = _field(data, "project", ask.scope)
            found = None if found is None else _field(found, "runQueue", ask.scope)
            if found is None:
                raise Rejected(self._no_queue(entity, queue))
            edges, cursor = _connection(_field(found, "runQueueItems", ask.scope), ask.scope)
            yield [edge.get("node") for edge in edges]
            if cursor is None or cursor == variables.get("after"):
                return
            variables = {**variables, "after": cursor}

    async def _items_page(self, ask: Ask, page: int, variables: Mapping[str, Any]) -> Any:
        try:
            return await self.asked(ask, "LaunchQueueItems", page, _ITEMS, variables)
        except Rejected as refused:
            if "cannot query field" not in str(refused).lower():
                raise
        return await self.asked(ask, "LaunchQueueItemsOfOld", page, _ITEMS_OF_OLD, variables)

    # --- what is wanted ------------------------------------------------------------------------------------------

    def _users(self) -> list[str]:
        """Whose runs are wanted; nobody: everyone's, also where one's own are and nobody says who one is."""
        if not self._settings.mine:
            return list(self._settings.users)
        return [*self._settings.users, self._viewer] if self._viewer else []

    def _wanted(self) -> dict[str, Any]:
        """What the server is to leave out, in its own words."""
        users, tags = self._users(), self._settings.tags
        by_user = {"username": {"$in": users}} if users else {}
        return by_user | ({"tags": {"$in": list(tags)}} if tags else {})

    def _is_wanted(self, item: Record) -> bool:
        """Whether a queue item is; the server cannot choose, and whose nobody is stays."""
        users, author = self._users(), item.detail.get("author")
        return not users or not author or author in users

    def _no_project(self, scope: str) -> str:
        return (
            f"W&B at {self._settings.base_url} has no project {scope}, or the API key may not see it:"
            " check wandb.entity and wandb.project"
        )

    def _no_queue(self, entity: str, queue: str) -> str:
        return (
            f"W&B at {self._settings.base_url} has no launch queue {queue!r} of {entity!r}, or the API key may not"
            " see it: check wandb.entity and wandb.queues"
        )

    # --- calls ---------------------------------------------------------------------------------------------------

    async def _client(self, ask: Ask) -> Any:
        """Make the client, which asks the server whose key it is: once, however many fetches wait for it."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(ask.left_s()):
                await self._making.acquire()
        except TimeoutError:
            raise self._silence(ask, "Viewer", 1, begun) from None
        try:
            if self._api is None:
                self._api = await self._made(ask, begun)
            return self._api
        finally:
            self._making.release()

    async def _made(self, ask: Ask, begun: float) -> Any:
        """Make the client, unless that has failed while this fetch waited for it: then it fails likewise."""
        if self._refused is not None and self._refused[0] > begun:
            error = self._refused[1]
            raise self._understood(error, ask, "Viewer", 1, begun) from error
        try:
            return await self._called(ask, "Viewer", 1, lambda: self._make(ask))
        except FetchError as problem:
            if isinstance(problem.__cause__, Exception):
                self._refused = (time.monotonic(), problem.__cause__)
            raise

    def _make(self, ask: Ask) -> Any:
        """Find the key first, as the SDK does but never asking anyone; then make the client."""
        url = self._settings.base_url
        if wbauth.authenticate_session(host=url, source="monitor", prompt=False, update_session=False) is None:
            raise no_key(url)
        api = wandb.Api(overrides={"base_url": url}, timeout=ask.left_s())  # type: ignore[no-untyped-call, unused-ignore]
        self._viewer = _viewer(api, ask.left_s())
        return api

    async def requested(self, ask: Ask, method: str, page: int, request: Any) -> Any:
        """Return the answer to a request of the SDK's own to its helper. Raises `FetchError`."""
        service = await self.service(ask)
        return await self._called(ask, method, page, lambda: service.send_api_request(request, timeout=ask.left_s()))

    async def asked(self, ask: Ask, method: str, page: int, query: str, variables: Mapping[str, Any]) -> Any:
        """Return the answer to a GraphQL query. Raises `FetchError`."""
        service = await self.service(ask)
        return await self._called(
            ask, method, page, lambda: service.execute_graphql(query, variables, timeout=ask.left_s())
        )

    async def service(self, ask: Ask) -> Any:
        """Return the client below `Api.runs`, which knows the key and speaks to the helper. Raises `FetchError`."""
        api = await self._client(ask)
        return api._service_api  # noqa: SLF001 - the version is pinned

    async def _called(self, ask: Ask, method: str, page: int, work: Callable[[], Any]) -> Any:
        begun = time.monotonic()
        self._unanswered_since = self._unanswered_since or begun
        try:
            answer = await ask.call(method, page, work)
        except NoAnswer as problem:
            raise self._silence(ask, method, page, begun) from problem.__cause__
        except FetchError:
            raise
        except Exception as error:
            raise self._understood(error, ask, method, page, begun) from error
        self._unanswered_since = None
        return answer

    def _understood(self, error: Exception, ask: Ask, method: str, page: int, begun: float) -> FetchError:
        problem = of_api_error(error, describe_call(method, ask.scope, page), self._settings.base_url)
        if isinstance(problem, WorkerDied):
            self._broken = True
        elif core_was_silent(error):
            return self._silence(ask, method, page, begun)
        else:
            self._unanswered_since = None
        if isinstance(problem, NotAuthenticated):
            self._api = None  # the next fetch looks for a new key
        return problem

    def _silence(self, ask: Ask, method: str, page: int, begun: float) -> FetchError:
        """Say why a call that began at `begun` has not come back: the helper process may have noted the cause."""
        waited_s = time.monotonic() - begun
        trouble = last_trouble(datetime.now(UTC) - timedelta(seconds=waited_s))
        if trouble is None:
            silent_for = time.monotonic() - (self._unanswered_since or begun)
            self._broken = self._broken or silent_for > CORE_SILENCE_S
            return ask.no_answer(method, page)
        self._unanswered_since = None  # whoever takes notes does not hang
        call = describe_call(method, ask.scope, page)
        return of_retries(trouble, call, self._settings.base_url, waited_s) or ask.no_answer(method, page)


def _viewer(api: Any, timeout_s: float) -> str | None:
    """Whose key it is: making the client has asked that too, and kept nothing of the answer."""
    try:
        found = api._service_api.authenticate(timeout=timeout_s)  # noqa: SLF001 - the version is pinned
    except WandbApiFailedError:
        return None  # runs are shown all the same: only whose they are is not known
    return text(found.username)


def _field(value: Any, name: str, scope: str) -> Any:
    if not isinstance(value, Mapping):
        raise BadAnswer(f"W&B's answer for {scope} is no object where {name!r} was asked of it")
    return value.get(name)


def _connection(value: Any, scope: str) -> tuple[list[Mapping[str, Any]], str | None]:
    """Take a page apart: its edges, and the cursor of the next page; null on the last."""
    edges = _field(value, "edges", scope)
    if not isinstance(edges, list):
        raise BadAnswer(f"W&B's answer for {scope} holds no list of edges")
    found = [edge for edge in edges if isinstance(edge, Mapping)]
    info = value.get("pageInfo")
    if not found or not isinstance(info, Mapping) or not info.get("hasNextPage"):
        return found, None
    cursor = found[-1].get("cursor") or info.get("endCursor")
    return found, cursor if isinstance(cursor, str) else None
