"""The exit statuses of every command, in one place: scripts rely on them."""

from __future__ import annotations

OK = 0
NOT_ALL_LIVE = 3
NOTHING_CONFIGURED = 4
USAGE = 64
INTERNAL = 70
HUNG_UP = 129
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143

STATUSES: dict[int, str] = {
    OK: "done; for `ls`: every table asked is live",
    NOT_ALL_LIVE: "`ls`: printed, but something is partial, stale, failed or not set up",
    NOTHING_CONFIGURED: "`ls`: nothing is configured",
    USAGE: "the command line or the configuration is wrong; nothing was done",
    INTERNAL: "an error of the program itself; the log has its traceback",
    HUNG_UP: "`ls`: its terminal went away, and it has left in order",
    INTERRUPTED: "ended by Ctrl+C",
    BROKEN_PIPE: "the reader of the output went away",
    TERMINATED: "`ls`: ended by SIGTERM, and it has left in order",
}
"""What each means."""
