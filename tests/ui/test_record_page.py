"""A record's page for any record and any width: exact, bounded and without anything live."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fetchers.errors import Failure
from fetchers.messages import Outcome
from fetchers.records import Reason, Record, Scalar, State
from monitor.changes import ReasonRead, ScopeStatus, TableStatus
from monitor.lineage import Row
from monitor.text import cell_width
from monitor.ui.record_page import Subject, page, raw_page
from monitor.ui.widgets.painted import ROLES, width_of
from monitor.ui.widgets.sheet import MARK, PageLine
from monitor.ui.words import View
from tests.ui.scripted import NOW

ODD = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b]52;c;eA==\x07",
        "\n",
        "\r\n",
        "\t",
        "`",
        "``",
        "\u202e",
        "训",
        "e\u0301",
        "\U0001f600",
        "\x9b",
        " ",
    ]
)
TEXT = st.lists(ODD | st.text(string.ascii_letters + string.punctuation + " ", max_size=40), max_size=12).map("".join)
SCALAR: st.SearchStrategy[Scalar] = TEXT | st.integers() | st.floats() | st.booleans() | st.none()
NAMES = st.dictionaries(
    TEXT | st.sampled_from(["step", "timeout_s", "log_url", "label.x", "summary.y"]), SCALAR, max_size=6
)
MOMENT = st.none() | st.datetimes(timezones=st.just(NOW.tzinfo))
REASON = st.builds(
    Reason, text=TEXT, rule=st.none() | TEXT, origin=st.none() | TEXT, advice=st.none() | TEXT, fatal=st.booleans()
)
RECORD = st.builds(
    Record,
    table=st.sampled_from(["builds", "vertex", "active"]),
    id=TEXT,
    name=TEXT,
    state=st.sampled_from(State),
    raw_state=TEXT,
    scope=TEXT,
    created=MOMENT,
    started=MOMENT,
    finished=MOMENT,
    reason=st.none() | REASON,
    url=st.none() | TEXT,
    links=st.dictionaries(TEXT | st.sampled_from(["wandb_run", "image"]), TEXT, max_size=3),
    detail=NAMES,
)
SCOPE = st.builds(
    ScopeStatus,
    fetched_at=MOMENT,
    live=st.booleans(),
    took_s=st.none() | st.floats(0, 1e6),
    failure=st.none() | st.builds(Failure, kind=TEXT, text=TEXT),
    failed_at=MOMENT,
    got_over=st.none() | st.builds(Failure, kind=TEXT, text=TEXT),
    next_at=st.none() | st.just(NOW),
)
OUTCOME = st.builds(
    Outcome,
    table=st.just("vertex"),
    key=st.just("k"),
    evidence=st.lists(TEXT, max_size=50).map(tuple),
    root=st.none() | st.integers(-5, 60),
    rules=st.integers(0, 9),
    entries=st.integers(0, 10**9),
    whole=st.booleans(),
    problem=st.none() | TEXT,
)
TOLD = st.none() | st.builds(
    ReasonRead,
    table=st.just("vertex"),
    key=st.just("k"),
    outcome=st.none() | OUTCOME,
    read_at=MOMENT,
    cached=st.booleans(),
    said=st.none() | REASON,
)


def _subject(record: Record, scope: ScopeStatus, told: ReasonRead | None = None) -> Subject:
    status = TableStatus(table=record.table, scopes={record.scope: scope}, unread=3)
    view = View(record.table, status, NOW, log="/var/log/\x1b[31mmonitor.log")
    return Subject(Row(record.table, "k"), record, view, told=told)


def _check(lines: list[PageLine], width: int) -> None:
    for cells in lines:
        assert sum(MARK + width_of(cell.parts) for cell in cells) + MARK <= width
        for text, role in (part for cell in cells for part in cell.parts):
            assert text.isprintable()
            assert role in {"", *ROLES}


@settings(max_examples=60)
@given(RECORD, SCOPE, TOLD, st.integers(24, 220))
def test_any_record_fits_any_width(record: Record, scope: ScopeStatus, told: ReasonRead | None, width: int) -> None:
    """No line is wider than the page, nothing in it is live, and every colour is one that there is."""
    subject = _subject(record, scope, told)
    _check([*page(subject, width), *raw_page(record, width)], width)


@settings(max_examples=20)
@given(RECORD, SCOPE, TOLD, st.integers(1, 23))
def test_the_narrowest_page_is_made_too(
    record: Record, scope: ScopeStatus, told: ReasonRead | None, width: int
) -> None:
    """Somebody resizes a window to nothing: the page is cut, and it ends."""
    assert len([*page(_subject(record, scope, told), width), *raw_page(record, width)]) < 50_000


def _of(**known: Any) -> list[str]:
    """The lines of a page of a record that is known by little more than this."""
    record = Record(
        **{"table": "active", "id": "i", "name": "n", "state": State.FAILED, "raw_state": "r", "scope": "s"} | known
    )
    return [
        "".join(text for cell in cells for text, _ in cell.parts).rstrip()
        for cells in page(_subject(record, ScopeStatus()), 80)
    ]


def test_blank_lines_of_a_reason_are_one() -> None:
    """However many and of whatever: what is said under them is on the page; nothing blank is around it."""
    lines = _of(reason=Reason(text="\n" * 50_000 + "above" + "\n \n\t\r\n" * 3_000 + "below\n\n"))
    at = lines.index("┃ above")
    assert lines[at - 1 : at + 4] == ["", "┃ above", "┃", "┃ below", ""]


def test_only_what_is_known_to_be_a_duration_is_shown_as_one() -> None:
    """A rate ends in the same letters."""
    said = "\n".join(_of(detail={"timeout_s": 3600, "tokens_per_s": 3600, "summary.samples_per_s": 3600.5}))
    assert "3,600 (1h 00m)" in said
    assert said.count("1h 00m") == 1
    assert "3600.5" in said


def test_a_page_has_an_end_whatever_its_values_hold() -> None:
    """A hundred megabytes of lines, words or one word take a dozen lines each."""
    huge: dict[str, Scalar] = {
        "lines": "a\n" * 1_000_000,
        "words": "word " * 1_000_000,
        "word": "x" * 5_000_000,
        "blank": "\n" * 1_000_000,
    }
    reason = Reason(text="why " * 1_000_000, advice="`do` " * 1_000_000)
    record = Record(
        table="vertex",
        id="i" * 100_000,
        name="n",
        state=State.FAILED,
        raw_state="r",
        scope="s",
        reason=reason,
        detail=huge,
    )
    lines = page(_subject(record, ScopeStatus()), 80)
    assert len(lines) < 1500
    assert {cell_width(text) for line in lines for cell in line for text, _ in cell.parts} <= set(range(81))
