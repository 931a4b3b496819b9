"""What a person takes out of the screen: a text for the clipboard, a page for the browser.

A screen posts `CopyWanted` or `PlaceWanted`; the app has it done here, and says what became of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from textual.message import Message

from monitor.text import ELLIPSIS, clean, one_line

if TYPE_CHECKING:
    from fetchers.records import Record

JSON = "JSON"
_SHOWN = 60
"""Characters of what was copied that are said."""


class CopyWanted(Message):
    """Somebody wants a text in the clipboard."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self.name = name
        """What it is."""
        self.text = text


class PlaceWanted(Message):
    """Somebody wants to go where a record points: to a page, or to a place that no browser opens."""

    def __init__(self, name: str, place: str) -> None:
        super().__init__()
        self.name = name
        """What is there."""
        self.place = place
        """Empty where nobody said."""


class Front(Protocol):
    """What is needed of the app."""

    def say(self, text: str, role: str = "good") -> None:
        """Show a passing message."""
        ...

    def write_out(self, text: str) -> bool:
        """Write to the terminal, between two frames; return whether it will get it."""
        ...


def copyable(record: Record, evidence: Sequence[str] = ()) -> dict[str, str]:
    """What of a record can be copied, by name: one clean line each, but for the JSON and the evidence's lines."""
    from monitor.advice import commands  # noqa: PLC0415 - not needed for the first frame
    from monitor.export import record_json  # noqa: PLC0415 - as above

    reason = record.reason
    advice = one_line(reason.advice or "") if reason else ""
    texts = {
        "id": clean(record.id),
        "URL": clean(record.url or ""),
        "reason": one_line(reason.text) if reason else "",
        "advice": advice,
        "command": next(iter(commands(advice)), ""),
        "evidence": "\n".join(map(clean, evidence)),
        JSON: record_json(record),
    }
    return {name: text for name, text in texts.items() if text}


def log_of(record: Record) -> str:
    """Where its log is, a page if there is one; empty where nobody said."""
    return str(record.detail.get("log_url") or record.detail.get("log_uri") or "")


async def copy(front: Front, wanted: CopyWanted) -> None:
    """Put it into the clipboard, and say so; or why not, and what to do."""
    from monitor import clipboard  # noqa: PLC0415 - as above

    try:
        hint = await clipboard.copy(wanted.text, front.write_out, os.environ)
    except clipboard.NoClipboard as error:
        front.say(f"not copied: {error}", "alarm")
        return
    front.say(f"copied {wanted.name} {_in_short(wanted)}{f' · {hint}' if hint else ''}")


def _in_short(wanted: CopyWanted) -> str:
    if "\n" in wanted.text:
        return f"({len(wanted.text):,} characters)"
    return wanted.text if len(wanted.text) <= _SHOWN else wanted.text[: _SHOWN - 1] + ELLIPSIS


async def go_to(front: Front, wanted: PlaceWanted, show: Callable[[str, str], object]) -> None:
    """Open it where it is a page, as `browse` does; copy it where it is another place; say so where there is none."""
    from monitor.browsing import is_web  # noqa: PLC0415 - as above

    if not wanted.place:
        front.say(f"its source names no {wanted.name}", "warn")
    elif is_web(wanted.place):
        await browse(front, wanted.place, show)
    else:
        await copy(front, CopyWanted(wanted.name, wanted.place))


async def browse(front: Front, url: str, show: Callable[[str, str], object]) -> None:
    """Open a page, and say so; where that cannot be, `show` the address and why."""
    from monitor import browsing  # noqa: PLC0415 - as above

    try:
        await browsing.browse(url, os.environ, sys.platform)
    except browsing.NoBrowser as error:
        show(url, str(error))
    else:
        front.say(f"opened {url}")
