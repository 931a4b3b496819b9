"""The wire between a viewer and its engine, as the viewer sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from monitor.changes import Change, Command


class Link(Protocol):
    """An engine to talk to: a child process, a socket of another program's, or a script in a test."""

    def changes(self) -> AsyncIterator[Change]:
        """Everything the engine tells, in order, until it is gone."""
        ...

    def send(self, command: Command) -> None:
        """Tell the engine something; never blocks."""
        ...

    def close(self) -> None:
        """End the engine and all its workers; never blocks."""
        ...
