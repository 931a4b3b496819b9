"""Opens a web page in the browser of the person at this terminal, or says why that cannot be.

Only web addresses are opened, only by a program that leaves the terminal alone, and nothing is waited for.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from urllib.parse import quote

from fetchers.errors import MonitorError
from monitor import programs

WATCH_S = 1.5
"""Seconds in which an opener that cannot open anything says so; one that still runs then is the browser itself."""

_WEB = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_KEPT = "%:/?#[]@!&*+,;=~"
"""What an address may hold besides letters, digits and `-._`; all else, quotes and `$` too, travels as `%XX`."""

_OVER_SSH = ("SSH_CONNECTION", "SSH_TTY")
_WSL = ("WSL_DISTRO_NAME", "WSL_INTEROP")
_DISPLAYS = ("WAYLAND_DISPLAY", "DISPLAY")


class NoBrowser(MonitorError):
    """The page could not be opened here: to be read and copied instead."""


def is_web(address: str) -> bool:
    """Whether it is the address of a web page."""
    return _WEB.match(address) is not None


def address(url: str) -> str:
    """The address as it is handed to a browser: ASCII without blanks, quotes and controls; the same page."""
    return quote(url.strip().encode("utf-8", "replace"), safe=_KEPT)


async def browse(url: str, environment: Mapping[str, str], platform: str) -> None:
    """Open a page; `platform` is as `sys.platform`. Raises `NoBrowser`, which says why."""
    if not is_web(url.strip()):
        raise NoBrowser("this is no web address, so no browser is asked to open it")
    tried = openers(address(url), environment, platform)
    if not tried:
        raise NoBrowser(_why_none(environment))
    for command in tried:
        status = await programs.launch(command, WATCH_S)
        if not status:
            return
    raise NoBrowser(_how_ended(tried[-1][0], status))


def openers(url: str, environment: Mapping[str, str], platform: str) -> list[list[str]]:
    """The commands that might open it, best first; none where a browser would open on a screen nobody looks at."""
    if environment.get("BROWSER"):
        return _chosen(environment["BROWSER"], url)
    if any(map(environment.get, _OVER_SSH)):
        return []
    if platform == "darwin":
        return [["open", url]]
    if any(map(environment.get, _WSL)):
        return [["wslview", url], ["xdg-open", url]]
    return [["xdg-open", url]] if any(map(environment.get, _DISPLAYS)) else []


def _chosen(browser: str, url: str) -> list[list[str]]:
    """What `$BROWSER` names: commands between colons, with `%s` where the address goes, or at their end."""
    commands: list[list[str]] = []
    for text in filter(str.strip, browser.split(":")):
        try:
            words = [word for word in shlex.split(text) if word != "&"]
        except ValueError:
            words = text.split()
        placed = [word.replace("%s", url) for word in words]
        commands.append(placed if placed != words else [*words, url])
    return commands


def _why_none(environment: Mapping[str, str]) -> str:
    if any(map(environment.get, _OVER_SSH)):
        return "over ssh there is no browser here, and $BROWSER names none"
    return "there is no display, and $BROWSER names no browser"


def _how_ended(program: str, status: int | None) -> str:
    if status == programs.ABSENT:
        return f"there is no program {program}: install it, or set $BROWSER"
    return f"{program} could not open it (status {status})"
