"""One run of the command line: what the global options say, and the configuration and engine they lead to."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

import msgspec

from fetchers.errors import ConfigError
from fetchers.settings import Settings
from monitor.changes import Start
from monitor.config import Config, load
from monitor.detect import Detected, detect, fill, here
from monitor.tables import TABLES, TablePlan

SCREENLESS = frozenset({None, "", "dumb"})
"""Values of TERM under which a terminal can be trusted with letters only."""


class Invocation(msgspec.Struct):
    """The global options, and what has been worked out from them."""

    config_path: str | None = None
    demo: bool = False
    utc: bool = False
    no_color: bool = False
    log_dir: str | None = None
    """Where the session logs go, once the configuration has been read; null: the default."""
    file: Path | None = None
    """The configuration file, once it has been read; null where there is none."""

    def config(self) -> tuple[Config, Detected]:
        """The effective configuration and what was detected. Raises `ConfigError`."""
        config = self.loaded()
        detected = detect(config, os.environ, here())
        return fill(config, detected), detected

    def loaded(self) -> Config:
        """What the configuration file says, nothing detected yet. Raises `ConfigError`."""
        config = load(self.config_path, os.environ)
        self.log_dir = config.logs.dir
        self.file = Path(config.path) if Path(config.path).exists() else None
        return config

    def start(self) -> Start:
        """The first word to an engine. Raises `ConfigError`."""
        if self.demo:
            return tellable(start_demo(self.loaded()))
        config, _ = self.config()
        return tellable(start(config))

    def line(self, command: str) -> str:
        """The command line that runs `command` on the same file, for a message to name."""
        chosen = "" if self.config_path is None else f"--config {shlex.quote(self.config_path)} "
        return f"monitor {chosen}{command}"

    def colourful(self) -> bool:
        """Whether standard output shows colours and nobody asked for none."""
        plain = self.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") in SCREENLESS
        return not plain and self.on_terminal()

    def on_terminal(self) -> bool:
        """Whether standard output is a terminal; it may even be closed."""
        return sys.stdout is not None and sys.stdout.isatty()


def tellable(start: Start) -> Start:
    """Raise `ConfigError` for a path that no message can carry, before a process waits for it in vain."""
    try:
        msgspec.msgpack.encode(start)
    except UnicodeEncodeError as error:
        shown = str(error.object).encode("utf-8", "backslashreplace").decode()
        raise ConfigError(
            f"the name of {shown} is not UTF-8: start monitor elsewhere, or rename the directory"
        ) from error
    return start


def start(config: Config) -> Start:
    """The first word to an engine that is to ask what `config` says."""
    return Start(
        settings=Settings(gcp=config.gcp, wandb=config.wandb),
        tables=config.tables,
        log_dir=config.logs.dir,
        cache_url=config.cache.url,
    )


DEMO_INTERVAL_S = 15.0
"""Seconds: who tries the program out sees something happen."""

DEMO_TIMEOUT_S = 8.0
"""Seconds: who sees the demo's source hang sees it killed and mended, too."""


def start_demo(config: Config) -> Start:
    """The first word to an engine that plays the demo: of the configuration only the logs count."""
    from fetchers.demo_records import demo_settings  # noqa: PLC0415 - fixtures that no other command needs

    plan = TablePlan(interval_s=DEMO_INTERVAL_S, timeout_s=DEMO_TIMEOUT_S)
    return Start(settings=demo_settings(time.time()), tables=dict.fromkeys(TABLES, plan), log_dir=config.logs.dir)
