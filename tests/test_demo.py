"""The demo on a real terminal: what a newcomer sees first."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from monitor.tables import TABLES
from monitor.ui.pasting import END, START
from tests.support.demo import answered
from tests.support.environment import bare, logs_of
from tests.support.terminal import MONITOR, Terminal


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Terminal]:
    """The demo at 120x40, on a machine where nothing is set up."""
    with Terminal([MONITOR, "--demo"], environment=bare(tmp_path), directory=tmp_path) as terminal:
        yield terminal


def test_the_demo_fills_five_tables_and_says_that_it_is_one(demo: Terminal) -> None:
    """Every table has rows, of several states, and DEMO is on the screen."""
    demo.wait(lambda: answered(demo.text), "answers")
    demo.wait(lambda: "DEMO" in demo.lines[0], "the DEMO mark")
    for name in TABLES:
        demo.wait_for(f" {name} ")
    for word in ("running", "queued", "succeeded", "failed"):
        demo.wait_for(word)


def test_running_times_tick(demo: Terminal) -> None:
    """A row that runs shows another time a second later, without a fetch."""
    demo.wait_for("arr-eval-mmlu-nightly")
    [row] = [line for line in demo.lines if "arr-eval-mmlu-nightly" in line]
    demo.wait(lambda: any("arr-eval-mmlu-nightly" in line and line != row for line in demo.lines), "another time", 4)


def test_the_demo_mark_stays_on_the_help_screen(demo: Terminal) -> None:
    """Nobody mistakes fixture data for their own, wherever they are."""
    demo.wait_for("live")
    demo.send("?")
    demo.wait_for("refresh")
    demo.wait_for("next table")
    demo.wait(lambda: "DEMO" in demo.lines[0], "the DEMO mark")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 15)])
def test_every_size_shows_all_five_tables(tmp_path: Path, size: tuple[int, int]) -> None:
    """Stacked or as tabs, under its name or the beginning of it, no table is out of sight."""
    columns, rows = size
    command = [MONITOR, "--demo"]
    with Terminal(command, columns=columns, rows=rows, environment=bare(tmp_path)) as terminal:
        terminal.wait_for("live")
        for number, name in enumerate(TABLES, start=1):
            terminal.wait_for(f"{number} {name[: len(name) if columns >= 80 else 3]}")


def test_quitting_restores_the_terminal_and_leaves_no_process(demo: Terminal) -> None:
    """`q` ends the screen, its engine and every worker."""
    demo.wait_for("live")
    family = psutil.Process(demo.pid).children(recursive=True)
    assert len(family) >= 5
    demo.send("q")
    assert demo.wait_for_end(5) == 0
    assert demo.is_cooked()
    assert b"\x1b[?1049l" in demo.raw
    _, alive = psutil.wait_procs(family, timeout=2)
    assert alive == []


def test_ctrl_c_leaves_too(demo: Terminal) -> None:
    """As in any program."""
    demo.wait_for("live")
    demo.send("\x03")
    demo.wait_for_end(5)
    assert demo.is_cooked()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_restores_the_terminal_and_leaves_no_process(demo: Terminal, number: signal.Signals) -> None:
    """Asked to end, or left by its ssh connection, it leaves as with `q`, with the status that says why."""
    demo.wait_for("live")
    family = psutil.Process(demo.pid).children(recursive=True)
    os.kill(demo.pid, number)
    assert demo.wait_for_end(5) == 128 + number
    assert demo.is_cooked()
    assert b"\x1b[?1049l" in demo.raw
    _, alive = psutil.wait_procs(family, timeout=2)
    assert alive == []


def test_a_stop_that_was_not_announced_does_not_cost_the_terminal(demo: Terminal) -> None:
    """SIGSTOP and SIGCONT from another window: the screen goes on, keys answer, and `q` gives the terminal back."""
    demo.wait_for("live")
    os.kill(demo.pid, signal.SIGSTOP)
    os.kill(demo.pid, signal.SIGCONT)
    demo.send("?")
    demo.wait_for("next table")
    demo.wait(lambda: demo.raw.count(b"\x1b[?2004h") == 2, "a terminal that marks pastes again")
    demo.send("q")
    demo.send("q")
    assert demo.wait_for_end(5) == 0
    assert demo.is_cooked()


PASTED = {
    "a key": b"j" * 40_000,
    "text": b"what was meant for another window\n" * 1_000,
    "binary": bytes(range(32, 256)) * 100,
}


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED)
def test_a_paste_holds_up_no_key(demo: Terminal, pasted: bytes) -> None:
    """Nobody types that much at once: it is left out, and the key after it is answered at once."""
    demo.wait_for("live")
    for start in range(0, len(pasted), 1_000):
        demo.send(pasted[start : start + 1_000])
        demo.read(0)
    demo.send("\x03")
    assert demo.wait_for_end(5) == 0


def test_a_short_name_that_is_pasted_where_nothing_is_typed_does_nothing(demo: Terminal) -> None:
    """Letters of it would leave, zoom and sort; the terminal says that it is a paste, which tables have no use for."""
    demo.wait_for("live")
    assert demo.raw.count(b"\x1b[?2004h") == 1
    demo.send(f"{START}aa-quiet-lake-zsq\r{END}?")
    demo.wait_for("next table")
    demo.send("q")
    demo.send("q")
    assert demo.wait_for_end() == 0
    assert demo.raw.rindex(b"\x1b[?2004l") > demo.raw.rindex(b"\x1b[?2004h")


def test_a_paste_that_never_ends_swallows_no_key(demo: Terminal) -> None:
    """It ends by itself, with what came of it, and the next key is a key."""
    demo.wait_for("live")
    demo.send("/")
    demo.wait_for("undo")
    demo.send(f"{START}quiet")
    demo.wait(lambda: demo.lines[-1].startswith(" / quiet "), "what was pasted")
    demo.send("er")
    demo.wait(lambda: demo.lines[-1].startswith(" / quieter "), "what was typed")
    demo.send(f"{START}q\x03")
    assert demo.wait_for_end(5) == 0


@pytest.mark.parametrize("typed", [(b"\xc3", b"\xa9"), (b"\xe9",), (b"\xff\xfe\x80",), (b"\x1b[<", b"0;1;")], ids=repr)
def test_bytes_that_are_no_key_take_no_key_away(demo: Terminal, typed: tuple[bytes, ...]) -> None:
    """Half a character, a letter of another encoding, a sequence that breaks off: the next keys are answered."""
    demo.wait_for("live")
    for piece in typed:
        demo.send(piece)
        end = time.monotonic() + 0.3  # a slow line: each piece is read alone
        while time.monotonic() < end:
            demo.read()
    demo.send("?")
    demo.wait_for("next table")
    demo.send("q")
    demo.send("q")
    assert demo.wait_for_end() == 0


def test_a_terminal_that_is_gone_leaves_no_process(tmp_path: Path) -> None:
    """The window is closed: the kernel hangs up, nothing can be written any more, and everything ends."""
    terminal = Terminal([MONITOR, "--demo"], environment=bare(tmp_path))
    terminal.wait_for("live")
    family = [psutil.Process(terminal.pid), *psutil.Process(terminal.pid).children(recursive=True)]
    terminal.hang_up()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


def test_neither_screen_nor_engine_has_loaded_an_sdk(demo: Terminal) -> None:
    """The memory maps of both processes hold nothing of google, grpc or wandb."""
    demo.wait_for("live")
    screen = psutil.Process(demo.pid)
    [engine] = screen.children()
    for process in (screen, engine):
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        for sdk in ("/grpc/", "/google/", "/wandb/"):
            assert sdk not in maps, f"{process.cmdline()} has loaded {sdk}"


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode != 0,
    reason="this machine does not permit `unshare -rn`, so a machine without any network cannot be made",
)
def test_the_demo_needs_no_network(tmp_path: Path) -> None:
    """In a network namespace without so much as a loopback, all five tables answer."""
    with Terminal(["unshare", "-rn", MONITOR, "--demo"], environment=bare(tmp_path)) as terminal:
        terminal.wait(lambda: answered(terminal.text), "answers")


def test_the_logs_of_a_test_are_its_own(demo: Terminal, tmp_path: Path) -> None:
    """The program writes them where the configuration in its home says."""
    demo.wait_for("live")
    demo.send("q")
    assert demo.wait_for_end(5) == 0
    assert (logs_of(tmp_path) / "monitor.log").stat().st_size


def test_what_is_pasted_into_a_filter_is_in_it(demo: Terminal) -> None:
    """A long name from a mail goes into the line that is open, and no letter of it is a command."""
    text = "projects/acme-ml/locations/us-central1/customJobs/6231180947755892736 q z t"
    demo.wait_for("live")
    demo.send("/")
    demo.wait_for("undo")
    demo.send(text)
    demo.wait(lambda: "6231180947755892736 q z t" in demo.lines[-1], "the end of what was pasted, before the cursor")
    demo.send("\x1b")
    demo.wait(lambda: "undo" not in demo.lines[-1] and "off" not in demo.lines[-1], "the keys that matter")
