"""Runs the few tests that have failed once more, alone: `make test` does after a run in which two shared the machine.

Hundreds of tests here start real processes and wait for real terminals, and a busy machine can starve one of them. What
is wrong fails twice; what failed only once stays in the output above, for whoever wants the test mended.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MOST = 5
"""More failures than this are no accident."""

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main() -> int:
    """Return 0 where every test that has failed passes alone."""
    failed = sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []
    if not 0 < len(failed) <= MOST:
        print(f"{len(failed)} tests have failed: not run again", flush=True)
        return 1
    print(f"once more, alone: {', '.join(failed)}", flush=True)
    return subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *failed], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
