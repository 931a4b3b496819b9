"""Help: every key and every sign, written out from the tables that define them, in as many columns as have room.

What does not fit is on further pages: nothing is ever lost beyond an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.strip import Strip

from fetchers.records import State
from monitor.columns import GLYPHS
from monitor.freshness import Freshness
from monitor.text import cell_width, fit
from monitor.ui.bindings import KEYS, Key, bindings
from monitor.ui.widgets.footer_line import FooterLine
from monitor.ui.widgets.header_line import Banner, HeaderLine
from monitor.ui.widgets.live_table import CHANGED
from monitor.ui.widgets.painted import Painted, Part, compose
from monitor.ui.words import ROLES, name_of

CONTEXTS = {"dashboard": "Tables", "app": "Everywhere", "detail": "Everything about a row"}
"""Whose keys are explained, and under which words."""

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
)
"""What else stands at the end of a title line."""

ROW_SIGNS = (
    ("~", "warn", "as last known, not live"),
    (CHANGED, "changed", "changed a moment ago"),
)
"""What stands before a row."""

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
        said = [[(" " + fit(text, width), role), words] for (text, role), words in self.entries]
        return [[(f" {self.heading}", "strong")], *said]


def blocks(keys: Sequence[Key]) -> list[Block]:
    """All that help explains."""
    return [
        _keys("dashboard", keys),
        _keys("app", keys),
        Block("States", [*_states(), *(((sign, role), (words, "text")) for sign, role, words in ROW_SIGNS)]),
        Block("Titles", [((sign, "dim"), (words, "text")) for sign, words in TITLES]),
        _keys("detail", keys),
        Block("Columns", [((name, "key"), (words, "text")) for name, words in COLUMNS]),
        Block("Freshness", [((name_of(word), ROLES[word]), (words, "text")) for word, words in MEANINGS.items()]),
    ]


def _keys(where: str, keys: Sequence[Key]) -> Block:
    return Block(CONTEXTS[where], [_key(key) for key in keys if key.where == where])


def _key(key: Key) -> Entry:
    shown = key.shown
    while cell_width(shown) > _MOST and " " in shown:
        shown = shown.rpartition(" ")[0]
    return ((shown, "key"), (key.text, "text"))


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
        self._page = min(self._page, self.pages - 1)
        super().on_resize()

    def turn(self, by: int) -> None:
        """Show a later page, or an earlier one where negative."""
        self._page = max(0, min(self._page + by, self.pages - 1))
        self.repaint()

    def line(self, y: int) -> Strip:
        """One line of each column; at the end of the first, which page this is."""
        width = self.size.width
        page = f"page {self._page + 1} of {self.pages} " if y == 0 and self.pages > 1 else ""
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


class Help(Screen[None]):
    """All keys and signs."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("help")]

    def __init__(self, banner: Callable[[], Banner], keys: Sequence[Key] = KEYS) -> None:
        super().__init__()
        self._banner = banner
        self._header = HeaderLine(banner())
        self._text = HelpText(blocks(keys))

    def compose(self) -> ComposeResult:
        """The header stays, with its marks."""
        yield self._header
        yield self._text
        yield FooterLine("help")

    def tick(self) -> None:
        """The clock goes on."""
        self._header.show(self._banner())

    def judge(self) -> None:
        """As for a tick."""
        self.tick()

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
