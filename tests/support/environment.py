"""The environment of a machine on which nobody has set anything up."""

from __future__ import annotations

import os
from pathlib import Path

WANDB_KEY = "0" * 40
"""A key of the right shape, for servers of ours that accept any."""

_FORGOTTEN = (
    "GOOGLE_",
    "CLOUDSDK_",
    "WANDB_",
    "XDG_",
    "MONITOR_",
    "NETRC",
    "GCE_",
    "PYTHONDONTWRITEBYTECODE",
    "COLUMNS",
    "LINES",
)


def bare(home: Path, **more: str) -> dict[str, str]:
    """Our environment less all that names credentials, keys, projects and configurations.

    `home` holds nothing but a configuration that keeps the session logs in it, where `logs_of` finds them: a test
    never writes into the logs of the checkout.
    """
    config = home / ".config" / "monitor" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"[logs]\ndir = '{logs_of(home)}'\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FORGOTTEN)}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": str(config.parent.parent)} | more


def logs_of(home: Path) -> Path:
    """Where a program with this home writes its session logs."""
    return home / "logs"
