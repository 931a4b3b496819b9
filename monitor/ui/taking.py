"""What a person takes out of the screen: a text for the clipboard, a page for the browser.

A screen posts `CopyWanted` or `PageWanted`; the app has it done here, and says what became of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
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


class PageWanted(Message):
    """Somebody wants to see a page in a browser."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url


class Front(Protocol):
    """What is needed of the app."""

    def say(self, text: str, role: str = "good") -> None:
        """Show a passing message."""
        ...

    def write_out(self, text: str) -> None:
        """Write to the terminal, between two frames."""
        ...


def copyable(record: Record) -> dict[str, str]:
    """What of a record can be copied, by name: one clean line each, but for the JSON."""
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
        JSON: record_json(record),
    }
    return {name: text for name, text in texts.items() if text}


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


async def browse(front: Front, url: str, show: Callable[[str, str], object]) -> None:
    """Open a page, and say so; where that cannot be, `show` the address and why."""
    from monitor import browsing  # noqa: PLC0415 - as above

    try:
        await browsing.browse(url, os.environ, sys.platform)
    except browsing.NoBrowser as error:
        show(url, str(error))
    else:
        front.say(f"opened {url}")
