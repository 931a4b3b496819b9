"""How well logs are diagnosed: real excerpts with labels, beside the founding patterns in the same run.

`python -m benchmarks.diagnosis_quality [FILE…]` reads the corpus beside the checkout and further files of its form. A
failure is detected when there is any finding, and right when the rule is one that its label accepts; the root cause is
near when it is named within two lines of the one that explains it. A healthy excerpt is a false alarm when a guard
would have ended its program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.founding_patterns import by_the_letter
from fetchers.diagnosis import diagnose
from tests.support.corpus import BENIGN, CORPUS, Answer, Verdict, excerpts, judged, score

HEADS = (
    "| excerpts | reader | detected | right rule | root within 2 lines | a guard ends it | false alarms"
    " | healthy with any finding |"
)
LABEL_HEADS = "| label | detected | right rule | root within 2 lines | a guard ends it | founding: right rule |"


def diagnosed(text: str) -> Answer:
    """What the diagnosis says about a log that has ended."""
    diagnosis = diagnose(text)
    found = diagnosis.finding
    return Answer(found.rule if found else None, found.line if found else None, diagnosis.fatal)


READERS: dict[str, Callable[[str], Answer]] = {"ours": diagnosed, "founding patterns": by_the_letter}


def sets(verdicts: list[Verdict]) -> dict[str, list[Verdict]]:
    """All of them, and each half."""
    halves = {half: [one for one in verdicts if one.excerpt.half == half] for half in "AB"}
    return {"all": verdicts} | {f"half {half}": found for half, found in halves.items()}


def overall(path: Path, answers: dict[str, list[Verdict]]) -> list[str]:
    """The first table: each half, ours beside the founding patterns."""
    lines = [f"{path.name}:", "", HEADS, "|---" * HEADS.count(" |") + "|"]
    for reader, verdicts in answers.items():
        for name, found in sets(verdicts).items():
            it = score(found)
            cells = (name, reader, it.detected, it.right, it.near, it.guarded, it.false_alarms, it.any_finding)
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def by_label(answers: dict[str, list[Verdict]]) -> list[str]:
    """The second table: each label, both halves together."""
    ours, founding = answers.values()
    lines = [LABEL_HEADS, "|---" * LABEL_HEADS.count(" |") + "|"]
    for label in sorted({one.excerpt.label for one in ours} - {BENIGN}):
        it, beside = (score([one for one in found if one.excerpt.label == label]) for found in (ours, founding))
        cells = (label, it.detected, it.right, it.near, it.guarded, beside.right)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def measure(path: Path) -> None:
    """Print both tables of a file."""
    if not path.exists():
        print(f"{path} is not there: nothing to measure")
        return
    found = excerpts(path)
    answers = {name: judged(found, reader) for name, reader in READERS.items()}
    print("\n".join((*overall(path, answers), "", *by_label(answers), "")))


def main() -> None:
    """The corpus, and the files that are named."""
    named = sys.argv[1:] if Path(sys.argv[0]).stem == "diagnosis_quality" else []
    for path in (CORPUS, *map(Path, named)):
        measure(path)


if __name__ == "__main__":
    main()
