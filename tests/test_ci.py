"""What runs before anything lands: journeys in tmux are not left out where they could be played."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tmux import MUST_RUN

SCRIPT = Path(__file__).parents[1] / ".ci" / "run"
TOOLS = ("bash", "chmod", "dirname", "env", "timeout", "true")
MADE = f'#!/bin/sh\necho "$1 ${MUST_RUN}"\n'
"""A `make` that says what it was told."""

ROOT, NOBODY = "#!/bin/sh\necho 0\n", "#!/bin/sh\necho 1000\n"
FAILS = "#!/bin/sh\necho 'E: no way there' >&2\nexit 100\n"
WORKS = '#!/bin/sh\n: > "$(dirname "$0")/tmux"\nchmod +x "$(dirname "$0")/tmux"\n'
"""An `apt-get` after which there is a tmux."""

DOES = '#!/bin/sh\nshift\nexec "$@"\n'
"""A `sudo` that asks for nothing."""


@pytest.mark.parametrize(
    ("there", "said", "must"),
    [
        ({"tmux": DOES}, "", ""),
        ({"id": ROOT, "apt-get": WORKS}, "", ""),
        ({"id": NOBODY, "apt-get": WORKS, "sudo": DOES}, "", ""),
        ({"id": ROOT, "apt-get": FAILS}, "E: no way there", "1"),
        ({"id": NOBODY, "apt-get": FAILS, "sudo": DOES}, "E: no way there", "1"),
        ({"id": ROOT}, "are skipped", ""),
        ({"id": NOBODY, "apt-get": FAILS, "sudo": FAILS}, "are skipped", ""),
        ({"id": NOBODY, "apt-get": FAILS}, "are skipped", ""),
    ],
    ids=["there", "installed", "installed by sudo", "failed", "failed by sudo", "no apt", "no right", "no sudo"],
)
def test_journeys_must_run_where_tmux_could_be_installed(
    tmp_path: Path, there: dict[str, str], said: str, must: str
) -> None:
    """Where apt-get may be used and does not help the tests are told so; where it cannot be used they are skipped."""
    place = tmp_path / "checkout" / ".ci"
    programs = tmp_path / "bin"
    place.mkdir(parents=True)
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(shutil.which(tool) or tool)
    for name, text in ({"make": MADE} | there).items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environment = {"PATH": str(programs)}
    run = shutil.copy(SCRIPT, place)
    done = subprocess.run(["bash", run], env=environment, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.splitlines() == [f"lint {must}", f"test {must}"]
    assert said in done.stderr
    assert bool(done.stderr) == bool(said)


@pytest.mark.parametrize(("told", "outcome"), [({}, "1 skipped"), ({MUST_RUN: "1"}, "1 error")], ids=["may", "must"])
def test_a_journey_without_tmux_is_skipped_unless_it_must_run(
    tmp_path: Path, told: dict[str, str], outcome: str
) -> None:
    """And says why in either case."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(Path(sys.executable))
    journey = SCRIPT.parents[1] / "tests" / "ui" / "test_journeys.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(journey), "-k", "newcomer"]
    environment = {name: value for name, value in os.environ.items() if name != MUST_RUN}
    environment |= {"PATH": str(programs), **told}
    done = subprocess.run(command, env=environment, cwd=SCRIPT.parents[1], capture_output=True, text=True, check=False)
    assert outcome in done.stdout
    assert "tmux is not installed" in done.stdout
