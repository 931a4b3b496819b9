"""Runs programs of the person's own, a browser or tmux, so that neither they nor the disk they lie on can disturb us.

They get no terminal: no stream of ours and no controlling one, so that a browser for terminals cannot take it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Sequence

FAILED = 126
"""Status of a program that could not be started at all."""
ABSENT = 127
"""Status where there is no such program, as every shell has it."""

_STEP_S = 0.02
"""Seconds between two looks: a child watcher would be a thread, or a signal handler that others use too."""

_left: list[subprocess.Popen[bytes]] = []
"""What was left running; looked after so that it does not stay a zombie."""


async def launch(command: Sequence[str], watch_s: float) -> int | None:
    """Start a program and leave it running; its status where it ended within `watch_s`, null where it did not."""
    try:
        process = _started(command, subprocess.DEVNULL)
    except OSError:
        return FAILED
    status = await _status(process, watch_s)
    if status is None:
        _left.append(process)
    return status


async def run(command: Sequence[str], feed: bytes, limit_s: float) -> int | None:
    """Have a program read `feed` and end; its status, or null where it took longer than `limit_s` and was killed."""
    try:
        process = _started(command, subprocess.PIPE)
    except OSError:
        return FAILED
    try:
        async with asyncio.timeout(limit_s):
            await _feed(process, feed)
            return await _status(process, limit_s)
    except TimeoutError:
        return None
    finally:
        if process.poll() is None:
            process.kill()
            _left.append(process)


def _started(command: Sequence[str], stdin: int) -> subprocess.Popen[bytes]:
    """Start it by way of a shell: whoever starts a program waits until it is read from its disk, which may hang."""
    _left[:] = [process for process in _left if process.poll() is None]
    return subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$@"', "sh", *command],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Write all that it takes, without ever waiting for it."""
    if process.stdin is None:
        return
    with process.stdin as pipe:
        os.set_blocking(pipe.fileno(), False)
        while data:
            try:
                data = data[os.write(pipe.fileno(), data) :]
            except BlockingIOError:
                await asyncio.sleep(_STEP_S)
            except BrokenPipeError:
                return


async def _status(process: subprocess.Popen[bytes], limit_s: float) -> int | None:
    loop = asyncio.get_running_loop()
    end = loop.time() + limit_s
    while (status := process.poll()) is None and loop.time() < end:  # noqa: ASYNC110 - nobody would set an event
        await asyncio.sleep(_STEP_S)
    return status
