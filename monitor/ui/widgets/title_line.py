"""The line over a table: its name, its counts, how fresh it is; and under it what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fetchers.records import State
from monitor.columns import COUNTED, GAP
from monitor.freshness import Freshness
from monitor.text import counted, wrap
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.live_table import EDGE, LiveTable
from monitor.ui.widgets.painted import Part, compose, width_of
from monitor.ui.words import (
    ROLES,
    View,
    count_parts,
    freshness_parts,
    freshness_room,
    freshness_slack,
    trouble,
    unreadable,
)


class Title(msgspec.Struct, frozen=True):
    """What a title line says of its table."""

    number: int
    view: View
    counts: Mapping[State, int] = msgspec.field(default_factory=dict)
    above: int = 0
    """Rows over the window."""
    below: int = 0
    """Rows under it."""
    current: bool = False
    spinner: str = ""
    worded: frozenset[State] = frozenset()
    """States that are counted with their word."""
    wished: str = ""
    """What a person wants to see of it; empty where that is everything."""
    shown: int = 0
    """Rows that are as wished."""
    arranging: float | None = None
    """The share that is done while rows are put so; null once they are."""
    most: int = 1
    """Lines that the error under it may take."""
    causes: str = ""
    """How few causes its failures have; empty where that is not worth a word."""
    reading: bool = False
    """Whether it has been reading logs for a while."""

    @property
    def trouble(self) -> tuple[str, str] | None:
        """The error line under the title, and when it may be over; none where the empty table says it itself.

        Logs that cannot be read are worth a line of the table that has the keys.
        """
        if self.view.freshness is Freshness.FAILED and not sum(self.counts.values()):
            return None
        found = trouble(self.view)
        return (unreadable(self.view), "") if found is None and self.current and unreadable(self.view) else found

    @property
    def said_of_logs(self) -> list[Part]:
        """That logs are being read, or cannot be: what goes first where there is no room."""
        if unreadable(self.view):
            return [("logs not readable", "warn"), ("   ", "")]
        unread = self.view.status.unread if self.view.status is not None and self.reading else 0
        return [(f"reading {counted(unread, 'log')}", "dim"), ("   ", "")] if unread else []

    @property
    def left(self) -> list[Part]:
        """Mark, number, name and spinner: always as wide."""
        mark: Part = ("▌", "accent") if self.current else (" ", "")
        name: Part = (f" {self.view.table} ", "accent" if self.current else "strong")
        spinner: Part = (f"{self.spinner if self.view.loading else ' '} ", "running")
        return [mark, (f"{self.number}", "dim"), name, spinner]

    @property
    def wishes(self) -> list[Part]:
        """What is wanted of the rows, and how many are so: the counts are always those of all."""
        total = sum(self.counts.values())
        told = f"  {self.arranging:.0%} done" if self.arranging is not None else ""
        if self.wished and not told and self.shown != total:
            told = f"  {self.shown:,} of {total:,}"
        return [("  ", ""), (self.wished, "accent"), (told, "text")] if self.wished or told else []

    def room(self, worded: frozenset[State]) -> int:
        """Cells that the line takes at most with so many words: it depends on the counts, and on nothing that passes.

        So a title never changes its form because time passes or a window scrolls.
        """
        counts = count_parts(self.counts, self.view.freshness, worded)
        rows = sum(self.counts.values())
        return (
            width_of([*self.left, *counts, *self.wishes, *_arrows(rows, rows)]) + GAP + freshness_room(self.view) + EDGE
        )

    def error_lines(self, width: int) -> list[str]:
        """The error as so many lines as it takes and may take; none where all is well."""
        if self.trouble is None:
            return []
        room = max(1, width - _INDENT - EDGE)
        return wrap(self.trouble[0], room, first=room - _hope_room(width), most=self.most)


FORMS = (frozenset(COUNTED), frozenset({State.FAILED, State.RUNNING}), frozenset[State]())
"""Which counts carry their word, from much room to little."""

_MARK = "! "
_INDENT = EDGE + len(_MARK)
_HOPE = len("  its worker starts again ")
_HOPEFUL_FROM = 72
"""Cells of a line from which on there is room for more than the error."""


def roomiest(titles: Iterable[Title], width: int) -> frozenset[State]:
    """The form with most words in which every one of these fits: neighbours look alike."""
    titles = list(titles)
    fits = (form for form in FORMS if all(title.room(form) <= width for title in titles))
    return next(fits, FORMS[-1])


def _hope_room(width: int) -> int:
    return _HOPE if width >= _HOPEFUL_FROM else 0


_Ends = tuple[list[Part], list[Part]]
"""What follows the counts, and what stands at the end."""


def _ends(title: Title) -> list[_Ends]:
    """From much room to little: the scroll mark says what arrows say; the causes go; the age stays longest."""
    fresh, arrows = freshness_parts(title.view), _arrows(title.above, title.below)
    causes: list[Part] = [("  ", ""), (title.causes, "why-failed")] if title.causes else []
    return [
        (causes, [*title.said_of_logs, *arrows, *fresh]),
        (causes, [*arrows, *fresh]),
        (causes, fresh),
        (causes, fresh[-_AGE_PARTS:]),
        ([], fresh[-_AGE_PARTS:]),
        ([], fresh[-1:]),
    ]


_AGE_PARTS = 3
"""Age, dot and word."""


def _arrows(above: int, below: int) -> list[Part]:
    arrows = [f"{arrow}{number:,}" for arrow, number in (("↑", above), ("↓", below)) if number]
    return [(f"{' '.join(arrows)}   ", "dim")] if arrows else []


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

    def height_in(self, width: int) -> int:
        """Lines that it takes where lines have so many cells."""
        return 1 + len(self.title.error_lines(width))

    def on_click(self) -> None:
        """A click gives the table the keys."""
        self.post_message(LiveTable.Picked(self.title.view.table))

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """The title, or a line of the error under it."""
        return self._title(width) if y == 0 else self._trouble(y - 1, width)

    def _title(self, width: int) -> Sequence[Part]:
        title = self.title
        counts = count_parts(title.counts, title.view.freshness, title.worded)
        ends = _ends(title)
        room = width - width_of([*title.left, *counts, *title.wishes]) - len(" ") - EDGE - freshness_slack(title.view)
        causes, shown = next((one for one in ends if width_of(one[0]) + width_of(one[1]) < room), ends[-1])
        left = [*title.left, *counts, *causes, *title.wishes, (" ", "")]
        return compose(left, [*shown, (" " * EDGE, "")], width)

    def _trouble(self, y: int, width: int) -> Sequence[Part]:
        """The error; when it may be right again stands at the end of its first line."""
        lines = self.title.error_lines(width)
        role = ROLES[self.title.view.freshness] if trouble(self.title.view) else "warn"
        if y >= len(lines):
            return [(" " * width, "")]
        hope = self.title.trouble[1] if self.title.trouble and not y and _hope_room(width) else ""
        mark = _MARK if not y else " " * len(_MARK)
        return compose(
            [(" " * EDGE, ""), (mark, role), (lines[y], role)], [(f"  {hope} ", "dim")] if hope else [], width
        )
