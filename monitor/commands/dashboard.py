"""The dashboard: an engine in a child process, and the screen that shows what it tells.

What was last known is read here, before there is a screen: the screen itself touches no file.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from functools import partial

from fetchers.errors import ConfigError
from fetchers.settings import Settings
from monitor import exit_codes, recollection
from monitor.changes import Start
from monitor.config import path_in_use, rebindings
from monitor.departure import Departure
from monitor.invocation import Invocation, start_demo, tellable
from monitor.link import EngineProcess
from monitor.progress import patiently
from monitor.survey import Opening, Setup, take
from monitor.ui.bindings import rebound


def run(invocation: Invocation, notices: Sequence[str] = ()) -> int:
    """Show the dashboard until the user leaves; return the exit status. Raises `ConfigError`."""
    if invocation.no_color:
        os.environ["NO_COLOR"] = "1"  # what Textual and everything below it goes by
    opening: Opening | None = _first(invocation)
    status = exit_codes.OK
    while opening is not None:
        status, opening = _show(opening, invocation, notices)
        if opening is not None:  # what the screen before it held is let go of: files, and megabytes
            gc.unfreeze()
            gc.collect()
    return status


def _first(invocation: Invocation) -> Opening:
    if invocation.demo:
        return Opening(patiently("reading the configuration", invocation.loaded), None, demo=True)
    survey = patiently("reading the configuration", partial(take, invocation))
    return Opening(survey.config, survey, demo=False)


def _show(opening: Opening, invocation: Invocation, notices: Sequence[str]) -> tuple[int, Opening | None]:
    """Show one thing until it ends; the exit status, and what is to be opened instead in the same terminal."""
    gc.disable()  # until the first frame is painted: while modules load there is nothing worth collecting
    start = _first_word(opening)
    from monitor.ui.app import MonitorApp  # noqa: PLC0415 - Textual, which no other command needs
    from monitor.ui.colours import colours  # noqa: PLC0415 - the same

    # Only now: a thread beside these imports takes turns with them, and each turn is waited for.
    known = recollection.recalled(start, recollection.begin(start))
    link = EngineProcess(start, known)
    departure = Departure()
    try:
        app = MonitorApp(
            link,
            demo=opening.demo,
            utc=invocation.utc or opening.config.ui.utc,
            theme=opening.config.ui.theme,
            colours=colours(os.environ),
            keys=rebound(rebindings(opening.config.keys)),
            tables=tuple(start.tables),
            notices=notices,
            subject=subject(start.settings),
            known=known,
            leaving=departure.begin,
            setup=Setup(partial(take, invocation), partial(_write, invocation), opening),
        )
        departure.listen(app.exit, [app.give_terminal_back, link.kill])
        app.run()
        if departure.status is not None:
            return departure.status, None  # what breaks in a screen that is being taken down is no news
        if app.failure is not None:
            raise app.failure  # the command line's border writes it into the log
        return app.return_code or 0, app.following
    finally:
        departure.finish([link.kill])
        link.close()


def _first_word(opening: Opening) -> Start:
    return tellable(start_demo(opening.config)) if opening.survey is None else opening.survey.start


def _write(invocation: Invocation) -> str:
    from monitor.config_file import create  # noqa: PLC0415 - the reference of all keys, which few ever write

    path, _ = path_in_use(invocation.config_path, os.environ)
    if path.exists():
        raise ConfigError("kept: there is one already")
    create(path)
    return str(path)


def subject(settings: Settings) -> str:
    """Say what is being watched: the Google Cloud project, and W&B's entity and project."""
    wandb = "/".join(name for name in (settings.wandb.entity, settings.wandb.project) if name)
    return " · ".join(name for name in (settings.gcp.project, wandb) if name)
