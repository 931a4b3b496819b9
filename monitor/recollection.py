"""What can be shown before anyone has been asked: the last answers of every scope, read before there is a screen.

The cache is only looked at: opening it, mending it and saying what is wrong with it are the engine's. A disk that hangs
costs the first frame a moment, and the exit nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from monitor.changes import Change, Start
from monitor.tables import TABLES

if TYPE_CHECKING:
    from cache.last_known_good import Answers

PATIENCE_S = 0.5
"""Seconds that a screen which is ready otherwise waits for the disk: what comes later the engine tells."""

Reading = Future["Answers"]


def begin(start: Start) -> Reading:
    """Begin to read what the tables that `start` names answered last; for `recalled`."""
    reading: Reading = Future()
    if start.cache_url == "memory:":
        reading.set_result({})
        return reading
    threading.Thread(target=_read, args=(start, reading), name="recollection", daemon=True).start()
    return reading


def _read(start: Start, reading: Reading) -> None:
    try:
        from cache.last_known_good import glance_all  # noqa: PLC0415 - the demo needs none of it
        from cache.tenant import whose  # noqa: PLC0415 - as above

        sources = sorted({TABLES[table].source for table in start.tables})
        askers = (whose(source, start.settings) for source in sources)
        reading.set_result(glance_all(start.cache_url, [asker for asker in askers if asker is not None]))
    except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
        reading.set_exception(error)


def recalled(start: Start, reading: Reading, patience_s: float = PATIENCE_S) -> Sequence[Change]:
    """What an engine would tell that knew only the cache; nothing where it cannot be read, or not in time."""
    try:
        answers = reading.result(patience_s)
    except Exception:  # noqa: BLE001 - a border: the engine reads it all again, and says what is wrong with it
        return ()
    return told(start, start.tables, answers) if answers else ()


def told(start: Start, tables: Iterable[str], answers: Answers) -> list[Change]:
    """What an engine tells of these tables that knows these answers and nothing else: all of them stale."""
    from monitor.accumulator import Accumulator  # noqa: PLC0415 - as above

    accumulator = Accumulator()
    for name in tables:
        scopes = TABLES[name].scopes(start.settings)
        missing = None if scopes else TABLES[name].missing(start.settings)
        accumulator.configure(name, start.tables[name], scopes, missing)
    for (table, scope), answer in answers.items():
        accumulator.restore(table, scope, answer.records, answer.at)
    return accumulator.drain()
