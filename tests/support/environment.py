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
    """Our environment less all that names credentials, keys, projects and configurations; `home` is empty."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FORGOTTEN)}
    return kept | {"HOME": str(home)} | more
