"""What is measured about the diagnosis is measured right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import diagnosis_quality
from benchmarks.founding_patterns import by_the_letter
from tests.support.corpus import Answer, Share, excerpts, half, judged, score

DENIED: dict[str, object] = {"label": "permission_denied", "also_acceptable": ["http_error"], "key_line": 4}
FAILED: dict[str, object] = {"label": "other_fatal", "key_line": 0}
HEALTHY: dict[str, object] = {"label": "benign", "key_line": None}


def written(place: Path, *raw: dict[str, object]) -> Path:
    """A file of excerpts."""
    path = place / "made.jsonl"
    whole = ({"id": str(number), "source": "made", "lines": ["one", "two"]} | one for number, one in enumerate(raw))
    path.write_text("".join(json.dumps(one) + "\n" for one in whole))
    return path


@pytest.mark.parametrize(
    ("label", "answer", "counts"),
    [
        (DENIED, Answer("permission_denied", 3, fatal=True), (1, 1, 1)),
        (DENIED, Answer("http_error", 7, fatal=True), (1, 1, 1)),
        (DENIED, Answer("http_error", 8, fatal=False), (1, 1, 0)),
        (DENIED, Answer("not_found", 5, fatal=True), (1, 0, 1)),
        (DENIED, Answer(None, None, fatal=False), (0, 0, 0)),
        (FAILED, Answer("nonzero_exit", 1, fatal=False), (1, 1, 1)),
        (FAILED, Answer(None, None, fatal=False), (0, 0, 0)),
    ],
    ids=["label", "also accepted", "far", "another rule", "nothing", "any rule", "not even any"],
)
def test_a_failure_is_detected_right_and_near(
    tmp_path: Path, label: dict[str, object], answer: Answer, counts: tuple[int, int, int]
) -> None:
    """A rule is right that the label accepts, any rule where it only says that something failed; two lines are near."""
    it = score(judged(excerpts(written(tmp_path, label)), lambda _: answer))
    assert (it.detected, it.right, it.near) == tuple(Share(count, 1) for count in counts)
    assert it.guarded == Share(int(answer.fatal), 1)
    assert it.false_alarms == Share(0, 0)


def test_what_is_in_doubt_or_seen_once_is_not_scored(tmp_path: Path) -> None:
    """Excerpts whose label is ambiguous, or that show one service error, count neither way."""
    path = written(tmp_path, HEALTHY, HEALTHY | {"ambiguous": True}, DENIED | {"single_occurrence": True})
    it = score(judged(excerpts(path), lambda _: Answer("http_error", 1, fatal=True)))
    assert (it.false_alarms, it.any_finding, it.detected) == (Share(1, 1), Share(1, 1), Share(0, 0))


def test_a_source_is_in_one_half_always() -> None:
    """The halves go by a hash of the source and by nothing else."""
    assert {half("acme/train#7"), half("acme/train#7")} == {half("acme/train#7")}
    assert {half(f"acme/train#{number}") for number in range(32)} == {"A", "B"}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("step 500\nstep 501\nstep 1500 of 2500", Answer("service_error", 3, fatal=True)),
        ("step 500", Answer(None, None, fatal=False)),
        ("500\n" + "x\n" * 99 + "500", Answer(None, None, fatal=False)),
        ("Traceback (most recent call last):\nx\nValueError: no", Answer("python_exception", 3, fatal=True)),
        ("ValueError: no", Answer(None, None, fatal=False)),
        ("a FAILED\nb FAILED\nc FAILED", Answer("repeated_failures", 3, fatal=True)),
    ],
    ids=["letters", "once", "far apart", "traceback", "without a traceback", "three"],
)
def test_founding_patterns_are_taken_by_the_letter(text: str, answer: Answer) -> None:
    """What the rules began with matches as it stands, with its windows and thresholds, and means nothing."""
    assert by_the_letter(text) == answer


def test_figures_of_a_file_are_printed_or_that_it_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file is measured with the founding patterns beside ours; one that is not there is said."""
    diagnosis_quality.measure(written(tmp_path, HEALTHY, DENIED))
    printed = capsys.readouterr().out
    assert "| all | ours |" in printed
    assert "| half A | founding patterns |" in printed
    assert "| permission_denied |" in printed
    diagnosis_quality.measure(tmp_path / "nothing.jsonl")
    assert "nothing.jsonl is not there" in capsys.readouterr().out
