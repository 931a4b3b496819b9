"""A child's tie to its parent: it never outlives it, and its stacks can be asked for from outside."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys

STACKS_SIGNAL = signal.SIGUSR1
"""Sent to a worker, makes it write all its stacks to stderr, even while C code holds the interpreter."""

_PR_SET_PDEATHSIG = 1


def tie(parent: int) -> None:
    """Have the kernel kill this process when `parent` dies, where the kernel can; end now if it already has.

    Elsewhere the end of the socket tells it. Source: prctl(2), PR_SET_PDEATHSIG.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def answer_with_stacks() -> None:
    """Write every thread's stack to stderr on `STACKS_SIGNAL`, without needing the interpreter's lock."""
    faulthandler.enable()
    faulthandler.register(STACKS_SIGNAL, all_threads=True)
