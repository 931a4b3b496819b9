"""The registry of tables: what each is called, who fills it, and what it needs to be asked.

Everything else walks over `TABLES`; nothing enumerates tables in `if`s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from fetchers.records import Record
from fetchers.settings import QUEUE, Settings

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


@dataclass(frozen=True)
class Table:
    """One table of the screen."""

    name: str
    """Its name on the command line, in JSON and in the configuration."""
    source: str
    """The worker that fetches it; tables of one source share a process."""
    blurb: str
    """What its rows are, for help and empty tables."""
    scopes: Callable[[Settings], tuple[str, ...]]
    """What there is to ask, in the order it is asked; empty where it is not configured."""
    missing: str
    """What to do where there is nothing to ask."""
    rests: bool = True
    """Whether a scope that stays empty is asked ever more rarely: a region, but not a project or a queue."""
    family: str = ""
    """Tables of one family share their rows: a record lives in the table it names itself, under its id alone."""

    def key(self, record: Record) -> str:
        """What identifies the record's row for as long as the program runs."""
        return record.id if self.family else f"{record.scope}/{record.id}"


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


_NO_PROJECT = "no Google Cloud project: set gcp.project in the configuration, or run `gcloud config set project NAME`"
_NO_RUNS = (
    "no W&B project and no offline runs: set wandb.entity and wandb.project in the configuration,"
    " or start where a ./wandb directory is"
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("builds", "builds", "Cloud Build builds", _builds, _NO_PROJECT),
        Table("runner", "runner", "Cloud Run job executions (launch agents)", _regions, _NO_PROJECT),
        Table("vertex", "vertex", "Vertex AI custom jobs", _regions, _NO_PROJECT),
        Table("active", "wandb", "W&B runs running, pending or queued", _runs, _NO_RUNS, rests=False, family="runs"),
        Table("completed", "wandb", "W&B runs and queue items ended", _runs, _NO_RUNS, rests=False, family="runs"),
    )
}
