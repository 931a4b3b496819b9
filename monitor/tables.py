"""The registry of tables: what each is called, who fills it, and what it needs to be asked.

Everything else walks over `TABLES`; nothing enumerates tables in `if`s.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fetchers.records import Record, State
from fetchers.settings import QUEUE, Gcp, Settings

LOGS = "logs"
"""The worker that reads Cloud Logging."""

BUILDS_GLOBAL = "global"
"""The scope of builds that belong to no region."""


class TablePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tables.NAME]`: whether, how often and how patiently a table is asked."""

    enabled: bool = True
    interval_s: float = 30.0
    """Seconds from one fetch to the next."""
    timeout_s: float = 20.0
    """Seconds a fetch may take, all scopes together."""
    limit: int = 100
    """Newest records kept per scope; of what lies beyond, only what is queued or running."""


class Table(msgspec.Struct, frozen=True):
    """One table of the screen."""

    name: str
    """Its name on the command line, in JSON and in the configuration."""
    source: str
    """The worker that fetches it; tables of one source share a process."""
    blurb: str
    """What its rows are, for help and empty tables."""
    scopes: Callable[[Settings], tuple[str, ...]]
    """What there is to ask, in the order it is asked; empty where it is not configured."""
    half: Callable[[Settings], str | None]
    """Which key is missing where its source is configured in part; null where it is whole or not configured at all."""
    nothing: str
    """What to do where its source is not configured at all."""
    asks: str = ""
    """Whom its fetcher asks, and the method: where an answer comes from."""
    units: str = "regions"
    """What its scopes are called."""
    rests: bool = True
    """Whether a scope that stays empty is asked ever more rarely: a region, but not a project or a queue."""
    logs: str = ""
    """The worker that reads the logs of its records; empty where there are none."""
    read: frozenset[State] = frozenset()
    """States of records whose log says something that the source does not, so that it is read once they have ended."""
    family: str = ""
    """Tables of one family share their rows: a record lives in the table it names itself, under its id alone."""

    def key(self, record: Record) -> str:
        """What identifies the record's row for as long as the program runs."""
        return record.id if self.family else f"{record.scope}/{record.id}"

    def missing(self, settings: Settings) -> str:
        """What to do where there is nothing to ask."""
        return self.half(settings) or self.nothing


def _builds(settings: Settings) -> tuple[str, ...]:
    return (BUILDS_GLOBAL, *settings.gcp.regions) if settings.gcp.project else ()


def _regions(settings: Settings) -> tuple[str, ...]:
    return settings.gcp.regions if settings.gcp.project else ()


def _queue(name: str) -> str:
    return f"{QUEUE}{name}"


def _online(settings: Settings) -> tuple[str, ...]:
    wandb = settings.wandb
    return (f"{wandb.entity}/{wandb.project}",) if wandb.entity and wandb.project else ()


def _runs(settings: Settings) -> tuple[str, ...]:
    queues = tuple(map(_queue, settings.wandb.queues)) if settings.wandb.entity else ()
    return (*_online(settings), *queues, *settings.wandb.offline_dirs)


def _half_google(settings: Settings) -> str | None:
    gcp = settings.gcp
    if gcp.project or msgspec.structs.replace(gcp, account=None) == Gcp():  # an account may just have been found
        return None
    return "gcp.project is missing, other keys of [gcp] are set: set it, or run `gcloud config set project NAME`"


def _half_wandb(settings: Settings) -> str | None:
    wandb = settings.wandb
    if wandb.entity and not (wandb.project or wandb.queues):
        return _without("wandb.entity", "wandb.project", "WANDB_PROJECT")
    if not wandb.entity and (wandb.project or wandb.queues):
        there = "wandb.project" if wandb.project else "wandb.queues"
        return _without(there, "wandb.entity", "WANDB_ENTITY")
    return None


def _without(there: str, missing: str, variable: str) -> str:
    return f"{missing} is missing, {there} is set: set it in the configuration, or ${variable}"


_NO_PROJECT = "no Google Cloud project: set gcp.project in the configuration, or run `gcloud config set project NAME`"
_NO_RUNS = (
    "no W&B project and no offline runs: set wandb.entity and wandb.project in the configuration,"
    " or $WANDB_ENTITY and $WANDB_PROJECT, or start where a ./wandb directory is"
)


_FAILURES = frozenset({State.FAILED})
_AGENTS = frozenset({State.FAILED, State.SUCCEEDED})
"""A launch agent that has succeeded says how many jobs it has completed."""


def _of_google(
    name: str,
    blurb: str,
    asks: str,
    scopes: Callable[[Settings], tuple[str, ...]],
    read: frozenset[State] = _FAILURES,
) -> Table:
    return Table(name, name, blurb, scopes, _half_google, _NO_PROJECT, asks, logs=LOGS, read=read)


def _of_wandb(name: str, blurb: str) -> Table:
    asks = "W&B public API, or the files of a directory"
    return Table(
        name,
        "wandb",
        blurb,
        _runs,
        _half_wandb,
        _NO_RUNS,
        asks,
        "sources",
        rests=False,
        logs="wandb",
        read=_FAILURES,
        family="runs",
    )


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _of_google("builds", "Cloud Build builds", "Cloud Build API, ListBuilds", _builds),
        _of_google(
            "runner", "Cloud Run job executions (launch agents)", "Cloud Run API, ListExecutions", _regions, _AGENTS
        ),
        _of_google("vertex", "Vertex AI custom jobs", "Vertex AI API, ListCustomJobs", _regions),
        _of_wandb("active", "W&B runs running, pending or queued"),
        _of_wandb("completed", "W&B runs and queue items ended"),
    )
}
