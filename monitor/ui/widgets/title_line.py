"""The line over a table: its name, its counts, how fresh it is; and under it what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fetchers.records import State
from monitor.columns import GAP
from monitor.freshness import Freshness
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.live_table import EDGE, LiveTable
from monitor.ui.widgets.painted import Part, compose, width_of
from monitor.ui.words import ROLES, View, count_parts, freshness_parts, trouble


@dataclass(frozen=True)
class Title:
    """What a title line says of its table."""

    number: int
    view: View
    counts: Mapping[State, int] = field(default_factory=dict)
    above: int = 0
    """Rows over the window."""
    below: int = 0
    """Rows under it."""
    current: bool = False
    spinner: str = ""

    @property
    def trouble(self) -> tuple[str, str] | None:
        """The error line under the title; none where the empty table says it itself."""
        if self.view.freshness is Freshness.FAILED and not sum(self.counts.values()):
            return None
        return trouble(self.view)


class TitleLine(Line):
    """Name, counts and freshness of one table; under them what is wrong, if anything is."""

    def __init__(self, title: Title) -> None:
        super().__init__(id=f"title-{title.view.table}")
        self.title = title

    def show(self, title: Title) -> None:
        """Say something else."""
        self.title = title
        self.set_class(title.current, "-focused")
        self.repaint()

    @property
    def wanted_height(self) -> int:
        """Two lines where there is an error to show."""
        return 1 + (self.title.trouble is not None)

    def on_click(self) -> None:
        """A click gives the table the keys."""
        self.post_message(LiveTable.Picked(self.title.view.table))

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """The title, or the error under it."""
        return self._title(width) if y == 0 else self._trouble(width)

    def _title(self, width: int) -> Sequence[Part]:
        title = self.title
        mark: Part = ("▌", "accent") if title.current else (" ", "")
        name: Part = (f" {title.view.table} ", "accent" if title.current else "strong")
        spinner: Part = (f"{title.spinner if title.view.loading else ' '} ", "running")
        left: list[Part] = [mark, (f"{title.number}", "dim"), name, spinner]
        right: list[Part] = [*self._more(), *freshness_parts(title.view), (" ", "")]
        room = width - width_of(left) - width_of(right) - GAP
        counts = count_parts(title.counts, title.view.freshness, words=True)
        if width_of(counts) > room:
            counts = count_parts(title.counts, title.view.freshness, words=False)
        return compose([*left, *counts], right, width)

    def _more(self) -> list[Part]:
        arrows = [
            f"{arrow}{number:,}" for arrow, number in (("↑", self.title.above), ("↓", self.title.below)) if number
        ]
        return [(f"{' '.join(arrows)}   ", "dim")] if arrows else []

    def _trouble(self, width: int) -> Sequence[Part]:
        role = ROLES[self.title.view.freshness]
        error, hope = self.title.trouble or ("", "")
        return compose([(" " * EDGE, ""), ("! ", role), (error, role)], [(f"  {hope} ", "dim")], width)
