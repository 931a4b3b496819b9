"""Draws the demo as it stands a few seconds after its start: `python docs/screenshot.py COLUMNSxROWS FILE.svg`."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path

from fetchers.demo_records import demo_settings
from monitor.changes import Start
from monitor.commands.dashboard import subject
from monitor.freshness import Freshness, of_table
from monitor.link import EngineProcess
from monitor.tables import TABLES, TablePlan
from monitor.ui.app import MonitorApp

LIMIT_S = 20

_FONT = re.compile(r"@font-face\s*\{[^}]*\}\s*")
"""Web fonts that a viewer would fetch from somewhere; any monospaced font will do."""


async def draw(columns: int, rows: int) -> str:
    """Run the demo without a terminal until every table is live, and return its screen as SVG."""
    settings = demo_settings(time.time())
    link = EngineProcess(Start(settings=settings, tables={name: TablePlan() for name in TABLES}))
    app = MonitorApp(link, demo=True, utc=True, subject=subject(settings))
    try:
        async with asyncio.timeout(LIMIT_S), app.run_test(size=(columns, rows)) as pilot:
            while not _all_live(app):
                await pilot.pause(0.1)
            await pilot.pause(0.5)
            return _FONT.sub("", app.export_screenshot(title="monitor --demo"))
    finally:
        link.close()


def _all_live(app: MonitorApp) -> bool:
    status = app.mirror.status
    return len(status) == len(TABLES) and all(of_table(one, app.now()) is Freshness.LIVE for one in status.values())


if __name__ == "__main__":
    size, file = sys.argv[1:]
    width, _, height = size.partition("x")
    Path(file).write_text(asyncio.run(draw(int(width), int(height))))
