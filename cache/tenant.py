"""Whose rows they are: part of every key, so that rows of one project never paint as another's."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from cache.entries import Key


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
