"""All that is known of one record, as a page: what it is, why it is so, when, what it belongs to, and who says so.

Pure: a record and its surroundings in, lines of parts out; text is cleaned here. Values of any length end somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fetchers.records import Record, Scalar, State, order
from monitor import freshness
from monitor.advice_parts import advice_parts
from monitor.browsing import is_web
from monitor.changes import ReasonRead, ScopeStatus
from monitor.columns import GLYPHS
from monitor.export import record_json
from monitor.fields import SECONDS
from monitor.freshness import Freshness
from monitor.lineage import Named, Row, Rows, is_itself
from monitor.tables import TABLES
from monitor.text import LIMIT, cell_width, clean, duration, one_line, pieces
from monitor.ui.evidence import doubts, evidence, grounds
from monitor.ui.page_layout import MOST, Said, Section, beside, column, wrapped
from monitor.ui.taking import log_of
from monitor.ui.times import distance, full_time
from monitor.ui.widgets.painted import Part, compose
from monitor.ui.widgets.sheet import MARK, Cell, Follow, Open, PageLine, Take, Target
from monitor.ui.words import ROLES, View, ago, name_of

TWO_COLUMNS_FROM = 120
"""Cells from which on the page has two columns."""

MOST_SAID = 60
"""Lines that what somebody should read takes at most."""
MOST_NAMED = 12
"""Records shown of those that name this one."""


@dataclass(frozen=True)
class Subject:
    """A record and what is known around it, at one moment."""

    row: Row
    record: Record
    view: View
    """Of its table."""
    links: Mapping[str, Row | None] = field(default_factory=dict)
    """Kind of link → the row it names."""
    named_by: Sequence[Named] = ()
    """Who names this record and is not named by it."""
    rows: Rows = field(default_factory=dict)
    gone: bool = False
    """Whether it is listed no more."""
    told: ReasonRead | None = None
    """What its reason rests on; null until the engine has said so."""

    @property
    def since(self) -> datetime | None:
        """When it was last known to be so; null while it is."""
        return self.view.as_of(self.record.scope)

    @property
    def until(self) -> datetime:
        """The moment up to which its time is counted."""
        since = self.since
        return self.view.now if since is None else since.astimezone(self.view.now.tzinfo)

    @property
    def scope(self) -> ScopeStatus | None:
        """What is known of the scope that it is in."""
        status = self.view.status
        return None if status is None else status.scopes.get(self.record.scope)


# --- the page ----------------------------------------------------------------------------------------------------


def page(subject: Subject, width: int) -> Sequence[PageLine]:
    """The page in so many cells, the marks beside its columns included."""
    room = max(1, width - 2 * MARK)
    why = _why(subject, room)
    top: list[PageLine] = [(Cell(line, target),) for line, target in why]
    top += [(Cell(line),) for line in evidence(subject.told.outcome if subject.told else None, room)]
    left, right = _identity(subject), [*_links(subject), grounds(subject.told, subject.view), _provenance(subject)]
    if width < TWO_COLUMNS_FROM:
        sections = [*left[:1], *right[:-1], *left[1:], right[-1]]
        return top + [(cell,) for cell in column(sections, max(1, width - 2 * MARK))]
    half = (width - 3 * MARK) // 2
    return top + beside(column(left, half - 1), column(right, width - 3 * MARK - half), half)


def raw_page(record: Record, width: int) -> Sequence[PageLine]:
    """The record as `ls -o json` has it, indented."""
    room = max(1, width - 2 * MARK)
    return [(Cell(parts),) for line in record_json(record).splitlines() for parts in _json_line(line, room)]


_ENTRY = re.compile(r'( *)("(?:[^"\\]|\\.)*": )?(.*)', re.DOTALL)


def _json_line(line: str, room: int) -> Iterator[list[Part]]:
    found = _ENTRY.fullmatch(line)
    indent, name, value = found.groups(default="") if found else ("", "", line)
    head = clean(indent + name)
    if cell_width(head) > room // 2:
        head, value = "", line  # no room for the value beside it
    start: Part = (head, "key")
    for piece in _broken(value, max(1, room - cell_width(head))) or [""]:
        yield [start, (piece, "text")]
        start = (" " * cell_width(head), "")


def _broken(value: str, room: int) -> list[str]:
    """All of it, however long: cleaned in parts, since one text is cleaned up to a limit only."""
    parts = (value[start : start + LIMIT] for start in range(0, len(value), LIMIT))
    return [piece for part in parts for piece in pieces(clean(part), room)]


# --- why ---------------------------------------------------------------------------------------------------------

_BAR = "┃ "


def _why(subject: Subject, width: int) -> list[tuple[list[Part], Target | None]]:
    """The reason and what to do about it, as the thing that the eye goes to."""
    record = subject.record
    role = "why-failed" if record.state is State.FAILED else record.state.value
    lines = [(compose([(_BAR, role), *parts], [], width), target) for parts, target in _reason(subject, width)]
    return [([(" " * width, "")], None), *lines] if lines else []


def _reason(subject: Subject, width: int) -> Iterator[tuple[list[Part], Target | None]]:
    record, room = subject.record, max(1, width - len(_BAR))
    if record.reason is None:
        if text := _no_reason(record):
            yield [(text, "dim")], None
        yield from _doubts(subject, room)
        return
    role = "why-failed" if record.state is State.FAILED else "text"
    for line in wrapped(record.reason.text, room, MOST_SAID):
        yield [(line, role)], None
    words = [record.reason.rule, record.reason.category, record.reason.origin and f"said by {record.reason.origin}"]
    words += ["retrying will not help"] if record.reason.fatal else []
    if said := " · ".join(one_line(word) for word in words if word):
        for line in wrapped(said, room, MOST):
            yield [(line, "dim")], None
    yield from _doubts(subject, room)
    yield from _advice(record.reason.advice or "", room)


def _doubts(subject: Subject, room: int) -> Iterator[tuple[list[Part], Target | None]]:
    """What the source says besides, and why the reason may yet be another."""
    for text, role in doubts(subject.record, subject.told, subject.view):
        for line in wrapped(text, room, MOST):
            yield [(line, role)], None


def _no_reason(record: Record) -> str:
    if record.state is State.FAILED:
        return "No reason is known: the source gave none"
    if record.state is State.UNKNOWN and record.raw_state:
        return f"The source says {one_line(record.raw_state)}, which this program does not know"
    return ""


_ARROW = "→ "


def _advice(advice: str, room: int) -> Iterator[tuple[list[Part], Target | None]]:
    """What to do: the words, and each command on lines of its own, to be copied."""
    start = _ARROW
    for part in advice_parts(advice):
        take = Take("command", part.text) if part.command else None
        for line in wrapped(part.text, max(1, room - len(_ARROW) * (1 + part.command)), MOST):
            indent: Part = (" " * len(_ARROW) * 2, "") if part.command else (start, "good")
            yield [indent, (line, "key" if part.command else "strong")], take
            start = " " * len(_ARROW)


# --- what and when -----------------------------------------------------------------------------------------------


def _identity(subject: Subject) -> list[Section]:
    record = subject.record
    about = [Said("id", (), record.id), Said("state", (), record.raw_state or record.state.value)]
    return [Section("Record", [*about, *_times(subject)]), *_fields(record.detail)]


def _times(subject: Subject) -> Iterator[Said]:
    record, now = subject.record, subject.view.now
    named = {"created": record.created, "started": record.started, "finished": record.finished}
    for label, moment in named.items():
        if moment is not None:
            yield Said(label, [(full_time(moment, now), "text")], distance(moment, now), "dim")
    took = record.seconds(subject.until)
    if took is not None:
        yield Said(_TOOK.get(record.state, "took"), [(duration(took), "strong")], _waited(record), "dim")


_TOOK = {State.RUNNING: "runs for", State.QUEUED: "waits for"}


def _waited(record: Record) -> str:
    if record.created is None or record.started is None:
        return ""
    waited = (record.started - record.created).total_seconds()
    return f"after {duration(waited)} of waiting" if waited >= 1 else ""


FIRST = (
    *("step", "runtime_s", "exit_code", "error_code", "failed_step", "condition_reason", "message", "status_detail"),
    *("machine_type", "accelerator", "accelerator_count", "cpu", "memory", "replicas", "job", "trigger", "queue"),
    *("user", "creator", "author", "image"),
)
"""Details that are asked for most; the others follow by name."""

GROUPS = {"summary.": "Summary", "label.": "Labels"}
"""Beginnings of details that have a heading of their own."""

_ELSEWHERE = frozenset({"log_url", "log_uri"})
"""Details that stand among the links."""


def _fields(detail: Mapping[str, Scalar]) -> list[Section]:
    """Every detail, the most wanted first."""
    rank = {name: at for at, name in enumerate(FIRST)}
    names = sorted(detail.keys() - _ELSEWHERE, key=lambda name: (rank.get(name, len(rank)), name))
    named = {"": [name for name in names if not name.startswith(tuple(GROUPS))]}
    named |= {start: [name for name in names if name.startswith(start)] for start in GROUPS}
    return [
        Section(GROUPS.get(start, "Fields"), [_field(name.removeprefix(start), name, detail) for name in found])
        for start, found in named.items()
    ]


def _field(label: str, name: str, detail: Mapping[str, Scalar]) -> Said:
    return Said(label, (), _shown(name, detail[name]))


def _shown(name: str, value: Scalar) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int() | float() if name in SECONDS:
            return f"{value:,} ({duration(value)})" if 0 <= value < 1e12 else str(value)  # noqa: PLR2004 - no infinity
        case int() if name == "step":
            return f"{value:,}"
        case _:
            return str(value)


# --- what it belongs to ------------------------------------------------------------------------------------------

KINDS = {"wandb_run": "run", "vertex_job": "Vertex job", "execution": "execution", "build": "build", "image": "image"}
"""What kinds of link are called, in the order in which they are shown."""

UNITS = {"builds": "build", "runner": "execution", "vertex": "Vertex job", "active": "run", "completed": "run"}
"""What a row of a table is called."""


def _links(subject: Subject) -> list[Section]:
    own = [*_outward(subject), *_pages(subject.record)]
    return [Section("Links", own), Section("Named by", list(_inward(subject)))]


def _outward(subject: Subject) -> Iterator[Said]:
    links = subject.record.links
    for kind in sorted(links, key=lambda kind: ([*KINDS, kind].index(kind), kind)):
        value = links[kind]
        if is_itself(kind, value, subject.row, subject.record):
            continue
        row = subject.links.get(kind)
        if row is None:
            yield Said(KINDS.get(kind, kind), (), f"{value}  (not in any table)", role="dim")
        else:
            yield _to(KINDS.get(kind, kind), "→ ", row, subject.rows, value)


def _inward(subject: Subject) -> Iterator[Said]:
    rows = subject.rows
    named = sorted(subject.named_by, key=lambda named: order(rows[named.row.table][named.row.key]))
    for one in named[:MOST_NAMED]:
        yield _to(UNITS.get(one.row.table, one.row.table), "← ", one.row, rows)
    if len(named) > MOST_NAMED:
        yield Said("", [(f"and {len(named) - MOST_NAMED} more", "dim")])


def _to(label: str, arrow: str, row: Row, rows: Rows, value: str = "") -> Said:
    """A row that can be gone to: its name and state; and the value that names it, where that is not its name."""
    record = rows[row.table][row.key]
    name = one_line(record.name or record.id)
    parts: list[Part] = [(f"{arrow}{name}", "accent"), (f"  {GLYPHS[record.state]} {record.state.value}", record.state)]
    return Said(label, parts, "" if value in ("", name, record.name) else value, role="dim", target=Follow(row, label))


def _pages(record: Record) -> Iterator[Said]:
    for label, place in (("page", record.url or ""), ("log", log_of(record))):
        if place:
            yield Said(label, (), place, target=Open(place, label) if is_web(place) else Take(label, one_line(place)))


# --- who says so -------------------------------------------------------------------------------------------------


def _provenance(subject: Subject) -> Section:
    record, view = subject.record, subject.view
    table = TABLES.get(subject.row.table)
    said = [Said("asked", (), (table.asks if table else "") or subject.row.table), Said("scope", (), record.scope)]
    return Section("Where this is from", [*said, *_answer(subject), *_asking(view, subject.scope)])


def _answer(subject: Subject) -> Iterator[Said]:
    """What its scope last answered, and what that is worth now."""
    scope, view = subject.scope, subject.view
    if scope is None or view.status is None:
        yield Said("answer", (), "nothing has been heard of its scope", role="dim")
        return
    found = freshness.of_scope(scope, view.status, view.now) if view.alive else Freshness.STALE
    worth: list[Part] = [(name_of(found), ROLES[found])]
    if scope.fetched_at is None:
        yield Said("answer", worth, "it has never answered in full", role="dim")
    else:
        since = distance if found.good else ago
        yield Said("answer", worth, since(scope.fetched_at, view.now))
        yield Said("", (), full_time(scope.fetched_at, view.now), role="dim")
    if scope.took_s is not None:
        yield Said("answered in", (), f"{scope.took_s:.1f} s")
    if not found.good and scope.fetched_at is not None:
        yield Said("kept", (), "as an earlier fetch, or the cache, had it: what is true now is not known", role="warn")


def _asking(view: View, scope: ScopeStatus | None) -> Iterator[Said]:
    if scope is None:
        return
    yield Said("asked again", (), _next(view, scope))
    yield from _last_error(view, scope)


def _last_error(view: View, scope: ScopeStatus) -> Iterator[Said]:
    """What went wrong last, when, and where more of it is; dim where the scope has answered since."""
    failure = scope.failure or scope.got_over
    if failure is None:
        return
    when = ago(scope.failed_at, view.now) if scope.failed_at is not None else ""
    role, since = ("error", "") if scope.failure is not None else ("dim", "; it has answered since")
    yield Said("last error", [(one_line(failure.kind), role)], when + since, "dim")
    yield Said("", (), failure.text, role=role, most=MOST_SAID)
    if view.log:  # every failure is in it, and the stacks of what was killed
        yield Said("evidence", (), view.log, "dim", target=Take("session log", one_line(view.log)))


def _next(view: View, scope: ScopeStatus) -> str:
    every = f"every {duration(scope.interval_s)}"
    if not view.alive:
        return "not until there is an engine again"
    if view.status is not None and view.status.waiting:
        return f"now; {one_line(view.status.waiting)}"
    if scope.loading:
        return f"now; {every}"
    if scope.next_at is None:
        return every
    return f"at {scope.next_at.astimezone(view.now.tzinfo):%H:%M:%S}; {every}"
