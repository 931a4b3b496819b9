"""A viewer's copy of the tables, kept by applying the engine's changes in order. Pure: no I/O, no clock, no UI."""

from __future__ import annotations

from fetchers.records import Record
from monitor.changes import Change, Hello, RowsChanged, TableChanged, TableStatus


class Mirror:
    """Rows and statuses as the engine last told them."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Record]] = {}
        """Per table, row key → record; unordered."""
        self.status: dict[str, TableStatus] = {}
        """Per table."""
        self.hidden: dict[str, int] = {}
        """Per table, how many of its rows a filter has taken out."""
        self.log = ""
        """The file of the engine's session log; empty where it has named none."""

    def apply(self, change: Change) -> None:
        """Take one change over; what is neither about a table nor an engine's first word is ignored."""
        if isinstance(change, TableChanged):
            self.status[change.status.table] = change.status
        elif isinstance(change, RowsChanged):
            rows = self.rows.setdefault(change.table, {})
            for key in change.removed:
                rows.pop(key, None)
            rows.update(change.upserts)
        elif isinstance(change, Hello):
            self.log = change.log
