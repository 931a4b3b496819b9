"""Every key, in one table: what the screens bind, what the footer shows, and what help explains."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True)
class Key:
    """What some keys do."""

    name: str
    """What the configuration and the palette call it."""
    where: str
    """Who binds them: `app`, or one of its screens."""
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
    Key("up", "dashboard", "up,k", "move(-1)", "↑ k", "row up"),
    Key("down", "dashboard", "down,j", "move(1)", "↓ j", "row down", "move"),
    Key("page_up", "dashboard", "pageup,ctrl+b", "page(-1)", "PgUp", "page up"),
    Key("page_down", "dashboard", "pagedown,ctrl+f", "page(1)", "PgDn", "page down"),
    Key("first", "dashboard", "home,g", "first", "Home g", "first row"),
    Key("last", "dashboard", "end,G", "last", "End G", "last row"),
    Key("next_table", "dashboard", "tab", "next_table(1)", "Tab", "next table", "table"),
    Key("previous_table", "dashboard", "shift+tab", "next_table(-1)", "Shift+Tab", "previous table"),
    Key("table", "dashboard", "1,2,3,4,5", "", "1 – 5", "table of that number"),
    Key("open", "dashboard", "enter", "open", "Enter", "everything about the row", "open"),
    Key("find", "dashboard", "slash", "find", "/", "show only rows that match", "find"),
    Key("sort", "dashboard", "s", "sort", "s", "sort by a column", "sort"),
    Key("next_failure", "dashboard", "n", "failure(1)", "n", "next failure, in any table", "failure"),
    Key("previous_failure", "dashboard", "N", "failure(-1)", "N", "previous failure"),
    Key("mine", "dashboard", "m", "mine", "m", "only what is mine, or all"),
    Key("toggle_table", "dashboard", "t", "toggle_table", "t", "switch the table off, or on"),
    Key("zoom", "dashboard", "z", "zoom", "z", "this table alone, and back", "zoom"),
    Key("browse", "dashboard", "o", "browse", "o", "open the row's page in a browser"),
    Key("copy", "dashboard", "y", "copy", "y", "copy the row's id, URL or reason"),
    Key("refresh", "dashboard", "r", "ask_again", "r", "ask every source again now", "refresh"),
    Key("dismiss", "dashboard", "escape", "back", "Esc", "back: notice, filter, zoom"),
    Key("utc", "app", "u", "toggle_utc", "u", "times in UTC, or local", "utc"),
    Key("theme", "app", "T", "next_theme", "T", "next theme"),
    Key("palette", "app", "colon,ctrl+p", "palette", ":", "every command by name"),
    Key("help", "app", "question_mark", "help", "?", "this help, and back", "help"),
    Key("suspend", "app", "ctrl+z", "suspend_process", "Ctrl+Z", "suspend; `fg` comes back"),
    Key("quit", "app", "q", "quit", "q", "quit", "quit"),
    Key("interrupt", "app", "ctrl+c", "quit", "Ctrl+C", "quit", priority=True),
    Key("leave_help", "help", "escape,question_mark,q", "app.pop_screen", "Esc", "back"),
    Key("leave_detail", "detail", "escape,q", "leave", "Esc", "back", "back"),
    Key("detail_up", "detail", "up,k", "move(-1)", "↑ k", "line up"),
    Key("detail_down", "detail", "down,j", "move(1)", "↓ j", "line down"),
    Key("detail_page_up", "detail", "pageup,ctrl+b", "page(-1)", "PgUp", "page up"),
    Key("detail_page_down", "detail", "pagedown,ctrl+f", "page(1)", "PgDn", "page down"),
    Key("detail_first", "detail", "home,g", "first", "Home g", "first line"),
    Key("detail_last", "detail", "end,G", "last", "End G", "last line"),
    Key("follow", "detail", "enter", "follow", "Enter", "go to the row that the link names", "follow"),
    Key("next_row", "detail", "J,right_square_bracket", "sibling(1)", "J", "next row of the table"),
    Key("previous_row", "detail", "K,left_square_bracket", "sibling(-1)", "K", "previous row of the table"),
    Key("raw", "detail", "x", "raw", "x", "as JSON, and back", "json"),
    Key("log", "detail", "l", "log", "l", "open its log in a browser", "log"),
    Key("detail_browse", "detail", "o", "browse", "o", "open its page in a browser", "browser"),
    Key("detail_copy", "detail", "y", "copy", "y", "copy its id, URL or reason", "copy"),
)

FOOTER = {
    "dashboard": ("next_failure", "open", "find", "sort", "zoom", "refresh", "next_table", "help", "quit"),
    "detail": ("follow", "detail_copy", "log", "detail_browse", "raw", "help", "leave_detail"),
}
"""Per screen the keys that matter, in the order the footer shows them; the last ones stay longest on a narrow line."""


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


def footer_keys(where: str) -> list[Key]:
    """What the footer of a screen shows."""
    by_name = {key.name: key for key in KEYS if key.label}
    return [by_name[name] for name in FOOTER[where]]
