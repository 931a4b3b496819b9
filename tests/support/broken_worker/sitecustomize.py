"""Breaks workers from the inside, as a bad driver, a full machine or a bug of an SDK would.

A directory for PYTHONPATH: every interpreter below reads this file, and only those that are workers whose source
`BROKEN_WORKERS` names (`{"builds": "gil"}`) act on it. The rest of the program is as it always is.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

_SDK = {
    "builds": "google.cloud.devtools.cloudbuild_v1",
    "runner": "google.cloud.run_v2",
    "vertex": "google.cloud.aiplatform_v1",
    "wandb": "wandb",
}
"""Source → the module that its worker cannot do without."""

_FOR_EVER_S = 3600.0
_MIB = 1024 * 1024
_MOST_MIB = 1536
"""Growth ends here, so that a program which does not end it cannot take the machine with it."""


class _Worker:
    """The worker that this process is."""

    def __init__(self, source: str, wire: int) -> None:
        self.source = source
        self.wire = wire
        """The descriptor of its socket."""

    def is_first(self) -> bool:
        """Whether no worker of this source asked before."""
        try:
            (Path(os.environ["BROKEN_WORKERS_NOTES"]) / self.source).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def within_a_call(self, act: Callable[[Any, str], object]) -> None:
        """Do it within each API call, when the call has been announced; `act` is given its log and its method."""
        from fetchers.base import Calls  # noqa: PLC0415 - only a worker has a use for it

        announced = Calls.open

        @contextlib.contextmanager
        def opened(calls: Calls, method: str, scope: str, page: int = 1) -> Iterator[None]:
            with announced(calls, method, scope, page):
                act(calls, method)
                yield

        Calls.open = opened  # type: ignore[method-assign, assignment]

    def say(self, data: bytes) -> None:
        """Write bytes to the socket, whatever they are."""
        while data:
            data = data[os.write(self.wire, data) :]


def _head(size: int) -> bytes:
    return size.to_bytes(4, "big")


# --- in a call -------------------------------------------------------------------------------------------------------


def _hold_the_interpreter(worker: _Worker) -> None:
    """C code that never lets another thread run Python, and that no signal ends."""
    worker.within_a_call(lambda *_: re.match("(a+)+$", "a" * 60 + "b"))


def _sleep(worker: _Worker) -> None:
    worker.within_a_call(lambda *_: time.sleep(_FOR_EVER_S))


def _stop(worker: _Worker) -> None:
    worker.within_a_call(lambda *_: os.kill(os.getpid(), signal.SIGSTOP))


def _die(worker: _Worker) -> None:
    worker.within_a_call(lambda *_: os.kill(os.getpid(), signal.SIGKILL))


def _die_once(worker: _Worker) -> None:
    worker.within_a_call(lambda *_: os.kill(os.getpid(), signal.SIGKILL) if worker.is_first() else None)


def _crash(worker: _Worker) -> None:
    """What a fault of the machine code does: SIGSEGV."""
    worker.within_a_call(lambda *_: os.kill(os.getpid(), signal.SIGSEGV))


def _half_a_frame(worker: _Worker) -> None:
    def act(calls: Any, _method: str) -> None:
        calls._emit.__self__._lock.acquire()  # no other thread says anything either
        worker.say(_head(100) + b"half")
        time.sleep(_FOR_EVER_S)

    worker.within_a_call(act)


def _huge_frame(worker: _Worker) -> None:
    def act(*_: object) -> None:
        worker.say(_head(1 << 30) + bytes(1000))
        time.sleep(_FOR_EVER_S)

    worker.within_a_call(act)


def _stream(worker: _Worker) -> None:
    def act(*_: object) -> NoReturn:
        while True:
            worker.say(b"bytes without end; " * 1000)

    worker.within_a_call(act)


def _rows(worker: _Worker) -> None:
    """Pages that are each well formed, and that never end."""

    def act(calls: Any, _method: str) -> NoReturn:
        from fetchers.messages import Page, pack  # noqa: PLC0415 - as above
        from fetchers.records import Record, State  # noqa: PLC0415 - as above

        fetch = calls._fetch
        about = {"table": fetch.table, "scope": fetch.scopes[0]}
        rows = [Record(id=str(row), name="x", state=State.FAILED, raw_state="x", **about) for row in range(500)]
        page = pack(Page(generation=fetch.generation, at=datetime.now(UTC), records=tuple(rows), **about))
        while True:
            with calls._emit.__self__._lock:  # between the frames of other threads, never within one
                worker.say(page)

    worker.within_a_call(act)


def _grow(worker: _Worker) -> None:
    def act(*_: object) -> None:
        held = []
        for _number in range(_MOST_MIB // 32):
            held.append(b"\1" * 32 * _MIB)
            time.sleep(0.02)
        time.sleep(_FOR_EVER_S)

    worker.within_a_call(act)


# --- before the first call -------------------------------------------------------------------------------------------


class _Import:
    """Does something instead of importing a module."""

    def __init__(self, module: str, act: Callable[[], None]) -> None:
        self._module = module
        self._act = act

    def find_spec(self, name: str, *_: object) -> None:
        if name == self._module:
            self._act()


def _importing(worker: _Worker, act: Callable[[], None]) -> None:
    sys.meta_path.insert(0, _Import(_SDK[worker.source], act))


def _import_hangs(worker: _Worker) -> None:
    _importing(worker, lambda: time.sleep(_FOR_EVER_S))


def _import_raises(worker: _Worker) -> None:
    def act() -> None:
        raise ImportError("libstdc++.so.6: version `GLIBCXX_3.4.29' not found")

    _importing(worker, act)


def _exit(_: _Worker) -> None:
    os._exit(0)


def _flood(_: _Worker) -> None:
    """Fill standard error as fast as it takes it, beside the work."""

    def act() -> NoReturn:
        while True:
            os.write(
                2, b"E0000 00:00:00.000000 1 chttp2_transport.cc:1182] Received a GOAWAY with error code 11\n" * 700
            )

    threading.Thread(target=act, daemon=True).start()


# --- wandb-core ------------------------------------------------------------------------------------------------------


class _Core:
    """The helper process of the W&B SDK, once it has been started."""

    def __init__(self, started: Callable[[int], None] = lambda _pid: None) -> None:
        self.pid = 0
        make = subprocess.Popen.__init__

        def made(process: Any, arguments: Any, *rest: Any, **more: Any) -> None:
            make(process, arguments, *rest, **more)
            if "wandb-core" in str(arguments):
                self.pid = process.pid
                started(process.pid)

        subprocess.Popen.__init__ = made  # type: ignore[assignment]

    def signal(self, number: int) -> None:
        if self.pid:
            os.kill(self.pid, number)


def _core_stopped_at_once(_: _Worker) -> None:
    _Core(lambda pid: os.kill(pid, signal.SIGSTOP))


def _core_stopped(worker: _Worker) -> None:
    core = _Core()
    worker.within_a_call(lambda _calls, method: core.signal(signal.SIGSTOP) if method == "Runs" else None)


def _core_killed(worker: _Worker) -> None:
    core = _Core()
    worker.within_a_call(lambda _calls, method: core.signal(signal.SIGKILL) if method == "Runs" else None)


FAULTS: dict[str, Callable[[_Worker], None]] = {
    "gil": _hold_the_interpreter,
    "sleeps": _sleep,
    "SIGSTOP": _stop,
    "SIGKILL": _die,
    "SIGKILL-once": _die_once,
    "SIGSEGV": _crash,
    "half-a-frame": _half_a_frame,
    "frame-of-1-GB": _huge_frame,
    "endless-bytes": _stream,
    "endless-rows": _rows,
    "grows": _grow,
    "import-hangs": _import_hangs,
    "import-raises": _import_raises,
    "exits": _exit,
    "floods-stderr": _flood,
    "core-stopped-at-once": _core_stopped_at_once,
    "core-stopped": _core_stopped,
    "core-killed": _core_killed,
}
"""What `BROKEN_WORKERS` may say."""

_MODULE = "fetchers.worker"

if _MODULE in sys.orig_argv:
    _source, _wire = sys.orig_argv[sys.orig_argv.index(_MODULE) + 1 :][:2]
    _fault = json.loads(os.environ.get("BROKEN_WORKERS", "{}")).get(_source)
    if _fault is not None:
        FAULTS[_fault](_Worker(_source, int(_wire)))
