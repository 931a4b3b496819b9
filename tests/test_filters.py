"""The filter language: what each kind of part means, what is wrong with an expression, and what holds for every one."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fetchers.errors import FilterError
from fetchers.records import Reason, Record, State
from monitor.columns import COLUMNS
from monitor.fields import field, names, seen
from monitor.filters import LONGEST, parse
from monitor.text import one_line
from tests.support.records import NOON, record

NOW = NOON + timedelta(hours=3)

OOM = Reason(text="CUDA out of memory: tried 2 GiB", rule="out_of_memory", category="resources")
ROW = record(
    "run-7f3a",
    "completed",
    "acme/arr",
    name="Train ResNet-50 v2",
    state=State.FAILED,
    raw_state="crashed",
    reason=OOM,
    url="https://wandb.example/acme/arr/runs/7f3a",
    links={"vertex_job": "4711", "image": "pkg.dev/acme/arr:7"},
    detail={
        "step": 12_000,
        "user": "alice",
        "runtime_s": 5400.5,
        "exit_code": 1,
        "mine": True,
        "offline": False,
        "tags": "nightly, big",
        "summary.val/loss": 0.25,
    },
)
"""It ran for five minutes from noon on, three hours before now."""


def matches(expression: str, row: Record = ROW, now: datetime = NOW) -> bool:
    """Whether the row is among what the expression leaves."""
    return parse(expression).matches(row, now)


TRUE = [
    "",
    "   ",
    "resnet",
    "RESNET".lower(),
    "ResNet",
    "resnet-50 memory",
    "out_of_memory resources",
    '"resnet-50 v2"',
    "7f3a",
    "acme/arr",
    "failed",
    "alice",
    "!vit",
    "!Resnet",
    '!"v2 resnet"',
    "/resnet-\\d+/",
    "/^Train.*v2$/",
    "/^run-/",
    "/out of/ resnet",
    "!/vit|bert/",
    "state:failed",
    "state:fail",
    "state:running,failed",
    "!state:running,queued",
    "name:resnet",
    'name:"resnet-50 v2"',
    'name:="train resnet-50 v2"',
    "name:vit,resnet",
    "name:/^train/",
    "id:7f3a",
    "raw_state:crash",
    "where:acme",
    "scope:acme",
    "why:memory",
    "reason:memory",
    "why:/memory.*GiB/",
    "rule:out_of_memory",
    "category:resources",
    "url:wandb.example",
    "vertex_job:4711",
    "image:arr",
    "user:alice",
    "tags:nightly",
    "mine:yes",
    "mine:true",
    "mine:y",
    "offline:no",
    "!mine:no",
    "exit_code:1",
    "exit_code:1.0",
    "exit_code:137,1",
    "!exit_code:137",
    "step:12000",
    "step:12k",
    "step:>10k",
    "step:>=12000",
    "step:<1e6",
    "step:=12000",
    "summary.val/loss:<0.3",
    "summary.val/loss:0.25",
    "took:>4m",
    "took:>=300",
    "took:<5m1s",
    "took:<1m,>2m",
    "took:5m",
    "runtime_s:>1h",
    "runtime_s:<1.6h",
    "when:<3h",
    "when:>2h50m",
    "when:>2026-01-01",
    "when:<2026-01-02",
    "when:>=2026-01-01T12:05",
    'when:<"2026-01-01 12:06"',
    "when:<2026-01-01T12:06Z",
    "when:12:05",
    "finished:2026-01-01",
    "created:<1d",
    "detail.user:alice",
    "detail.tags:big !detail.anything:big",
    'gpu:""',
    '!why:""',
    "state:failed why:memory took:>1m !user:bob",
    "!https://nowhere",
]
FALSE = [
    "vit",
    "Resnet",
    "!resnet",
    "resnet vit",
    '"v2 resnet"',
    "/^50/",
    "state:running",
    "!state:failed",
    "name:=resnet",
    "name:memory",
    "mine:no",
    "offline:yes",
    "synced:no",
    "synced:yes",
    "exit_code:13",
    "!exit_code:1",
    "step:1200",
    "step:>12000",
    "gpu_count:>0",
    "gpu_count:<9",
    "why:12000",
    "took:>1h",
    "when:<2h",
    "when:>3h",
    "when:<2026-01-01",
    "when:12:06",
    'why:""',
    "rule:quota",
    "queue:nightly",
]


@pytest.mark.parametrize("expression", TRUE)
def test_a_row_is_kept(expression: str) -> None:
    """Each part says something that holds for the row, or does not where it stands behind `!`."""
    assert matches(expression)


@pytest.mark.parametrize("expression", FALSE)
def test_a_row_is_left_out(expression: str) -> None:
    """One part that does not hold is enough."""
    assert not matches(expression)


def test_a_quoted_quote_is_a_quote() -> None:
    """A backslash takes the meaning from a quote and from another backslash."""
    row = record(name='say "hi" \\ now')
    assert matches(r'name:"\"hi\" \\ now"', row)
    assert not matches(r'name:"\\hi"', row)


def test_dates_are_of_the_zone_that_times_are_shown_in() -> None:
    """A date without a zone begins at midnight of the reader, who sees local times or UTC."""
    east = NOW.astimezone(timezone(timedelta(hours=12)))
    row = record(state=State.SUCCEEDED)  # ended at 12:05 UTC: five past midnight over there
    assert not matches("when:>2026-01-02", row)
    assert matches("when:>2026-01-02", row, east)
    assert matches('when:"2026-01-02 00:05"', row, east)


def test_words_are_found_as_the_screen_shows_them() -> None:
    """Line ends are blanks, what is invisible is not there, and composed letters are letters."""
    row = record(name="re\u200bsnet\r\n  50 cafe\u0301 \x1b[31mred\x1b[0m ✓")
    assert matches('"resnet 50"', row)
    assert matches("caf\u00e9 cafe\u0301 CAF\u00c9 red ✓", row) is False  # upper case is meant
    assert matches("caf\u00e9 cafe\u0301 red ✓", row)
    assert not matches("31m", row)


def test_an_unknown_state_is_found_by_the_sources_word() -> None:
    """The column says it, and so does the filter."""
    row = record(state=State.UNKNOWN, raw_state="HIBERNATING")
    assert matches("why:hibernating raw_state:HIBERNATING state:unknown", row)


def test_a_source_may_send_numbers_as_text() -> None:
    """Cloud Run does: four processors are more than two."""
    row = record(detail={"cpu": "4", "memory": "16Gi"})
    assert matches("cpu:>2 cpu:4 memory:16gi", row)
    assert not matches("memory:>2", row)


@pytest.mark.parametrize(
    ("table", "expression", "detail"),
    [
        ("builds", "origin:nightly", {"trigger": "nightly-arr"}),
        ("builds", "origin:main", {"branch": "main"}),
        ("runner", "job:agent label.team:vision", {"job": "agent", "label.team": "vision"}),
        ("vertex", "machine:a2-high accelerator:A100", {"machine_type": "a2-highgpu-1g", "accelerator": "A100"}),
        ("active", "step:vertex", {"queue": "vertex"}),
        ("active", "step:0", {"step": 0, "user": "x"}),
    ],
)
def test_each_tables_own_column_is_found(table: str, expression: str, detail: dict[str, Any]) -> None:
    """What the cell shows, and for a step the number."""
    row = record(table=table, detail=detail)
    assert parse(expression, (table,)).matches(row, NOW)
    assert not parse(expression, (table,)).matches(record(table=table), NOW)


def test_a_column_of_other_tables_has_no_value() -> None:
    """It matches nothing there, whoever else is asked, and the filter knows which tables lack it."""
    row = record(table="vertex", detail={"creator": "agent"}, state=State.FAILED)
    for tables in (tuple(COLUMNS), ("vertex",), ("vertex", "active")):
        sought = parse("creator:agent state:failed", tables)
        assert not sought.matches(row, NOW)
        assert parse("!creator:agent state:failed", tables).matches(row, NOW)
        assert sought.lacking("vertex") == ["creator"]
        assert sought.lacking("runner") == []


@pytest.mark.parametrize(
    ("table", "expression", "other"),
    [
        (table, f"{heading.lower()}:{value}", f"{heading.lower()}:{wrong}")
        for table, columns in COLUMNS.items()
        for column in columns
        for heading in (column.header, column.shared)
        if heading
        for value, wrong in [
            {
                "state": ("failed", "queued"),
                "name": ("shown", "hidden"),
                "where": ("here", "there"),
                "took": (">4m", ">6m"),
                "when": ("<4h", "<1h"),
                "why": ("memory", "quota"),
            }.get(column.key, ("beside", "above"))
        ]
    ],
)
def test_what_stands_above_a_column_names_it(table: str, expression: str, other: str) -> None:
    """In small letters, alone or with other tables below."""
    keys = ("trigger", "job", "machine_type", "queue")
    row = record("7", table, "here", name="shown", state=State.FAILED, reason=OOM, detail=dict.fromkeys(keys, "beside"))
    assert parse(expression, (table,)).matches(row, NOW)
    assert not parse(other, (table,)).matches(row, NOW)


@pytest.mark.parametrize("expression", ["build:=arr:7", "build:=b-1", "build:/7$/", "build:b-1", '!build:""'])
def test_a_build_is_found_by_what_is_called_so_above_it_and_by_its_id(expression: str) -> None:
    """In its own table the name, and as in every table what the link says."""
    row = record("b-1", "builds", name="arr:7", links={"build": "b-1"})
    assert parse(expression, ("builds",)).matches(row, NOW)
    assert not parse("build:=arr", ("builds",)).matches(row, NOW)
    assert parse("build:=b-1").matches(record(table="vertex", links={"build": "b-1"}), NOW)


@pytest.mark.parametrize("table", ["builds", "runner", "active", "completed"])
def test_the_status_of_what_ended_has_one_name(table: str) -> None:
    """In every table that knows it, and a shorter one to type."""
    row = record(table=table, detail={"exit_code": 137})
    assert parse("exit_code:137 exit:137 exit:>1", (table,)).matches(row, NOW)
    assert not parse("exit:1", (table,)).matches(row, NOW)


@pytest.mark.parametrize("name", [column.key for columns in COLUMNS.values() for column in columns])
def test_every_column_can_be_asked_for(name: str) -> None:
    """No column of the screen is unknown to the language."""
    assert any(field(table, name) for table in COLUMNS)


# --- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expression", ["took:>1h", "resnet when:<2h", "!created:>1d", "runtime_s:>1h"])
def test_durations_and_ages_tick(expression: str) -> None:
    """What they leave changes as time passes."""
    assert parse(expression).ticks


@pytest.mark.parametrize("expression", ["", "resnet", "state:running", "step:>7", "when:>2026-01-01", "/a/ mine:yes"])
def test_nothing_else_ticks(expression: str) -> None:
    """The screen need not look at it again before a record changes."""
    assert not parse(expression).ticks


# --- mistakes ------------------------------------------------------------------------------------------------------

UNFINISHED = ['"abc', "/abc", "/abc def", "!", "state:", "state: ", "state:failed,", "name:/ab", 'name:"ab', "took:>"]
UNFINISHED += ["took:>1h3", "when:<2026-", "when:<2026-01", "step:>-", "a b !", "resnet state:", "/", '"', "!/", "//"]


@pytest.mark.parametrize("expression", UNFINISHED)
def test_half_an_expression_is_only_unfinished(expression: str) -> None:
    """Whoever is still typing is told nothing; whoever is not is told what is missing."""
    with pytest.raises(FilterError) as error:
        parse(expression)
    assert error.value.unfinished


WRONG = {
    "sate:failed": (0, "no column 'sate': did you mean state?"),
    "a zzzzzzz:1": (2, "there are state, name, where"),
    "arr:7": (0, "Text with a colon goes in quotes"),
    "state:faild": (6, "no state 'faild': there are queued, running,"),
    "name:>5": (6, "name is text, which has no order"),
    "state:>failed": (7, "has no order"),
    "mine:maybe": (5, "mine is yes or no, and not 'maybe'"),
    "took:>abc": (6, "took wants a duration such as 90s"),
    "step:>many": (6, "step wants a number such as 1000"),
    "when:<yesterday": (6, "when wants an age such as 2h"),
    "/(/": (0, "cannot be used: missing ): ("),
    "a /(?=b)/": (2, "cannot be used: invalid perl operator"),
    "/(.?){90}/": (0, "is too large"),
    "/a{1000}{1000}/": (0, "cannot be used: bad repetition"),
    '"a"b': (3, "a blank is missing at 4, before 'b'"),
    "! a": (1, "something to look for is missing at 2"),
    "name:,a": (5, "something to look for is missing at 6"),
    "x" * (LONGEST + 1): (LONGEST, "longer than 1,000 characters"),
    "/\ud800/": (0, "it is no text"),
}


@pytest.mark.parametrize(("expression", "at", "words"), [(text, *told) for text, told in WRONG.items()])
def test_a_mistake_says_what_where_and_what_else(expression: str, at: int, words: str) -> None:
    """The place is that of the wrong part, and the words name what would be right."""
    with pytest.raises(FilterError) as error:
        parse(expression)
    assert (error.value.at, error.value.unfinished) == (at, False)
    assert words in str(error.value)


def test_a_column_must_be_of_some_table() -> None:
    """The nearest name is looked for among theirs; one that no table has is wrong for any."""
    with pytest.raises(FilterError, match="did you mean machine"):
        parse("machin:a2", ("vertex",))
    with pytest.raises(FilterError, match="no column 'accelerater'"):
        parse("accelerater:a2", ("active",))


# --- every expression, every record ----------------------------------------------------------------------------------

_TEXT = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(["a", "é", "\ud800", "\x1b[31m", "x y", ""])
_TIMES = st.none() | st.datetimes(timezones=st.just(UTC))
_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | _TEXT
_KNOWN = sorted({name for table in COLUMNS for name in names(table)} | {"label.x", "summary.loss"})
_RECORDS = st.builds(
    Record,
    table=st.sampled_from(list(COLUMNS)),
    id=_TEXT,
    name=_TEXT,
    state=st.sampled_from(State),
    raw_state=_TEXT,
    scope=_TEXT,
    created=_TIMES,
    started=_TIMES,
    finished=_TIMES,
    reason=st.none() | st.builds(Reason, text=_TEXT, rule=st.none() | _TEXT),
    url=st.none() | _TEXT,
    links=st.dictionaries(st.sampled_from(["vertex_job", "image"]), _TEXT),
    detail=st.dictionaries(st.sampled_from(_KNOWN), _SCALARS),
)
_VALUES = st.sampled_from(["a", '"a b"', "/a.c/", ">1h", "<2026-01-01", "<=5", "=1", "yes", "failed", '""', "a,b", "1"])
_TERMS = st.one_of(_VALUES, st.builds("{}:{}".format, st.sampled_from(_KNOWN), _VALUES), _TEXT)


@settings(max_examples=400, deadline=None)
@given(_TERMS, _RECORDS)
@example("when:<2h", record(created=datetime.min.replace(tzinfo=UTC), started=None))
@example("when:0001", record(created=datetime.max.replace(tzinfo=UTC), started=None))
@example("runtime_s:1", record(table="active", detail={"runtime_s": float("inf")}))
def test_not_is_the_complement_and_nothing_raises(term: str, row: Record) -> None:
    """An expression is understood or refused with a `FilterError`; then no record can make it fail."""
    try:
        sought, opposite = parse(term), parse(f"!{term}")
    except FilterError:
        return
    if len(term.split()) == 1 and not term.startswith("!"):
        assert sought.matches(row, NOW) is not opposite.matches(row, NOW)
    else:
        sought.matches(row, NOW)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Mn", "Mc", "Me", "Cs"]), max_size=40))
@example("a\r\nb ")
@example("\x1b[31m a  b")
def test_what_is_searched_is_what_is_shown(text: str) -> None:
    """Marks aside, text is looked through as a cell puts it on the screen."""
    assert seen(text) == one_line(text)


# --- cost ------------------------------------------------------------------------------------------------------------


def test_no_regular_expression_takes_for_ever() -> None:
    """What would keep Python's own engine busy until the end of the world is over at once."""
    row = record(name="a" * 4000 + "b", reason=Reason(text="ab" * 2000))
    begun = time.monotonic()
    for expression in ("/(a+)+$/", "/(a|aa)+$/", "/(.*a){12}x/", "/(a?){150}a{40}z/", "/^(([a-z])+.)+[A-Z]([a-z])+$/"):
        matches(expression, row)
    assert time.monotonic() - begun < 2


def test_without_its_package_a_regular_expression_is_a_mistake_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what is missing, and words still work."""
    monkeypatch.setitem(sys.modules, "re2", None)
    assert matches("resnet")
    with pytest.raises(FilterError, match="google-re2"):
        parse("/resnet/")


def test_regular_expressions_are_loaded_when_one_is_used() -> None:
    """An expression without one costs the start of a program nothing."""
    code = "import sys; from monitor.filters import parse; parse('a state:failed'); print('re2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"
