"""What a log says goes to the cache, the screen and the JSON without the secrets that stand in it."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.evidence import bounded
from fetchers.diagnosis import diagnose
from fetchers.diagnosis.model import Diagnosis
from fetchers.log_outcomes import outcome_of
from fetchers.messages import LogTarget
from fetchers.plain import LONGEST_LINE, plain_line
from fetchers.records import State
from fetchers.redact import HIDDEN, redact
from fetchers.wandb_errors import of_api_error
from fetchers.wandb_output import entries
from monitor.explained import render_json
from tests.support.records import record

ENCODED = base64.b64encode(random.Random(11).randbytes(1_190)).decode()
PEM = [
    "-----BEGIN PRIVATE KEY-----",
    *(ENCODED[at : at + 64] for at in range(0, len(ENCODED), 64)),
    "-----END PRIVATE KEY-----",
]
OOM = "RuntimeError: CUDA out of memory"
DENIED = "google.api_core.exceptions.PermissionDenied: 403 Permission 'storage.objects.get' denied on resource"
HIDE_ME = "Qm7xT2vL9kZ4wR8pN3sD6"
GOOGLE_KEY = "AIza" + "Sy0Bx9Qm7" * 4


def said(diagnosis: Diagnosis) -> Iterator[str]:
    """All that is told of a diagnosis."""
    outcome = outcome_of(LogTarget(key="k", record=record("x", state=State.FAILED)), diagnosis, [1], whole=True)
    assert outcome.reason is not None
    yield outcome.reason.text
    yield outcome.reason.advice or ""
    yield from bounded(outcome.evidence)
    yield from diagnosis.context
    yield render_json("a.log", diagnosis)


def leaks(secret: str, diagnosis: Diagnosis, least: int = 8) -> list[str]:
    """Where a piece of the secret can be read."""
    pieces = [secret[at : at + least] for at in range(len(secret) - least + 1)]
    return [text for text in said(diagnosis) if any(piece in text for piece in pieces)]


@pytest.mark.parametrize("head", ["", "workerpool0-0 | ", "2026-11-22 10:00:00,123 INFO keys: "])
@pytest.mark.parametrize("lines", [len(PEM), 12, 4], ids=["whole", "without an end", "short"])
def test_a_private_key_before_a_failure_is_told_nowhere(head: str, lines: int) -> None:
    """Its first line may lie far above the lines that are kept; the cause is still found, and marked where it is."""
    log = ["starting", *(head + line for line in PEM[:lines]), OOM]
    diagnosis = diagnose("\n".join(log))
    assert leaks(ENCODED, diagnosis, 16) == []
    assert diagnosis.finding is not None
    assert (diagnosis.finding.rule, diagnosis.finding.line) == ("out_of_memory", len(log))
    assert [line.text for line in diagnosis.evidence if line.root] == [OOM]


def test_the_cause_keeps_its_place_behind_a_key() -> None:
    """A key takes as many lines as it had, also in what is written down."""
    outcome = outcome_of(
        LogTarget(key="k", record=record("x", state=State.FAILED)),
        diagnose("\n".join([*PEM[:3], PEM[-1], OOM])),
        [1],
        whole=True,
    )
    assert outcome.root is not None
    assert bounded([*PEM, OOM]) == (*[HIDDEN] * len(PEM), OOM)
    assert bounded(outcome.evidence)[outcome.root] == OOM


def test_the_log_of_a_run_shows_no_private_key() -> None:
    """On one page, and on two that a key is spread over."""
    lines = [(number, None, line) for number, line in enumerate([*PEM, "trained"])]
    for pages in ([lines], [lines[:9], lines[9:]]):
        shown = [entry for page in pages for entry in entries(page)]
        assert [entry.id for entry in shown] == [str(number) for number, _, _ in lines]
        assert shown[-1].text == "trained"
        text = "\n".join(entry.text for entry in shown)
        assert not any(line in text for line in PEM[1:-1])


@pytest.mark.parametrize("between", range(930, 1_000, 3))
def test_a_secret_before_a_failure_in_a_long_line_is_not_cut_in_half(between: int) -> None:
    """Of a long line only what stands near the words by which the failure is known is kept."""
    line = (
        f"{'y' * 100} password={HIDE_ME} {'z' * between} torch.cuda.OutOfMemoryError: CUDA out of memory{' w' * 2_000}"
    )
    assert leaks(HIDE_ME, diagnose(line)) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5_500), st.integers(0, 1_500), st.integers(0, 5_000), st.sampled_from(["x", "x ", '"a", ']))
def test_a_secret_anywhere_in_a_line_is_told_nowhere(before: int, between: int, after: int, unit: str) -> None:
    """Wherever it stands before the words by which the failure is known, and wherever the line is cut."""
    text = unit * (before // len(unit)) + f" password={HIDE_ME} " + unit * (between // len(unit))
    diagnosis = diagnose(f"{text} torch.cuda.OutOfMemoryError: CUDA out of memory {'w' * after}\n")
    assert leaks(HIDE_ME, diagnosis) == []


@pytest.mark.parametrize("before", range(455, 500, 4))
def test_a_key_near_a_failure_is_not_cut_in_half(before: int) -> None:
    """Of a line beside the cause less is kept: what remains of a key there would be none any more."""
    near = f"{'x' * before} {GOOGLE_KEY} and {'more ' * 99}"
    assert leaks(GOOGLE_KEY, diagnose(f"{near}\n{OOM}\n{near}\n")) == []


def test_a_key_at_the_end_of_a_page_s_line_is_not_cut_in_half() -> None:
    """A line is cut behind what has been hidden in it."""
    for before in range(LONGEST_LINE - len(GOOGLE_KEY) - 4, LONGEST_LINE + 2, 3):
        assert "Sy0Bx" not in plain_line(f"{'x' * before} {GOOGLE_KEY} and more{' z' * 999}")
    assert "Sy0Bx" not in plain_line(f"{f'api_key={HIDE_ME} ' * 250} {'x' * 66} {GOOGLE_KEY}{' z' * 999}")


def test_a_password_is_no_principal() -> None:
    """What stands before an address is no account, and no command names it."""
    diagnosis = diagnose(f"connecting to postgres://user:{HIDE_ME}@db.example.com/prod\n{DENIED}")
    assert leaks(HIDE_ME, diagnosis) == []
    assert diagnosis.finding is not None
    assert "principal" not in diagnosis.finding.facts


def test_an_image_is_told_without_whom_it_was_pulled_as() -> None:
    """A registry's address may hold a token; the command names the image alone."""
    address = f"https://oauth2accesstoken:{HIDE_ME}@gcr.io/acme/agent"
    diagnosis = diagnose(f'Error: failed to pull image "{address}": manifest for gcr.io/acme/agent not found')
    assert leaks(HIDE_ME, diagnosis) == []
    assert diagnosis.finding is not None
    assert diagnosis.finding.facts["image"] == "gcr.io/acme/agent"
    assert "oauth2accesstoken" not in diagnosis.finding.advice


@pytest.mark.parametrize("before", range(262, 299, 4))
def test_a_key_in_an_answer_of_w_and_b_is_not_cut_in_half(before: int) -> None:
    """What an error says is cut to a line that can be read."""
    error = of_api_error(ValueError(f"{'x' * before} {GOOGLE_KEY} and more"), "Runs", "http://127.0.0.1:9")
    assert "Sy0Bx" not in redact(str(error))


def test_a_structured_entry_hides_a_key_too() -> None:
    """One line holds the key with its line ends written out."""
    entry = json.dumps({"severity": "ERROR", "message": "\n".join([*PEM, OOM])})
    assert leaks(ENCODED, diagnose(entry), 16) == []
