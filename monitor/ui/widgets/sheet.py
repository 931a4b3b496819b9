"""A page of text that scrolls, with a cursor among those places of it that lead somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from textual import events
from textual.message import Message
from textual.strip import Strip

from monitor.lineage import Row
from monitor.ui.widgets.painted import Part, compose, scroll_mark, width_of
from monitor.ui.widgets.wheeled import Wheeled

MARK = 1
"""Cells before each column, for the cursor's mark; and after the last one, for the scroll mark."""


@dataclass(frozen=True)
class Follow:
    """Leads to another row."""

    row: Row
    label: str = ""
    """What it is there as: two places may lead to the same."""


@dataclass(frozen=True)
class Open:
    """Leads to a web page."""

    url: str
    label: str = ""
    """As for `Follow`."""


@dataclass(frozen=True)
class Take:
    """Can be copied."""

    name: str
    text: str


Target = Follow | Open | Take
"""Where a place of the page leads."""


@dataclass(frozen=True)
class Cell:
    """One line of one column, as wide as its column."""

    parts: Sequence[Part]
    target: Target | None = None


PageLine = Sequence[Cell]
"""The columns of one line, from left to right."""


@dataclass(frozen=True)
class _Place:
    """Where a target stands."""

    target: Target
    lines: list[int] = field(default_factory=list)


class Sheet(Wheeled):
    """Shows a page. Its cursor is always on a target that is in view, where one is."""

    class Chosen(Message):
        """Somebody wants to go where a place leads."""

        def __init__(self, target: Target) -> None:
            super().__init__()
            self.target = target

    def __init__(self) -> None:
        super().__init__()
        self.top = 0
        """Number of the first line in view."""
        self.selected: Target | None = None
        """What the cursor is on; null where there is nothing to choose."""
        self._page: Sequence[PageLine] = ()
        self._places: list[_Place] = []
        """Column by column, each from top to bottom."""

    # --- what is told

    def show(self, page: Sequence[PageLine]) -> None:
        """Show the same page as it is now; cursor and window stay where they are as far as they can."""
        self._page, self._places = page, _places(page)
        self._settle()

    def turn(self, page: Sequence[PageLine], top: int = 0) -> None:
        """Show another page, from the line `top` on."""
        self.selected, self.top = None, top
        self.show(page)

    def on_resize(self) -> None:
        """The window has another size."""
        super().on_resize()
        self._settle()

    # --- what is asked

    def move(self, by: int) -> None:
        """Scroll so many lines; where there is nothing left to scroll, move the cursor instead."""
        before = self.top
        self._put_top(self.top + by)
        if self.top != before:
            self._settle(by)
        elif (place := self._beside(by)) in self._in_view and self._comes_after(place, by):
            self._select(place)

    def page(self, by: int) -> None:
        """Scroll by pages."""
        self._put_top(self.top + by * max(1, self.size.height - 1))
        self._settle(by)

    def go_to_end(self, by: int) -> None:
        """Scroll to the first line, or to the last one where `by` is positive."""
        self._put_top(self._last_top if by > 0 else 0)
        self._settle(by)

    def step(self, by: int) -> None:
        """Put the cursor on the next target, round and round, and bring that into view."""
        if not self._places:
            return
        place = self._beside(by) or self._places[0 if by > 0 else -1]
        self._put_top(min(self.top, place.lines[0]))
        self._put_top(max(self.top, place.lines[-1] - self.size.height + 1))
        self._select(place)

    def choose(self) -> None:
        """Go where the cursor is."""
        if self.selected is not None:
            self.post_message(self.Chosen(self.selected))

    def on_click(self, event: events.Click) -> None:
        """A click goes where it points."""
        target = self._at(event.x, self.top + event.y)
        if target is not None:
            self.selected = target
            self.repaint()
            self.choose()

    def wheel(self, by: int) -> None:
        """Scroll the page."""
        self._put_top(self.top + by)
        self._settle(by)

    # --- keeping the cursor in view

    @property
    def _last_top(self) -> int:
        return max(0, len(self._page) - max(1, self.size.height))

    def _put_top(self, top: int) -> None:
        self.top = max(0, min(top, self._last_top))

    def _settle(self, by: int = 1) -> None:
        """Keep the window on the page and the cursor in the window: where it left, it goes to the nearest there."""
        self._put_top(self.top)
        in_view = self._in_view
        if self._place not in in_view:
            rows = [place for place in in_view if isinstance(place.target, Follow)]
            candidates = (rows if self.selected is None else []) or in_view
            self.selected = (candidates[0] if by > 0 else candidates[-1]).target if candidates else None
        self.repaint()

    def _select(self, place: _Place | None) -> None:
        self.selected = place.target if place else None
        self.repaint()

    @property
    def _place(self) -> _Place | None:
        return next((place for place in self._places if place.target == self.selected), None)

    def _beside(self, by: int) -> _Place | None:
        """The place after the cursor's, or before it; null where there is no cursor."""
        place = self._place
        return None if place is None else self._places[(self._places.index(place) + by) % len(self._places)]

    def _comes_after(self, place: _Place | None, by: int) -> bool:
        """Whether it is further on, and not where one begins again."""
        order = [one.target for one in self._places]
        steps = order.index(place.target) - order.index(self.selected) if place and self.selected in order else 0
        return steps * by > 0

    @property
    def _in_view(self) -> list[_Place]:
        shown = range(self.top, self.top + self.size.height)
        return [place for place in self._places if any(line in shown for line in place.lines)]

    def _at(self, x: int, number: int) -> Target | None:
        if not 0 <= number < len(self._page):
            return None
        start = 0
        for cell in self._page[number]:
            start += MARK + width_of(cell.parts)
            if x < start:
                return cell.target
        return None

    # --- how it looks

    def line(self, y: int) -> Strip:
        """One line of the page, its marks, and the scroll mark."""
        number, width = self.top + y, self.size.width
        cells = self._page[number] if number < len(self._page) else ()
        parts = [part for cell in cells for part in self._marked(cell)]
        mark = scroll_mark(y, self.top, self.size.height, len(self._page))
        return self.strip(compose(parts, [(mark, "faint")], width))

    def _marked(self, cell: Cell) -> Iterable[Part]:
        if cell.target is None or cell.target != self.selected:
            return [(" " * MARK, ""), *cell.parts]
        return [("▌", "accent|cursor"), *((text, f"{role}|cursor") for text, role in cell.parts)]


def _places(page: Sequence[PageLine]) -> list[_Place]:
    found: dict[Target, tuple[int, _Place]] = {}
    for number, cells in enumerate(page):
        for column, cell in enumerate(cells):
            if cell.target is not None:
                found.setdefault(cell.target, (column, _Place(cell.target)))[1].lines.append(number)
    return [place for _, place in sorted(found.values(), key=lambda item: (item[0], item[1].lines[0]))]
