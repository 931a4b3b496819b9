"""The program with an engine in its own process that says nothing but hostile things: `python -m` runs it.

Everything that may hold text from outside holds hostile text: rows, scopes, errors, notices. Each `r` brings the next
lot, so that whoever looks knows what has been told.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime

from fetchers.errors import Failure
from monitor import cli
from monitor.changes import (
    Beat,
    Change,
    Command,
    Hello,
    Notice,
    Refresh,
    RowsChanged,
    ScopeStatus,
    Start,
    TableChanged,
    TableStatus,
)
from monitor.commands import dashboard
from monitor.tables import TABLES
from tests.support.hostile import EVERY, SMALL
from tests.support.hostile_rows import AGO, hostile_record

ROWS_FIRST = "ROWS_FIRST"
"""Environment variable that has the rows told first, and no errors."""

ROWS_LOT = 0 if ROWS_FIRST in os.environ else -(-len(EVERY) // len(TABLES))
"""Which lot holds the rows."""

LOTS = 2 * ROWS_LOT + 1
"""How often there is something new to be told."""

_BEAT_S = 2.0


def _batches(texts: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


class HostileEngine:
    """Stands where the engine's process does."""

    def __init__(self, start: Start, known: Iterable[Change]) -> None:
        del known
        self._tables = tuple(start.tables)
        self._asked: asyncio.Queue[None] = asyncio.Queue()
        self._began = datetime.now(UTC) - AGO

    async def changes(self) -> AsyncIterator[Change]:
        """Begin with tables that answer nothing, then one lot for each time that it is asked."""
        yield Hello(version="0", pid=os.getpid())
        for table in self._tables:
            yield TableChanged(status=TableStatus(table=table, scopes={"quiet": ScopeStatus()}))
        lots = self._lots()
        while True:
            try:
                await asyncio.wait_for(self._asked.get(), _BEAT_S)
            except TimeoutError:
                yield Beat(at=datetime.now(UTC))
            else:
                for change in next(lots, []):
                    yield change

    def _lots(self) -> Iterator[list[Change]]:
        """Errors of tables without rows, all rows, and the errors once more; only the rows where they come first."""
        batches = _batches(EVERY, len(self._tables))
        lots = [] if ROWS_LOT == 0 else [[*self._errors(lot, texts)] for lot, texts in enumerate(batches)]
        for lot, changes in enumerate([*lots, [*self._rows()], *lots]):
            text = EVERY[lot % len(EVERY)]
            yield [*changes, Notice(level="error", text=f"lot {lot} {text}" if changes in lots else f"lot {lot}")]

    def _rows(self) -> Iterator[Change]:
        now = datetime.now(UTC)
        for table in self._tables:
            rows = [
                hostile_record(table, text[:24] or "-", number, text, self._began) for number, text in enumerate(EVERY)
            ]
            yield RowsChanged(table=table, upserts={TABLES[table].key(row): row for row in rows})
            live = ScopeStatus(fetched_at=now, live=True, rows=1)
            yield TableChanged(status=TableStatus(table=table, scopes=dict.fromkeys(SMALL[:40], live)))

    def _errors(self, lot: int, texts: tuple[str, ...]) -> Iterator[Change]:
        """In turn: an error beside rows, one without any, what is missing, what is waited for."""
        for place, (table, text) in enumerate(zip(self._tables, texts, strict=False)):
            failed = ScopeStatus(failure=Failure(kind="error", text=text), next_at=datetime.now(UTC))
            kind = (lot + place) % 4
            scopes = {text[:200]: failed, "b": ScopeStatus(fetched_at=datetime.now(UTC), live=kind == 0)}
            yield TableChanged(
                status=TableStatus(
                    table=table,
                    scopes={} if kind == 2 else scopes,
                    missing=text if kind == 2 else None,
                    waiting=text if kind == 3 else None,
                )
            )

    def send(self, command: Command) -> None:
        """Take what a key asks."""
        if isinstance(command, Refresh):
            self._asked.put_nowait(None)

    def leave(self) -> None:
        """Nothing to end."""

    kill = close = leave


if __name__ == "__main__":
    vars(dashboard)["EngineProcess"] = HostileEngine
    sys.exit(cli.main(sys.argv[1:]))
