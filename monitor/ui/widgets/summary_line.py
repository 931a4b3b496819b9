"""All tables on one line of tabs, for a screen that has room for one of them."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from fetchers.records import State
from monitor.columns import GLYPHS
from monitor.freshness import Freshness
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.live_table import LiveTable
from monitor.ui.widgets.painted import Part, compose, width_of
from monitor.ui.widgets.title_line import Title
from monitor.ui.words import ROLES, count_role


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
        return compose([part for tab in self._tabs(width) for part in tab], [], width)

    def _tabs(self, width: int) -> list[list[Part]]:
        for shown in _SHOWN:
            tabs = [_tab(title, shown) for title in self._titles]
            if sum(map(width_of, tabs)) <= width:
                return tabs
        return tabs

    def on_click(self, event: events.Click) -> None:
        """A click on a tab gives its table the keys."""
        cells = 0
        for title, tab in zip(self._titles, self._tabs(self.size.width), strict=True):
            cells += width_of(tab)
            if event.x < cells:
                self.post_message(LiveTable.Picked(title.view.table))
                return


_URGENT = (State.FAILED, State.RUNNING)
_SHOWN = ((*_URGENT, State.QUEUED, State.SUCCEEDED), (*_URGENT, State.QUEUED), _URGENT, (State.FAILED,), ())
"""What a tab counts, from much room to little."""

_SHORT = {Freshness.LOADING: "…", Freshness.LIVE: "empty", Freshness.UNCONFIGURED: "unset", Freshness.DISABLED: "off"}
_DOUBT = frozenset({Freshness.PARTIAL, Freshness.STALE, Freshness.FAILED})


def _tab(title: Title, shown: Sequence[State]) -> list[Part]:
    found = title.view.freshness
    parts: list[Part] = [(f" {title.number} ", "dim"), (title.view.table, "strong" if title.current else "text")]
    for state in shown:
        if number := title.counts.get(state, 0):
            parts += [(" ", ""), (f"{GLYPHS[state]}{number}", count_role(state, found))]
    if shown and not sum(title.counts.values()):
        parts += [(" ", ""), (_SHORT.get(found, found.value), ROLES[found])]
    elif found in _DOUBT:
        parts.append(("~", ROLES[found]))
    return [(text, f"{role}|tab" if title.current else role) for text, role in [*parts, (" ", "")]]
