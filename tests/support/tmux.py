"""A program in a tmux of its own: what people look at over ssh, with tmux's own idea of what is on the screen."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil
import pytest

PATIENCE_S = 30.0
"""Seconds that a screen on a busy machine may take."""

LOOK_S = 0.05
"""Seconds between two looks at the screen: tmux tells nobody that it has changed."""

_COMMAND_S = 20.0
_END_S = 5.0

MUST_RUN = "JOURNEYS_MUST_RUN"
"""The variable that is set where tmux could have been installed: what needs it is not skipped there, but fails."""

needs_tmux = pytest.mark.usefixtures("tmux_is_here")
"""Marks what is skipped where there is no tmux, unless it must run."""


def look_for_tmux() -> None:
    """Skip a test where there is no tmux, or fail it."""
    if shutil.which("tmux") is None:
        if os.environ.get(MUST_RUN):
            pytest.fail(f"tmux is not installed, and {MUST_RUN} is set", pytrace=False)
        pytest.skip("tmux is not installed")


class Tmux:
    """A command in a tmux server of its own; a context manager that leaves neither behind."""

    def __init__(
        self,
        command: Sequence[str],
        place: Path,
        *,
        columns: int = 120,
        rows: int = 40,
        environment: Mapping[str, str],
    ) -> None:
        """Run `command` in `place`, a directory that also holds the server's socket; the pane is all of the window."""
        self._environment = {
            name: value for name, value in environment.items() if not name.startswith("TMUX") and name != "TERM"
        } | {"TMUX_TMPDIR": str(place), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._place = place
        settings = ("status off", "remain-on-exit on", "escape-time 0", "set-clipboard on")
        prepared = [word for setting in settings for word in ("set", "-g", *setting.split(), ";")]
        session = ["new-session", "-d", "-x", str(columns), "-y", str(rows), *command]
        self._tmux("-f", "/dev/null", "start-server", ";", *prepared, *session)
        self.pid = int(self.told("pid"))
        """Of the server."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        family = [psutil.Process(self.pid)] if psutil.pid_exists(self.pid) else []
        family += [below for process in family for below in process.children(recursive=True)]
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        for process in psutil.wait_procs(family, timeout=_END_S)[1]:
            with contextlib.suppress(psutil.Error):
                process.kill()

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", "journey", "-u", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=self._environment,
            cwd=self._place,
            timeout=_COMMAND_S,
        )
        assert done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout

    # --- a person's hands

    def press(self, *keys: str) -> None:
        """Press keys by the names that tmux has for them: `Enter`, `C-z`, `Escape`, `j`."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._tmux("send-keys", "-l", "--", text)

    def paste(self, text: str) -> None:
        """Paste as tmux does where the program asked for marks; where it did not, there are none."""
        self._tmux("set-buffer", "--", text, ";", "paste-buffer", "-p", "-d")

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    # --- a person's eyes

    @property
    def lines(self) -> list[str]:
        """The screen as tmux has it."""
        return [line.rstrip() for line in self._tmux("capture-pane", "-p").split("\n")]

    def told(self, name: str) -> str:
        """What tmux knows by a name of its own: `pane_title`, `cursor_x`, `pane_dead`."""
        return self._tmux("display-message", "-p", f"#{{{name}}}").strip()

    @property
    def copied(self) -> str:
        """The newest text that was copied; empty where there is none."""
        return self._tmux("show-buffer") if self._tmux("list-buffers") else ""

    def wait(self, holds: Callable[[list[str]], bool], what: str, limit_s: float = PATIENCE_S) -> list[str]:
        """Look until the screen `holds`; its lines. An error that shows the screen where it does not in time."""
        end = time.monotonic() + limit_s
        while not holds(lines := self.lines):
            if time.monotonic() > end:
                raise AssertionError(f"not in {limit_s:g} s: {what}\n" + "\n".join(lines))
            time.sleep(LOOK_S)
        return lines

    def wait_for(self, *words: str, limit_s: float = PATIENCE_S) -> list[str]:
        """Look until all these words are on the screen; its lines."""

        def there(lines: list[str]) -> bool:
            text = "\n".join(lines)
            return all(word in text for word in words)

        return self.wait(there, repr(words), limit_s)

    def wait_without(self, *words: str, limit_s: float = PATIENCE_S) -> list[str]:
        """Look until none of these words is on the screen; its lines."""

        def gone(lines: list[str]) -> bool:
            text = "\n".join(lines)
            return not any(word in text for word in words)

        return self.wait(gone, f"none of {words!r}", limit_s)
