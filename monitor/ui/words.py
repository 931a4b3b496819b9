"""What the screen says about a table, in words: how fresh it is, what went wrong, and why there are no rows.

Pure: a status and the present time in, clean text out. Nothing here claims more than the status knows.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime
from functools import cached_property

import msgspec

from fetchers.records import State
from monitor import freshness
from monitor.causes import causes
from monitor.changes import ScopeStatus, TableStatus
from monitor.columns import COUNTED, GLYPHS
from monitor.freshness import Freshness
from monitor.tables import TABLES
from monitor.text import age, cell_width, duration, one_line

Part = tuple[str, str]

UNITS = {"wandb": ("source", "sources")}
"""What the scopes of a source are called, one and many; regions where nothing is said."""


class View(msgspec.Struct, frozen=True, dict=True):
    """One table's status at one moment, as the screen judges it."""

    table: str
    status: TableStatus | None
    """As the engine last told it; null before its first word."""
    now: datetime
    alive: bool = True
    """Whether there is an engine that could still answer."""
    said_by: str = ""
    """Another table on screen that already says what is missing here."""
    beginning: bool = False
    """Whether this is where a newcomer to whom nothing is set up is told how to begin."""
    log: str = ""
    """The file of the engine's session log; empty where it has named none."""

    @cached_property
    def freshness(self) -> Freshness:
        """As everywhere, but nothing is live or loading without an engine."""
        if self.status is None:
            return Freshness.LOADING if self.alive else Freshness.FAILED
        found = freshness.of_table(self.status, self.now)
        if self.alive or found in SETTLED:
            return found
        return Freshness.FAILED if self.fetched_at is None and not self._rows else Freshness.STALE

    @property
    def loading(self) -> bool:
        """Whether something is being asked now: what the spinner turns for."""
        if not self.alive or self.freshness in SETTLED:
            return False
        if self.status is None or self.freshness is Freshness.LOADING:
            return True
        return self._waits or any(scope.loading for scope in self.status.scopes.values())

    @property
    def _waits(self) -> bool:
        """Whether a client loads for an answer that is not there yet."""
        return self.status is not None and self.status.waiting is not None and not self.freshness.good

    @cached_property
    def fetched_at(self) -> datetime | None:
        """When its oldest answer came."""
        return None if self.status is None else freshness.fetched_at(self.status, self.now)

    @property
    def heard_at(self) -> datetime | None:
        """When anything of it answered last."""
        return max((scope.fetched_at for scope in _scopes(self) if scope.fetched_at is not None), default=None)

    @property
    def error(self) -> str | None:
        """What went wrong, one line."""
        if self.status is None or self.status.missing is not None:
            return None if self.status is None else one_line(self.status.missing or "")
        found = causes(self.status)
        more = sum(len(cause.scopes) for cause in found[1:])
        return f"{found[0].line} (+{more} more)" if more else found[0].line if found else None

    def as_of(self, scope: str) -> datetime | None:
        """The time at which rows of a scope were last known to be so; null while they are live."""
        status = None if self.status is None else self.status.scopes.get(scope)
        if self.status is None or status is None:
            return None if self.freshness.good or self.freshness is Freshness.LOADING else self.fetched_at
        judged = freshness.of_scope(status, self.status, self.now)
        asked = self.alive and self.freshness is not Freshness.DISABLED
        return None if asked and judged is not Freshness.STALE else status.fetched_at

    @property
    def _rows(self) -> int:
        return 0 if self.status is None else sum(scope.rows for scope in self.status.scopes.values())


SETTLED = frozenset({Freshness.UNCONFIGURED, Freshness.DISABLED})
"""What no answer changes: nothing is asked."""

ROLES = {
    Freshness.LOADING: "queued",
    Freshness.LIVE: "good",
    Freshness.IDLE: "good",
    Freshness.PARTIAL: "warn",
    Freshness.STALE: "warn",
    Freshness.FAILED: "alarm",
    Freshness.UNCONFIGURED: "dim",
    Freshness.DISABLED: "dim",
}
"""The colour of each word; never the only sign."""

NAMES = {
    Freshness.UNCONFIGURED: "not set up",
    Freshness.DISABLED: "off",
}
"""Words other than the freshness's own."""


def name_of(found: Freshness) -> str:
    """What the screen calls a freshness."""
    return NAMES.get(found, found.value)


_SINCE = "last answer "
_DOT = " · "
_OLD = frozenset({Freshness.STALE, Freshness.FAILED, Freshness.DISABLED})
"""Where an age is the time since which nobody answers; elsewhere it is the age of what is shown."""


def freshness_parts(view: View) -> list[Part]:
    """The right end of a title line: `7/18 regions · 10 s ago · live`, or `… · last answer 3 s ago · stale`."""
    parts: list[Part] = []
    for text in filter(None, (_answered(view), _age(view))):
        parts += [(text, "dim"), (_DOT, "faint")]
    return [*parts, (name_of(view.freshness), ROLES[view.freshness])]


_WIDEST_AGE = max(cell_width(age(seconds)) for seconds in (59, 59 * 60, 23 * 3600, 99 * 86400))
_WIDEST_NAME = max(cell_width(name_of(found)) for found in Freshness if found not in SETTLED)


def freshness_slack(view: View) -> int:
    """Cells by which `freshness_parts` may still grow as time passes."""
    return _WIDEST_AGE - cell_width(_age(view).removeprefix(_SINCE)) if _age(view) else 0


def freshness_room(view: View) -> int:
    """Cells that `freshness_parts` take at most while the table has these scopes, whatever time and answers bring."""
    number = len(_scopes(view))
    answered = cell_width(f"{number}/{number} {_unit(view.table, number)}{_DOT}") if number > 1 else 0
    return answered + cell_width(_SINCE) + _WIDEST_AGE + cell_width(_DOT) + _WIDEST_NAME


def _answered(view: View) -> str:
    status = view.status
    if status is None or view.freshness in SETTLED or len(status.scopes) <= 1:
        return ""
    good = freshness.answered(status, view.now) if view.alive else 0
    return f"{good}/{len(status.scopes)} {_unit(view.table, len(status.scopes))}"


def _unit(table: str, number: int) -> str:
    source = TABLES[table].source if table in TABLES else ""
    one, many = UNITS.get(source, ("region", "regions"))
    return one if number == 1 else many


def _age(view: View) -> str:
    if view.fetched_at is None or view.heard_at is None or view.freshness is Freshness.UNCONFIGURED:
        return ""
    if view.freshness in _OLD:
        return f"{_SINCE}{ago(view.heard_at, view.now)}"
    return age((view.now - view.fetched_at).total_seconds())


_FIRST_STEP_S = 10


def ago(then: datetime, now: datetime) -> str:
    """How long ago, for what is known not to be so now: as `age`, but never "just now"."""
    seconds = max(0.0, (now - then).total_seconds())
    return f"{int(seconds)} s ago" if seconds < _FIRST_STEP_S else age(seconds)


def count_parts(counts: Mapping[State, int], found: Freshness, worded: Container[State]) -> list[Part]:
    """Rows by state, failures first: `✗ 1 failed  ● 2 running  ✓ 9`; the states in `worded` with their word.

    What ran in a stale answer may have ended since: it is counted without its colour.
    """
    parts: list[Part] = []
    for state in COUNTED:
        if number := counts.get(state, 0):
            text = f"{GLYPHS[state]} {number:,}" + (f" {state.value}" if state in worded else "")
            parts += [(text, count_role(state, found)), ("  ", "")]
    return parts[:-1]


def count_role(state: State, found: Freshness) -> str:
    """The colour of a state's count in a table of that freshness."""
    return "dim" if state.pending and found in (Freshness.STALE, Freshness.DISABLED) else state.value


def trouble(view: View) -> tuple[str, str] | None:
    """The error under a title: what is wrong, and when it may be right again; null where all is well.

    That the engine is gone is wrong with all tables at once, and the header's to say.
    """
    if not view.alive or view.freshness.good or view.freshness in SETTLED or view.error is None:
        return None
    return (view.error, _next_try(view))


def unreadable(view: View) -> str:
    """Why the logs of the table cannot be read at present; empty where they can, or nobody is there to read them."""
    return one_line(view.status.unreadable or "") if view.alive and view.status is not None else ""


def _next_try(view: View) -> str:
    scopes = [scope for scope in _scopes(view) if scope.failure]
    if view.status is not None and view.status.waiting:
        return one_line(view.status.waiting)
    if any(scope.loading for scope in scopes):
        return "asking again now"
    times = [scope.next_at for scope in scopes if scope.next_at is not None]
    return f"next try at {min(times).astimezone(view.now.tzinfo):%H:%M:%S}" if times else ""


def _scopes(view: View) -> list[ScopeStatus]:
    return [] if view.status is None else list(view.status.scopes.values())


class Said(msgspec.Struct, frozen=True):
    """What stands where rows would be."""

    head: str
    """What is the case, in a few words."""
    body: str
    """What that means, or what to do."""
    role: str
    spinning: bool = False
    more: tuple[str, ...] = ()
    """Further paragraphs."""


def no_rows(view: View) -> Said:
    """Why a table has no rows: never the same words for nothing there, nothing known and nothing asked."""
    return _NO_ROWS[view.freshness](view)


def none_wanted(wished: str, undone_by: str, hidden: int) -> Said:
    """Why a table shows no row although it has some."""
    rows = "1 row" if hidden == 1 else f"{hidden:,} rows"
    return Said("Nothing matches", f"{wished}: {rows} hidden; {undone_by} shows all", "accent")


def _blurb(view: View) -> str:
    return TABLES[view.table].blurb if view.table in TABLES else view.table


def _loading(view: View) -> Said:
    scopes = _scopes(view)
    if not scopes:
        return Said("Loading", "waiting for the engine", "queued", spinning=True)
    if view.status is not None and view.status.waiting:
        return Said("Loading", one_line(view.status.waiting), "queued", spinning=True)
    done = sum(scope.fetched_at is not None or scope.failure is not None for scope in scopes)
    asked = f"{done} of {len(scopes)} {_unit(view.table, len(scopes))} answered" if len(scopes) > 1 else "no answer"
    return Said("Loading", f"{asked} so far", "queued", spinning=True)


def _live(view: View) -> Said:
    number = len(_scopes(view))
    everywhere = f" in {number} {_unit(view.table, number)}" if number > 1 else ""
    return Said("Empty", f"no {_blurb(view)}{everywhere}", "good")


def _idle(view: View) -> Said:
    rest = min((scope.interval_s for scope in _scopes(view)), default=0.0)
    return Said("Idle", f"no {_blurb(view)} for a while: asked every {duration(rest)}", "good")


def _partial(view: View) -> Said:
    scopes = _scopes(view)
    good = freshness.answered(view.status, view.now) if view.status else 0
    silent = len(scopes) - good
    return Said(
        "Partly known",
        f"nothing in {good} of {len(scopes)} {_unit(view.table, len(scopes))}; {silent} not known yet",
        "warn",
    )


def _stale(view: View) -> Said:
    since = ago(view.fetched_at, view.now) if view.fetched_at else "earlier"
    return Said("Out of date", f"there was nothing {since}; what is there now is not known", "warn")


def _failed(view: View) -> Said:
    if not view.alive:
        return Said("Not known", "the engine ended before anything answered", "alarm")
    return Said("Not known", " — ".join(filter(None, (view.error, _next_try(view)))), "alarm")


def _unconfigured(view: View) -> Said:
    said = f"as {view.said_by}" if view.said_by else view.error or ""
    return Said("Not set up", said, "warn", more=BEGINNING if view.beginning else ())


BEGINNING = ("`monitor config init` writes a file to begin with", "`monitor --demo` shows what it looks like")
"""For someone to whom every table says that it is not set up."""


def _disabled(view: View) -> Said:
    return Said("Switched off", f"`t` switches it on; tables.{view.table}.enabled says what it is at the start", "dim")


_NO_ROWS = {
    Freshness.LOADING: _loading,
    Freshness.LIVE: _live,
    Freshness.IDLE: _idle,
    Freshness.PARTIAL: _partial,
    Freshness.STALE: _stale,
    Freshness.FAILED: _failed,
    Freshness.UNCONFIGURED: _unconfigured,
    Freshness.DISABLED: _disabled,
}
