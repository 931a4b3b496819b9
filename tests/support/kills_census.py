"""What a process holds, and what is alive that belongs to it: counted before and after many kills."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.processes import carrying


@dataclass(frozen=True)
class Census:
    """One look at an engine."""

    descriptors: dict[str, int]
    """Kind (`socket`, `pipe`, `file`, …) → how many are open."""
    threads: int
    zombies: int
    """Children that have ended and that it has not taken leave of."""
    processes: dict[str, int]
    """Name of what it runs → how many of them carry the mark, the engine included."""
    left: tuple[str, ...]
    """Names in the directory for temporary files."""
    rss: int
    pss: int

    @property
    def countable(self) -> tuple[object, ...]:
        """Everything that must be the same before and after; memory only nearly."""
        kinds, processes = sorted(self.descriptors.items()), sorted(self.processes.items())
        return (kinds, self.threads, self.zombies, processes, len(self.left))


def census(engine: int, mark: str, temporary: Path) -> Census:
    """Count what the process `engine` holds, and who carries the mark."""
    memory = psutil.Process(engine).memory_full_info()
    return Census(
        descriptors=_descriptors(engine),
        threads=psutil.Process(engine).num_threads(),
        zombies=_zombies(children_of(engine)),
        processes=dict(Counter(map(title, carrying(mark)))),
        left=tuple(sorted(path.name for path in temporary.iterdir())),
        rss=memory.rss,
        pss=memory.pss,
    )


def _descriptors(pid: int) -> dict[str, int]:
    kinds: Counter[str] = Counter()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed while we looked
            target = str(entry.readlink())
            kinds["file" if target.startswith("/") else target.partition(":")[0]] += 1
    return dict(kinds)


def _zombies(pids: Iterable[int]) -> int:
    found = 0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            found += psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return found


def children_of(pid: int) -> list[int]:
    """Processes that `pid` has started and not reaped, the latest last."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended while we looked
            found += map(int, (task / "children").read_text().split())
    return sorted(found)


def title(process: psutil.Process) -> str:
    """What it is to us: `screen`, `engine`, a worker's source, or the program's name."""
    try:
        words = process.cmdline()
        name = process.name()
    except psutil.Error:
        return "gone"
    if "fetchers.worker" in words:
        return words[words.index("fetchers.worker") + 1]
    if "monitor.engine" in words:
        return "engine"
    return "screen" if any(word.endswith("/monitor") for word in words[:2]) else name
