"""How long ago this process began, for commands that promise an answer within so many seconds of being started."""

from __future__ import annotations

import os
import time
from pathlib import Path

_LOADED = time.monotonic()
_CPU_UNTIL_LOADED_S = time.process_time()
"""What the interpreter and the imports before this module took, at least."""

_QUICK_S = 2.0
"""A process that took longer to come this far was most likely somebody else first: the kernel counts from the fork, and
`sh -c 'sleep 60; exec monitor ls'` is one process. One that waited so long for its disk seems younger."""
_STAT = Path("/proc/self/stat")
_START_FIELD = 19
"""`starttime` among the fields behind the name's closing bracket: the 22nd of all, see proc(5)."""


def seconds() -> float:
    """Seconds since the process began; on systems that do not tell, since its interpreter did, roughly."""
    own = time.monotonic() - _LOADED
    return own + _before_loading(own)


def _before_loading(own: float) -> float:
    born = _born()
    if born is None:
        return _CPU_UNTIL_LOADED_S
    before = time.clock_gettime(time.CLOCK_BOOTTIME) - born - own
    return before if 0 <= before < _QUICK_S else _CPU_UNTIL_LOADED_S


def _born() -> float | None:
    """When the process was created, seconds since the machine started; null where there is no /proc."""
    try:
        fields = _STAT.read_text().rpartition(")")[2].split()
        return int(fields[_START_FIELD]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
