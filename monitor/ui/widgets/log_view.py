"""The lines of a log under a cursor, or the words that say why there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from textual import events
from textual.message import Message
from textual.strip import Strip

from monitor.text import fit, wrap
from monitor.ui.log_causes import CAUSE, ROOT, Cause
from monitor.ui.log_search import Search, Span
from monitor.ui.log_text import LogLine, LogText
from monitor.ui.log_window import SIDEWAYS, LogWindow, Shown
from monitor.ui.widgets.painted import Part, compose, scroll_mark, width_of
from monitor.ui.widgets.wheeled import Wheeled
from monitor.ui.words import Said

MARKS = 2
"""Cells before each line: the cursor's mark, and a cause's."""

_WORD_FROM = 100
"""Cells from which on severities are words, ..."""
_TIME_FROM = 60
"""... and from which on there is room for times, and a letter for the severity."""
_WORD = 5

SEVERE = frozenset({"ERROR", "CRITICAL", "ALERT", "EMERGENCY", "FATAL"})
_SHORT = {"WARNING": "WARN", "CRITICAL": "CRIT", "EMERGENCY": "EMERG", "DEFAULT": ""}
"""Severities that are longer than their column."""


class Form(msgspec.Struct, frozen=True):
    """What stands at the left of a line."""

    time: str = ""
    """How times are written; empty: not at all."""
    cells: int = 0
    """Cells that they take."""
    severity: int = 0
    """Cells for the severity."""

    @property
    def width(self) -> int:
        """Cells, gaps included."""
        return MARKS + self.gap + (self.cells + 1 if self.cells else 0) + (self.severity + 1 if self.severity else 0)

    @property
    def gap(self) -> int:
        """Cells between the marks and what follows, where that is not the text."""
        return 1 if self.cells or self.severity else 0


def form_of(text: LogText, now: datetime, width: int) -> Form:
    """The form for lines of so many cells: what no line has takes no room."""
    if width < _TIME_FROM:
        return Form()
    severity = (_WORD if width >= _WORD_FROM else 1) if text.graded else 0
    if not text.dated:
        return Form(severity=severity)
    ends = [end.astimezone(now.tzinfo).date() for end in (text.oldest, text.newest) if end is not None]
    if all(day == now.date() for day in ends):
        return Form("%H:%M:%S", 8, severity)
    return Form("%m-%d %H:%M:%S", 14, severity)


class LogView(Wheeled):
    """Lines of a log; a hundred thousand as fluid as ten, because only those in view are ever laid out."""

    class Moved(Message):
        """The window or the cursor stands elsewhere."""

    def __init__(self, text: LogText, now: Callable[[], datetime]) -> None:
        """`now` is in the zone that times are shown in."""
        super().__init__()
        self.text = text
        """What has been read."""
        self.window = LogWindow(text.lines)
        """Which part of it is in view."""
        self.causes: Mapping[int, Cause] = {}
        """Lines that say why."""
        self.search: Search | None = None
        """What is marked in the lines."""
        self.said = Said("", "", "dim")
        """What stands where lines would be."""
        self.touched = False
        """Whether anybody has moved."""
        self._now = now
        self._form = Form()
        self._shown: Sequence[Shown] = ()

    # --- what is told

    def show(self) -> None:
        """Lines, marks, or the place of the window are others now."""
        self._form = form_of(self.text, self._now(), self.size.width)
        self.window.resize(self.size.height, self.size.width - self._form.width - 1)
        self._shown = self.window.shown()
        self.repaint()

    def say(self, said: Said) -> None:
        """What stands where lines would be."""
        if said != self.said:
            self.said = said
            if not self.text.lines:
                self.repaint()

    def begin(self, text: LogText) -> None:
        """Another text: from its end."""
        self.text, self.causes = text, {}
        wraps = self.window.wraps
        self.window = LogWindow(text.lines)
        self.window.wraps = wraps
        self.show()
        self.window.end()
        self._changed()

    def put_before(self, lines: Sequence[LogLine]) -> None:
        """Older lines: what is in view stays where it is."""
        self.text.put_before(lines)
        self.causes = {index + len(lines): cause for index, cause in self.causes.items()}
        self.window.came_before(len(lines))
        self._changed()

    def put_after(self, lines: Sequence[LogLine]) -> None:
        """Newer lines: whoever is on the last line goes along."""
        at_end = self.window.at_end
        gone = self.text.put_after(lines)
        self.causes = {index - gone: cause for index, cause in self.causes.items() if index >= gone}
        self.window.came_after(gone, stays_at_end=at_end)
        self._changed()

    def on_resize(self) -> None:
        """The window has another size; until somebody moves, it is opened anew."""
        super().on_resize()
        self.show()
        if not self.touched:
            self._open(self.window.cursor)
            self.show()

    # --- what is asked

    def moved(self) -> None:
        """Somebody has moved the window: show where it is now."""
        self.touched = True
        self._changed()

    def open_at(self, index: int) -> None:
        """Put the cursor on a line unasked, with as much of what follows as there is room for."""
        if index != self.window.cursor:
            self._open(index)
            self._changed()

    def _open(self, index: int) -> None:
        self.window.end()
        self.window.go(index)

    def _changed(self) -> None:
        self.show()
        self.post_message(self.Moved())

    def sideways(self, by: int) -> None:
        """Along lines that are not wrapped; who asks for that wants them so."""
        if self.window.wraps:
            self.window.wrap(False)
        self.window.sideways(by * SIDEWAYS)
        self.moved()

    @property
    def line_under_cursor(self) -> LogLine | None:
        """None where there are none."""
        return self.text.lines[self.window.cursor] if self.text.lines else None

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there."""
        if event.y < len(self._shown):
            self.window.go(self._shown[event.y].index)
            self.moved()

    def wheel(self, by: int) -> None:
        """Move the window over the log."""
        self.window.scroll(by)
        self.moved()

    # --- how it looks

    def line(self, y: int) -> Strip:
        """One line of the log, or of what is said in its place."""
        width = self.size.width
        if not self.text.lines:
            return self.strip(self._in_the_middle(y, width))
        if y >= len(self._shown):
            return self.strip([(" " * width, "")])
        shown = self._shown[y]
        mark = scroll_mark(y, self.window.top, self.size.height, max(self.size.height, len(self.text)))
        parts = compose([*self._left(shown), *self._text(shown)], [(mark, "faint")], width)
        return self.strip(parts, "cursor" if shown.index == self.window.cursor else "")

    def _left(self, shown: Shown) -> Iterable[Part]:
        line, form = self.text.lines[shown.index], self._form
        yield ("▌" if shown.index == self.window.cursor else " ", "accent")
        yield self._mark(shown)
        yield (" " * form.gap, "")
        begins = line.first and not shown.part
        if form.cells:
            yield (f"{self._time(line) if begins else '':{form.cells}} ", "dim")
        if form.severity:
            found = begins and self.search is not None and self.search.found_in_severity(line)
            word = fit(_severity(line, form.severity) if begins else "", form.severity)
            yield from ((word, "caret" if found else _role(line)), (" ", ""))

    def _mark(self, shown: Shown) -> Part:
        cause = self.causes.get(shown.index)
        if cause is None or shown.part:
            return (" ", "")
        return (ROOT, "alarm") if cause.root else (CAUSE, "warn")

    def _time(self, line: LogLine) -> str:
        if line.at is None:
            return ""
        try:
            return f"{line.at.astimezone(self._now().tzinfo):{self._form.time}}"
        except OverflowError:  # the first or the last day of the calendar, in another zone
            return ""

    def _text(self, shown: Shown) -> list[Part]:
        """The words, with what is searched for marked."""
        cause = self.causes.get(shown.index)
        role = ("why-failed" if cause.root else "warn") if cause is not None else "text"
        spans = self.search.spans(self.text.lines[shown.index].text) if self.search is not None else []
        return _marked(shown, spans, role)

    def _in_the_middle(self, y: int, width: int) -> list[Part]:
        room = max(1, min(width - 4, 100))
        bodies = [line for words in (self.said.body, *self.said.more) for line in wrap(words, room, most=8)]
        lines: list[Part] = [(self.said.head, self.said.role), *((line, "dim") for line in bodies)]
        at = y - max(0, (self.size.height - len(lines)) // 2)
        if not 0 <= at < len(lines):
            return [(" " * width, "")]
        return compose([(" " * max(0, (width - width_of(lines[at : at + 1])) // 2), ""), lines[at]], [], width)


def _severity(line: LogLine, cells: int) -> str:
    word = line.severity.upper()
    return _SHORT.get(word, word)[:cells]


def _role(line: LogLine) -> str:
    word = line.severity.upper()
    return "failed" if word in SEVERE else "warn" if word == "WARNING" else "dim"


def _marked(shown: Shown, spans: Iterable[Span], role: str) -> list[Part]:
    """The text in parts: what is found stands out."""
    parts: list[Part] = []
    at, end = shown.start, shown.start + len(shown.text)
    for start, stop in spans:
        one, other = max(at, start), min(end, stop)
        if one < other:
            parts += [(shown.text[at - shown.start : one - shown.start], role)] if one > at else []
            parts.append((shown.text[one - shown.start : other - shown.start], "caret"))
            at = other
    return [*parts, (shown.text[at - shown.start :], role)]
