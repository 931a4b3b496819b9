"""What a program under test is started with, and a fault as a thing that is switched on there."""

from __future__ import annotations

import contextlib
import json
import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor.tables import TABLES
from tests.emulators.control import Emulators
from tests.support.environment import WANDB_KEY, bare, logs_of

_BROKEN = Path(__file__).parent / "broken_worker"


@dataclass
class Stage:
    """A configuration and an environment; a fault changes them, or the servers that they name."""

    emulators: Emulators
    home: Path
    """An empty directory of this program's own."""
    settings: str = field(init=False)
    """The configuration, less what follows from `home`."""
    environment: dict[str, str] = field(init=False)
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    """Whatever is entered here ends with the stage."""
    _broken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = self.emulators.config.partition("[cache]")[0]
        self.environment = bare(self.home, WANDB_API_KEY=WANDB_KEY)

    @property
    def config(self) -> Path:
        """The configuration, as a file."""
        path = self.home / "config.toml"
        cache = f'[cache]\nurl = "sqlite:///{self.home / "cache.sqlite"}"\n'
        path.write_text(f'{self.settings}{cache}[logs]\ndir = "{logs_of(self.home)}"\n')
        return path

    def point(self, source: str, url: str) -> None:
        """Give one source another address."""
        key = "base_url" if source == "wandb" else source
        lines = self.settings.splitlines()
        self.settings = "\n".join(f'{key} = "{url}"' if line.startswith(f"{key} = ") else line for line in lines) + "\n"

    def break_worker(self, source: str, fault: str) -> None:
        """Have the workers of a source go wrong; `tests.support.broken_worker` says how."""
        self._broken[source] = fault
        path = os.pathsep.join(filter(None, (str(_BROKEN), os.environ.get("PYTHONPATH"))))
        self.environment |= {
            "PYTHONPATH": path,
            "BROKEN_WORKERS": json.dumps(self._broken),
            "BROKEN_WORKERS_NOTES": str(self.home),
        }


Switch = Callable[[Stage, str], contextlib.AbstractContextManager[None]]
"""Switches a fault on for a source of a stage, and off again."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault in one source, and what must come of it."""

    source: str
    fault: str
    words: tuple[str, ...]
    """What the error of each table that it befalls must hold: the call, the cause, what to do."""
    switch: Switch
    status: int = 3
    """What `ls` returns: 0 where the program gets over it within the fetch."""
    lasts: bool = False
    """Whether it shows only when the time is up."""
    any_time: bool = False
    """Whether it may also be switched on, and off again, while the program runs."""
    credentials: str = ""
    """Which of Google's credentials it needs: there is one set for all sources."""

    def __str__(self) -> str:
        return f"{self.source}-{self.fault}"

    @property
    def tables(self) -> set[str]:
        """The tables that it befalls."""
        return {name for name, table in TABLES.items() if table.source == self.source}


@contextlib.contextmanager
def befallen(cases: Iterable[Case], emulators: Emulators, home: Path) -> Iterator[Stage]:
    """Switch the cases on, each of another source: the body runs a program with the stage's config and environment."""
    stage = Stage(emulators, home)
    with stage.stack:
        for case in cases:
            stage.stack.enter_context(case.switch(stage, case.source))
        yield stage


def quick(cases: Iterable[Case]) -> list[tuple[Case, ...]]:
    """Pack those that show at once: into few runs, of different sources, at least one of them spared."""
    return [*_packed(case for case in cases if not case.lasts)]


def lasting(cases: Iterable[Case]) -> list[tuple[Case, ...]]:
    """Pack those that last until the time is up in the same way, so that none of the others waits for them."""
    return [*_packed(case for case in cases if case.lasts)]


_TOGETHER = 3
"""Faults of one run at most: one source is spared."""

_APART = 3
"""Lines of the table between the faults that meet in a run, so that they are seldom the same."""


def _packed(cases: Iterable[Case]) -> Iterator[tuple[Case, ...]]:
    columns: dict[str, deque[Case]] = defaultdict(deque)
    for case in cases:
        columns[case.source].append(case)
    for turn, column in enumerate(columns.values()):
        column.rotate(turn * _APART)
    while any(columns.values()):
        run: list[Case] = []
        for column in sorted(columns.values(), key=len, reverse=True)[:_TOGETHER]:
            fit = next((case for case in column if _one_set_of_credentials(*run, case)), None)
            if fit is not None:
                column.remove(fit)
                run.append(fit)
        yield tuple(run)


def _one_set_of_credentials(*run: Case) -> bool:
    return len({case.credentials for case in run} - {""}) < 2
