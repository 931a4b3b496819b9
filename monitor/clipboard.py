"""Copies text to the clipboard of the terminal that a person sits at, however far away that is.

The terminal is asked by OSC 52, which no terminal confirms; tmux is asked by its own command, since by default it
takes that from nobody else. Nothing here writes: what is to be written is handed to the driver, between two frames.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

from fetchers.errors import MonitorError
from monitor import programs

LIMIT = 74_994
"""Bytes of text that are sent: with them the sequence is as long as terminals have to take, 100,000 bytes, which is
where hterm's `osc52.sh` stops too."""

TMUX_S = 2.0
"""Seconds in which tmux answers, on a busy machine too; without an answer the terminal is asked through it."""

_TMUX = ("tmux", "load-buffer", "-w", "-")
"""`-w`, since tmux 3.2, passes it on to the terminal's clipboard: allowed by `set-clipboard external`, its default,
under which tmux ignores OSC 52 from the programs in it."""

_SCREEN_PIECE = 240
"""Bytes of a string that GNU screen passes on in one piece: older ones keep 256."""

_WITHOUT = frozenset({"", "dumb", "linux", "vt100", "vt220", "cons25"})
"""Values of TERM of terminals that have no clipboard, and may show what is meant for one."""

_DOUBTFUL = {
    "VTE_VERSION": "terminals of GNOME may ignore it: else select it with Shift and the mouse",
    "TERM_PROGRAM=Apple_Terminal": "Apple's Terminal ignores it: select it with Fn and the mouse, or use iTerm2",
}
"""Environment variables of terminals that may throw a copy away without a word, and what to do then."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What would act on whatever it is pasted into; line ends and tabs stay."""

_INSTEAD = "select it with the mouse, or take it from `monitor ls -o json`"


class NoClipboard(MonitorError):
    """It was not copied; says why, and what to do."""


async def copy(text: str, write: Callable[[str], bool], environment: Mapping[str, str]) -> str:
    """Copy a text; return what to say besides that it is done, mostly nothing.

    `write` writes to the terminal, and returns whether it will get it. Raises `NoClipboard`.
    """
    data = payload(text)
    if environment.get("TMUX") and await programs.run(_TMUX, data, TMUX_S) == 0:
        return ""
    if not write(sequence(data, environment)):
        raise NoClipboard("the terminal is behind with what it shows: copy again once it has caught up")
    return _doubt(environment)


def payload(text: str) -> bytes:
    """The text as it is copied: no escape, no control. Raises `NoClipboard` for what no terminal takes."""
    data = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).encode("utf-8", "replace")
    if not data:
        raise NoClipboard("there is nothing to copy")
    if len(data) > LIMIT:
        raise NoClipboard(f"{len(data):,} bytes are more than a terminal takes ({LIMIT:,}): {_INSTEAD}")
    return data


def sequence(data: bytes, environment: Mapping[str, str]) -> str:
    """What has the terminal copy it, through whatever stands between. Raises `NoClipboard` where none would."""
    osc = f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\x07"
    if environment.get("TMUX"):
        return osc + _through_tmux(osc)  # it takes the one by `set-clipboard on`, the other by `allow-passthrough`
    if environment.get("STY"):
        return _through_screen(osc)
    term = environment.get("TERM", "")
    if term in _WITHOUT:
        raise NoClipboard(f"this terminal has no clipboard (TERM is {term or 'not set'}): {_INSTEAD}")
    return osc


def _through_tmux(osc: str) -> str:
    doubled = osc.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


def _through_screen(osc: str) -> str:
    pieces = [osc[start : start + _SCREEN_PIECE] for start in range(0, len(osc), _SCREEN_PIECE)]
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


def _doubt(environment: Mapping[str, str]) -> str:
    set_to = {f"{name}={value}" for name, value in environment.items()} | {*environment}
    return next((hint for sign, hint in _DOUBTFUL.items() if sign in set_to), "") if "TMUX" not in environment else ""
