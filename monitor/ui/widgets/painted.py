"""What every widget of ours is made of: lines of plain text in roles, repainted only where they changed.

Text goes into segments as it is: nothing is ever parsed as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from monitor.text import ELLIPSIS, cell_width, fit
from monitor.ui.role_styles import forget, role_style

Part = tuple[str, str]
"""Clean text and the role it is painted in; an empty role is the widget's own colour."""

ROLES = (
    *("app", "demo", "alarm", "warn", "error", "good", "dim", "faint", "text", "strong", "accent", "tab", "key"),
    *("running", "queued", "succeeded", "failed", "cancelled", "unknown", "why-failed"),
    *("cursor", "cursor-blurred", "caret", "changed"),
)
"""Each is a class `role--…` of the style sheet."""

_LIFTED = {"faint": "dim", "cancelled": "dim"}
"""What steps forward on a ground of another role, where it would be too faint to read."""


class Painted(Widget):
    """A widget that paints lines of parts."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._inks: dict[str, Style] = {}
        self._lines: dict[int, Strip] = {}

    def ink(self, role: str) -> Style:
        """The style of a role over the widget's own; `role|ground` has the background of another role under it."""
        if role not in self._inks:
            self._inks[role] = self._mixed(*role.split("|"))
        return self._inks[role]

    def _mixed(self, role: str, ground: str = "") -> Style:
        if not (role or ground):
            return self.rich_style  # asked for once: Textual works it out anew each time
        if not ground:
            return self.ink("") + self._own(role)
        under = self.ink(ground)
        if under.reverse:  # one bar, whatever colours stand in it
            return under.without_color + Style(bold=self._own(role).bold)
        return self.ink("") + Style(bgcolor=under.bgcolor) + self._own(_LIFTED.get(role, role))

    def _own(self, role: str) -> Style:
        return role_style(self, role) if role else Style()

    def strip(self, parts: Iterable[Part], under: str = "") -> Strip:
        """A line of parts; `under` is a role whose background lies under all of them."""
        ground = f"|{under}" if under else ""
        return Strip([Segment(text, self.ink(role + ground)) for text, role in parts])

    def notify_style_update(self) -> None:
        """Colours may have changed, of roles alone perhaps: forget what was painted."""
        forget(self)
        self._inks.clear()
        self._lines.clear()
        super().notify_style_update()
        self.refresh()

    def line(self, y: int) -> Strip:
        """What line `y` should look like now."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Called by Textual: the line as last prepared."""
        if y not in self._lines:
            self._lines[y] = self.line(y)
        return self._lines[y]

    def repaint(self, lines: Iterable[int] | None = None) -> None:
        """Prepare lines again and send those of their cells that differ; every line, by default."""
        width = self.size.width
        for y in range(self.size.height) if lines is None else lines:
            old, new = self._lines.get(y), self.line(y)
            span = (0, width) if old is None else changed_span(old, new)
            if span is not None:
                self._lines[y] = new
                self.refresh(Region(span[0], y, span[1] - span[0], 1))

    def on_resize(self) -> None:
        """A new width makes new lines."""
        self._lines.clear()
        self.refresh()


def changed_span(old: Strip, new: Strip) -> tuple[int, int] | None:
    """The cells, from and to, outside which two lines are the same; null where they are the same everywhere."""
    before, after = list(old), list(new)
    length = max(old.cell_length, new.cell_length)
    start = _common(before, after)
    if start == length and old.cell_length == new.cell_length:
        return None
    if old.cell_length != new.cell_length:
        return (start, length)
    end = length - _common(before[::-1], after[::-1])
    return (start, max(start + 1, end))


def _common(left: Sequence[Segment], right: Sequence[Segment]) -> int:
    """Cells of the segments that two lines have in common at their beginning."""
    cells = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        cells += one.cell_length
    return cells


def set_shown(widget: Widget, shown: bool) -> None:
    """Show a widget or not; Textual lays out again only where that is new."""
    if widget.display != shown:
        widget.display = shown


def scroll_mark(y: int, top: int, height: int, total: int) -> str:
    """What stands at the end of line `y` of `height`, over `total` lines from `top` on: a thumb as long as its part.

    None where all is in view.
    """
    if total <= height or not height:
        return " "
    length = max(1, height * height // total)
    start = (height - length) * top // (total - height)
    return "▐" if start <= y < start + length else " "


def width_of(parts: Iterable[Part]) -> int:
    """Cells that the parts take."""
    return sum(cell_width(text) for text, _ in parts)


def compose(left: Sequence[Part], right: Sequence[Part], width: int) -> list[Part]:
    """One line of exactly `width` cells: `right` at its end, `left` at its beginning, cut where they meet."""
    right = cut(right, width)
    room = width - width_of(right)
    left = cut(left, room)
    return [*left, (" " * (room - width_of(left)), ""), *right]


def cut(parts: Sequence[Part], width: int) -> list[Part]:
    """The parts in at most `width` cells; an ellipsis stands for what is left out."""
    if width_of(parts) <= width:
        return list(parts)
    kept: list[Part] = []
    for text, role in parts:
        room = width - width_of(kept)
        if cell_width(text) >= room:
            shown = fit(text + ELLIPSIS, room) if room > 0 else ""
            return [*kept, (shown, role)] if shown else kept
        kept.append((text, role))
    return kept
