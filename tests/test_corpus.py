"""Real logs are diagnosed as well as promised; what is promised stands here, what is reached is printed."""

from __future__ import annotations

import pytest

from benchmarks.diagnosis_quality import diagnosed
from tests.support.corpus import CORPUS, Score, Verdict, excerpts, judged, score

DETECTED, RIGHT, NEAR, FALSE_ALARMS = 0.97, 0.92, 0.85, 0.01

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the labelled logs are not there: {CORPUS}")


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """What we say to each excerpt."""
    return judged(excerpts(CORPUS), diagnosed)


def printed(name: str, it: Score) -> Score:
    """The figures of a set of excerpts, which stand in the report of a test that fails, and in `-rP`."""
    print(f"{name}: detected {it.detected}, right rule {it.right}, root near {it.near}, false alarms {it.false_alarms}")
    return it


def test_failures_are_detected_named_and_placed(verdicts: list[Verdict]) -> None:
    """Of real failures 97 % are detected, 92 % rightly named, and the root cause of 85 % is placed within two lines."""
    for half in "AB":
        printed(f"half {half}", score([one for one in verdicts if one.excerpt.half == half]))
    it = printed("all", score(verdicts))
    assert it.detected.of > 100
    assert it.detected.part >= DETECTED
    assert it.right.part >= RIGHT
    assert it.near.part >= NEAR


def test_healthy_logs_are_let_be(verdicts: list[Verdict]) -> None:
    """Of real logs of healthy programs at most one in a hundred would have had a guard end its program."""
    it = printed("all", score(verdicts))
    assert it.false_alarms.of > 100
    assert it.false_alarms.part <= FALSE_ALARMS
