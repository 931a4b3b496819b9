"""The signals that ask the program to end, and how that is told where no loop runs that could be asked to."""

from __future__ import annotations

import signal

from monitor import exit_codes

ENDINGS = {
    signal.SIGTERM: exit_codes.TERMINATED,
    signal.SIGHUP: exit_codes.HUNG_UP,
    signal.SIGINT: exit_codes.INTERRUPTED,  # asyncio's own handler lets a second one cut the clean-up short
}
"""Signals that ask a program to end, and the exit status of one that has obeyed."""


class ToldToEnd(Exception):
    """A signal has ended the work; for the border alone to catch."""

    def __init__(self, status: int) -> None:
        super().__init__(f"told to end, with status {status}")
        self.status = status
        """The exit status."""
