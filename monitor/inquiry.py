"""What a command waits for once its tables have answered: every reason, or what the one of a single record rests on."""

from __future__ import annotations

from collections.abc import Callable

from fetchers.records import Record
from monitor.changes import AskReason, Change, ReasonRead
from monitor.lineage import Row
from monitor.mirror import Mirror
from monitor.tables import TABLES


class EveryReason:
    """Nothing is asked; it is over when no log of any table waits to be read."""

    def question(self, mirror: Mirror, *, complete: bool) -> AskReason | None:
        """What to ask now; null for nothing, or nothing more. `complete`: every table has answered."""
        del mirror, complete
        return None

    def hear(self, change: Change) -> None:
        """Take a word of the engine, about whatever it is."""

    def over(self, mirror: Mirror, *, complete: bool) -> bool:
        """Whether nothing more is to come."""
        return complete and not any(status.unread for status in mirror.status.values())


class OneReason(EveryReason):
    """Which record, once it is there, and what is said of it; neither logs nor tables of others are waited for."""

    def __init__(self, find: Callable[[Mirror, bool], Row | None]) -> None:
        """`find` says which row is meant, of those that are there so far, or of all; null for none, or none as yet."""
        self._find = find
        self.row: Row | None = None
        self.answer: ReasonRead | None = None
        """The last word about it; null where there was none in time."""

    def question(self, mirror: Mirror, *, complete: bool) -> AskReason | None:
        """Ask about the row, once."""
        if self.row is not None:
            return None
        self.row = self._find(mirror, complete)
        return None if self.row is None else AskReason(table=self.row.table, key=self.row.key)

    def hear(self, change: Change) -> None:
        """Keep what is said of it."""
        if isinstance(change, ReasonRead) and self.row == (change.table, change.key):
            self.answer = change

    def over(self, mirror: Mirror, *, complete: bool) -> bool:
        """Whether its log has been read, or nothing is to come of it."""
        if self.row is None:
            return complete
        record = mirror.rows.get(self.row.table, {}).get(self.row.key)
        if record is None:
            return complete
        if self.answer is None:
            return False
        return self.answer.outcome is not None or not (_is_read(record) and mirror.status[self.row.table].unread)


def _is_read(record: Record) -> bool:
    """Whether what its log says comes later than the first word."""
    return record.state in TABLES[record.table].read
