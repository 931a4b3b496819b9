"""What a diagnosis says, as JSON and as a report for eyes: what is behind `monitor explain`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice

from fetchers.diagnosis.model import Category, Diagnosis, Finding
from fetchers.redact import redact
from monitor.export import json_line
from monitor.paint import BOLD, DIM, GREEN, RED, YELLOW, Paint
from monitor.report import INDENT, Line, advice_lines, log_lines, named, said
from monitor.text import fit, one_line

STDIN = "-"
"""What standard input is called in the JSON, and on the command line."""

_MOST_OF_HEADLINE = 2
"""Lines of what happened, where all of it stands below among the lines of the log."""
_MOST_OTHERS = 5
"""Rules of further findings that are shown."""


# --- JSON --------------------------------------------------------------------------------------------------------


def render_json(file: str, diagnosis: Diagnosis) -> str:
    """The contract's object on one line: what every program may rely on, in this order."""
    found = diagnosis.finding
    told = _found(found, fatal=diagnosis.fatal) if found else {**_NOTHING, "fatal": diagnosis.fatal}
    return json_line(
        {
            "file": file,
            **told,
            "context": [redact(line) for line in diagnosis.context],
            "others": [_found(other, fatal=other.fatal) for other in diagnosis.others],
        }
    )


_NOTHING: Mapping[str, object] = {
    "rule": None,
    "fatal": False,
    "category": None,
    "origin": None,
    "line": None,
    "text": None,
    "advice": None,
    "facts": {},
}


def _found(finding: Finding, *, fatal: bool) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "fatal": fatal,
        "category": finding.category,
        "origin": finding.origin,
        "line": finding.line,
        "text": redact(finding.text),
        "advice": redact(finding.advice),
        "facts": {name: redact(value) for name, value in finding.facts.items()},
    }


# --- for eyes ------------------------------------------------------------------------------------------------------


def render_text(file: str, diagnosis: Diagnosis, *, width: int, paint: Paint, whole: bool = True) -> str:
    """What happened, where, why, and what to do, in lines of `width` cells; `whole`: the log was read to its end."""
    name = "standard input" if file == STDIN else one_line(file)
    found = diagnosis.finding
    if found is not None:
        lines = _report(name, found, diagnosis, width, paint)
    else:
        lines = chain([_nothing(name, diagnosis, paint, whole=whole)], _went_on(diagnosis, width, paint))
    return "".join(f"{line}\n" for line in lines)


def _nothing(name: str, diagnosis: Diagnosis, paint: Paint, *, whole: bool) -> str:
    read = _number(diagnosis.lines, "line")
    if not whole:
        return f"{paint('○', YELLOW)} {name}: no failure found in what could be read ({read})"
    if not diagnosis.lines:
        return f"{paint('○', YELLOW)} {name}: empty, so there is nothing to find"
    if diagnosis.jobs is not None:
        done = f"its launch agent has completed {_number(diagnosis.jobs, 'job')}"
        return f"{paint('✓', GREEN)} {name}: no failure found: {done} ({read} read)"
    return f"{paint('✓', GREEN)} {name}: no failure found in {read}"


def _went_on(diagnosis: Diagnosis, width: int, paint: Paint) -> Iterator[str]:
    """What looked like an end and was none."""
    for other in islice((other for other in diagnosis.others if other.fatal), 1):
        text = f"It went on after what line {other.line} says: {redact(other.text)}"
        yield from (paint(line, DIM) for line in said(text, width, most=_MOST_OF_HEADLINE))


def _report(name: str, found: Finding, diagnosis: Diagnosis, width: int, paint: Paint) -> Iterator[str]:
    yield from _headline(redact(found.text), width, paint)
    words = [found.rule, found.category, f"said by {found.origin}"]
    words += ["retrying will not help"] if Category(found.category).pointless else []
    yield from (paint(line, DIM) for line in said(" · ".join(words), width))
    of = f" of {_number(diagnosis.lines, 'line')}"
    yield f"{INDENT}{paint(f'{name}:{found.line}', BOLD)}{paint(of, DIM)}"
    yield ""
    yield from log_lines(around(diagnosis), width, paint)
    if found.facts:
        yield ""
        yield from named(((key, redact(value)) for key, value in found.facts.items()), width, paint)
    if found.advice:
        yield ""
        yield from advice_lines(redact(found.advice), width, paint)
    yield from _others(found, diagnosis, width, paint)


def _headline(text: str, width: int, paint: Paint) -> Iterator[str]:
    first, *others = said(text, width, most=_MOST_OF_HEADLINE)
    yield f"{paint('✗', RED)} {paint(first.lstrip(), BOLD)}"
    yield from (paint(line, BOLD) for line in others)


def around(diagnosis: Diagnosis) -> list[Line]:
    """The lines around the root cause, which is marked, with their numbers."""
    root = diagnosis.finding.line if diagnosis.finding else None
    numbered = enumerate(diagnosis.context, start=diagnosis.context_from)
    return [Line(redact(text), number, root=number == root) for number, text in numbered]


def _others(found: Finding, diagnosis: Diagnosis, width: int, paint: Paint) -> Iterator[str]:
    """What else was found, a line for each rule."""
    by_rule: dict[str, list[Finding]] = {}
    for other in diagnosis.others:
        if other.line != found.line:
            by_rule.setdefault(other.rule, []).append(other)
    if by_rule:
        yield ""
        yield paint(f"{INDENT}Also found", DIM)
    for rule, others in islice(by_rule.items(), _MOST_OTHERS):
        times = f" × {len(others)}" if len(others) > 1 else ""
        text = f"{INDENT}line {others[0].line}  {rule}{times}: {one_line(redact(others[0].text))}"
        yield fit(text, width).rstrip()
    if (hidden := len(by_rule) - _MOST_OTHERS) > 0:
        yield paint(f"{INDENT}and {hidden} more; -o json has them all", DIM)


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
