"""What can go wrong, where, and what a person must then be told: the whole list, as data.

A `Case` is one fault in one source. Whoever tests with it enters `befallen`, which switches it on for a program that
is started with the stage's configuration and environment; cases of different sources may be on at the same time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor.tables import TABLES
from tests.emulators.control import Emulators
from tests.support.environment import WANDB_KEY, bare

GOOGLE = {"builds": "ListBuilds", "runner": "ListExecutions", "vertex": "ListCustomJobs"}
"""Source → the call that lists it."""

SOURCES = (*GOOGLE, "wandb")


@dataclass
class Stage:
    """What a program is started with; a fault changes it, or the servers that it names."""

    emulators: Emulators
    home: Path
    """An empty directory of this program's own."""
    settings: str = field(init=False)
    """The configuration, less what follows from `home`."""
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.settings = self.emulators.config.partition("[cache]")[0]
        self.environment = bare(self.home, WANDB_API_KEY=WANDB_KEY)

    @property
    def config(self) -> Path:
        """The configuration, as a file."""
        path = self.home / "config.toml"
        cache = f'[cache]\nurl = "sqlite:///{self.home / "cache.sqlite"}"\n'
        path.write_text(f'{self.settings}{cache}[logs]\ndir = "{self.home / "logs"}"\n')
        return path

    def point(self, source: str, url: str) -> None:
        """Give one source another address."""
        key = "base_url" if source == "wandb" else source
        lines = self.settings.splitlines()
        self.settings = "\n".join(f'{key} = "{url}"' if line.startswith(f"{key} = ") else line for line in lines) + "\n"


Switch = Callable[[Stage, str], contextlib.AbstractContextManager[None]]
"""Switches a fault on for a source, and off again."""


@dataclass(frozen=True)
class Case:
    """One fault in one source."""

    source: str
    fault: str
    words: tuple[str, ...]
    """What the error of each table that it befalls must hold."""
    switch: Switch
    lasts: bool = False
    """Whether it shows only when the time is up."""
    any_time: bool = False
    """Whether it can also be switched on while the program runs, and off again."""

    def __str__(self) -> str:
        return f"{self.source}-{self.fault}"

    @property
    def tables(self) -> set[str]:
        """The tables that it befalls."""
        return {name for name, table in TABLES.items() if table.source == self.source}


@contextlib.contextmanager
def befallen(cases: Iterable[Case], emulators: Emulators, home: Path) -> Iterator[Stage]:
    """Switch the cases on: the body runs a program with the stage's `config` and `environment`."""
    stage = Stage(emulators, home)
    with contextlib.ExitStack() as stack:
        for case in cases:
            stack.enter_context(case.switch(stage, case.source))
        yield stage


# --- faults that a server has ----------------------------------------------------------------------------------------


def served(fault: str) -> Switch:
    """A fault of the emulator's own."""

    @contextlib.contextmanager
    def switch(stage: Stage, source: str) -> Iterator[None]:
        service, method = ("google", GOOGLE[source]) if source in GOOGLE else ("wandb", "*")
        stage.emulators.fault(service, fault, method)
        try:
            yield
        finally:
            stage.emulators.fault(service, None, method)

    return switch


def _of_google(fault: str, *words: str, lasts: bool = False) -> list[Case]:
    return [
        Case(source, fault, (method, *words), served(fault), lasts=lasts, any_time=True)
        for source, method in GOOGLE.items()
    ]


def _of_wandb(fault: str, *words: str, lasts: bool = False) -> Case:
    return Case("wandb", fault, words, served(fault), lasts=lasts, any_time=True)


CASES: list[Case] = [
    *_of_google("never", "no answer in", lasts=True),
    *_of_google("headers", "no answer in", lasts=True),
    *_of_google("endless", "no end after"),
    *_of_google("garbage", "bytes that are no"),
    *_of_google("reset", "check the network"),
    *_of_google("UNAVAILABLE", "UNAVAILABLE"),
    *_of_google("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"),
    *_of_google("PERMISSION_DENIED", "needs roles/"),
    *_of_google("UNAUTHENTICATED", "gcloud auth application-default login"),
    *_of_google("INTERNAL", "INTERNAL"),
    _of_wandb("hang", "no answer in", lasts=True),
    _of_wandb("stall", "no answer in", lasts=True),
    _of_wandb("drip", "no answer in", lasts=True),
    _of_wandb("reset", "EOF", lasts=True),
    _of_wandb("401", "wandb login"),
    _of_wandb("403", "403"),
    _of_wandb("429", "", lasts=True),
    _of_wandb("500", "HTTP 500", lasts=True),
    _of_wandb("html", "invalid character"),
    _of_wandb("truncated", "unexpected EOF"),
    _of_wandb("graphql-error", "column does not exist"),
]
"""Every fault in every source that it can befall."""
