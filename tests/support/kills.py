"""The program in an environment of its own, for tests that kill its processes."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.environment import WANDB_KEY, bare
from tests.support.kills_source import STAND_IN
from tests.support.processes import MARK
from tests.support.terminal import MONITOR

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(__file__).with_name("kills_site")

_SCREEN = [MONITOR, "--config"]
VIEWERS = {
    "engine": [sys.executable, "-P", "-m", "tests.support.kills_viewer"],
    "screen": _SCREEN,
    "both": _SCREEN,
}
"""Who is to be killed → the program that is started for it; the configuration's path follows."""

STAND_IN_CONFIG = """\
[gcp]
project = "acme-ml"
{regions}[tables.builds]
interval_s = 1
[tables.runner]
interval_s = 1
[tables.vertex]
interval_s = 1
"""
"""Google's three sources, asked all the time."""


@dataclass(frozen=True)
class Place:
    """Where one program under test lives: its home, its temporary files, its mark, its configuration."""

    home: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def temporary(self) -> Path:
        """Its directory for temporary files."""
        return self.home / "tmp"

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.home / "monitor.toml"

    @property
    def cache(self) -> str:
        """The URL of its cache."""
        return f"sqlite:///{self.home / 'cache.db'}"

    def furnish(self, config: str, cache: str | None = None) -> None:
        """Make the directories, and write the configuration; null: with a cache of its own."""
        self.temporary.mkdir(parents=True)
        sections = f'[cache]\nurl = "{cache or self.cache}"\n[logs]\ndir = "{self.home / "logs"}"\n'
        self.config.write_text(config.partition("[cache]")[0] + sections)

    def environment(self, source: str | None = None) -> Mapping[str, str]:
        """The program's environment; `source` stands in for Google's three."""
        kept = bare(self.home, TMPDIR=str(self.temporary), WANDB_API_KEY=WANDB_KEY)
        more = {} if source is None else {STAND_IN: source}
        return kept | more | {MARK: self.mark, "PYTHONPATH": f"{SITE}:{ROOT}", "TERM": "xterm-256color"}


async def until(holds: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
    """Wait for something to become true. Raises `TimeoutError` that says what did not."""
    try:
        async with asyncio.timeout(limit_s):
            while not holds():  # noqa: ASYNC110 - the state of processes has no event to wait for
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise TimeoutError(f"not in {limit_s:g} s: {what}") from None
