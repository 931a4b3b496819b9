"""One look at what there is to ask: what was found, and the first word to an engine that it leads to.

Reads files, which may hang on a dead disk: a screen takes its look in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.changes import Start
from monitor.config import Config
from monitor.detect import WANDB_KEY, Detected
from monitor.findings import Finding, findings
from monitor.invocation import Invocation, start, tellable
from monitor.tables import TABLES


@dataclass(frozen=True)
class Survey:
    """What one look has found."""

    config: Config
    """The effective one."""
    detected: Detected
    start: Start
    """The first word to an engine that is to ask what was found."""
    file_exists: bool
    """Whether there is a configuration file."""
    init: str
    """The command that writes one."""

    @property
    def ready(self) -> tuple[str, ...]:
        """The tables that have something to ask, switched on or not."""
        return tuple(name for name, table in TABLES.items() if table.scopes(self.start.settings))

    @property
    def bare(self) -> bool:
        """Whether nothing at all was found that a table could begin with, not even half of it."""
        half = any(table.half(self.start.settings) for table in TABLES.values())
        return not (self.ready or half or self.detected.best(WANDB_KEY))

    def findings(self) -> tuple[Finding, ...]:
        """In words what was found and what is missing."""
        return findings(self.config, self.detected, file_exists=self.file_exists, init=self.init)


def take(invocation: Invocation) -> Survey:
    """Look now. Raises `ConfigError`."""
    config, detected = invocation.config()
    exists = Path(config.path).exists()
    return Survey(config, detected, tellable(start(config)), exists, invocation.line("config init"))
