"""From one failure to the next, through all tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from fetchers.records import Record, State
from monitor.ui.rows import Rows


def _failed(record: Record) -> bool:
    return record.state is State.FAILED


def next_failure(tables: Sequence[Rows], current: int, step: int) -> tuple[int, int] | None:
    """Table and row of the next failure after the cursor, or before it with a `step` of -1: round and round.

    What a filter hides is passed over. Null where nothing that is shown has failed.
    """
    turns = [(current + step * turn) % len(tables) for turn in range(len(tables) + 1)]
    for turn, index in enumerate(turns):
        rows = tables[index]
        if not rows.counts[State.FAILED]:
            continue
        edge = 0 if step > 0 else len(rows) - 1
        found = rows.find(_failed, edge if turn else rows.cursor + step, step)
        if found is not None:
            return (index, found)
    return None
