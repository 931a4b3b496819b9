"""What the terminal shows, so that only the cells that differ are ever sent to it.

Textual sends a line from the left edge of its widget up to what has changed, and every style in full. Over ssh, and in
a pane that is open all day, these bytes are what the screen costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

from monitor.ui.inks import Ink, ink, turn

_NARROW = re.compile(
    r"[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0481\u2013-\u2026\u2190-\u21ff\u2500-\u25fc\u2713\u2717\u2800-\u28ff]*"
)
"""Texts in which each character is one cell on every terminal."""


class Run(NamedTuple):
    """Neighbouring cells in one ink."""

    text: str
    ink: Ink


class Canvas:
    """A terminal's cells as we last wrote them, and its pen."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Run]] = {}
        """By number from the top; of one that is missing nothing is known."""
        self._ink: Ink | None = None
        self._at: tuple[int, int] | None = None
        """Line and cell at which the terminal would write."""

    def forget(self) -> None:
        """Nothing is known any more: somebody else wrote to the terminal, or it has another size."""
        self._lines.clear()
        self._ink = self._at = None

    def bring_to(self, update: CompositorUpdate, system: ColorSystem) -> str:
        """What to write so that the terminal shows what Textual wants it to show; nothing where it does already."""
        if isinstance(update, LayoutUpdate):
            lines = enumerate(update.strips, update.region.y)
            return "".join(self._line(y, _runs(chain.from_iterable(line), system)) for y, line in lines)
        assert isinstance(update, ChopsUpdate)  # noqa: S101 - there is no third kind but for programs within a shell
        return "".join(self._chops(update, y, system) for y in dict.fromkeys(y for y, *_ in update.spans))

    def _chops(self, update: ChopsUpdate, y: int, system: ColorSystem) -> str:
        """A line that is rendered in pieces, one for each widget that is in it; not all of them may have changed."""
        pieces = update.chops[y]
        if None not in pieces.values():
            return self._line(y, _runs(chain.from_iterable(filter(None, pieces.values())), system))
        self._lines.pop(y, None)
        return "".join(
            self._write(y, x, run)
            for start, strip in pieces.items()
            if strip is not None
            for x, run in _placed(start, _runs(strip, system))
        )

    def _line(self, y: int, new: list[Run]) -> str:
        old, self._lines[y] = self._lines.get(y), new
        if old == new:
            return ""
        changed = _placed(0, new) if old is None else changes(old, new)
        return "".join([self._write(y, x, run) for x, run in changed])

    def _write(self, y: int, x: int, run: Run) -> str:
        """Go there, take the ink, write."""
        sent = _go(self._at, y, x) + turn(self._ink, run.ink) + run.text
        self._at, self._ink = (y, x + cell_len(run.text)), run.ink
        return sent


def _go(at: tuple[int, int] | None, y: int, x: int) -> str:
    if at == (y, x):
        return ""
    if at is not None and at[0] == y and at[1] < x:
        return f"\x1b[{x - at[1]}C"
    return f"\x1b[{y + 1};{x + 1}H"


def _runs(segments: Iterable[Segment], system: ColorSystem) -> list[Run]:
    """A line as the longest runs there are."""
    runs: list[Run] = []
    for text, style, control in segments:
        if control or not text:
            continue
        run = Run(text, ink(style, system))
        if runs and runs[-1].ink == run.ink:
            runs[-1] = Run(runs[-1].text + text, run.ink)
        else:
            runs.append(run)
    return runs


def _placed(x: int, runs: Iterable[Run]) -> Iterator[tuple[int, Run]]:
    for run in runs:
        yield x, run
        x += cell_len(run.text)


def changes(old: Sequence[Run], new: Sequence[Run]) -> Iterator[tuple[int, Run]]:
    """What to write, and from which cell on, to make one line of another."""
    if all(_NARROW.fullmatch(run.text) for run in chain(old, new)) and _length(old) == _length(new):
        return _changed_cells(old, new)
    return _changed_runs(old, new)


def _length(runs: Iterable[Run]) -> int:
    return sum(len(run.text) for run in runs)


def _changed_runs(old: Sequence[Run], new: Sequence[Run]) -> Iterator[tuple[int, Run]]:
    """From the first run that differs to the end: where cells and characters are not the same, nothing is cut."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    return _placed(sum(cell_len(run.text) for run in new[:same]), new[same:])


def _changed_cells(old: Sequence[Run], new: Sequence[Run]) -> Iterator[tuple[int, Run]]:
    """Wherever both lines are in one ink each: the cells from the first to the last that differ."""
    x = 0
    for before, after in _side_by_side(old, new):
        start, end = _span(before, after)
        if start < end:
            yield x + start, Run(after.text[start:end], after.ink)
        x += len(after.text)


def _side_by_side(old: Sequence[Run], new: Sequence[Run]) -> Iterator[tuple[Run, Run]]:
    """Both lines in pieces of the same lengths."""
    left, right = iter(old), iter(new)
    before, after = next(left, None), next(right, None)
    while before is not None and after is not None:
        cells = min(len(before.text), len(after.text))
        yield Run(before.text[:cells], before.ink), Run(after.text[:cells], after.ink)
        before = before._replace(text=before.text[cells:]) if len(before.text) > cells else next(left, None)
        after = after._replace(text=after.text[cells:]) if len(after.text) > cells else next(right, None)


def _span(before: Run, after: Run) -> tuple[int, int]:
    """From the first to the last character that looks different."""
    if before == after or _both_blank(before, after):
        return (0, 0)
    start, end = 0, len(after.text)
    if before.ink == after.ink:
        while before.text[start] == after.text[start]:
            start += 1
        while before.text[end - 1] == after.text[end - 1]:
            end -= 1
    return (start, end)


def _both_blank(before: Run, after: Run) -> bool:
    return (
        before.ink.ground == after.ink.ground
        and before.text.isspace()
        and after.text.isspace()
        and not (before.ink.shows_blanks or after.ink.shows_blanks)
    )
