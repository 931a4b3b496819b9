"""The dashboard: an engine in a child process, and the screen that shows what it tells."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from fetchers.settings import Settings
from monitor import exit_codes
from monitor.changes import Start
from monitor.link import EngineProcess
from monitor.output import complain


def run(start: Start, *, demo: bool, utc: bool, notices: Sequence[str]) -> int:
    """Show the dashboard until the user leaves; return the exit status."""
    if not _has_terminal():
        return complain("the dashboard needs a terminal; `monitor ls` prints the tables once", exit_codes.USAGE)
    from monitor.ui.app import MonitorApp  # noqa: PLC0415 - Textual, which no other command needs

    link = EngineProcess(start)
    try:
        app = MonitorApp(
            link, demo=demo, utc=utc, tables=tuple(start.tables), notices=notices, subject=subject(start.settings)
        )
        app.run()
        return app.return_code or 0
    finally:
        link.close()


def subject(settings: Settings) -> str:
    """Say what is being watched: the Google Cloud project, and W&B's entity and project."""
    wandb = "/".join(name for name in (settings.wandb.entity, settings.wandb.project) if name)
    return " · ".join(name for name in (settings.gcp.project, wandb) if name)


def _has_terminal() -> bool:
    streams = (sys.stdin, sys.stdout)
    return all(stream and stream.isatty() for stream in streams) and os.environ.get("TERM", "dumb") != "dumb"
