"""The environment of a process that is about to import `wandb`: quiet, impatient, at home in a directory of its own.

Must be prepared before the first import; the SDK reads most of it then.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

HTTP_TIMEOUT_S = 8
"""One attempt's patience, seconds: two attempts and the wait between them end within a fetch's 20."""

FIXED = {
    "WANDB_SILENT": "true",
    "WANDB_QUIET": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_MODE": "online",
    "WANDB_DISABLE_CODE": "true",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_X_DISABLE_STATS": "true",
    "WANDB_X_SERVICE_WAIT": "10",
    "WANDB_LOGIN_TIMEOUT": "1",
    "WANDB_HTTP_TIMEOUT": str(HTTP_TIMEOUT_S),
    # More attempts lose the cause: the SDK then only says that its service is busy. 0 means "the default".
    "WANDB__GRAPHQL_RETRY_MAX": "1",
    "WANDB__GRAPHQL_RETRY_WAIT_MIN_SECONDS": "0.5",
    "WANDB__GRAPHQL_RETRY_WAIT_MAX_SECONDS": "1",
}
"""Set whatever they were."""

PRIVATE = {
    "WANDB_DIR": "runs",
    "WANDB_CACHE_DIR": "cache",
    "WANDB_DATA_DIR": "data",
    "WANDB_ARTIFACT_DIR": "artifacts",
    "TMPDIR": "tmp",
}
"""Directories, below our own: the SDK writes to each of them even when it only reads runs."""

STRIPPED = ("WANDB_SERVICE", "WANDB_RUN_ID", "WANDB_BASE_URL", "WANDB_DEBUG", "WANDB_CORE_DEBUG")
"""Removed: `WANDB_SERVICE` names the service of some parent, maybe gone; the base URL comes from our settings."""


def prepare_environment(directory: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Make `environment` fit for importing `wandb`, with everything it writes below `directory`."""
    for name in STRIPPED:
        environment.pop(name, None)
    environment.update(FIXED)
    for name, below in PRIVATE.items():
        path = directory / below
        path.mkdir(parents=True, exist_ok=True)
        environment[name] = str(path)
    tempfile.tempdir = None  # worked out again, from the new TMPDIR
