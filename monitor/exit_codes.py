"""The exit statuses of every command, in one place: scripts rely on them."""

from __future__ import annotations

OK = 0
"""Done; for `ls`: every table asked is live, or with `--cached`: something is cached."""
NOT_ALL_LIVE = 3
"""`ls`: printed, but something is partial, stale, failed or not set up, or the cache cannot be read."""
NOT_KNOWN = 3
"""`why`: the record is there, but it is not known why it ended so, or its source did not answer."""
NOT_WHOLE = 3
"""`explain`: some log could not be read, or not to its end."""
NOTHING_CONFIGURED = 4
"""`ls`, and `monitor` without a screen: nothing is configured, or with `--cached`: nothing is cached."""
NO_SUCH_RECORD = 4
"""`why`: every table has answered, and none has such a record."""
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
