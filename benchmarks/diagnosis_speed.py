"""How fast logs are read, and what memory that takes: ordinary ones, and ones that are made to hurt.

`python -m benchmarks.diagnosis_speed [MEGABYTES]` reads each of them in portions of 64 KiB; a quarter of the size is
read beside it, so that whatever takes more than its share of time for more of the same shows. Memory is what the
process has gained while it read.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil

from fetchers.diagnosis import LogReader

MEGABYTES = 10
PORTION = 64 * 1024
WANTED_MB_S = 20.0
"""On ordinary logs."""
LINEAR = 2.0
"""Four times the text may take so many times four times the time on a noisy machine."""
GROWTH_MB = 64.0
"""What all of it may gain: RE2's automata are bounded, and so is what the reader keeps."""

HEAD = b"Traceback (most recent call last):\n"
FRAME = b'  File "/app/train.py", line 33, in main\n    model.fit(data)\n'
DENIED = b"ERROR google.api_core.exceptions.PermissionDenied: 403 Permission 'x' denied on resource\n"

_random = random.Random(5)  # noqa: S311 - text to read, no secret


def training() -> Iterator[bytes]:
    """What a training job writes: progress, metrics, progress bars, now and then a warning."""
    for step in itertools.count():
        loss, speed = _random.random(), 900 + 200 * _random.random()
        yield (
            f"2026-11-22 10:{step // 60 % 60:02}:{step % 60:02},123 INFO trainer: step {step} epoch {step // 500}"
            f" loss={loss:.4f} lr=3e-4 samples/s={speed:.1f} grad_norm={1 + loss:.3f}\n"
        ).encode()
        if step % 20 == 0:
            bars = (f"Epoch {step // 500}: {done}%|####    | {done}/100 [00:12<00:13, 5.5it/s]\r" for done in range(9))
            yield "".join(bars).encode() + b"\n"
        if step % 500 == 0:
            yield b"/app/lib/optim.py:31: UserWarning: the scheduler was stepped before the optimizer\n"


def entries() -> Iterator[bytes]:
    """The same as structured entries of Cloud Logging."""
    for step in itertools.count():
        yield f'{{"severity":"INFO","message":"step {step} loss=0.31","labels":{{"rank":"0","job":"a"}}}}\n'.encode()


def tracebacks() -> Iterator[bytes]:
    """One exception after another."""
    for number in itertools.count():
        yield HEAD + FRAME * 20 + f"ValueError: bad value {number}\n".encode()


def failures() -> Iterator[bytes]:
    """Each line a failure of its own."""
    for number in itertools.count():
        denied = f"403 Permission 'run.jobs.get' denied on resource {number}"
        yield f"2026-11-22 10:00:00 ERROR request {number}: {denied}\n".encode()


def noise() -> Iterator[bytes]:
    """Random bytes."""
    while True:
        yield _random.randbytes(4096)


def again(text: bytes) -> Callable[[], Iterator[bytes]]:
    """The same over and over, in pieces of some size."""
    return lambda: itertools.repeat(text * (1 + 4096 // len(text)))


def deep() -> Iterator[bytes]:
    """A traceback that never ends."""
    return itertools.chain([HEAD], itertools.repeat(FRAME * 40))


ORDINARY = {"a training job": training, "structured entries": entries}
HOSTILE: dict[str, Callable[[], Iterator[bytes]]] = {
    "one line of one letter": again(b"x"),
    "one line of near-matches": again(b"error 500 google.api_core.exceptions. "),
    "empty lines": again(b"\n"),
    "carriage returns": again(b"\r"),
    "NULs": again(b"\0"),
    "random bytes": noise,
    "escape characters": again(b"\x1b"),
    "half escape sequences": again(b"\x1b[1;"),
    "near-matches": again(
        b"exceptions.PermissionDenie 40 machine type accelerator is not supporte wandb: unable to connec\n"
    ),
    "the same failure": again(DENIED),
    "the same failure, drawn over": again(b"error: x failed\r"),
    "the same short exception": again(b"ValueError: bad\r\n"),
    "failures": failures,
    "failures that are retried": again(b"WARNING retrying after 503 Service Unavailable, step 3\n"),
    "structured failures": again(b'{"severity":"ERROR","message":"403 Permission denied"}\n'),
    "tracebacks": tracebacks,
    "a traceback without an end": deep,
    "heads of tracebacks": again(HEAD),
    "half open braces": again(b'{"a":'),
}


@dataclass(frozen=True)
class Reading:
    """One log, read to its end."""

    size: int
    took_s: float
    """Of processor time: other programs take none of it."""
    gained_mb: float
    rule: str | None

    @property
    def mb_s(self) -> float:
        """Megabytes a second."""
        return self.size / 1e6 / self.took_s


def portions(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    """`size` bytes of the parts."""
    buffer, left = bytearray(), size
    while left > 0:
        while len(buffer) < PORTION:
            buffer += next(parts)
        portion = bytes(buffer[: min(PORTION, left)])
        del buffer[: len(portion)]
        left -= len(portion)
        yield portion


def read(parts: Iterator[bytes], size: int) -> Reading:
    """Read so much of it; what it takes to make the text is not counted."""
    process, reader = psutil.Process(), LogReader()
    before = most = process.memory_info().rss
    took = 0.0
    for portion in portions(parts, size):
        begun = time.process_time()
        reader.feed(portion)
        took += time.process_time() - begun
        most = max(most, process.memory_info().rss)
    begun = time.process_time()
    found = reader.finish().finding
    return Reading(size, took + time.process_time() - begun, (most - before) / 1e6, found.rule if found else None)


def main() -> bool:
    """Print a row for each; whether all limits were kept."""
    size = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else MEGABYTES * 1_000_000
    read(iter(training()), PORTION)
    base, kept = psutil.Process().memory_info().rss, True
    print(f"| {size / 1e6:g} MB of | MB/s | time a byte, beside a quarter of it | memory gained, MB | explained as |")
    print("|---|---|---|---|---|")
    for name, text in (ORDINARY | HOSTILE).items():
        quarter, whole = read(iter(text()), size // 4), read(iter(text()), size)
        ratio = quarter.mb_s / whole.mb_s
        kept = kept and ratio <= LINEAR and (name not in ORDINARY or whole.mb_s >= WANTED_MB_S)
        print(f"| {name} | {whole.mb_s:.1f} | {ratio:.2f} | {whole.gained_mb:.1f} | {whole.rule or '–'} |")
    gained = (psutil.Process().memory_info().rss - base) / 1e6
    print(f"\nall of it together gained {gained:.1f} MB; ordinary logs are to be read at {WANTED_MB_S:g} MB/s or more")
    return kept and gained <= GROWTH_MB


if __name__ == "__main__":
    sys.exit(not main())
