"""The dashboard: an engine in a child process, and the screen that shows what it tells.

What was last known is read here, before there is a screen: the screen itself touches no file.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

from fetchers.settings import Settings
from monitor import recollection
from monitor.changes import Start
from monitor.departure import Departure
from monitor.link import EngineProcess


def run(start: Start, *, demo: bool, utc: bool, notices: Sequence[str]) -> int:
    """Show the dashboard until the user leaves; return the exit status."""
    gc.disable()  # until the first frame is painted: while modules load there is nothing worth collecting
    reading = recollection.begin(start)
    from monitor.ui.app import MonitorApp  # noqa: PLC0415 - Textual, which no other command needs

    known = recollection.recalled(start, reading)
    link = EngineProcess(start, known)
    departure = Departure()
    try:
        app = MonitorApp(
            link,
            demo=demo,
            utc=utc,
            tables=tuple(start.tables),
            notices=notices,
            subject=subject(start.settings),
            known=known,
            leaving=departure.begin,
        )
        departure.listen(app.exit, [app.give_terminal_back, link.kill])
        app.run()
        if departure.status is not None:
            return departure.status  # what breaks in a screen that is being taken down is no news
        if app.failure is not None:
            raise app.failure  # the command line's border writes it into the log
        return app.return_code or 0
    finally:
        departure.finish([link.kill])
        link.close()


def subject(settings: Settings) -> str:
    """Say what is being watched: the Google Cloud project, and W&B's entity and project."""
    wandb = "/".join(name for name in (settings.wandb.entity, settings.wandb.project) if name)
    return " · ".join(name for name in (settings.gcp.project, wandb) if name)
