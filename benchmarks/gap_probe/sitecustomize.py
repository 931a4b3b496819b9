"""Put on PYTHONPATH by `benchmarks.loop_gaps`: measures the loops of engine and screen from within, changes nothing.

Every few milliseconds a timer looks how late it is. A look that is late is written down with the processor time that
the loop's thread, and the whole process, used meanwhile, and with the time that the thread was ready to run while
others had the processors, which the kernel counts: what is left of the gap is our own.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import types
from collections import Counter
from typing import Any

TICK_S = 0.005
TOLD_S = 0.010
"""Lateness from which a gap is written down."""
SAMPLE_S = 0.002
"""Seconds between two looks at the loop's stack, where stacks are asked for."""
DEEPEST = 12
"""Frames of a stack that are told."""


def role() -> str | None:
    """What this process is: `engine`, `screen`, `idle`, `worker`, or nothing of ours."""
    command = sys.orig_argv
    if "-m" in command:
        return {"monitor.engine": "engine", "fetchers.worker": "worker"}.get(command[command.index("-m") + 1])
    if len(command) > 1 and os.path.basename(command[1]) == "monitor":  # noqa: PTH119 - pathlib costs the start
        return "screen"
    return "idle" if "idle" in command[-1:] else None


class Probe:
    """Looks at one loop."""

    def __init__(self, loop: Any, name: str) -> None:
        self._loop = loop
        self._file = os.open(f"{os.environ['GAPS_DIR']}/{name}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._thread = threading.get_ident()
        self._stacks: Counter[str] = Counter()
        self._due = time.monotonic()
        self._busy, self._spent, self._queued = time.thread_time(), time.process_time(), 0.0
        self._schedule = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
        self._look()
        if os.environ.get("GAPS_STACKS"):
            threading.Thread(target=self._sample, daemon=True, name="gap-stacks").start()

    def _look(self) -> None:
        now, busy, spent = time.monotonic(), time.thread_time(), time.process_time()
        queued = int(os.pread(self._schedule, 100, 0).split()[1]) / 1e9
        if now - self._due > TOLD_S:
            [(stack, _)] = self._stacks.most_common(1) or [("", 0)]
            line = f"{now:.6f} {now - self._due:.6f} {busy - self._busy:.6f} {spent - self._spent:.6f} "
            line += f"{queued - self._queued:.6f} {stack}\n"
            os.write(self._file, line.encode())
        self._stacks.clear()
        self._due, self._busy, self._spent, self._queued = now + TICK_S, busy, spent, queued
        self._loop.call_later(TICK_S, self._look)

    def _sample(self) -> None:
        while True:
            time.sleep(SAMPLE_S)
            if time.monotonic() - self._due > TOLD_S:
                frames = sys._current_frames()  # noqa: SLF001 - the only way to see another thread
                self._stacks[_stack(frames.get(self._thread))] += 1


def _stack(frame: types.FrameType | None) -> str:
    names: list[str] = []
    while frame is not None and len(names) < DEEPEST:
        file = "/".join(frame.f_code.co_filename.split("/")[-2:])
        names.append(f"{file}:{frame.f_lineno}:{frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(names)


def _install(name: str) -> None:
    from asyncio import base_events  # noqa: PLC0415 - not in processes that are not measured

    run_forever = base_events.BaseEventLoop.run_forever

    def measured(loop: Any) -> None:
        loop.call_soon(Probe, loop, name)
        run_forever(loop)

    vars(base_events)["BaseEventLoop"].run_forever = measured


def _many_rows(number: int) -> None:
    """Have this worker answer with so many rows a table, every one of them changed each time, at once."""
    import many_rows  # type: ignore[import-not-found]  # noqa: PLC0415 - it stands beside this file

    many_rows.install(number)


if (_role := role()) in {"engine", "screen", "idle"} and "GAPS_DIR" in os.environ:
    _install(str(_role))
elif _role == "worker" and "GAPS_ROWS" in os.environ:
    _many_rows(int(os.environ["GAPS_ROWS"]))
