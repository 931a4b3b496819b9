"""What of an advice is a command: whoever copies one can run it."""

from __future__ import annotations

import pytest

from fetchers.demo_records import fixture
from fetchers.records import Reason
from monitor.advice import commands
from monitor.advice_parts import advice_parts
from monitor.ui.taking import copyable
from tests.support.records import NOON, record


@pytest.mark.parametrize(
    "command",
    [
        "gcloud builds submit --config cloudbuild.yaml",
        "python -m arr.train --max-steps 2",
        "WANDB_MODE=offline python3 train.py",
        "/usr/bin/curl -sS https://api.wandb.ai/healthz",
        "make",
    ],
)
def test_what_begins_with_a_program_is_a_command(command: str) -> None:
    """With what is set before it, and wherever the program lies."""
    assert commands(f"Try `--flag 4` and then `{command}`.") == [command]


@pytest.mark.parametrize(
    "text",
    ["--per-device-batch 4", "parameters.lr.max: 1e-3", "timeout: 3600s", "a2-highgpu-2g", "WANDB_MODE=offline", " "],
)
def test_a_flag_or_a_line_for_a_file_is_none(text: str) -> None:
    """It is shown, and not offered as one."""
    assert commands(f"Set `{text}`") == []
    row = record(reason=Reason(text="it broke", advice=f"Set `{text}`"))
    assert "command" not in copyable(row)
    assert "advice" in copyable(row)


def test_the_demo_offers_commands_and_other_things() -> None:
    """Both are seen there."""
    advices = [row.reason.advice for row in fixture(NOON, NOON) if row.reason and row.reason.advice]
    assert {bool(commands(advice)) for advice in advices if "`" in advice} == {True, False}


@pytest.mark.parametrize(
    ("advice", "parts"),
    [
        ("Raise `bootDiskSizeGb`, and with it the disk.", ["Raise `bootDiskSizeGb`, and with it the disk."]),
        ("Set `--max-grad-norm 1.0`, then run `make`.", ["Set `--max-grad-norm 1.0`, then run", ">make"]),
        ("Grant it (`gcloud auth login`), or ask.", ["Grant it", ">gcloud auth login", "or ask."]),
        ("`make`", [">make"]),
        ("`make` (`make demo`).", [">make", ">make demo"]),
        ("", []),
    ],
)
def test_only_commands_stand_apart_from_the_words(advice: str, parts: list[str]) -> None:
    """The name of a field stays in its sentence, and no stray point or bracket is left where a command was."""
    assert [f"{'>' * part.command}{part.text}" for part in advice_parts(advice)] == parts
