"""Draws the demo a few seconds after its start: `python docs/screenshot.py COLUMNSxROWS FILE.svg [KEY…]`.

Keys are pressed one after another before the picture is taken, by Textual's names.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fetchers.demo_records import demo_settings
from monitor.changes import Start
from monitor.commands.dashboard import subject
from monitor.link import EngineProcess
from monitor.tables import TABLES, TablePlan
from monitor.ui.app import MonitorApp

LIMIT_S = 20

_FONT = re.compile(r"@font-face\s*\{[^}]*\}\s*")
"""Web fonts that a viewer would fetch from somewhere; any monospaced font will do."""


async def draw(columns: int, rows: int, keys: Sequence[str]) -> str:
    """Run the demo without a terminal until every source has answered or failed, and return its screen as SVG."""
    settings = demo_settings(time.time())
    link = EngineProcess(Start(settings=settings, tables={name: TablePlan() for name in TABLES}))
    app = MonitorApp(link, demo=True, utc=True, subject=subject(settings))
    try:
        async with asyncio.timeout(LIMIT_S), app.run_test(size=(columns, rows)) as pilot:
            while not _all_told(app):
                await pilot.pause(0.1)
            await pilot.press(*keys)
            await pilot.pause(0.5)
            return _FONT.sub("", app.export_screenshot(title="monitor --demo"))
    finally:
        link.close()


def _all_told(app: MonitorApp) -> bool:
    status = app.mirror.status
    scopes = [scope for table in status.values() for scope in table.scopes.values()]
    return len(status) == len(TABLES) and all(scope.fetched_at or scope.failure for scope in scopes)


if __name__ == "__main__":
    size, file, *pressed = sys.argv[1:]
    width, _, height = size.partition("x")
    Path(file).write_text(asyncio.run(draw(int(width), int(height), pressed)))
