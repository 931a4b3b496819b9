"""Fault by fault and source by source: the answer comes in time, the others are live, and the cause is named.

`tests.support.faults` holds the whole list: what goes wrong, where, and what a person must find in the error.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil
import pytest

from monitor.tables import TABLES
from tests.emulators.control import Emulators, running
from tests.emulators.tokens import service_account
from tests.support.environment import WANDB_KEY, bare
from tests.support.faults import CASES, GOOGLE, Case, befallen
from tests.support.terminal import MONITOR

TIMEOUT_S = 5
"""What `ls` is given."""

GRACE_S = 2
"""Seconds after which an answer is too late."""


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Two regions, many records, no latency."""
    with running(regions=2, config=tmp_path_factory.mktemp("emulators") / "config.toml") as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    made = tmp_path / "home"
    made.mkdir()
    return made


def asked(
    config: str, home: Path, more: Mapping[str, str] = MappingProxyType({}), timeout_s: float = TIMEOUT_S
) -> tuple[dict[str, Any], int]:
    """The tables that `ls` prints with a configuration of one's own; see `ls`."""
    path = home / "config.toml"
    path.write_text(f'{config.partition("[cache]")[0]}[logs]\ndir = "{home / "logs"}"\n')
    return ls(path, bare(home, WANDB_API_KEY=WANDB_KEY) | dict(more), home, timeout_s)


def ls(
    config: Path, environment: dict[str, str], home: Path, timeout_s: float = TIMEOUT_S
) -> tuple[dict[str, Any], int]:
    """The tables that `ls` prints, and its status; it has answered in time, and leaves nothing behind."""
    began = time.monotonic()
    done = subprocess.run(
        [MONITOR, "--config", str(config), "ls", "-o", "json", "--timeout", str(timeout_s)],
        check=False,
        capture_output=True,
        text=True,
        env=environment | {"LEFT_BEHIND_BY": str(home)},
        timeout=60,
    )
    assert time.monotonic() - began < timeout_s + GRACE_S
    assert done.stdout, done.stderr
    assert left_by(home) == []
    return json.loads(done.stdout)["tables"], done.returncode


def left_by(home: Path) -> list[list[str]]:
    """The processes that still carry the home's mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LEFT_BEHIND_BY") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.cmdline())
        except psutil.Error:
            continue
    return found


def judge(tables: dict[str, Any], befallen: set[str], words: str, status: int) -> None:
    """What must hold whatever the fault is."""
    assert status == 3
    for name, table in tables.items():
        if name in befallen:
            assert table["freshness"] in {"partial", "stale", "failed"}
            assert words in table["error"], table["error"]
        else:
            assert table["freshness"] == "live", (name, table["error"])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_of_one_source_is_named_in_time_and_befalls_no_other(
    case: Case, emulators: Emulators, home: Path
) -> None:
    """`ls` ends in time with status 3; the other sources are live; the error names the call and the cause."""
    with befallen([case], emulators, home) as stage:
        tables, status = ls(stage.config, stage.environment, home)
    for words in case.words:
        judge(tables, case.tables, words, status)


# --- faults below the protocol ---------------------------------------------------------------------------------------


@pytest.fixture
def mute() -> Iterator[int]:
    """A port on which connections are accepted, by the kernel, and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def befallen_by(source: str) -> set[str]:
    """The tables of a source."""
    return {name for name, table in TABLES.items() if table.source == source}


def refused() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def adc(home: Path, token_uri: str) -> str:
    """A file of credentials whose tokens come from `token_uri`."""
    return str(service_account(home / "adc.json", token_uri))


def pointed(config: str, source: str, url: str) -> str:
    """The configuration with one source at another address."""
    key = "base_url" if source == "wandb" else source
    return "\n".join(f'{key} = "{url}"' if line.startswith(f"{key} = ") else line for line in config.splitlines())


@pytest.mark.parametrize("source", [*GOOGLE, "wandb"])
def test_a_server_that_accepts_and_is_silent(source: str, emulators: Emulators, home: Path, mute: int) -> None:
    """The connection stands, and no byte ever comes."""
    config = pointed(emulators.config, source, f"http://127.0.0.1:{mute}")
    tables, status = asked(config, home)
    judge(tables, befallen_by(source), "no answer in", status)


@pytest.mark.parametrize("source", [*GOOGLE, "wandb"])
def test_a_server_that_is_not_there(source: str, emulators: Emulators, home: Path) -> None:
    """The connection is refused: said at once, with the address."""
    port = refused()
    patience_s = 15 if source == "wandb" else TIMEOUT_S  # its SDK tries twice before it says so
    tables, status = asked(pointed(emulators.config, source, f"http://127.0.0.1:{port}"), home, timeout_s=patience_s)
    judge(tables, befallen_by(source), "refused", status)


@pytest.mark.parametrize("source", [*GOOGLE, "wandb"])
def test_tls_that_never_completes(source: str, emulators: Emulators, home: Path, mute: int) -> None:
    """The handshake is never answered; for Google's clients, the token endpoint already is silent."""
    config = pointed(emulators.config, source, f"https://127.0.0.1:{mute}")
    credentials = adc(home, f"http://127.0.0.1:{mute}/token")
    tables, status = asked(config, home, {"GOOGLE_APPLICATION_CREDENTIALS": credentials})
    judge(tables, befallen_by(source), "no ", status)


CREDENTIALS: dict[str, tuple[Callable[[Path, int], dict[str, str]], str]] = {
    "none": (lambda _home, _mute: {}, "gcloud auth application-default login"),
    "missing-file": (lambda home, _mute: {"GOOGLE_APPLICATION_CREDENTIALS": str(home / "none.json")}, "was not found"),
    "silent-token-endpoint": (
        lambda home, mute: {"GOOGLE_APPLICATION_CREDENTIALS": adc(home, f"http://127.0.0.1:{mute}/token")},
        "google.auth",
    ),
    "dead-metadata-server": (
        lambda _home, mute: {"GCE_METADATA_HOST": f"127.0.0.1:{mute}", "GCE_METADATA_IP": f"127.0.0.1:{mute}"},
        "google.auth",
    ),
}
"""What is wrong with the credentials, and the words for it."""


@pytest.mark.parametrize("wrong", CREDENTIALS)
def test_credentials_that_cannot_be_had(wrong: str, emulators: Emulators, home: Path, mute: int) -> None:
    """Whatever `google.auth` waits for, the table fails in time and says what to do."""
    setting, words = CREDENTIALS[wrong]
    config = pointed(emulators.config, "runner", f"https://127.0.0.1:{mute}")
    tables, status = asked(config, home, setting(home, mute))
    judge(tables, {"runner"}, words, status)


def test_no_wandb_key(emulators: Emulators, home: Path) -> None:
    """No prompt, no waiting: one line that says how to log in."""
    tables, status = asked(emulators.config, home, {"WANDB_API_KEY": ""})
    judge(tables, {"active", "completed"}, "wandb login", status)
