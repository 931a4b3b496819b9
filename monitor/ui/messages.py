"""What reaches the screen: typed messages, each the sum of all changes of one frame."""

from __future__ import annotations

import msgspec
from textual.message import Message

from fetchers.records import Record
from monitor.changes import Change, Notice, RowsChanged, TableChanged


class Delta(msgspec.Struct):
    """Rows of one table that are new, different or gone."""

    upserts: dict[str, Record] = msgspec.field(default_factory=dict)
    removed: set[str] = msgspec.field(default_factory=set)

    def add(self, change: RowsChanged) -> None:
        """Take a later change in; what it removes goes before what it brings."""
        for key in change.removed:
            self.upserts.pop(key, None)
            self.removed.add(key)
        self.upserts.update(change.upserts)
        self.removed.difference_update(change.upserts)


class Arrived(Message):
    """Everything that the engine told since the last frame."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, Delta] = {}
        """Per table."""
        self.statuses: set[str] = set()
        """Tables whose status is new."""
        self.notices: list[Notice] = []
        """For a person to read."""

    def add(self, change: Change) -> None:
        """Take one change in."""
        if isinstance(change, RowsChanged):
            self.rows.setdefault(change.table, Delta()).add(change)
        elif isinstance(change, TableChanged):
            self.statuses.add(change.status.table)
        elif isinstance(change, Notice):
            self.notices.append(change)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.rows or self.statuses or self.notices)


class EngineGone(Message):
    """The engine will tell nothing more."""
