"""What can hang in a running dashboard, brought about for real, and the ways to tell it to end.

`HANGS` and `WAYS` are the two tables; the tests take pairs of them, the benchmark all.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from monitor.tables import TABLES
from tests.emulators.control import Emulators
from tests.support.demo import answered
from tests.support.environment import WANDB_KEY, bare, logs_of
from tests.support.processes import MARK, carrying
from tests.support.terminal import MONITOR, PATIENCE_S, Terminal

SWITCHED_OFF = ("builds", "vertex")
"""Tables that are off where clients are real: one of Google's and W&B's are enough, and sooner live."""

ENGINE = "monitor.engine"
WORKER = "fetchers.worker"
CORE = "wandb-core"

BUSY, HELD = signal.SIGUSR2, signal.SIGALRM
"""What `TRAPS` turns into a loop in Python, and into C code that keeps the interpreter."""

TRAPS = """
import signal, sys
if "monitor.engine" in sys.orig_argv:
    import ctypes
    def busy(*_):
        while True:
            pass
    signal.signal(signal.SIGUSR2, busy)
    signal.signal(signal.SIGALRM, lambda *_: ctypes.PyDLL(None).sleep(10**6))
"""
"""A `sitecustomize` that lets a test stall the engine's interpreter from outside."""

SLOW_DISK = """
import os, sys, time
if "monitor.engine" in sys.orig_argv:
    def hang(event, arguments):
        if event == "sqlite3.connect" or (event == "open" and str(arguments[0]).endswith("monitor.log")):
            time.sleep(10**6)
    sys.addaudithook(hang)
"""
"""A `sitecustomize` under which neither the engine's cache nor its log is ever opened: their disk does not answer."""


@dataclass
class Scene:
    """A dashboard on a terminal, in a home of its own, whose processes carry the home's mark."""

    home: Path
    emulators: Emulators
    demo: bool = True
    site: str = TRAPS
    arguments: tuple[str, ...] = ()
    """Of the command line, after those that say which configuration to use."""
    read: bool = True
    """Whether anybody reads what the program writes while it ends."""
    terminal: Terminal = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the home and start the program."""
        for name in ("site", "tmp"):
            (self.home / name).mkdir(parents=True)
        (self.home / "site" / "sitecustomize.py").write_text(self.site)
        environment = bare(
            self.home,
            WANDB_API_KEY=WANDB_KEY,
            TMPDIR=str(self.home / "tmp"),
            PYTHONPATH=str(self.home / "site"),
            **{MARK: str(self.home)},
        )
        self.terminal = Terminal([MONITOR, *self._source(), *self.arguments], environment=environment)
        self.mode = self.terminal.mode
        """How the terminal was found."""

    def _source(self) -> list[str]:
        if self.demo:
            return ["--demo"]
        config = self.home / "config.toml"
        cache = f'[cache]\nurl = "sqlite:///{self.cache}"\n'
        services = self.emulators.config.partition("[cache]")[0]
        off = "".join(f"[tables.{table}]\nenabled = false\n" for table in SWITCHED_OFF)
        config.write_text(f"{services}{off}{cache}[logs]\ndir = '{logs_of(self.home)}'\n")
        return ["--config", str(config)]

    @property
    def cache(self) -> Path:
        """The file of the caches."""
        return self.home / "cache.sqlite"

    def wait_until_live(self) -> None:
        """Wait until every table that is on has answered."""
        tables = len(TABLES) - len(SWITCHED_OFF)
        live = answered if self.demo else lambda text: text.count("· live") >= tables
        self.terminal.wait(lambda: live(self.terminal.text), "live tables", 60)

    def processes(self, word: str = "") -> list[psutil.Process]:
        """The processes of this scene, the screen apart, whose command line holds `word`."""
        return [process for process in self.family() if process.pid != self.terminal.pid and _says(process, word)]

    def family(self) -> list[psutil.Process]:
        """Every process of it that has not ended."""
        return carrying(str(self.home))

    def tell(self, number: signal.Signals, word: str) -> None:
        """Send a signal to every process whose command line holds `word`; there must be one."""
        found = self.processes(word)
        assert found, f"no process of {word}"
        for process in found:
            process.send_signal(number)

    def left(self) -> list[str]:
        """What is left of it: processes and temporary files."""
        return [*(str(one) for one in self.family()), *(str(path) for path in (self.home / "tmp").iterdir())]

    def wait_until_gone(self, limit_s: float) -> list[str]:
        """Wait until nothing is left; what still is after `limit_s` seconds."""
        end = time.monotonic() + limit_s
        while (left := self.left()) and time.monotonic() < end:
            time.sleep(0.02)
        return left

    def given_back(self) -> bool:
        """Whether the terminal is as it was found: its mode, its other screen left, its cursor shown."""
        mode = self.terminal.mode
        while self.terminal.read(1):  # until the last byte: nobody has it open any more
            pass
        raw = self.terminal.raw
        return mode == self.mode and all(
            raw.rfind(f"\x1b[?{left}".encode()) > raw.rfind(f"\x1b[?{taken}".encode())
            for taken, left in (("1049h", "1049l"), ("25l", "25h"), ("1000h", "1000l"), ("7l", "7h"))
            if f"\x1b[?{taken}".encode() in raw
        )

    def end(self) -> None:
        """Kill whatever is left."""
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                process.kill()


def _says(process: psutil.Process, word: str) -> bool:
    try:
        return any(word in part for part in process.cmdline())
    except psutil.Error:
        return False


# --- what hangs ------------------------------------------------------------------------------------------------------

Hang = Callable[[Scene], "contextlib.AbstractContextManager[None]"]
"""Brings a program that has just been started into the state in which it is told to end."""


@contextlib.contextmanager
def nothing(scene: Scene) -> Iterator[None]:
    """All is well."""
    scene.wait_until_live()
    yield


@contextlib.contextmanager
def api(scene: Scene) -> Iterator[None]:
    """No service answers any more."""
    scene.wait_until_live()
    scene.emulators.fault("google", "never")
    scene.emulators.fault("wandb", "hang")
    try:
        before = sum(scene.emulators.calls("wandb").values())
        scene.terminal.send("r")
        scene.terminal.wait(lambda: sum(scene.emulators.calls("wandb").values()) > before, "calls that hang")
        yield
    finally:
        scene.emulators.fault("google", None)
        scene.emulators.fault("wandb", None)


def stopped(word: str, most: int | None = None) -> Hang:
    """Processes of that word are stopped by SIGSTOP."""

    @contextlib.contextmanager
    def begin(scene: Scene) -> Iterator[None]:
        scene.wait_until_live()
        for process in scene.processes(word)[:most]:
            process.send_signal(signal.SIGSTOP)
            await_state(process, psutil.STATUS_STOPPED)
        yield

    return begin


def trapped(number: signal.Signals) -> Hang:
    """The engine's interpreter is held up."""

    @contextlib.contextmanager
    def begin(scene: Scene) -> Iterator[None]:
        scene.wait_until_live()
        scene.tell(number, ENGINE)
        yield

    return begin


def starting(word: str) -> Hang:
    """The first process of that word is importing."""

    @contextlib.contextmanager
    def begin(scene: Scene) -> Iterator[None]:
        scene.terminal.wait(lambda: bool(scene.processes(word)), f"a process of {word}")
        yield

    return begin


@contextlib.contextmanager
def disk(scene: Scene) -> Iterator[None]:
    """The disk under cache and log does not answer."""
    scene.wait_until_live()
    yield


@contextlib.contextmanager
def locked(scene: Scene) -> Iterator[None]:
    """Another program holds the cache's file and does not let go."""
    scene.wait_until_live()
    with contextlib.closing(sqlite3.connect(scene.cache, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        scene.terminal.send("r")
        scene.terminal.read()
        yield


@contextlib.contextmanager
def unread(scene: Scene) -> Iterator[None]:
    """Nobody reads what the program writes to its terminal, and no more fits in."""
    scene.wait_until_live()
    waiting, since, end = 0, time.monotonic(), time.monotonic() + PATIENCE_S
    while not waiting or time.monotonic() - since < FULL_S:
        assert time.monotonic() < end, "the terminal is never full"
        scene.terminal.send("\t")
        if (now := scene.terminal.unread) != waiting:
            waiting, since = now, time.monotonic()
        time.sleep(0.05)
    scene.read = False
    yield


FULL_S = 0.5
"""A terminal that takes nothing for so long, though it is to show another table as the current one, is full."""


def await_state(process: psutil.Process, state: str, limit_s: float = 5) -> None:
    """Wait until the kernel says that a process is in a state."""
    end = time.monotonic() + limit_s
    while process.status() != state:
        assert time.monotonic() < end, f"{process} is not {state}"
        time.sleep(0.005)


@dataclass(frozen=True)
class Case:
    """One thing that hangs, and the program in which it does."""

    begin: Hang
    demo: bool = True
    site: str = TRAPS


HANGS = {
    "nothing": Case(nothing),
    "nothing, real clients": Case(nothing, demo=False),
    "every API": Case(api, demo=False),
    "a worker, stopped": Case(stopped(WORKER, 1)),
    "every worker, stopped": Case(stopped(WORKER), demo=False),
    "wandb-core, stopped": Case(stopped(CORE), demo=False),
    "the engine, stopped": Case(stopped(ENGINE), demo=False),
    "the engine, busy in Python": Case(trapped(BUSY)),
    "the engine, its interpreter held in C": Case(trapped(HELD), demo=False),
    "the engine, starting": Case(starting(ENGINE)),
    "a worker, starting": Case(starting(WORKER), demo=False),
    "the disk of cache and log": Case(disk, demo=False, site=SLOW_DISK),
    "the cache, locked by another": Case(locked, demo=False),
    "the terminal, not read": Case(unread),
}

# --- ways to tell it -------------------------------------------------------------------------------------------------


def _signal(*numbers: signal.Signals) -> Callable[[Scene], None]:
    def tell(scene: Scene) -> None:
        for number in numbers:
            os.kill(scene.terminal.pid, number)

    return tell


def _close(scene: Scene) -> None:
    scene.read = False
    scene.terminal.hang_up()


WAYS: dict[str, Callable[[Scene], None]] = {
    "q": lambda scene: scene.terminal.send("q"),
    "Ctrl+C": lambda scene: scene.terminal.send("\x03"),
    "SIGTERM": _signal(signal.SIGTERM),
    "SIGHUP": _signal(signal.SIGHUP),
    "SIGINT": _signal(signal.SIGINT),
    "SIGTERM and SIGHUP": _signal(signal.SIGTERM, signal.SIGHUP),
    "the terminal is closed": _close,
}
"""How a program is told to end."""


def seconds_to_end(scene: Scene, way: str, limit_s: float = 10) -> float:
    """Tell the program to end; seconds until its process has. Raises `AssertionError` where it does not."""
    began = time.monotonic()
    WAYS[way](scene)
    ended(scene, limit_s)
    return time.monotonic() - began


def ended(scene: Scene, limit_s: float) -> None:
    """Wait for the end of its process, reading what it writes unless nobody is to read it."""
    if scene.read:
        scene.terminal.wait_for_end(limit_s)
    else:
        scene.terminal.wait_until_dead(limit_s)
