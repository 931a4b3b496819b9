"""Where no dashboard can be shown: why not, and what is printed instead. A terminal that has no keys gets some."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from functools import partial

from monitor import exit_codes
from monitor.invocation import SCREENLESS, Invocation
from monitor.output import answer, complain
from monitor.progress import patiently

_KEYS = 0
_SCREEN = 1


def lack() -> str | None:
    """Say what is lacking for a dashboard; null where nothing is.

    Keys come from the terminal that shows the screen where standard input is something else, as in `… | monitor`.
    """
    if not (sys.stdout and sys.stdout.isatty()):
        return "standard output is no terminal"
    term = os.environ.get("TERM")
    if term in SCREENLESS:
        return f"TERM is {term or 'not set'}, so this terminal shows no screen (TERM=xterm-256color, if it can)"
    if not (os.isatty(_KEYS) or _opened_for_keys()):
        return "no keys can be read from this terminal"
    return None


def _opened_for_keys() -> bool:
    """Have the screen's terminal as standard input from now on."""
    for path in (os.ttyname(_SCREEN), "/dev/tty"):
        with contextlib.suppress(OSError):
            terminal = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            os.dup2(terminal, _KEYS)
            os.close(terminal)
            if sys.__stdin__ is None:  # it was closed when we were started
                sys.stdin = sys.__stdin__ = os.fdopen(_KEYS, closefd=False)  # type: ignore[misc]
            return True
    return False


def print_instead(invocation: Invocation, why: str, tables: Callable[[], int]) -> int:
    """Say why there is no dashboard, and print the tables by `tables`, or what was looked for where there are none.

    Returns the exit status. Raises `ConfigError`.
    """
    missing = "" if invocation.demo else _missing(invocation)
    if not missing:
        complain(f"no dashboard: {why}; printing the tables once, as `monitor ls` does", exit_codes.OK)
        return tables()
    complain(f"no dashboard: {why}; nothing is set up either, this was looked for:", exit_codes.OK)
    answer(f"{missing}\n`monitor --demo` shows an example, without a terminal as text.\n")
    return exit_codes.NOTHING_CONFIGURED


def _missing(invocation: Invocation) -> str:
    """What was looked for, where no table has anything to ask; empty where one has."""
    from monitor.findings import lines  # noqa: PLC0415 - only a bare machine needs it
    from monitor.survey import take  # noqa: PLC0415 - as above

    survey = patiently("reading the configuration", partial(take, invocation))
    return "" if survey.ready else "".join(f"{line}\n" for line in lines(survey.findings()))
