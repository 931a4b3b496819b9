"""Help: every key and every sign, written out from the tables that define them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.strip import Strip

from fetchers.records import State
from monitor.columns import GLYPHS
from monitor.freshness import Freshness
from monitor.text import fit
from monitor.ui.bindings import KEYS, bindings
from monitor.ui.widgets.header_line import Banner, HeaderLine
from monitor.ui.widgets.painted import Painted, Part, compose
from monitor.ui.words import ROLES, name_of

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

COLUMNS = (
    ("WHERE", "region, project or queue"),
    ("TIME", "how long it ran, or runs"),
    ("SINCE", "start while it runs, then end"),
)
"""Columns whose names do not say it all."""

SIDE = 42
"""Cells of the left half."""
_KEYS = 10
_WORDS = 12


class HelpText(Painted):
    """Keys on the left, signs on the right."""

    def __init__(self) -> None:
        super().__init__()
        left, right = _keys(), _signs()
        length = max(len(left), len(right))
        self._left = left + [[]] * (length - len(left))
        self._right = right + [[]] * (length - len(right))

    def line(self, y: int) -> Strip:
        """One line of each half."""
        width = self.size.width
        if y >= len(self._left):
            return self.strip([(" " * width, "")])
        left = compose(self._left[y], [], min(SIDE, width))
        return self.strip(compose([*left, *self._right[y]], [], width))


class Help(Screen[None]):
    """All keys and signs."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("help")]

    def __init__(self, banner: Callable[[], Banner]) -> None:
        super().__init__()
        self._banner = banner
        self._header = HeaderLine(banner())

    def compose(self) -> ComposeResult:
        """The header stays, with its marks."""
        yield self._header
        yield HelpText()

    def tick(self) -> None:
        """The clock goes on."""
        self._header.show(self._banner())

    def judge(self) -> None:
        """As for a tick."""
        self.tick()


def _keys() -> list[list[Part]]:
    shown = [key for key in KEYS if key.where in {"app", "dashboard"}]
    lines: list[list[Part]] = [[], [("  Keys", "strong")]]
    lines += [[(f"  {fit(key.shown, _KEYS)}", "key"), (key.text, "text")] for key in shown]
    lines += [[], [("  Columns", "strong")]]
    return lines + [[(f"  {fit(name, _KEYS)}", "key"), (text, "text")] for name, text in COLUMNS]


def _signs() -> list[list[Part]]:
    lines: list[list[Part]] = [[], [("States", "strong")]]
    lines += [_pair(_states(pair)) for pair in _pairs(list(GLYPHS))]
    lines += [[("~", "warn"), (" no answer since: as last known", "text")]]
    lines += [[], [("Freshness", "strong")]]
    lines += [[(fit(name_of(word), _WORDS), ROLES[word]), (MEANINGS[word], "text")] for word in MEANINGS]
    lines += [[], [("Titles", "strong")]]
    return lines + [[(fit(sign, _WORDS), "dim"), (text, "text")] for sign, text in TITLES]


def _pairs(states: Sequence[State]) -> list[Sequence[State]]:
    return [states[index : index + 2] for index in range(0, len(states), 2)]


def _states(states: Sequence[State]) -> list[Part]:
    return [(f"{GLYPHS[state]} {state.value}", state.value) for state in states]


def _pair(parts: Sequence[Part]) -> list[Part]:
    return [(fit(text, _WORDS + 2), role) for text, role in parts]
