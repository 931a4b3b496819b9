"""A child's tie to its parent: it never outlives it, and its stacks can be asked for from outside."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import signal
import sys

STACKS_SIGNAL = signal.SIGUSR1
"""Sent to a worker, makes it write all its stacks to stderr, even while C code holds the interpreter."""

_PR_SET_PDEATHSIG = 1

_DATA_MOST = 4 * 1024**3
"""Bytes of memory that a process may ask for: a backstop for growth that is quicker than the looks of its parent."""


def tie(parent: int) -> None:
    """Have the kernel kill this process when `parent` dies, where the kernel can; end now if it already has.

    Elsewhere the end of the socket tells it. Source: prctl(2), PR_SET_PDEATHSIG.
    """
    _tell_of_death(parent, signal.SIGKILL)


def wake_for(parent: int) -> None:
    """Have the kernel wake this process when `parent` dies, should it be stopped then; end now if it already has.

    The end of the socket tells it the rest: it has workers to end, which nobody else knows.
    """
    _tell_of_death(parent, signal.SIGCONT)


def _tell_of_death(parent: int, by: signal.Signals) -> None:
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only a child needs it

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os._exit(0)


def bound_memory() -> None:
    """Have allocations fail, in this process and those it starts, before they take the machine down."""
    with contextlib.suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        if most == resource.RLIM_INFINITY or most > _DATA_MOST:
            resource.setrlimit(resource.RLIMIT_DATA, (_DATA_MOST, most))


def answer_with_stacks() -> None:
    """Write every thread's stack to stderr on `STACKS_SIGNAL`, without needing the interpreter's lock."""
    faulthandler.enable()
    faulthandler.register(STACKS_SIGNAL, all_threads=True)
