"""How the Google fetchers' tests ask an emulator: settings that point at it, and one fetch in one call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from fetchers.base import Calls
from fetchers.builds import BuildsFetcher
from fetchers.messages import Fetch, Message
from fetchers.records import Record
from fetchers.runner import RunnerFetcher
from fetchers.settings import Endpoints, Gcp, Settings
from fetchers.vertex import VertexFetcher
from tests.emulators.google_world import PROJECT

GoogleFetcher = BuildsFetcher | RunnerFetcher | VertexFetcher
TABLES: dict[type[GoogleFetcher], str] = {BuildsFetcher: "builds", RunnerFetcher: "runner", VertexFetcher: "vertex"}

R1 = "us-central1"
R2 = "europe-west4"


def settings_for(endpoint: str, **gcp: Any) -> Settings:
    """Settings whose every Google API is at `endpoint`."""
    endpoints = Endpoints(builds=endpoint, runner=endpoint, vertex=endpoint, logging=endpoint)
    fields: dict[str, Any] = {"project": PROJECT, "endpoints": endpoints, "regions": (R1, R2)}
    return Settings(gcp=Gcp(**(fields | gcp)))


def fetch_of(
    fetcher: GoogleFetcher, *scopes: str, limit: int = 100, deadline_s: float = 10, **known: Sequence[str]
) -> Fetch:
    """A fetch of the fetcher's table: the first one of every scope of which nothing is said to be known."""
    named = {scope.replace("_", "-"): tuple(ids) for scope, ids in known.items()}
    return Fetch(
        table=TABLES[type(fetcher)],
        generation=1,
        scopes=scopes,
        soft_deadline_s=deadline_s,
        limit=limit,
        known=named,
        first=tuple(scope for scope in scopes if scope not in named),
    )


async def pages_of(
    fetcher: GoogleFetcher, fetch: Fetch, scope: str, log: list[Message] | None = None
) -> list[list[Record]]:
    """Every page of one scope."""
    calls = Calls(fetch, (log if log is not None else []).append)
    async with aclosing(fetcher.fetch(fetch, scope, calls)) as pages:
        return [list(page) async for page in pages]


async def records_of(fetcher: GoogleFetcher, scope: str, **asking: Any) -> list[Record]:
    """Every record of one scope, in the order they came."""
    pages = await pages_of(fetcher, fetch_of(fetcher, scope, **asking), scope)
    return [record for page in pages for record in page]
