"""Whose rows they are: part of every key, so that rows of one project never paint as another's."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from cache.entries import Key
from fetchers.records import Record
from fetchers.settings import Settings

GOOGLE = {
    "builds": "https://cloudbuild.googleapis.com",
    "runner": "https://run.googleapis.com",
    "vertex": "https://aiplatform.googleapis.com",
    "logging": "https://logging.googleapis.com",
}
"""Address of each source at Google, by the name of its endpoint in the configuration."""


class Tenant(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A source and whose account at it; equal ones share what is cached."""

    base_url: str
    """The source's address; a slash at its end means nothing."""
    owner: str
    """The project, or the entity and project."""
    account: str = ""
    """Who asks, where that is known; empty where not."""

    def __post_init__(self) -> None:
        """Write equal addresses alike."""
        msgspec.structs.force_setattr(self, "base_url", self.base_url.rstrip("/"))

    @property
    def key(self) -> Key:
        """The first parts of every key of this tenant."""
        return (self.base_url, self.owner, self.account)

    def __str__(self) -> str:
        """One stable line that no other tenant has, e.g. `https://api.wandb.ai|acme/arr|`."""
        return "|".join(quote(part, safe=" :/@.,=+~", errors="surrogatepass") for part in self.key)


def tenant_of(source: str, settings: Settings) -> Tenant:
    """Whose rows `source` fetches: an endpoint's name, or anything else for W&B."""
    if source in GOOGLE:
        address = getattr(settings.gcp.endpoints, source) or GOOGLE[source]
        return Tenant(base_url=address, owner=settings.gcp.project or "")
    wandb = settings.wandb
    return Tenant(base_url=wandb.base_url, owner=f"{wandb.entity or ''}/{wandb.project or ''}")


def whose(source: str, settings: Settings) -> tuple[Tenant, str] | None:
    """Whose rows a source fetches, and under which filters: nobody else's are ever shown for them.

    Null where that depends on who asks: only the worker learns from the source whose its credentials are, and after
    another login the rows of one account would be shown as those of another.
    """
    mine = {"runner": settings.gcp.mine, "wandb": settings.wandb.mine}.get(source, False)
    return None if mine else (tenant_of(source, settings), view_of(source, settings))


def view_of(source: str, settings: Settings) -> str:
    """The filters under which `source` answers, whoever asks, as one stable line; empty where there are none."""
    gcp, wandb = settings.gcp, settings.wandb
    if source in GOOGLE:
        filters = {"jobs": sorted(gcp.jobs), "labels": sorted(gcp.labels.items())}
    else:
        filters = {"users": sorted(wandb.users), "tags": sorted(wandb.tags)}
    return msgspec.json.encode(filters).decode() if any(filters.values()) else ""


def for_anyone(record: Record) -> Record:
    """The record without whether it is `mine`: that is true only of who asked, and its next reader may be another."""
    if "mine" not in record.detail:
        return record
    detail = {name: value for name, value in record.detail.items() if name != "mine"}
    return msgspec.structs.replace(record, detail=detail)
