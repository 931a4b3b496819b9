"""How the start screen is laid out: findings and offers as lines of parts, for a terminal of any size. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.findings import Finding
from monitor.text import cut_middle, fit, wrap
from monitor.ui.bindings import Key
from monitor.ui.widgets.painted import Part, compose, width_of

WIDEST = 100
"""Cells beyond which a line is hard to read."""

_MARGIN = 2
_EDGE = 3
"""Cells for the cursor and the mark."""
_NAME = 25
_WORD = 9
_KEY = 8
_PROBLEM_LINES = 4


@dataclass(frozen=True)
class Page:
    """What the screen says at one moment; all of it clean."""

    findings: tuple[Finding, ...] = ()
    """None before the first look has come back."""
    ready: tuple[str, ...] = ()
    """Tables that have something to ask."""
    bare: bool = True
    """Whether nothing at all was found, not even half of what a table needs."""
    cursor: int = 0
    """Which finding is selected."""
    status: Part = ("", "")
    """When the last look was, or that one is being taken."""
    problem: str = ""
    """Why there is no newer look."""
    offers: tuple[Key, ...] = ()
    """What can be done here, by the keys in force."""
    demo: bool = False
    """Whether one comes from the demo."""


@dataclass(frozen=True)
class Row:
    """One line of the screen."""

    parts: Sequence[Part] = ()
    finding: int | None = None
    """The finding that it belongs to."""
    selected: bool = False
    """Whether the cursor is on it."""
    action: str = ""
    """What a click on it does."""


@dataclass(frozen=True)
class _Room:
    """How generous a layout is."""

    most: int
    """Lines that the places of one finding may take."""
    gap: int
    """Empty lines between two findings."""
    offers: bool
    """Whether what can be done is said here, and not by the footer alone."""
    spare: int = 0
    """Lines more for the places of the finding under the cursor."""


_ROOMS = (*(_Room(most, 1, offers=True) for most in (4, 3, 2, 1)), _Room(1, 1, offers=False), _Room(1, 0, offers=True))
_TIGHT = _Room(1, 0, offers=False)


def laid_out(page: Page, width: int, height: int) -> list[Row]:
    """Exactly `height` rows of `width` cells: as much as there is room for, and the cursor always in view."""
    inner = min(max(1, width - 2 * _MARGIN), WIDEST)
    room = next((one for one in _ROOMS if len(list(_rows(page, inner, one))) <= height), _TIGHT)
    spare = max(0, height - len(list(_rows(page, inner, room))))
    rows = _in_view(list(_rows(page, inner, replace(room, spare=spare))), height)
    above = (height - len(rows)) // 3
    rows = [Row()] * above + rows + [Row()] * (height - len(rows) - above)
    left = " " * ((width - inner) // 2)
    return [replace(row, parts=compose([(left, ""), *_grounded(row, inner)], [], width)) for row in rows]


def _grounded(row: Row, inner: int) -> Sequence[Part]:
    """What the row says, over the cursor's colour where that is on it."""
    if not row.selected:
        return row.parts
    return [(text, f"{role}|cursor") for text, role in compose(row.parts, [], inner)]


def _in_view(rows: list[Row], height: int) -> list[Row]:
    """As many as there is room for, the selected one among them."""
    if len(rows) <= height:
        return rows
    selected = next((n for n, row in enumerate(rows) if row.selected), 0)
    first = max(0, min(selected, selected + 2 - height))
    return rows[first : first + height]


def _rows(page: Page, inner: int, room: _Room) -> Iterator[Row]:
    yield Row()
    yield from _head(page, inner)
    for index, finding in enumerate(page.findings):
        yield from [Row()] * (room.gap if index else 1)
        yield from _finding(finding, index, inner, room, selected=index == page.cursor)
    if room.offers and page.offers:
        yield Row()
        yield from (_offer(key, inner) for key in page.offers)


def _head(page: Page, inner: int) -> Iterator[Row]:
    headline, advice = _words(page)
    yield Row(compose([(headline, "strong")], [page.status], inner))
    if page.problem:
        yield from (Row([(line, "error")]) for line in wrap(f"✗ {page.problem}", inner, most=_PROBLEM_LINES))
    elif advice:
        yield from (Row([(line, "dim")]) for line in wrap(advice, inner, most=2))


def _words(page: Page) -> tuple[str, str]:
    """What it comes to, and what to do."""
    if not page.findings:
        return "Looking for what is set up", ""
    if page.ready:
        return (
            f"Set up: {', '.join(page.ready)}",
            "Run what mends the other sources you use, then look again.",
        )
    headline = "Nothing is set up yet" if page.bare else "No table has anything to ask yet"
    otherwise = "" if page.demo else "; or see the demo first"
    return headline, f"Run what mends the sources you use, then look again{otherwise}."


def _finding(finding: Finding, index: int, inner: int, room: _Room, *, selected: bool) -> Iterator[Row]:
    title, below = _title(finding, inner, selected=selected)
    yield Row(title, index, selected)
    indent = (" " * _EDGE, "")
    if below:
        yield Row([indent, *below], index)
    for line in wrap(finding.places, max(1, inner - _EDGE), most=room.most + room.spare * selected):
        yield Row([indent, (line, "dim")], index)


def _title(finding: Finding, inner: int, *, selected: bool) -> tuple[list[Part], list[Part]]:
    """The line of a finding in `inner` cells, and the line of the command where that line has no room for it."""
    mark, role = _mark(finding)
    head = [("▌" if selected else " ", "accent"), (f"{mark} ", role), (fit(finding.what, _NAME), "strong")]
    room = max(1, inner - width_of(head))
    if finding.found is not None:
        return compose([*head, (cut_middle(finding.found, room), "text")], [], inner), []
    command: list[Part] = [("→ ", "faint"), (finding.mend, "key")]
    head.append((fit(finding.word, _WORD), role))
    if width_of(head) + width_of(command) > inner:
        return compose(head, [], inner), command
    return compose([*head, *command], [], inner), []


def _mark(finding: Finding) -> Part:
    if finding.found is not None:
        return ("✓", "good")
    return ("·", "dim") if finding.optional else ("○", "warn")


def _offer(key: Key, inner: int) -> Row:
    said = [(fit(f" {key.first}", _KEY), "key"), (key.text, "text")]
    return Row(compose(said, [], inner), action=key.action)
