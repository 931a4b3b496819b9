"""The dashboard: an engine in a child process, and the screen that shows what it tells."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from monitor import exit_codes
from monitor.changes import Start
from monitor.link import EngineProcess


def run(start: Start, *, demo: bool, utc: bool, notices: Sequence[str]) -> int:
    """Show the dashboard until the user leaves; return the exit status."""
    if not _has_terminal():
        print("monitor: the dashboard needs a terminal; `monitor ls` prints the tables once", file=sys.stderr)
        return exit_codes.USAGE
    link = EngineProcess.start(start)
    try:
        # Imported while the engine comes up beside us.
        from monitor.ui.app import MonitorApp  # noqa: PLC0415

        app = MonitorApp(link, demo=demo, utc=utc, tables=tuple(start.tables), notices=notices)
        app.run()
        return app.return_code or 0
    finally:
        link.close()


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
