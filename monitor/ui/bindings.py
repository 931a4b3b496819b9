"""Every key, in one table: what the screens bind, what footer, help and palette show, and what can be rebound.

The configuration checks names against it, so nothing here loads the screen's toolkit before there is a screen.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from monitor.key_names import shown, shown_all

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.screen import Screen


class Key(msgspec.Struct, frozen=True):
    """What some keys do."""

    name: str
    """What the configuration and the palette call it."""
    where: str
    """Who binds them: `app`, or one of its screens."""
    keys: str
    """Names of `monitor.key_names`, comma-separated."""
    action: str
    """None: the n-th of the keys is for the n-th table."""
    text: str
    """What they do, for help."""
    label: str = ""
    """One word for the footer; none: it is not shown there."""
    priority: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The keys, one by one."""
        return tuple(self.keys.split(","))

    @property
    def shown(self) -> str:
        """How help writes them."""
        return shown_all(self.names)

    @property
    def first(self) -> str:
        """How the footer writes them."""
        return shown(self.names[0])

    @property
    def bound(self) -> list[tuple[str, str, str]]:
        """Name of each binding, its keys and its action."""
        if self.action:
            return [(self.name, self.keys, self.action)]
        return [(f"{self.name}.{n}", key, f"table({n})") for n, key in enumerate(self.names, 1)]


KEYS = (
    Key("up", "dashboard", "up,k", "move(-1)", "row up"),
    Key("down", "dashboard", "down,j", "move(1)", "row down", "move"),
    Key("page_up", "dashboard", "pageup,ctrl+b", "page(-1)", "page up"),
    Key("page_down", "dashboard", "pagedown,ctrl+f", "page(1)", "page down"),
    Key("first", "dashboard", "home,g", "first", "first row"),
    Key("last", "dashboard", "end,G", "last", "last row"),
    Key("next_table", "dashboard", "tab", "next_table(1)", "next table", "table"),
    Key("previous_table", "dashboard", "shift+tab", "next_table(-1)", "previous table"),
    Key("table", "dashboard", "1,2,3,4,5", "", "table of that number"),
    Key("open", "dashboard", "enter", "open", "everything about the row", "open"),
    Key("find", "dashboard", "slash", "find", "show only rows that match", "find"),
    Key("sort", "dashboard", "s", "sort", "sort by a column", "sort"),
    Key("next_failure", "dashboard", "n", "failure(1)", "next failure of any table", "failure"),
    Key("previous_failure", "dashboard", "N", "failure(-1)", "previous failure"),
    Key("same_cause", "dashboard", "c", "same_cause", "only failures of its cause"),
    Key("mine", "dashboard", "m", "mine", "only what is mine, or all"),
    Key("toggle_table", "dashboard", "t", "toggle_table", "switch the table off or on"),
    Key("zoom", "dashboard", "z", "zoom", "this table alone, and back", "zoom"),
    Key("browse", "dashboard", "o", "browse", "open its page in a browser"),
    Key("read_log", "dashboard", "l", "read_log", "read its log"),
    Key("open_log", "dashboard", "L", "log", "open its log in a browser"),
    Key("copy", "dashboard", "y", "copy", "copy id, URL or reason"),
    Key("refresh", "dashboard", "r", "ask_again", "ask every source again now", "refresh"),
    Key("dismiss", "dashboard", "escape", "back", "one step back"),
    Key("utc", "app", "u", "toggle_utc", "times in UTC, or local", "utc"),
    Key("theme", "app", "T", "next_theme", "next theme", "theme"),
    Key("palette", "app", "colon,ctrl+p", "palette", "every command by name"),
    Key("help", "app", "question_mark", "help", "this help, and back", "help"),
    Key("setup", "app", "i", "setup", "what is set up, what is not"),
    Key("redraw", "app", "ctrl+l", "redraw", "paint everything again"),
    Key("suspend", "app", "ctrl+z", "suspend_process", "suspend; `fg` comes back"),
    Key("quit", "app", "q", "quit", "quit", "quit"),
    Key("interrupt", "app", "ctrl+c,ctrl+q", "quit", "quit", priority=True),
    Key("leave_help", "help", "escape,question_mark,q", "app.pop_screen", "back", "back"),
    Key("help_next", "help", "pagedown,down,j,space", "turn(1)", "next page", "next"),
    Key("help_previous", "help", "pageup,up,k", "turn(-1)", "previous page", "previous"),
    Key("leave_detail", "detail", "escape,q,backspace", "leave", "back", "back"),
    Key("detail_up", "detail", "up,k", "move(-1)", "line up"),
    Key("detail_down", "detail", "down,j", "move(1)", "line down"),
    Key("detail_page_up", "detail", "pageup,ctrl+b", "page(-1)", "page up"),
    Key("detail_page_down", "detail", "pagedown,ctrl+f", "page(1)", "page down"),
    Key("detail_first", "detail", "home,g", "first", "first line"),
    Key("detail_last", "detail", "end,G", "last", "last line"),
    Key("follow", "detail", "enter", "follow", "go where the link leads", "follow"),
    Key("next_link", "detail", "tab", "link(1)", "next link"),
    Key("previous_link", "detail", "shift+tab", "link(-1)", "previous link"),
    Key("next_row", "detail", "J,right_square_bracket", "sibling(1)", "next row of the table"),
    Key("previous_row", "detail", "K,left_square_bracket", "sibling(-1)", "previous row of the table"),
    Key("raw", "detail", "x", "raw", "as JSON, and back", "json"),
    Key("detail_read_log", "detail", "l", "read_log", "read its log", "log"),
    Key("log", "detail", "L", "log", "open its log in a browser"),
    Key("detail_browse", "detail", "o", "browse", "open its page in a browser", "browser"),
    Key("detail_copy", "detail", "y", "copy", "copy id, URL or reason", "copy"),
    Key("leave_log", "log", "escape,q,backspace", "leave", "back; before that, out of a search", "back"),
    Key("log_up", "log", "up,k", "move(-1)", "line up"),
    Key("log_down", "log", "down,j", "move(1)", "line down"),
    Key("log_page_up", "log", "pageup,ctrl+b", "page(-1)", "page up; at the top, older lines", "older"),
    Key("log_page_down", "log", "pagedown,ctrl+f,space", "page(1)", "page down"),
    Key("log_first", "log", "home,g", "first", "first line; older ones are read"),
    Key("log_last", "log", "end,G", "last", "last line"),
    Key("log_right", "log", "right", "sideways(1)", "right, along long lines"),
    Key("log_left", "log", "left,h", "sideways(-1)", "left, along long lines"),
    Key("log_wrap", "log", "w", "wrap", "wrap long lines, or not", "wrap"),
    Key("log_find", "log", "slash", "find", "search", "search"),
    Key("log_next", "log", "n", "next(1)", "next match; without a search, next cause", "next"),
    Key("log_previous", "log", "N", "next(-1)", "previous match or cause"),
    Key("log_follow", "log", "f", "follow", "follow what is written, or not", "follow"),
    Key("log_again", "log", "r", "again", "read it again from its end"),
    Key("log_copy", "log", "y", "copy", "copy the line, or what mends it", "copy"),
    Key("log_browse", "log", "o", "browse", "open its row's page in a browser"),
    Key("log_page", "log", "L", "log", "open it in a browser"),
    Key("palette_up", "palette", "up", "move(-1)", "previous command"),
    Key("palette_down", "palette", "down", "move(1)", "next command"),
    Key("palette_page_up", "palette", "pageup", "page(-1)", "page up"),
    Key("palette_page_down", "palette", "pagedown", "page(1)", "page down"),
    Key("palette_run", "palette", "enter", "run", "do it", "run"),
    Key("leave_palette", "palette", "escape,ctrl+p", "leave", "back", "back"),
    Key("leave_address", "address", "escape,q,enter", "app.pop_screen", "back", "back"),
    Key("copy_address", "address", "y", "copy", "copy the address", "copy"),
    Key("start_up", "start", "up,k", "move(-1)", "previous"),
    Key("start_down", "start", "down,j", "move(1)", "next"),
    Key("start_copy", "start", "y", "copy", "copy the command under the cursor", "copy"),
    Key("start_demo", "start", "d", "demo", "see the demo: made-up data, nothing is asked or changed", "demo"),
    Key("start_write", "start", "c", "write", "write a configuration file to begin with, where there is none", "file"),
    Key("start_again", "start", "r", "look_again", "look again", "look again"),
    Key("start_tables", "start", "enter,t", "tables", "go to the tables, as far as they are set up", "tables"),
    Key("start_own", "start", "o", "leave_demo", "leave the demo: your own tables", "own tables"),
    Key("leave_start", "start", "escape", "back", "back", "back"),
)

FIXED = frozenset({"interrupt"})
"""What nobody can take away."""


FOOTER = {
    "dashboard": ("next_table", "refresh", "zoom", "sort", "find", "open", "next_failure", "help", "quit"),
    "detail": ("follow", "detail_copy", "detail_browse", "raw", "detail_read_log", "help", "leave_detail"),
    "log": ("log_wrap", "log_page_up", "log_follow", "log_find", "log_copy", "log_next", "help", "leave_log"),
    "start": (
        "start_copy",
        "start_again",
        "start_write",
        "start_tables",
        "start_demo",
        "start_own",
        "help",
        "leave_start",
        "quit",
    ),
    "address": ("copy_address", "leave_address"),
    "palette": ("palette_run", "leave_palette"),
    "help": ("help_previous", "help_next", "theme", "leave_help"),
}
"""Per screen the keys that matter, in the order the footer shows them; the last ones stay longest on a narrow line."""


# --- for the toolkit -----------------------------------------------------------------------------------------------


def bindings(where: str) -> list[Binding]:
    """What one screen, or the app, binds."""
    from textual.binding import Binding  # noqa: PLC0415 - see above

    return [
        Binding(keys, action, key.text, show=False, priority=key.priority, id=name)
        for key in KEYS
        if key.where == where
        for name, keys, action in key.bound
    ]


def keymap(keys: Iterable[Key]) -> dict[str, str]:
    """What of a table differs from `KEYS`, as the toolkit takes it."""
    return {name: held for key in keys if key not in KEYS for name, held, _ in key.bound}


# --- for the screens -----------------------------------------------------------------------------------------------


def rebound(changed: Mapping[str, Sequence[str]]) -> tuple[Key, ...]:
    """The table with other keys for what `changed` names."""
    return tuple(replace(key, keys=",".join(changed[key.name])) if key.name in changed else key for key in KEYS)


def in_force(screen: Screen[object]) -> list[Key]:
    """What a screen answers to now, and by which keys: what is hidden by another of its keys is not there."""
    held: dict[str, list[str]] = {}
    for key, active in screen.active_bindings.items():
        if active.binding.id is not None:
            held.setdefault(active.binding.id, []).append(key)
    found = ((key, [one for name, _, _ in key.bound for one in held.get(name, [])]) for key in KEYS)
    return [replace(key, keys=",".join(names)) for key, names in found if names]


def footer_keys(where: str, keys: Iterable[Key] = KEYS) -> list[Key]:
    """What the footer of a screen shows of the keys in force."""
    by_name = {key.name: key for key in keys if key.label}
    return [by_name[name] for name in FOOTER[where] if name in by_name]


# --- for the configuration -----------------------------------------------------------------------------------------


def clashes(keys: Sequence[Key]) -> Iterator[tuple[Key, Key, str]]:
    """Every two actions that are felt together and that one key would do, and that key; not those meant to be so."""
    meant = {(one.name, other.name) for one, other, _ in _shared(KEYS)}
    return ((one, other, key) for one, other, key in _shared(keys) if (one.name, other.name) not in meant)


def _shared(keys: Sequence[Key]) -> Iterator[tuple[Key, Key, str]]:
    for one, other in itertools.combinations(keys, 2):
        if one.where == other.where or "app" in (one.where, other.where):
            for key in one.names:
                if key in other.names:
                    yield one, other, key
