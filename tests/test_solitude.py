"""The kernel's timer behind an engine's loop: what lets no thread run is ended, what waits or goes on is not."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

HELD = "import re; re.match('(a+)+$', 'a' * 60 + 'b')"
ASLEEP = "import time; time.sleep(1)"
AT_WORK = """
import time
end = time.monotonic() + 1
while time.monotonic() < end:
    loop_lives(0.3)
"""


@pytest.mark.parametrize(("work", "status"), [(HELD, -signal.SIGPROF), (ASLEEP, 0), (AT_WORK, 0)])
def test_only_a_loop_that_is_held_is_ended(work: str, status: int) -> None:
    """Processor time counts, not time: a process that was stopped or sleeps is nobody's to judge."""
    code = f"from monitor.solitude import loop_lives\nloop_lives(0.3)\n{work}"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == status
