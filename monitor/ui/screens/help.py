"""Help: every key and every sign, written out from the tables that define them, in as many columns as have room.

What the screen in front answers to comes first. What does not fit is on further pages: nothing is ever lost beyond an
edge.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.strip import Strip
from textual.widget import Widget

from fetchers.records import State
from monitor.columns import GLYPHS
from monitor.freshness import Freshness
from monitor.key_names import shown_all
from monitor.text import cell_width, fit, wrap
from monitor.ui.bindings import KEYS, Key, bindings
from monitor.ui.log_causes import CAUSE, ROOT
from monitor.ui.screens.over import Over
from monitor.ui.widgets.header_line import Banner
from monitor.ui.widgets.live_table import CHANGED
from monitor.ui.widgets.painted import Painted, Part, compose
from monitor.ui.words import ROLES, name_of

CONTEXTS = {
    "dashboard": "Tables",
    "detail": "Everything about a row",
    "log": "A log",
    "start": "What is set up",
    "palette": "Commands by name",
    "address": "An address",
    "app": "Everywhere",
    "help": "This help",
}
"""Whose keys are explained, and under which words."""

TYPED = {
    "enter,tab": "keep the filter",
    "escape": "as it was before",
    "up,down": "row up, row down",
    "pageup,pagedown": "page up, page down",
}
"""What a filter that is typed answers to, beside the keys of every line."""

EDITED = {
    "left,right": "one letter",
    "home,ctrl+a": "to the beginning",
    "end,ctrl+e": "to the end",
    "backspace,ctrl+h": "rub out",
    "delete,ctrl+d": "rub out under the cursor",
    "ctrl+w": "rub out a word",
    "ctrl+u": "all before the cursor",
    "ctrl+k": "all from the cursor on",
}
"""What any line that is typed answers to."""

ASKED = {
    "left,right,up,down,tab,shift+tab": "another answer",
    "enter": "this answer",
    "escape": "no answer",
}
"""What a question answers to, beside a letter for each answer."""

FILTERS = (
    ("oom", "text in the row"),
    ('"out of memory"', "text with blanks"),
    ("/trial-\\d+/", "a regular expression"),
    ("state:failed", "text in a column"),
    ("name:vit,bert", "any of several"),
    ("name:=train-7", "this and no more"),
    ("took:>1h", "a duration"),
    ("when:<2h", "how long ago"),
    ("step:>=10k", "a number"),
    ("mine:yes", "yes or no"),
    ('why:""', "nothing there"),
    ("!sweep", "what does not hold"),
    ("oom !sweep", "all must hold"),
)
"""The language of filters, by examples."""

MEANINGS = {
    Freshness.LIVE: "all have answered lately",
    Freshness.IDLE: "empty, so asked rarely",
    Freshness.PARTIAL: "some have not answered",
    Freshness.STALE: "none has: rows are old",
    Freshness.FAILED: "none has: nothing known",
    Freshness.LOADING: "asked, no answer yet",
    Freshness.UNCONFIGURED: f"`{Freshness.UNCONFIGURED.value}` in JSON",
    Freshness.DISABLED: f"`{Freshness.DISABLED.value}` in JSON",
}
"""What the word at the end of a title line means; the words of `NAMES` have another name in JSON."""

TITLES = (
    ("7/18", "regions that have answered"),
    ("10 s ago", "age of the oldest answer"),
    ("↑4 ↓66", "rows above, rows below"),
    ("1 cause", "failures that have it in common"),
)
"""What else stands at the end of a title line."""

ROW_SIGNS = (
    ("~", "warn", "as last known, not live"),
    (CHANGED, "changed", "changed a moment ago"),
)
"""What stands before a row."""

LOG_SIGNS = (
    (ROOT, "alarm", "why it failed: the root cause"),
    (CAUSE, "warn", "another line that says what went wrong"),
    ("oom", "key", "searched for: any case"),
    ("OOM", "key", "searched for: this case"),
    ("/oom|137/", "key", "searched for: a regular expression"),
)
"""What stands before a line of a log, and what a log is searched for."""

COLUMNS = (
    ("WHERE", "region, project or queue"),
    ("TIME", "how long it ran, or runs"),
    ("SINCE", "start while it runs, then end"),
)
"""Columns whose names do not say it all."""

COLUMN = 40
"""Cells of one column, its gap included."""

_GAP = 1
_MOST = 12
"""Cells that keys may take; further ones of the same action are not named."""

Entry = tuple[Part, Part]
"""What is explained, and by which words."""


@dataclass(frozen=True)
class Block:
    """Some lines under a heading."""

    heading: str
    entries: Sequence[Entry]

    @property
    def lines(self) -> list[list[Part]]:
        """As they are painted."""
        width = max(cell_width(text) for (text, _), _ in self.entries) + _GAP
        said = [line for entry in self.entries for line in _said(entry, width)]
        return [[(f" {self.heading}", "strong")], *said]


def _said(entry: Entry, width: int) -> Iterator[list[Part]]:
    """An entry; what its words are too long for is on further lines."""
    (text, role), (words, colour) = entry
    lines = wrap(words, COLUMN - width - 2) if colour == "text" else [words]
    for line, start in zip(lines, itertools.chain([text], itertools.repeat("")), strict=False):
        yield [(" " + fit(start, width), role), (line, colour)]


def blocks(keys: Sequence[Key], front: str = "dashboard") -> list[Block]:
    """All that help explains, what the screen in front answers to before the rest."""
    others = [where for where in CONTEXTS if where not in {front, "app", "help"}]
    return [
        _keys(front, keys),
        _keys("app", keys),
        Block("States", [*_states(), *(((sign, role), (words, "text")) for sign, role, words in ROW_SIGNS)]),
        *_language(),
        Block("Titles", [((sign, "dim"), (words, "text")) for sign, words in TITLES]),
        Block("Logs", [((sign, role), (words, "text")) for sign, role, words in LOG_SIGNS]),
        Block("Columns", [((name, "key"), (words, "text")) for name, words in COLUMNS]),
        Block("Freshness", [((name_of(word), ROLES[word]), (words, "text")) for word, words in MEANINGS.items()]),
        *(_keys(where, keys) for where in [*others, "help"]),
    ]


def _language() -> Iterator[Block]:
    """How one filters, types and answers."""
    yield Block("Filters", [((text, "key"), (words, "text")) for text, words in FILTERS])
    for heading, table in (("While a filter is typed", TYPED), ("On every line", EDITED), ("Questions", ASKED)):
        yield Block(heading, [((_few(keys.split(",")), "key"), (words, "text")) for keys, words in table.items()])


def _keys(where: str, keys: Sequence[Key]) -> Block:
    return Block(CONTEXTS[where], [_key(key) for key in keys if key.where == where])


def _key(key: Key) -> Entry:
    return ((_few(key.names), "key"), (key.text, "text"))


def _few(names: Sequence[str]) -> str:
    """As many keys as have room."""
    shown = shown_all(tuple(names))
    while cell_width(shown) > _MOST and " " in shown:
        shown = shown.rpartition(" ")[0]
    return shown


def _states() -> Iterator[Entry]:
    """In pairs, so that they take half the lines."""
    found = list(State)
    for one, other in zip(found[::2], found[1::2], strict=True):
        yield _sign(one), _sign(other)


def _sign(state: State) -> Part:
    return (f"{GLYPHS[state]} {state.value}", state.value)


def columns(said: Iterable[Block], height: int) -> list[list[list[Part]]]:
    """The blocks' lines in columns of so many lines; a block that fits into one column is not broken."""
    found: list[list[list[Part]]] = [[]]
    for block in said:
        lines = block.lines
        gap = 1 if found[-1] else 0
        if len(found[-1]) + gap + min(len(lines), height) > height:
            found.append([])
        elif gap:
            found[-1].append([])
        for line in lines:
            if len(found[-1]) >= height:
                found.append([])
            found[-1].append(line)
    return found


class HelpText(Painted):
    """One page of columns."""

    def __init__(self, said: Sequence[Block]) -> None:
        super().__init__()
        self._said = said
        self._page = 0
        self._columns: list[list[list[Part]]] = []

    @property
    def _across(self) -> int:
        return max(1, self.size.width // COLUMN)

    @property
    def pages(self) -> int:
        """How many there are at this size."""
        return max(1, -(-len(self._columns) // self._across))

    def on_resize(self) -> None:
        """Another size has other columns."""
        self._columns = columns(self._said, max(1, self.size.height))
        if self.pages > 1:
            self._columns = columns(self._said, max(1, self.size.height - 1))  # the last line says which page it is
        self._page = min(self._page, self.pages - 1)
        super().on_resize()

    def turn(self, by: int) -> None:
        """Show a later page, or an earlier one where negative."""
        self._page = max(0, min(self._page + by, self.pages - 1))
        self.repaint()

    def line(self, y: int) -> Strip:
        """One line of each column; where there are several pages, the last line says which this is."""
        width = self.size.width
        page = f"page {self._page + 1} of {self.pages} " if y == self.size.height - 1 and self.pages > 1 else ""
        parts: list[Part] = []
        for column in self._columns[self._page * self._across :][: self._across]:
            text = column[y] if y < len(column) else []
            parts += compose(text, [], min(COLUMN, width))
        return self.strip(compose(_trimmed(parts), [(page, "dim")], width))


def _trimmed(parts: list[Part]) -> list[Part]:
    """Without the blank end, which is no text to be cut."""
    while parts and not parts[-1][0].strip():
        parts.pop()
    return parts


class Help(Over[None]):
    """All keys and signs."""

    WHERE = "help"

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("help")]

    def __init__(self, banner: Callable[[], Banner], keys: Sequence[Key] = KEYS, front: str = "dashboard") -> None:
        """`front` is what the table of keys calls the screen that help is asked on."""
        super().__init__(banner)
        self._text = HelpText(blocks(keys, front))

    def content(self) -> Iterable[Widget]:
        """The pages."""
        return [self._text]

    def action_turn(self, by: int) -> None:
        """Next page, or the one before."""
        self._text.turn(by)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel turns pages."""
        event.stop()
        self._text.turn(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """As for down."""
        event.stop()
        self._text.turn(-1)
