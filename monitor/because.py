"""Why one record ended as it did: what is known of it, whether that is enough, the same as JSON and for eyes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from fetchers.messages import Outcome
from fetchers.records import Reason, Record, State
from fetchers.redact import redact, redacted
from monitor.columns import GLYPHS
from monitor.export import SCHEMA, json_line, presentable
from monitor.paint import BOLD, DIM, STATES, YELLOW, Paint
from monitor.report import INDENT, Line, advice_lines, log_lines, named, said
from monitor.tables import TABLES
from monitor.text import age, clean, counted, duration, one_line

_BEFORE = 8
_AFTER = 3
"""Lines of evidence that are shown around the root cause."""


_SO_FAR = ("step", "message", "queue", "machine_type")
"""Details that are told of what has not ended."""


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one record, and how."""

    record: Record
    """With the reason that is known, as its row has it."""
    outcome: Outcome | None = None
    """What its log said; null where it has not been read."""
    read_at: datetime | None = None
    """When that was, UTC."""
    cached: bool = False
    """Whether the log was read in an earlier session, or by another monitor."""
    said: Reason | None = None
    """What the source itself said."""
    asked_at: datetime | None = None
    """When its table last answered, UTC; null where it never did in full."""
    live: bool = False
    """Whether it has answered now, or it cannot change any more."""
    trouble: str = ""
    """Why its table has not answered now, or its log has not been read; empty where nothing went wrong."""

    @property
    def reason(self) -> Reason | None:
        """The best that is known."""
        found = self.outcome.reason if self.outcome is not None else None
        return found or self.record.reason or self.said


def lack(known: Because) -> str:
    """Why it is not known why the record ended as it did; empty where it is, or where there is nothing to be known."""
    record, outcome = known.record, known.outcome
    if not known.live and (outcome is None or outcome.problem is not None):
        return known.trouble or "its source has not answered now"
    if record.state is State.UNKNOWN:
        return f"its source says {record.raw_state or 'nothing'}, which this program does not know"
    return _missing(known) if record.state is State.FAILED else ""


def _missing(known: Because) -> str:
    """What is missing of the reason of a failure."""
    outcome = known.outcome
    if outcome is None and _is_read(known.record):
        return known.trouble or "its log has not been read yet: ask again in a minute"
    if outcome is not None and outcome.problem is not None:
        return outcome.problem
    if known.reason is not None:
        return ""
    return "its source gives no reason" if outcome is None else "neither its source nor its log says why"


def _is_read(record: Record) -> bool:
    """Whether its log says more than its source."""
    return record.state in TABLES[record.table].read


# --- JSON ------------------------------------------------------------------------------------------------------------


def render_json(known: Because, now: datetime) -> str:
    """One object on one line; `monitor why --help` describes it."""
    outcome = known.outcome if known.outcome is not None and known.outcome.problem is None else None
    problem = lack(known)
    return json_line(
        {
            "schema": SCHEMA,
            "at": now.astimezone(UTC),
            "record": redacted(msgspec.structs.replace(presentable(known.record), reason=known.reason)),
            "known": not problem,
            "problem": redact(problem) or None,
            "said": redacted(msgspec.structs.replace(known.record, reason=known.said)).reason,
            "evidence": [{"text": line.text, "root": line.root} for line in _lines(outcome)],
            "read": outcome and _read(known, outcome),
            "asked": {"live": known.live, "at": known.asked_at},
        }
    )


def _read(known: Because, outcome: Outcome) -> dict[str, object]:
    return {
        "at": known.read_at,
        "cached": known.cached,
        "entries": outcome.entries,
        "whole": outcome.whole,
        "jobs": outcome.jobs,
        "rules": outcome.rules,
    }


# --- for eyes ----------------------------------------------------------------------------------------------------


def render_text(known: Because, now: datetime, *, width: int, paint: Paint) -> str:
    """What it is, why, the lines that say so, what to do, and where all that is from; times in the zone of `now`."""
    parts = (_head(known, now, paint), _why(known, width, paint), _evidence(known, width, paint))
    blocks = [[*part] for part in (*parts, _advice(known, width, paint), _origin(known, now, width, paint))]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks if block)


def _head(known: Because, now: datetime, paint: Paint) -> Iterator[str]:
    record = known.record
    colour = STATES[record.state]
    name = paint(one_line(redact(record.name or record.id)), BOLD)
    yield f"{paint(GLYPHS[record.state], colour)} {name}  {paint(_state(record, now), colour)}"
    words = dict.fromkeys(one_line(word) for word in (record.table, record.scope, record.id) if word)
    yield paint(f"{INDENT}{' · '.join(words)}", DIM)


def _state(record: Record, now: datetime) -> str:
    """What it does, for how long, or since when it does nothing any more."""
    took = record.seconds(now)
    words = [record.state.value]
    if record.state.ended and record.finished is not None:
        words.append(age((now - record.finished).total_seconds()))
        words += [f"after {duration(took)}"] if took is not None else []
    elif record.state.pending and took is not None:
        words.append(f"for {duration(took)}")
    return " ".join(words)


def _why(known: Because, width: int, paint: Paint) -> Iterator[str]:
    reason, problem = known.reason, lack(known)
    if known.record.state.pending:
        yield from said("It has not ended.", width)
    if reason is not None:
        colour = STATES[known.record.state] if known.record.state.ended else ""
        yield from (paint(line, colour) for line in said(redact(reason.text), width))
        yield from (paint(line, DIM) for line in said(" · ".join(_nature(reason)), width) if line.strip())
    elif known.record.state is State.SUCCEEDED:
        yield from said("It has succeeded: nothing went wrong.", width)
    elif known.record.state is State.CANCELLED:
        yield from said("Somebody, or something, has cancelled it.", width)
    if problem and (reason is None or one_line(problem) not in one_line(reason.text)):
        yield from (paint(line, YELLOW) for line in said(redact(problem), width, first=f"{INDENT}! "))


def _nature(reason: Reason) -> Iterator[str]:
    words = (reason.rule, reason.category, reason.origin and f"said by {reason.origin}")
    yield from (one_line(word) for word in words if word)
    if reason.fatal:
        yield "retrying will not help"


def _evidence(known: Because, width: int, paint: Paint) -> Iterator[str]:
    lines = _lines(known.outcome)
    root = next((number for number, line in enumerate(lines) if line.root), len(lines))
    first = max(0, root - _BEFORE)
    return log_lines(lines[first : root + _AFTER + 1], width, paint)


def _lines(outcome: Outcome | None) -> list[Line]:
    if outcome is None:
        return []
    return [Line(redact(text), root=number == outcome.root) for number, text in enumerate(outcome.evidence)]


def _advice(known: Because, width: int, paint: Paint) -> Iterator[str]:
    advice = known.reason.advice if known.reason is not None else None
    return advice_lines(redact(advice), width, paint) if advice else iter(())


def _origin(known: Because, now: datetime, width: int, paint: Paint) -> Iterator[str]:
    return named(_provenance(known, now), width, paint)


def _provenance(known: Because, now: datetime) -> Iterator[tuple[str, str]]:
    """Who says so and when, and where more is to be seen."""
    record, outcome = known.record, known.outcome
    if known.said is not None and known.reason is not None and known.said.text != known.reason.text:
        yield "source", f"says: {redact(known.said.text)}"
    if outcome is not None and outcome.problem is None:
        yield "log", _reading(known, outcome, now)
    if record.state.pending:
        yield from ((name, str(record.detail[name])) for name in _SO_FAR if record.detail.get(name) is not None)
    asks = TABLES[record.table].asks
    yield "asked", f"{asks}, {_when(known.asked_at, now)}" if known.asked_at else asks
    links = sorted((kind, value) for kind, value in record.links.items() if value != record.id)
    yield from ((kind.replace("_", " "), redact(value)) for kind, value in links)
    detail = record.detail
    for name, place in (("page", record.url), ("log page", detail.get("log_url") or detail.get("log_uri"))):
        if place:
            yield name, redact(str(place))


def _reading(known: Because, outcome: Outcome, now: datetime) -> str:
    read = f"read {_when(known.read_at, now)}" if known.read_at else "read"
    much = counted(outcome.entries, "entry").replace("entrys", "entries")
    kept = ", kept since then" if known.cached else ""
    return f"{read}{kept}: {much}, {'all of it' if outcome.whole else 'a part of it'}"


def _when(moment: datetime, now: datetime) -> str:
    shown = moment.astimezone(now.tzinfo)
    return (
        f"{shown:%Y-%m-%d %H:%M:%S} {clean(shown.tzname() or '')}".rstrip()
        + f" ({age((now - moment).total_seconds())})"
    )
