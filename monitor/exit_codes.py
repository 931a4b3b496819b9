"""The exit statuses of every command, in one place: scripts rely on them."""

from __future__ import annotations

OK = 0
"""Done; for `ls`: every table asked is live, or with `--cached`: something is cached."""
NOT_ALL_LIVE = 3
"""`ls`: printed, but something is partial, stale, failed or not set up, or the cache cannot be read."""
NOTHING_CONFIGURED = 4
"""`ls`, and `monitor` without a screen: nothing is configured, or with `--cached`: nothing is cached."""
USAGE = 64
"""The command line or the configuration is wrong; nothing was done."""
INTERNAL = 70
"""An error of the program itself; the log has its traceback."""
HUNG_UP = 129
"""Its terminal went away, and it has left in order."""
INTERRUPTED = 130
"""Ended by Ctrl+C."""
BROKEN_PIPE = 141
"""The reader of the output went away."""
TERMINATED = 143
"""Ended by SIGTERM, and it has left in order."""
