"""How one of our modules becomes a child process with a socket to us and no terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping
from types import MappingProxyType

MARK = "MONITOR_CHILD"
"""Environment variable that every descendant of a child inherits: how what a dead one left behind is found."""


def new_mark(parent: str | None = None) -> str:
    """Return a mark that begins with its parent's, so that ending a mark ends all below it."""
    return f"{parent or os.environ.get(MARK, '')}.{uuid.uuid4().hex}"


def child_environment(mark: str) -> dict[str, str]:
    """Return our environment without what breaks or slows a child.

    `PYTHONDONTWRITEBYTECODE` makes every start compile the SDKs again; a stale `WANDB_SERVICE` breaks the W&B SDK.
    """
    dropped = {"PYTHONDONTWRITEBYTECODE", "WANDB_SERVICE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {MARK: mark, "PYTHONSAFEPATH": "1"}


def spawn(
    module: str, arguments: Iterable[str], mark: str, output: int, environment: Mapping[str, str] = MappingProxyType({})
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Run one of our modules with a socket to us, whatever lies in the working directory; its prints go to `output`.

    The module is given `arguments`, the number of its end of the socket, and our pid; `environment` is added to ours.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=child_environment(mark) | dict(environment),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
    ours.setblocking(False)
    return process, ours


def exit_words(status: int | None) -> str:
    """Say how a process ended: `status 1`, `SIGKILL`, or, of one that we hear no more of, that it has not."""
    if status is None:
        return "it closed its socket"
    if status >= 0:
        return f"status {status}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
