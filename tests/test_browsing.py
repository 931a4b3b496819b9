"""Pages are opened by a browser that is there, and by nothing that would take the terminal."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from monitor.browsing import NoBrowser, address, browse, is_web, openers
from tests.support.terminal import Terminal

URL = "https://console.cloud.google.com/run/jobs/executions/details/us-east1/x7?project=acme&a=b;c"
CHECKOUT = Path(__file__).parent.parent


def _browser(directory: Path, then: str) -> str:
    """A browser that notes what it is asked, and then does as told."""
    program = directory / "browser"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {directory}/new\nmv {directory}/new {directory}/asked\n{then}\n'
    )
    program.chmod(0o700)
    return str(program)


async def test_the_browser_that_is_named_gets_the_address(tmp_path: Path) -> None:
    """As one argument, where `%s` stands or at the end; it may go on running."""
    program = _browser(tmp_path, "sleep 5")
    for command, asked in ((program, [URL]), (f"{program} --new '%s' --", ["--new", URL, "--"])):
        began = time.monotonic()
        await browse(URL, {"BROWSER": command}, "linux")
        assert (tmp_path / "asked").read_text().splitlines() == asked
        assert time.monotonic() - began < 5


async def test_a_browser_that_fails_is_said_and_the_next_is_tried(tmp_path: Path) -> None:
    """`$BROWSER` is a list."""
    program = _browser(tmp_path, "exit 3")
    with pytest.raises(NoBrowser, match=r"browser could not open it \(status 3\)"):
        await browse(URL, {"BROWSER": program}, "linux")
    with pytest.raises(NoBrowser, match="no program /nowhere/firefox"):
        await browse(URL, {"BROWSER": "/nowhere/firefox"}, "linux")
    await browse(URL, {"BROWSER": f"/nowhere/firefox:{_browser(tmp_path, 'exit 0')}"}, "linux")
    assert (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    "url", ["gs://bucket/log.txt", "file:///etc/passwd", "javascript:alert(1)", "-version", "https://", "", "/x"]
)
async def test_only_web_addresses_are_opened(url: str, tmp_path: Path) -> None:
    """Everything else stays text."""
    with pytest.raises(NoBrowser, match="no web address"):
        await browse(url, {"BROWSER": _browser(tmp_path, "exit 0")}, "linux")
    assert not (tmp_path / "asked").exists()


async def test_what_a_shell_or_a_terminal_would_act_on_is_encoded(tmp_path: Path) -> None:
    """The page is the same; an opener written in shell cannot be told anything by it."""
    hostile = "https://a.example/x y\x1b]52;c;eA==\x07'\"`$(touch /tmp/z)\u202e"
    assert is_web(hostile)
    assert address(hostile) == "https://a.example/x%20y%1B]52;c;eA==%07%27%22%60%24%28touch%20/tmp/z%29%E2%80%AE"
    assert address(URL) == URL
    await browse(hostile, {"BROWSER": _browser(tmp_path, "exit 0")}, "linux")
    assert (tmp_path / "asked").read_text() == address(hostile) + "\n"


@pytest.mark.parametrize(
    ("environment", "platform", "program"),
    [
        ({"DISPLAY": ":0"}, "linux", "xdg-open"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", "xdg-open"),
        ({}, "darwin", "open"),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", "wslview"),
        ({"SSH_TTY": "/dev/pts/1", "BROWSER": "helper"}, "linux", "helper"),
        ({"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":10"}, "linux", None),
        ({"SSH_CONNECTION": "1 2 3 4"}, "darwin", None),
        ({}, "linux", None),
    ],
)
def test_who_opens_depends_on_where_the_person_sits(
    environment: dict[str, str], platform: str, program: str | None
) -> None:
    """Never a browser on a screen at the other end of an ssh connection."""
    tried = openers(URL, environment, platform)
    assert (tried[0][0] if tried else None) == program


async def test_where_there_is_no_browser_it_is_said_why() -> None:
    """And what would help."""
    with pytest.raises(NoBrowser, match=r"over ssh.*\$BROWSER"):
        await browse(URL, {"SSH_TTY": "/dev/pts/1"}, "linux")
    with pytest.raises(NoBrowser, match=r"no display.*\$BROWSER"):
        await browse(URL, {}, "linux")


def test_a_browser_has_no_terminal_to_take(tmp_path: Path) -> None:
    """Neither by its streams nor by `/dev/tty`, and it outlives whoever started it."""
    said = tmp_path / "said"
    script = f"""
(echo WRITTEN; echo WRITTEN >&2; echo WRITTEN > /dev/tty) 2>&1
if (: < /dev/tty) 2>/dev/null; then echo tty > {said}.new; else echo none > {said}.new; fi
read line; echo "$line" >> {said}.new
sleep 1
mv {said}.new {said}
"""
    program = _browser(tmp_path, script)
    starter = f"""
import asyncio, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from monitor.browsing import browse
asyncio.run(browse({URL!r}, {{"BROWSER": {program!r}}}, "linux"))
print("OPENED")
"""
    with Terminal([sys.executable, "-c", starter]) as terminal:
        assert terminal.wait_for_end() == 0
        assert "OPENED" in terminal.text
        assert "WRITTEN" not in terminal.text
    end = time.monotonic() + 20
    while not said.exists():
        assert time.monotonic() < end, "the browser did not live on"
        time.sleep(0.02)
    assert said.read_text() == "none\n\n"
    assert (tmp_path / "asked").exists()
