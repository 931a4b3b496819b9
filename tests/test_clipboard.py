"""What reaches the clipboard, in a real tmux and as bytes to a terminal."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor import programs
from monitor.clipboard import LIMIT, NoClipboard, copy, payload, sequence
from tests.support.environment import bare
from tests.support.terminal import Terminal
from tests.support.tmux import needs_tmux

ID = "6231180947755892736"
CHECKOUT = Path(__file__).parent.parent

COPIER = f"""
import asyncio, os, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from monitor.clipboard import copy
def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()
    return True
with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
asyncio.run(copy(text, write, os.environ))
print("COPIED", flush=True)
sys.stdin.read()
"""
"""A program that copies as the screen does, and stays."""


class Tmux:
    """A tmux server of our own with one window, on a terminal of our own."""

    def __init__(self, home: Path) -> None:
        self.environment = bare(home, TMUX_TMPDIR=str(home), TERM="xterm-256color")
        self.environment.pop("TMUX", None)
        self._file = home / "text"

    def run(self, *words: str) -> str:
        """One command of tmux, and what it answers."""
        command = ["tmux", *words]
        done = subprocess.run(command, check=False, env=self.environment, capture_output=True, text=True, timeout=20)
        return done.stdout

    def open(self, text: str, *options: str, path: str = "") -> Terminal:
        """A terminal with a tmux in which that text is copied; `path` is the copier's PATH."""
        self._file.write_text(text)
        inside = [sys.executable, "-c", COPIER, str(self._file)]
        if path:
            inside = ["env", f"PATH={path}", *inside]
        set_up = [word for option in options for word in ("set", "-g", *option.split(), ";")]
        command = ["tmux", "-f", "/dev/null", *set_up, "new-session", *inside]
        return Terminal(command, columns=80, rows=10, environment=self.environment)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A server that ends with the test."""
    server = Tmux(tmp_path)
    yield server
    server.run("kill-server")


def _to(written: list[str]) -> Callable[[str], bool]:
    """A terminal that takes all that is written to it."""

    def write(text: str) -> bool:
        written.append(text)
        return True

    return write


def _copies(terminal: Terminal) -> list[bytes]:
    """What the outermost terminal was told to put into its clipboard."""
    return [base64.b64decode(found) for found in re.findall(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]+)\x07", terminal.raw)]


@needs_tmux
def test_in_a_tmux_that_nobody_has_set_up_the_text_is_in_its_buffer_and_in_the_terminals_clipboard(tmux: Tmux) -> None:
    """Its default takes OSC 52 from no program, and passes nothing through."""
    with tmux.open(ID) as terminal:
        terminal.wait_for("COPIED")
        assert tmux.run("show-buffer") == ID
        terminal.wait(lambda: ID.encode() in _copies(terminal), "the clipboard to be set")


@needs_tmux
def test_a_long_text_of_many_lines_arrives_whole(tmux: Tmux) -> None:
    """More than a pipe takes at once."""
    text = "\n".join(f"line {number} — ✓ 训练" for number in range(3000))
    assert 64 * 1024 < len(text.encode()) < LIMIT
    with tmux.open(text) as terminal:
        terminal.wait_for("COPIED")
        assert tmux.run("show-buffer") == text


@needs_tmux
def test_where_there_is_no_tmux_to_ask_the_sequence_that_it_accepts_is_sent(tmux: Tmux) -> None:
    """With `set-clipboard on` it takes it from programs: a container may have the socket and not the program."""
    with tmux.open(ID, "set-clipboard on", path="/nowhere") as terminal:
        terminal.wait_for("COPIED")
        assert tmux.run("show-buffer") == ID
        terminal.wait(lambda: ID.encode() in _copies(terminal), "the clipboard to be set")


@needs_tmux
def test_where_tmux_lets_sequences_through_the_terminal_is_told_itself(tmux: Tmux) -> None:
    """With `allow-passthrough on`, and its own clipboard off."""
    with tmux.open(ID, "set-clipboard off", "allow-passthrough on", path="/nowhere") as terminal:
        terminal.wait_for("COPIED")
        terminal.wait(lambda: ID.encode() in _copies(terminal), "the clipboard to be set")
        assert tmux.run("show-buffer") == ""


async def test_a_tmux_that_does_not_answer_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed, and the terminal is asked instead."""
    program = tmp_path / "tmux"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("monitor.clipboard.TMUX_S", 1.0)
    written: list[str] = []
    await copy(ID, _to(written), {"TMUX": "x", "TERM": "tmux"})
    assert base64.b64encode(ID.encode()).decode() in written[0]
    assert programs._left[-1].wait(20) == -signal.SIGKILL


async def test_a_terminal_is_told_in_one_sequence() -> None:
    """The clipboard of the terminal, by OSC 52."""
    written: list[str] = []
    assert await copy(ID, _to(written), {"TERM": "xterm-256color"}) == ""
    assert written == [f"\x1b]52;c;{base64.b64encode(ID.encode()).decode()}\x07"]


@pytest.mark.parametrize("term", ["linux", "dumb", "", "vt100"])
async def test_a_terminal_without_a_clipboard_is_told_nothing(term: str) -> None:
    """And the person is told what to do."""
    written: list[str] = []
    with pytest.raises(NoClipboard, match=r"no clipboard.*select it with the mouse"):
        await copy(ID, _to(written), {"TERM": term})
    assert not written


def test_gnu_screen_is_given_pieces_that_it_passes_on() -> None:
    """Each short enough, and together the sequence."""
    data = os.urandom(2000)
    parts = re.findall(r"\x1bP(.*?)\x1b\\", sequence(data, {"STY": "1.tty", "TERM": "screen"}), re.DOTALL)
    assert max(map(len, parts)) <= 250
    assert "".join(parts) == sequence(data, {"TERM": "xterm"})


def test_nothing_that_acts_on_a_terminal_is_copied() -> None:
    """What is pasted into a shell later is text, whatever the record held."""
    text = "\x1b[2Ja\x1b]52;c;eA==\x07b\r\nc\x00\x9b31m\u202ed\te"
    assert payload(text).decode() == "[2Ja]52;c;eA==b\nc31md\te"


def test_what_no_terminal_takes_is_refused_with_its_size() -> None:
    """The longest that is sent makes a sequence of 100,000 bytes."""
    assert len(sequence(b"x" * LIMIT, {"TERM": "xterm"})) <= 100_000
    payload("x" * LIMIT)
    with pytest.raises(NoClipboard, match="74,995 bytes"):
        payload("x" * (LIMIT + 1))
    with pytest.raises(NoClipboard, match="nothing"):
        payload("\x1b")


async def test_where_a_terminal_may_ignore_it_the_person_is_told() -> None:
    """No terminal confirms a copy; some are known not to take any."""
    for sign in ({"VTE_VERSION": "7600"}, {"TERM_PROGRAM": "Apple_Terminal"}):
        assert "mouse" in await copy(ID, lambda _: True, {"TERM": "xterm-256color"} | sign)


async def test_a_copy_that_a_slow_terminal_does_not_get_is_said_to_be_none() -> None:
    """What is written while too much waits for the terminal is left out."""
    with pytest.raises(NoClipboard, match="copy again"):
        await copy(ID, lambda _: False, {"TERM": "xterm-256color"})
