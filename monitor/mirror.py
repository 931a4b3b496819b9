"""A viewer's copy of the tables, kept by applying the engine's changes in order. Pure: no I/O, no clock, no UI."""

from __future__ import annotations

from fetchers.records import Record
from monitor.changes import Change, RowsChanged, TableChanged, TableStatus


class Mirror:
    """Rows and statuses as the engine last told them."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Record]] = {}
        """Per table, row key → record; unordered."""
        self.status: dict[str, TableStatus] = {}
        """Per table."""
        self.hidden: dict[str, int] = {}
        """Per table, how many of its rows a filter has taken out."""

    def apply(self, change: Change) -> None:
        """Take one change over; anything that is not about a table is ignored."""
        if isinstance(change, TableChanged):
            self.status[change.status.table] = change.status
        elif isinstance(change, RowsChanged):
            rows = self.rows.setdefault(change.table, {})
            for key in change.removed:
                rows.pop(key, None)
            rows.update(change.upserts)
