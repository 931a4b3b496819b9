"""What `ls` prints of a mirror: the JSON contract, CSV that is safe to open, tables for eyes, and the exit status."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.errors import Failure, FetchError
from fetchers.records import Reason, Record, State
from fetchers.redact import redacted
from monitor.asking import settled
from monitor.changes import ScopeStatus, TableStatus
from monitor.columns import COUNTED
from monitor.commands.ls import exit_status, sift
from monitor.export import ascii_json, render_csv, render_json
from monitor.filters import parse
from monitor.listing import render_table
from monitor.mirror import Mirror
from monitor.tables import TABLES
from monitor.text import cell_width

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TIMEOUT = Failure(kind="timeout", text="ListExecutions us-east1 page 1: no answer in 20 s; worker killed")
LIVE = ScopeStatus(fetched_at=NOW - timedelta(seconds=3), live=True, took_s=1.0, rows=1)
FAILED = ScopeStatus(failure=TIMEOUT)
STALE = ScopeStatus(fetched_at=NOW - timedelta(hours=2), failure=TIMEOUT, rows=1)
IDLE = ScopeStatus(fetched_at=NOW - timedelta(minutes=6), live=True, interval_s=600)
LOADING = ScopeStatus(loading=True)


def record(name: str = "a", table: str = "runner", **fields: Any) -> Record:
    """A record that succeeded after five minutes, an hour ago."""
    given_fields: dict[str, Any] = {
        "state": State.SUCCEEDED,
        "raw_state": "CONDITION_SUCCEEDED",
        "scope": "us-central1",
        "created": NOW - timedelta(minutes=66),
        "started": NOW - timedelta(minutes=65),
        "finished": NOW - timedelta(minutes=60),
    }
    return Record(table=table, id=name, name=name, **(given_fields | fields))


def mirror(*records: Record, **tables: dict[str, ScopeStatus] | TableStatus) -> Mirror:
    """A mirror of these tables with these records."""
    made = Mirror()
    for name, given_status in tables.items():
        status = given_status if isinstance(given_status, TableStatus) else TableStatus(table=name, scopes=given_status)
        made.status[name] = status
    for one in records:
        made.rows.setdefault(one.table, {})[one.id] = one
    return made


def decoded(held: Mirror, *tables: str) -> dict[str, Any]:
    """The JSON of these tables."""
    answer = json.loads(render_json(held, tables or tuple(held.status), NOW))
    assert isinstance(answer, dict)
    return answer


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_the_json_is_the_contracts() -> None:
    """Every key of the contract, at its place and in its order; null where nothing is known."""
    status = TableStatus(table="runner", took_s=1.83333, scopes={"us-central1": LIVE, "us-east1": FAILED})
    reason = Reason(text="✓ Completed: 2 jobs")
    held = mirror(record("a", reason=reason, links={"vertex_job": "7"}, detail={"tasks": 1}), runner=status)
    fetched = "2026-01-01T11:59:57Z"
    assert decoded(held) == {
        "schema": 1,
        "at": "2026-01-01T12:00:00Z",
        "tables": {
            "runner": {
                "freshness": "partial",
                "fetched_at": fetched,
                "took_s": 1.833,
                "error": TIMEOUT.text,
                "scopes": {
                    "us-central1": {"freshness": "live", "fetched_at": fetched, "error": None},
                    "us-east1": {"freshness": "failed", "fetched_at": None, "error": TIMEOUT.text},
                },
                "records": [
                    {
                        "table": "runner",
                        "id": "a",
                        "name": "a",
                        "state": "succeeded",
                        "raw_state": "CONDITION_SUCCEEDED",
                        "scope": "us-central1",
                        "created": "2026-01-01T10:54:00Z",
                        "started": "2026-01-01T10:55:00Z",
                        "finished": "2026-01-01T11:00:00Z",
                        "reason": {
                            "text": "✓ Completed: 2 jobs",
                            "rule": None,
                            "category": None,
                            "origin": None,
                            "fatal": False,
                            "advice": None,
                        },
                        "url": None,
                        "links": {"vertex_job": "7"},
                        "detail": {"tasks": 1},
                    }
                ],
            }
        },
    }


def test_the_tables_come_in_the_order_asked() -> None:
    """And only those."""
    held = mirror(runner={}, builds={}, vertex={})
    assert list(decoded(held, "vertex", "builds")["tables"]) == ["vertex", "builds"]


def test_records_come_in_the_programs_order() -> None:
    """Running, queued, then ended, newest first."""
    held = mirror(
        record("old", finished=NOW - timedelta(hours=3)),
        record("new", state=State.FAILED),
        record("waits", state=State.QUEUED, started=None, finished=None),
        record("runs", state=State.RUNNING, finished=None),
        runner={"us-central1": LIVE},
    )
    assert [one["id"] for one in decoded(held)["tables"]["runner"]["records"]] == ["runs", "waits", "new", "old"]


def test_a_table_that_is_not_set_up_says_how() -> None:
    """Its error is what to do, its scopes and records are empty."""
    status = TableStatus(table="vertex", missing="set gcp.project")
    assert decoded(mirror(vertex=status))["tables"]["vertex"] == {
        "freshness": "unconfigured",
        "fetched_at": None,
        "took_s": None,
        "error": "set gcp.project",
        "scopes": {},
        "records": [],
    }


def test_times_are_utc_whatever_they_came_in() -> None:
    """RFC 3339 with a Z."""
    east = timezone(timedelta(hours=9))
    held = mirror(record(finished=NOW.astimezone(east)), runner={"us-central1": LIVE})
    assert decoded(held)["tables"]["runner"]["records"][0]["finished"] == "2026-01-01T12:00:00Z"
    local = json.loads(render_json(held, ("runner",), NOW.astimezone(east)))
    assert local["at"] == "2026-01-01T12:00:00Z"


def test_no_secret_is_printed() -> None:
    """Not in an error, a reason or a detail; not in any format."""
    key = "abcdef1234567890"
    failure = Failure.of(FetchError(f"token={key}"))
    status = TableStatus(table="runner", scopes={"us-central1": ScopeStatus(failure=failure)})
    reason = Reason(text=f"Authorization: Bearer {key}")
    held = mirror(redacted(record(reason=reason, detail={"command": f"--api-key {key}"})), runner=status)
    shown = [render_json(held, ["runner"], NOW), render_csv(held, ["runner"], NOW)]
    shown.append(render_table(held, ["runner"], NOW, width=300))
    for text in shown:
        assert "[redacted]" in text
        assert key not in text


_HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(_HOSTILE)
def test_json_is_exact_and_brings_nothing_alive(text: str) -> None:
    """Whatever a name holds, it reads back the same, and no control or direction character reaches the terminal."""
    held = mirror(record(name=text, detail={"note": text}), runner={"us-central1": LIVE})
    shown = render_json(held, ("runner",), NOW)
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown) is None
    assert shown.count("\n") == 1
    for printed in (shown, ascii_json(shown)):
        assert json.loads(printed)["tables"]["runner"]["records"][0]["name"] == text
    assert ascii_json(shown).isascii()


# --- CSV -----------------------------------------------------------------------------------------------------------


def rows(held: Mirror, *tables: str) -> list[dict[str, str]]:
    """The CSV of these tables, read back."""
    text = render_csv(held, tables or tuple(held.status), NOW)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_csv_has_a_header_and_a_row_for_each_record() -> None:
    """All tables in one, times in ISO 8601 UTC, links and details as JSON, nothing where nothing is known."""
    reason = Reason(text='said "no", twice', rule="not_found", category="not-found")
    held = mirror(
        record("a", reason=reason, links={"image": "x:1"}, detail={"exit_code": 1}),
        record("b", table="builds", state=State.RUNNING, finished=None),
        runner={"us-central1": LIVE},
        builds={"global": LIVE},
    )
    assert render_csv(held, ("runner",), NOW).count("\r\n") == 2
    first, second = rows(held)
    assert (first["table"], first["reason"], first["rule"]) == ("runner", 'said "no", twice', "not_found")
    assert (first["finished"], first["seconds"]) == ("2026-01-01T11:00:00Z", "300.0")
    assert (json.loads(first["links"]), json.loads(first["detail"])) == ({"image": "x:1"}, {"exit_code": 1})
    assert (second["table"], second["finished"], second["reason"], second["url"]) == ("builds", "", "", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n+", "＝"])
def test_csv_holds_no_formula(start: str) -> None:
    """A spreadsheet shows such a name and does not calculate it."""
    (row,) = rows(mirror(record(name=f"{start}1+1"), runner={"us-central1": LIVE}))
    assert row["name"].startswith("'")
    assert row["name"].endswith("1+1")


@given(_HOSTILE)
def test_any_name_is_one_cell_of_one_row(text: str) -> None:
    """No line break, no control and no formula, whatever it is called."""
    (row,) = rows(mirror(record(name=text), runner={"us-central1": LIVE}))
    assert re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", row["name"]) is None
    assert not row["name"].lstrip().startswith(("=", "+", "-", "@"))


# --- tables --------------------------------------------------------------------------------------------------------


def shown_lines(held: Mirror, width: int = 120) -> list[str]:
    """The text of all tables."""
    return render_table(held, tuple(held.status), NOW, width=width).splitlines()


def test_a_table_has_a_title_with_its_counts_and_its_freshness() -> None:
    """Then a header, then a row for each record."""
    reason = Reason(text="quota exceeded")
    held = mirror(record("x"), record("y", state=State.FAILED, reason=reason), runner={"us-central1": LIVE})
    title, header, first, second = shown_lines(held)
    assert title == "runner  1 failed, 1 succeeded  live"
    assert header.split()[:2] == ["STATE", "EXECUTION"]
    assert (first.split()[:3], second.split()[:3]) == (["✓", "succeeded", "x"], ["✗", "failed", "y"])
    assert second.endswith("quota exceeded")


STATUSES = {
    "live, empty": ({"us-east1": LIVE}, ["runner  no rows  live"]),
    "idle": ({"us-east1": IDLE}, ["runner  no rows  idle"]),
    "partial": (
        {"us-west1": LIVE, "us-east1": FAILED},
        ["runner  no rows so far  partial: 1 of 2 regions answered", f"  ! {TIMEOUT.text}"],
    ),
    "failed": (
        {"us-east1": FAILED, "us-west1": FAILED},
        ["runner  failed: none of 2 regions answered", f"  ! {TIMEOUT.text}", f"  ! us-west1: {TIMEOUT.text}"],
    ),
    "stale": ({"us-east1": STALE}, ["runner  no rows then  stale: answered 2 h ago", f"  ! {TIMEOUT.text}"]),
    "loading": ({"us-east1": LOADING}, ["runner  loading"]),
}


@pytest.mark.parametrize(("scopes", "lines"), STATUSES.values(), ids=STATUSES)
def test_empty_is_never_said_for_unknown(scopes: dict[str, ScopeStatus], lines: list[str]) -> None:
    """Empty, partial, failed, stale and loading read differently, and each failure names its scope."""
    assert shown_lines(mirror(runner=scopes)) == lines


def test_many_failures_are_cut_and_counted() -> None:
    """Eighteen regions that all fail leave room for the rows."""
    scopes = {f"r{number}": failed(f"cause {number}") for number in range(18)}
    lines = shown_lines(mirror(runner=scopes))
    assert len(lines) == 7
    assert lines[-1].strip() == "! and 13 more; -o json has them all"


def failed(text: str) -> ScopeStatus:
    """A scope that never answered."""
    return ScopeStatus(failure=Failure(kind="error", text=text))


GROUPS = {
    "all of them": (
        {name: failed(f"google.auth {name}: no credentials; log in") for name in ("r-1", "r-2", "r-3", "r-4")},
        ["all 4 regions: google.auth: no credentials; log in"],
    ),
    "some": (
        {f"r{n}": failed(f"ListJobs r{n} page 1: no r{n}; take r{n} out") for n in range(5)} | {"x": LIVE},
        ["r0, r1 (+3): ListJobs page 1: no …; take … out"],
    ),
    "three": ({name: failed("oh") for name in "abc"} | {"x": LIVE}, ["a, b, c: oh"]),
    "in a host's name": (
        {name: failed(f"no address for {name}-run.example.com") for name in ("a-1", "a-2")} | {"x": LIVE},
        ["a-1, a-2: no address for -run.example.com"],
    ),
    "one that names itself": ({"a": failed("ListJobs a page 1: no"), "b": LIVE}, ["ListJobs a page 1: no"]),
    "one that does not": ({"a": failed("no  answer of ab or b-a"), "b": LIVE}, ["a: no answer of ab or b-a"]),
    "two causes": (
        {"a": failed("C a: x"), "b": failed("C b: y"), "c": failed("C c: x"), "d": LIVE},
        ["a, c: C: x", "C b: y"],
    ),
}


@pytest.mark.parametrize(("scopes", "lines"), GROUPS.values(), ids=GROUPS)
def test_one_cause_is_one_line_however_many_scopes_it_struck(scopes: dict[str, ScopeStatus], lines: list[str]) -> None:
    """Each scope is named once, by what the table's scopes are called where it is all of them."""
    assert shown_lines(mirror(runner=scopes))[1:] == [f"  ! {line}" for line in lines]


def test_states_are_counted_in_the_order_of_the_dashboard() -> None:
    """What needs eyes first comes first, here and there."""
    held = mirror(*(record(state, state=state) for state in State), runner={"us-central1": LIVE})
    counts = ", ".join(f"1 {state.value}" for state in COUNTED)
    assert set(COUNTED) == set(State)
    assert shown_lines(held)[0] == f"runner  {counts}  live"


def test_what_is_not_asked_says_why() -> None:
    """Not set up, or switched off."""
    missing = TableStatus(table="vertex", missing="set gcp.project")
    disabled = TableStatus(table="builds", enabled=False)
    assert shown_lines(mirror(vertex=missing, builds=disabled)) == [
        "vertex  not set up: set gcp.project",
        "",
        "builds  switched off by tables.builds.enabled",
    ]


@given(_HOSTILE, st.integers(40, 200))
def test_a_row_is_one_line_that_fits(text: str, width: int) -> None:
    """Whatever a record is called and why it failed, wide characters too, and no escape sequence comes through."""
    reason = Reason(text=text)
    held = mirror(record(name=text, state=State.FAILED, reason=reason, scope=text), runner={"us-central1": LIVE})
    shown = render_table(held, ("runner",), NOW, width=width)
    assert "\x1b" not in shown
    title, header, row = shown.split("\n")[:-1]
    assert max(map(cell_width, (title, header, row))) <= max(width, len(title))


def test_colours_are_only_there_when_asked_for() -> None:
    """They change nothing but the colour, and each is ended on its line."""
    held = mirror(record("x", state=State.FAILED), runner={"us-central1": LIVE, "b": FAILED})
    plain = render_table(held, ("runner",), NOW, width=120)
    coloured = render_table(held, ("runner",), NOW, width=120, colour=True)
    assert "\x1b" not in plain
    assert [line.rstrip() for line in re.sub(r"\x1b\[\d*m", "", coloured).splitlines()] == plain.splitlines()
    assert "\x1b[31m" in coloured
    assert all(line.count("\x1b[0m") * 2 == line.count("\x1b[") for line in coloured.splitlines())


# --- a filter ------------------------------------------------------------------------------------------------------


def sifted(expression: str, *records: Record, **scopes: ScopeStatus) -> Mirror:
    """A mirror of the runner's records that match."""
    held = mirror(*records, runner=scopes or {"us-central1": LIVE})
    sift(held, parse(expression, ("runner",)), NOW)
    return held


def test_a_filter_takes_out_records_and_nothing_else() -> None:
    """The scopes, their freshness, their errors and the exit status are what they are without it."""
    rows = (record("a"), record("b", state=State.FAILED), record("nightly", state=State.FAILED))
    plain = mirror(*rows, runner={"us-central1": LIVE, "us-east1": FAILED})
    held = sifted("state:failed !nightly", *rows, **{"us-central1": LIVE, "us-east1": FAILED})
    table, whole = decoded(held)["tables"]["runner"], decoded(plain)["tables"]["runner"]
    assert [row["id"] for row in table.pop("records")] == ["b"]
    assert len(whole.pop("records")) == 3
    assert table == whole
    assert exit_status(held, ("runner",), NOW) == exit_status(plain, ("runner",), NOW) == 3
    assert [row.split(",")[1] for row in render_csv(held, ("runner",), NOW).splitlines()] == ["id", "b"]


def test_a_title_says_how_many_rows_a_filter_leaves() -> None:
    """No row that matches is not no row; and where nothing is hidden nothing is said."""
    rows = (record("a"), record("b", state=State.FAILED))
    assert shown_lines(sifted("state:failed", *rows))[0] == "runner  1 failed (1 of 2 rows match)  live"
    assert shown_lines(sifted("state:running", *rows)) == ["runner  none of 2 rows match  live"]
    assert shown_lines(sifted("runner !zzz", record("runner"), record("runner2")))[0] == "runner  2 succeeded  live"
    assert shown_lines(sifted("a")) == ["runner  no rows  live"]


# --- the end of the time, and the exit status ----------------------------------------------------------------------


def test_what_has_not_answered_in_time_has_failed() -> None:
    """Printed is what is known, with an error that says so; what answered or failed by itself stays as it was."""
    status = TableStatus(table="runner", scopes={"a": LOADING, "b": LIVE, "c": FAILED, "d": STALE})
    late = settled(status, "no answer within --timeout 5")
    assert late.scopes["a"].failure == Failure(kind="timeout", text="no answer within --timeout 5")
    assert {name: late.scopes[name] for name in "bcd"} == {name: status.scopes[name] for name in "bcd"}
    unasked = TableStatus(table="runner", missing="set it up")
    assert settled(unasked, "no answer within --timeout 5") == unasked


OFF = TableStatus(table="builds", enabled=False)
MISSING = TableStatus(table="builds", missing="set gcp.project")


@pytest.mark.parametrize(
    ("builds", "runner", "status"),
    [
        ({"a": LIVE}, {"a": LIVE}, 0),
        ({"a": LIVE}, {"a": IDLE}, 0),
        ({"a": LIVE}, {"a": LIVE, "b": FAILED}, 3),
        ({"a": LIVE}, {"a": FAILED}, 3),
        ({"a": LIVE}, {"a": STALE}, 3),
        ({"a": LIVE}, {"a": LOADING}, 3),
        (MISSING, {"a": LIVE}, 3),
        (OFF, {"a": LIVE}, 3),
        (MISSING, {"a": FAILED}, 3),
        (MISSING, msgspec.structs.replace(MISSING, table="runner"), 4),
        (OFF, msgspec.structs.replace(MISSING, table="runner"), 4),
    ],
)
def test_the_exit_status_says_whether_to_rely_on_it(
    builds: dict[str, ScopeStatus] | TableStatus, runner: dict[str, ScopeStatus] | TableStatus, status: int
) -> None:
    """0 all live, 3 not all of it, 4 nothing is set up."""
    assert exit_status(mirror(builds=builds, runner=runner), ("builds", "runner"), NOW) == status


def test_every_table_can_be_printed() -> None:
    """Each has its columns."""
    held = mirror(*(record("x", table=name) for name in TABLES), **{name: {"us-central1": LIVE} for name in TABLES})
    assert len(shown_lines(held)) == len(TABLES) * 4 - 1
