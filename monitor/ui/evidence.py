"""What a reason rests on, as a part of a record's page: the lines it was read from, when, by whom, and what is missing.

Pure: what the engine told in, clean parts out. There is nothing of it where the engine has told nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from fetchers.messages import Outcome
from fetchers.records import Record
from monitor.changes import ReasonRead
from monitor.tables import TABLES
from monitor.text import cell_width, clean, one_line
from monitor.ui.page_layout import Said, Section, heading, wrapped
from monitor.ui.times import distance, full_time
from monitor.ui.widgets.painted import Part, compose
from monitor.ui.words import View

BEFORE = 5
"""Lines of evidence before the root cause that are shown, ..."""

AFTER = 2
"""... and after it."""

LINES_OF_ONE = 4
"""Lines of the screen that one line of evidence takes at most; ..."""

LINES_OF_ROOT = 10
"""... and that the root cause takes."""

ROOT = "▶"
ROOT_WORD = "root cause"


# --- what stands under the reason ----------------------------------------------------------------------------------


def doubts(record: Record, told: ReasonRead | None, view: View) -> Iterator[tuple[str, str]]:
    """What its source says where that differs, and why its log has not been read; text and role."""
    if told is None:
        return
    if told.said is not None and record.reason is not None and _differ(told.said.text, record.reason.text):
        yield f"The source itself says: {one_line(told.said.text)}", "dim"
    if told.outcome is None:
        yield from _unread(record, view)
    elif told.outcome.problem is not None and (
        record.reason is None or _differ(told.outcome.problem, record.reason.text)
    ):
        yield told.outcome.problem, "warn"


def _differ(said: str, reason: str) -> bool:
    return one_line(said).casefold() not in one_line(reason).casefold()


def _unread(record: Record, view: View) -> Iterator[tuple[str, str]]:
    status = view.status
    if status is None or record.state not in TABLES[record.table].read:
        return
    if status.unreadable is not None:
        yield status.unreadable, "warn"
    elif status.unread:
        number = "1 log" if status.unread == 1 else f"{status.unread:,} logs"
        yield f"Its log has not been read yet: {number} of {status.table} to read", "dim"


# --- the lines -----------------------------------------------------------------------------------------------------


def evidence(outcome: Outcome | None, width: int) -> list[list[Part]]:
    """The lines that the reason was read from, the root cause marked; each line of the screen exactly so wide."""
    if outcome is None or not outcome.evidence:
        return []
    lines = outcome.evidence
    root = outcome.root if outcome.root is not None and 0 <= outcome.root < len(lines) else None
    first = max(0, (len(lines) if root is None else root) - BEFORE)
    last = min(len(lines), first + BEFORE + AFTER + 1 if root is None else root + AFTER + 1)
    blank: list[Part] = [(" " * width, "")]
    said = [_gap(first, "before", width), *_numbered(lines[first:last], first, root, width)]
    said.append(_gap(len(lines) - last, "after", width))
    return [blank, heading("Evidence", width), *(line for line in said if line)]


def _gap(lines: int, where: str, width: int) -> list[Part]:
    more = "1 line" if lines == 1 else f"{lines:,} lines"
    return compose([(f"  … {more} {where}; y copies all", "dim")], [], width) if lines > 0 else []


def _numbered(lines: tuple[str, ...], first: int, root: int | None, width: int) -> Iterator[list[Part]]:
    digits = len(str(first + len(lines)))
    for number, line in enumerate(lines, first):
        is_root = number == root
        head: list[Part] = [(f"{ROOT if is_root else ' '} ", "alarm"), (f"{number + 1:>{digits}}  ", "dim")]
        start = [*head, *([(f"{ROOT_WORD}: ", "alarm")] if is_root else [])]
        indent = sum(cell_width(text) for text, _ in start)
        pieces = wrapped(clean(line).rstrip(), max(1, width - indent), LINES_OF_ROOT if is_root else LINES_OF_ONE)
        for at, piece in enumerate(pieces):
            shown: list[Part] = [(piece, "why-failed" if is_root else "text")]
            yield compose([*(start if not at else [(" " * indent, "")]), *shown], [], width)


# --- where it is from ----------------------------------------------------------------------------------------------


def grounds(told: ReasonRead | None, view: View) -> Section:
    """When the reason was read, by whom, from how much of the log, and by which rules; empty where nobody read."""
    return Section("Where the reason is from", [*_grounds(told, view)] if told is not None else [])


def _grounds(told: ReasonRead, view: View) -> Iterator[Said]:
    outcome = told.outcome
    if outcome is None or not outcome.rules:
        return
    if told.read_at is not None:
        yield Said("read", [(full_time(told.read_at, view.now), "text")], distance(told.read_at, view.now), "dim")
    yield Said("by", (), "an earlier session, or another monitor: kept" if told.cached else "this session")
    whole = "all of its log" if outcome.whole else "not all of its log"
    entries = "1 entry" if outcome.entries == 1 else f"{outcome.entries:,} entries"
    yield Said("from", (), f"{entries}, {whole}")
    yield Said("rules", (), f"version {outcome.rules}")
