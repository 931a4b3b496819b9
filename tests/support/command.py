"""One run of the installed program by a person who has set up nothing but a directory for its logs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.environment import bare
from tests.support.terminal import MONITOR


def run(
    home: Path, *arguments: str, typed: bytes | None = b"", limit_s: float = 60, **more: str
) -> subprocess.CompletedProcess[str]:
    """Its answer; `typed` is its standard input."""
    done = subprocess.run(
        [MONITOR, *arguments],
        check=False,
        capture_output=True,
        input=typed,
        timeout=limit_s,
        cwd=home,
        env=bare(home, LC_ALL="C.UTF-8", **more),
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
