"""The emulators in a process of their own, as a test of the whole program uses them.

with running(config=tmp_path / "config.toml", latency=0.3) as emulators:
    emulators.fault("google", "never", method="ListExecutions", region="us-east1")
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
READY = b"# ready "
_START_S = 60.0
"""Seconds to start in: the SDKs are imported, perhaps without compiled files on a busy machine."""


class ControlError(Exception):
    """The emulators did not start, or refused an order."""


@dataclass
class Emulators:
    """A running process of emulators."""

    process: subprocess.Popen[bytes]
    config: str
    """A whole configuration that points at them."""
    url: str
    """Of the control port."""

    def fault(self, service: str, fault: str | None, method: str = "*", region: str = "*") -> None:
        """Let such calls of `google` or `wandb` fail this way from now on; null mends them."""
        self._order("/fault", service=service, fault=fault, method=method, region=region)

    def latency(self, service: str, seconds: float, method: str = "*", region: str = "*") -> None:
        """Let such calls take this long from now on."""
        self._order("/latency", service=service, seconds=seconds, method=method, region=region)

    def calls(self, service: str) -> dict[str, int]:
        """How often each call was made: `{"ListBuilds us-central1": 3}`, `{"Runs": 1}`."""
        found: dict[str, int] = self._order("/calls", service=service)
        return found

    def wait_called(self, service: str, method: str, region: str = "*", times: int = 1, within_s: float = 10) -> None:
        """Wait until such a call has been made so often. Raises `TimeoutError`."""
        wanted = {"method": method, "region": region, "times": times, "within_s": within_s}
        if not self._order("/called", service=service, **wanted):
            raise TimeoutError(f"{service} {method} {region} was not called {times} times in {within_s:g} s")

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _order(self, path: str, **order: Any) -> Any:
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=order.get("within_s", 5) + 5)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps(order))
            response = connection.getresponse()
            answer = json.loads(response.read())
        if response.status != http.client.OK:
            raise ControlError(f"{path} {order}: {answer}")
        return answer


def spawn(
    *, regions: int = 18, latency: float = 0.0, drip: float = 0.05, config: Path | None = None, empty: bool = False
) -> Emulators:
    """Start the emulators and wait until they listen. Raises `ControlError`."""
    command = [
        sys.executable,
        "-m",
        "tests.emulators",
        f"--regions={regions}",
        f"--latency={latency}",
        f"--drip={drip}",
    ]
    command += [f"--config={config}"] if config is not None else []
    command += ["--empty"] if empty else []
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        text = _read_until_ready(process)
    except BaseException:
        process.kill()
        process.wait()
        raise
    told, _, url = text.rpartition(READY.decode())
    return Emulators(process, told, url.strip())


def _read_until_ready(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + _START_S
    text = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not (READY in text and text.endswith(b"\n")):
            if not selector.select(max(0, deadline - time.monotonic())):
                raise ControlError(f"the emulators were not ready in {_START_S:g} s")
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                raise ControlError(f"the emulators ended with status {process.wait()}")
            text += data
    return text.decode()


@contextlib.contextmanager
def running(
    *, regions: int = 18, latency: float = 0.0, drip: float = 0.05, config: Path | None = None, empty: bool = False
) -> Iterator[Emulators]:
    """Run the emulators for the body of a `with`."""
    emulators = spawn(regions=regions, latency=latency, drip=drip, config=config, empty=empty)
    try:
        yield emulators
    finally:
        emulators.stop()
