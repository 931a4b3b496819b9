"""A configuration file to begin with: it changes nothing until it is edited."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from fetchers.errors import ConfigError
from monitor.config_reference import beginning


def create(path: Path) -> None:
    """Write one where there is none. Raises `ConfigError`; what is there is never touched."""
    _put(path, _new)


def replace(path: Path) -> None:
    """Write one, whatever is there; the old file is there until the new one is whole. Raises `ConfigError`."""
    _put(path, _over)


def _put(path: Path, write: Callable[[Path, str], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, beginning())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name another file with --config") from error


def _new(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _over(path: Path, text: str) -> None:
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
