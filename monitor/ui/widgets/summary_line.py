"""All tables on one line of tabs, for a screen that has room for one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from textual import events

from fetchers.records import State
from monitor.columns import GLYPHS
from monitor.freshness import Freshness
from monitor.tables import TABLES
from monitor.text import cell_width
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.live_table import LiveTable
from monitor.ui.widgets.painted import Part, compose, width_of
from monitor.ui.widgets.title_line import Title
from monitor.ui.words import ROLES, count_role, name_of


class Form(msgspec.Struct, frozen=True):
    """How much a tab says."""

    shown: tuple[State, ...]
    """What it counts."""
    letters: int
    """How much of the name it shows."""
    notes: Mapping[Freshness, str]
    """What stands for counts where a table has no rows."""
    number: bool = True
    """Whether it names the key that brings the table to the front."""
    gap: str = " "
    """What stands between a name and its counts."""


_WORDS = {found: name_of(found) for found in Freshness} | {
    Freshness.LOADING: "…",
    Freshness.LIVE: "empty",
    Freshness.UNCONFIGURED: "unset",
}
_MARKS = {Freshness.LOADING: "…", Freshness.PARTIAL: "~", Freshness.STALE: "~", Freshness.FAILED: "!"}
_WHOLE = max(map(cell_width, TABLES))
_FAILED = (State.FAILED,)
_URGENT = (*_FAILED, State.RUNNING)

FORMS = (
    Form((*_URGENT, State.QUEUED, State.SUCCEEDED), _WHOLE, _WORDS),
    Form((*_URGENT, State.QUEUED), _WHOLE, _WORDS),
    Form(_URGENT, _WHOLE, _WORDS),
    *(Form(_FAILED, letters, _MARKS) for letters in range(_WHOLE, 0, -1)),
    Form(_FAILED, 1, _MARKS, number=False),
    Form(_FAILED, 1, _MARKS, number=False, gap=""),
)
"""From much room to little: names are cut, but what failed stays in sight."""

_DOUBT = dict.fromkeys((Freshness.PARTIAL, Freshness.STALE, Freshness.FAILED), "~") | {Freshness.DISABLED: " off"}
"""What stands behind counts that may not be so now."""

Tab = tuple[Title, list[Part]]


class SummaryLine(Line):
    """All tables on one line, for a screen that has room for one: number, name, what failed and what runs."""

    def __init__(self, titles: Sequence[Title]) -> None:
        super().__init__()
        self._titles = titles

    def show(self, titles: Sequence[Title]) -> None:
        """Say something else."""
        self._titles = titles
        self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """One tab a table, with as much in each as all have room for."""
        return compose([part for _, tab in self._tabs(width) for part in tab], [], width)

    def _tabs(self, width: int) -> list[Tab]:
        """In the first form in which all fit; where none does, without the first ones, so that the current is there."""
        for form in FORMS:
            tabs = [(title, _tab(title, form)) for title in self._titles]
            if _cells(tabs) <= width:
                return tabs
        current = next((index for index, (title, _) in enumerate(tabs) if title.current), 0)
        start = next(
            start for start in range(current + 1) if start == current or _cells(tabs[start : current + 1]) <= width
        )
        return tabs[start:]

    def on_click(self, event: events.Click) -> None:
        """A click on a tab gives its table the keys."""
        cells = 0
        for title, tab in self._tabs(self.size.width):
            cells += width_of(tab)
            if event.x < cells:
                self.post_message(LiveTable.Picked(title.view.table))
                return


def _cells(tabs: Sequence[Tab]) -> int:
    return sum(width_of(tab) for _, tab in tabs)


def _tab(title: Title, form: Form) -> list[Part]:
    found = title.view.freshness
    name = title.view.table[: form.letters]
    parts: list[Part] = [
        (f" {title.number} " if form.number else " ", "dim"),
        (name, "strong" if title.current else "text"),
    ]
    for state in form.shown:
        if number := title.counts.get(state, 0):
            parts += [(form.gap, ""), (f"{GLYPHS[state]}{number}", count_role(state, found))]
    if sum(title.counts.values()):
        parts += [(_DOUBT[found], ROLES[found])] if found in _DOUBT else []
    elif note := form.notes.get(found, ""):
        parts += [(" ", ""), (note, ROLES[found])]
    return [(text, f"{role}|tab" if title.current else role) for text, role in [*parts, (form.gap, "")]]
