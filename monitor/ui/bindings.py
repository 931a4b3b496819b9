"""Every key, in one table: what the screens bind, what the footer shows, and what help explains."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True)
class Key:
    """What some keys do."""

    where: str
    """Who binds them: `app`, `dashboard` or `help`."""
    keys: str
    """Names that Textual knows, comma-separated."""
    action: str
    shown: str
    """How help and footer write them."""
    text: str
    """What they do, for help."""
    label: str = ""
    """One word for the footer; none: it is not shown there."""
    priority: bool = False


KEYS = (
    Key("dashboard", "up,k", "move(-1)", "↑ k", "row up"),
    Key("dashboard", "down,j", "move(1)", "↓ j", "row down", "move"),
    Key("dashboard", "pageup", "page(-1)", "PgUp", "page up"),
    Key("dashboard", "pagedown", "page(1)", "PgDn", "page down"),
    Key("dashboard", "home,g", "first", "Home g", "first row"),
    Key("dashboard", "end,G", "last", "End G", "last row"),
    Key("dashboard", "tab", "next_table(1)", "Tab", "next table", "table"),
    Key("dashboard", "shift+tab", "next_table(-1)", "Shift+Tab", "previous table"),
    Key("dashboard", "1,2,3,4,5", "", "1 – 5", "table of that number"),
    Key("dashboard", "r", "ask_again", "r", "ask every source again now", "refresh"),
    Key("dashboard", "escape", "dismiss_notice", "Esc", "put the notice away"),
    Key("app", "u", "toggle_utc", "u", "times in UTC, or local", "utc"),
    Key("app", "question_mark", "help", "?", "this help, and back", "help"),
    Key("app", "ctrl+z", "suspend_process", "Ctrl+Z", "suspend; `fg` comes back"),
    Key("app", "q", "quit", "q", "quit", "quit"),
    Key("app", "ctrl+c", "quit", "Ctrl+C", "quit", priority=True),
    Key("help", "escape,question_mark,q", "app.pop_screen", "Esc", "back"),
)

FOOTER = ("down,j", "tab", "r", "u", "question_mark", "q")
"""The keys that matter, in the order the footer shows them; the last ones stay longest on a narrow line."""


def bindings(where: str) -> list[Binding]:
    """What one screen, or the app, binds."""
    found: list[Binding] = []
    for key in KEYS:
        if key.where == where:
            found += _bound(key)
    return found


def _bound(key: Key) -> list[Binding]:
    if key.action:
        return [Binding(key.keys, key.action, key.text, show=False, priority=key.priority)]
    return [Binding(digit, f"table({digit})", key.text, show=False) for digit in key.keys.split(",")]


def footer_keys() -> list[Key]:
    """What the footer shows."""
    by_keys = {key.keys: key for key in KEYS if key.label}
    return [by_keys[keys] for keys in FOOTER]
