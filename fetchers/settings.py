"""What a source needs to know to be asked: the part of the configuration that travels to its worker.

These are the `[gcp]` and `[wandb]` tables of the configuration file. Secrets are never in them: each SDK finds its own.
"""

from __future__ import annotations

import msgspec

DEFAULT_REGIONS = (
    "us-central1",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-south1",
    "us-west1",
    "us-west4",
    "northamerica-northeast1",
    "europe-west1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west9",
    "asia-east1",
    "asia-northeast1",
    "asia-northeast3",
    "asia-south1",
    "asia-southeast1",
)
"""The regions asked where the configuration names none: those that rent out GPUs or TPUs to Vertex AI jobs."""


QUEUE = "queue:"
"""How the scope of a launch queue begins; the queue's name follows."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False):
    pass


class Endpoints(_Section, frozen=True, kw_only=True):
    """Servers to use instead of Google's: `http://` is plaintext without credentials, `https://` is TLS with them."""

    builds: str | None = None
    runner: str | None = None
    vertex: str | None = None
    logging: str | None = None


class Gcp(_Section, frozen=True, kw_only=True):
    """`[gcp]`: the project, where to look, and what to show."""

    project: str | None = None
    regions: tuple[str, ...] = DEFAULT_REGIONS
    jobs: tuple[str, ...] = ()
    """Show only executions of these Cloud Run jobs; empty: all."""
    labels: dict[str, str] = {}
    """Show only what carries all of these labels."""
    mine: bool = False
    """Show only what your own account started."""
    account: str | None = None
    """Who you are, as an e-mail address, where the credentials do not say it themselves."""
    log_reads_per_minute: float = 30.0
    """Reads of Cloud Logging that saying why may take in a minute; the service allows a project about 60, shared by
    everybody. 0 reads no logs.
    """
    endpoints: Endpoints = Endpoints()


class Wandb(_Section, frozen=True, kw_only=True):
    """`[wandb]`: the entity and project, launch queues, and offline run directories."""

    entity: str | None = None
    project: str | None = None
    queues: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    """Show only the server's runs and queue items of these users; empty: all."""
    mine: bool = False
    """Show only your own, and those of `users`."""
    tags: tuple[str, ...] = ()
    """Show only the server's runs that carry any of these tags; empty: all."""
    base_url: str = "https://api.wandb.ai"
    offline_dirs: tuple[str, ...] = ()


class Settings(_Section, frozen=True, kw_only=True):
    """All that a worker is told before its first fetch."""

    gcp: Gcp = Gcp()
    wandb: Wandb = Wandb()
    demo: bool = False
    """Play fixture records instead of asking anyone."""
    demo_epoch: float = 0.0
    """Unix time that the fixture's clock starts at, seconds."""
