"""One run of the command line: what the global options say, and the configuration they lead to."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from monitor.changes import Start
from monitor.config import Config, load, start, start_demo
from monitor.detect import Detected, detect, fill, here


@dataclass
class Invocation:
    """The global options, and what has been worked out from them."""

    config_path: str | None = None
    demo: bool = False
    utc: bool = False
    no_color: bool = False
    log_dir: str | None = None
    """Where the session logs go, once the configuration has been read; null: the default."""

    def config(self) -> tuple[Config, Detected]:
        """The effective configuration and what was detected. Raises `ConfigError`."""
        config = load(self.config_path, os.environ)
        self.log_dir = config.logs.dir
        detected = detect(config, os.environ, here())
        return fill(config, detected), detected

    def start(self) -> Start:
        """The first word to an engine. Raises `ConfigError`."""
        config, _ = self.config()
        return start_demo(config) if self.demo else start(config)

    def colourful(self) -> bool:
        """Whether standard output shows colours and nobody asked for none."""
        plain = self.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return not plain and self.on_terminal()

    def on_terminal(self) -> bool:
        """Whether standard output is a terminal; it may even be closed."""
        return sys.stdout is not None and sys.stdout.isatty()
