"""The lines around the tables: header, summary, headings, titles, notice and footer. Each is told what to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from textual import events
from textual.strip import Strip

from fetchers.records import Record, State
from monitor.columns import GAP, GLYPHS, Column, widths
from monitor.freshness import Freshness
from monitor.text import clock, fit, fit_right, one_line, wrap
from monitor.ui.bindings import Key, footer_keys
from monitor.ui.widgets.live_table import EDGE, LiveTable
from monitor.ui.widgets.painted import Painted, Part, compose, cut, width_of
from monitor.ui.words import ROLES, View, count_parts, count_role, freshness_parts, trouble


class Line(Painted):
    """One line, or few, of parts that are made anew whenever what they show has changed."""

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """What line `y` shows, in exactly `width` cells."""
        raise NotImplementedError

    def line(self, y: int) -> Strip:
        """The line as a strip."""
        return self.strip(self.parts(y, self.size.width))


@dataclass(frozen=True)
class Banner:
    """What the header says, the same on every screen."""

    now: datetime
    utc: bool
    demo: bool
    subject: str = ""
    """Project and entity, where known; clean."""
    alarm: str = ""
    """What is wrong with the engine."""


class HeaderLine(Line):
    """Which program this is, about what, how the engine does, and the time."""

    def __init__(self, banner: Banner) -> None:
        super().__init__()
        self._banner = banner

    def show(self, banner: Banner) -> None:
        """Say something else."""
        self._banner = banner
        self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """Name, mark and subject on the left, clock on the right."""
        said = self._banner
        left: list[Part] = [(" monitor ", "app")]
        if said.demo:
            left += [(" DEMO ", "demo"), (" ", "")]
        if said.alarm:
            left.append((f" ✗ {said.alarm} ", "alarm"))
        if said.subject:
            left.append((f" {said.subject}", "dim"))
        return compose(left, [(f" {clock(said.now, utc=said.utc)} ", "dim")], width)


class HeadingLine(Line):
    """The names of the columns, of the table that has the keys."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self._columns = columns

    def show(self, columns: Sequence[Column]) -> None:
        """Name other columns."""
        self._columns = columns
        self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """Each name over its column."""
        parts: list[Part] = [(" " * EDGE, "")]
        for column, cells in widths(self._columns, width - 2 * EDGE):
            aligned = fit_right if column.align == "right" else fit
            parts += [(aligned(column.header, cells), "faint"), (" " * GAP, "")]
        return compose(parts[:-1], [], width)


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


class SelectedLine(Line):
    """The row under the cursor at full length: what its table had to cut."""

    HEIGHT = 2

    def __init__(self) -> None:
        super().__init__()
        self._record: Record | None = None
        self._known = ""

    def show(self, record: Record | None, known: str) -> None:
        """Say another row in full; `known` is the age of a row that is not live."""
        if (record, known) != (self._record, self._known):
            self._record, self._known = record, known
            self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:
        """The name, then why it is as it is and what to do about it, wrapped."""
        if self._record is None:
            return [(" " * width, "")]
        lines = _in_full(self._record, self._known, max(1, width - 2 * EDGE))
        return compose([(" ", ""), *lines[y]], [], width) if y < len(lines) else [(" " * width, "")]


def _in_full(record: Record, known: str, width: int) -> list[list[Part]]:
    role = "dim" if known and record.state.pending else record.state.value
    head: list[Part] = [(f"{GLYPHS[record.state]} ", role), (one_line(record.name or record.id), "strong")]
    if known:
        head.append((f"  as of {known}", "warn"))
    if record.reason is None:
        said = " · ".join(filter(None, (one_line(record.scope), one_line(record.raw_state))))
        return [cut([*head, (f"  {said}", "dim")], width)]
    advice = f" → {one_line(record.reason.advice)}" if record.reason.advice else ""
    lines = wrap(one_line(record.reason.text) + advice, width, first=width - width_of(head) - GAP, most=2)
    return [cut([*head, ("  ", ""), (lines[0], "text")], width), *([(line, "text")] for line in lines[1:])]


class NoticeLine(Line):
    """The latest notice that nobody has put away."""

    def __init__(self, notices: Sequence[str]) -> None:
        super().__init__()
        self.notices = list(notices)
        """Oldest first; clean."""

    def add(self, text: str) -> None:
        """One more to read; the same words twice are one."""
        if text in self.notices:
            self.notices.remove(text)
        self.notices.append(text)
        self.repaint()

    def dismiss(self) -> None:
        """Put the one that shows away."""
        if self.notices:
            self.notices.pop()
        self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """The latest, how many more, and how to put it away."""
        if not self.notices:
            return [(" " * width, "")]
        more = f" +{len(self.notices) - 1} more " if len(self.notices) > 1 else " "
        return compose([(" ! ", "warn"), (self.notices[-1], "warn")], [(f"{more}", "dim"), ("Esc ", "key")], width)


class FooterLine(Line):
    """The keys that matter."""

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """As many as there is room for; help and quit stay longest."""
        keys = footer_keys()
        while len(keys) > 1 and width_of(_footer(keys)) > width:
            keys = keys[1:]
        return compose(cut(_footer(keys), width), [], width)


def _footer(keys: Sequence[Key]) -> list[Part]:
    return [part for key in keys for part in ((f" {key.shown} ", "key"), (f"{key.label}  ", "dim"))]
