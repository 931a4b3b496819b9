"""What reaches the screen: typed messages, each the sum of all changes of one frame."""

from __future__ import annotations

import msgspec
from textual.message import Message

from fetchers.records import Record
from monitor.changes import Change, Hello, LogRead, Notice, ReasonRead, RowsChanged, TableChanged
from monitor.lineage import Row


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


Answer = Hello | ReasonRead | LogRead
"""What the engine tells whoever has asked, or has to ask again because it is another engine."""


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
        self.answers: list[Answer] = []
        """To what screens have asked, in order; and first words, after which they ask again."""

    def add(self, change: Change) -> None:
        """Take one change in."""
        if isinstance(change, RowsChanged):
            self.rows.setdefault(change.table, Delta()).add(change)
        elif isinstance(change, TableChanged):
            self.statuses.add(change.status.table)
        elif isinstance(change, Notice):
            self.notices.append(change)
        elif isinstance(change, Hello | ReasonRead | LogRead):
            self.answers.append(change)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.rows or self.statuses or self.notices or self.answers)


class EngineGone(Message):
    """The engine will tell nothing more."""


class Answered(Message):
    """The engine has answered one of the screens, or another engine has begun."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class LogWanted(Message):
    """Somebody wants to read a row's log here."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row
