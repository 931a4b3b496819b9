"""What a command waits for once its tables have answered: every reason, or what the one of a single record rests on."""

from __future__ import annotations

from collections.abc import Callable

from fetchers.records import Record
from monitor.changes import AskReason, Change, ReasonRead
from monitor.lineage import Row
from monitor.mirror import Mirror
from monitor.tables import LOGS, TABLES


class EveryReason:
    """Nothing is asked; it is over when no log of any table waits to be read."""

    def question(self, mirror: Mirror) -> AskReason | None:
        """What to ask, now that every table has answered; null where there is nothing to be asked."""
        del mirror
        return None

    def hear(self, change: Change) -> None:
        """Take a word of the engine, about whatever it is."""

    def over(self, mirror: Mirror) -> bool:
        """Whether nothing more is to come."""
        return not any(status.unread for status in mirror.status.values())


class OneReason(EveryReason):
    """Which record, once there are rows, and what is said of it; the logs of others are not waited for."""

    def __init__(self, find: Callable[[Mirror], Row | None]) -> None:
        """`find` says which row is meant; null for none."""
        self._find = find
        self.row: Row | None = None
        self.answer: ReasonRead | None = None
        """The last word about it; null where there was none in time."""

    def question(self, mirror: Mirror) -> AskReason | None:
        """Ask about the row."""
        self.row = self._find(mirror)
        return None if self.row is None else AskReason(table=self.row.table, key=self.row.key)

    def hear(self, change: Change) -> None:
        """Keep what is said of it."""
        if isinstance(change, ReasonRead) and self.row == (change.table, change.key):
            self.answer = change

    def over(self, mirror: Mirror) -> bool:
        """Whether its log has been read, or nothing is to come of it."""
        if self.row is None:
            return True
        record = mirror.rows.get(self.row.table, {}).get(self.row.key)
        if record is None:
            return True
        if self.answer is None:
            return False
        return self.answer.outcome is not None or not (_is_read(record) and mirror.status[self.row.table].unread)


def _is_read(record: Record) -> bool:
    """Whether what its log says comes later than the first word."""
    table = TABLES[record.table]
    return table.logs == LOGS and record.state in table.read
