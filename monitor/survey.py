"""One look at what there is to ask: what was found, and the first word to an engine that it leads to.

Reads files, which may hang on a dead disk: a screen takes its look in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from monitor.changes import Start
from monitor.config import Config
from monitor.detect import WANDB_KEY, Detected
from monitor.invocation import Invocation, start, tellable
from monitor.tables import TABLES

if TYPE_CHECKING:
    from monitor.findings import Finding


class Survey(msgspec.Struct, frozen=True):
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
        from monitor.findings import findings  # noqa: PLC0415 - a dashboard need not wait for its words

        return findings(self.config, self.detected, file_exists=self.file_exists, init=self.init)


def take(invocation: Invocation) -> Survey:
    """Look now. Raises `ConfigError`."""
    config, detected = invocation.config()
    exists = invocation.file is not None
    return Survey(config, detected, tellable(start(config)), exists, invocation.line("config init"))


class Opening(msgspec.Struct, frozen=True):
    """What is shown in the terminal, from its opening to its end."""

    config: Config
    """For the screen itself: its keys and colours."""
    survey: Survey | None
    """What was found; null where nobody has looked, as for the demo."""
    demo: bool


class Setup(msgspec.Struct, frozen=True):
    """What a screen that shows what is set up has others do. Each call may wait for a disk: never in a loop."""

    look: Callable[[], Survey]
    """Look once more. Raises `ConfigError`."""
    write: Callable[[], str]
    """Write a configuration file where there is none and return its path. Raises `ConfigError`."""
    present: Opening
    """What the program shows now."""

    @property
    def first(self) -> Survey | None:
        """What was found, where that is nothing, so that the program begins by saying so."""
        survey = self.present.survey
        return survey if survey is not None and not self.present.demo and survey.bare else None
