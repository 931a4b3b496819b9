"""`monitor explain` as it is used: files, pipes, archives and a terminal, with logs of every kind."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fetchers.diagnosis.model import Diagnosis, Finding
from monitor.explained import around, render_json, render_text
from monitor.log_input import PIECE, Stopped, opened, pieces
from monitor.paint import plain
from tests.support.command import run
from tests.support.environment import bare
from tests.support.sent import BAD
from tests.support.terminal import MONITOR, Terminal

DIED = """\
2026-01-01 12:00:00 INFO launching job 17
2026-01-01 12:00:01 INFO attempt 1 of 1
google.api_core.exceptions.InvalidArgument: 400 Machine type "n1-standard-5000" is not supported in region us-east1.
2026-01-01 12:00:02 INFO shutting down
"""
LIVED = "INFO step 500 loss=0.25\nINFO 0 failed, 12 passed\nINFO done\n"
KEYS = ["file", "rule", "fatal", "category", "origin", "line", "text", "advice", "facts", "context", "others"]
OF_OTHERS = KEYS[1:9]


def logs(home: Path, **texts: str | bytes) -> list[str]:
    """Files of these names, ending in `.log`; their paths."""
    paths = []
    for name, text in texts.items():
        path = home / f"{name}.log"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        paths.append(str(path))
    return paths


def told(stdout: str) -> list[dict[str, Any]]:
    """The objects of the lines."""
    return [json.loads(line) for line in stdout.splitlines()]


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_json_has_an_object_for_each_file_with_the_keys_of_the_contract(tmp_path: Path) -> None:
    """In their order, one object a line; a log without a failure has a null rule."""
    files = logs(tmp_path, died=DIED, lived=LIVED)
    ran = run(tmp_path, "explain", *files, "-o", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    died, lived = told(ran.stdout)
    assert [*died] == [*lived] == KEYS
    assert (died["file"], died["rule"], died["line"]) == (files[0], "machine_type_unsupported", 3)
    assert (died["category"], died["fatal"]) == ("config", True)
    assert "n1-standard-5000" in died["text"]
    assert died["advice"]
    assert died["context"] == DIED.splitlines()
    assert all([*other] == OF_OTHERS for other in died["others"])
    assert (lived["file"], lived["rule"], lived["fatal"], lived["line"]) == (files[1], None, False, None)


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_pipe_is_read_to_its_end(tmp_path: Path, arguments: list[str]) -> None:
    """With and without the dash; its file is called `-`."""
    ran = run(tmp_path, "explain", *arguments, "-o", "json", typed=DIED.encode())
    (found,) = told(ran.stdout)
    assert (ran.returncode, found["file"], found["rule"]) == (0, "-", "machine_type_unsupported")


def test_gzip_is_unpacked_whatever_its_name(tmp_path: Path) -> None:
    """Several members count as one log; one that ends too early is said, and what there is is diagnosed."""
    packed = gzip.compress(LIVED.encode()) + gzip.compress(DIED.encode()) + bytes(1000)
    cut = gzip.compress(os.urandom(1_000_000).hex().encode() + b"\n" + DIED.encode())
    files = logs(tmp_path, whole=packed, cut=cut[:-4])
    ran = run(tmp_path, "explain", *files, "-o", "json")
    whole, early = told(ran.stdout)
    assert (whole["rule"], whole["line"]) == ("machine_type_unsupported", 6)
    assert (early["rule"], early["line"]) == ("machine_type_unsupported", 4)
    assert ran.returncode == 3
    assert ran.stderr == f"monitor: {files[1]}: its gzip data ends too early; what there is was read\n"


def test_what_cannot_be_read_is_a_line_each_and_the_others_are_diagnosed(tmp_path: Path) -> None:
    """A missing file, a directory, one without permission, and damaged gzip; the status is 3."""
    (secret,) = logs(tmp_path, secret=DIED)
    Path(secret).chmod(0)
    damaged = bytearray(gzip.compress(DIED.encode()))
    damaged[12:20] = b"\xff" * 8
    bad, good = logs(tmp_path, bad=bytes(damaged), good=DIED)
    missing = str(tmp_path / "none.log")
    named = [missing, str(tmp_path), bad, good] + ([secret] if os.geteuid() else [])
    ran = run(tmp_path, "explain", *named, "-o", "json")
    assert ran.returncode == 3
    assert [found["file"] for found in told(ran.stdout)] == [good]
    lines = ran.stderr.splitlines()
    assert len(lines) == len(named) - 1
    assert lines[0] == f"monitor: {missing}: no such file or directory"
    assert lines[1] == f"monitor: {tmp_path}: is a directory: name the files in it"
    assert lines[2].startswith(f"monitor: {bad}: its gzip data is damaged")


HOSTILE = DIED.replace(
    "attempt 1", "\x1b]0;PWNED\x07\x1b[2J\u202e\x9b31m[@click=app.quit]attempt\rtoken=abcdef1234567890"
)


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_log_is_only_text_and_its_secrets_stay_its_own(tmp_path: Path, output: str) -> None:
    """No escape, no control, no key of it arrives, in either format; nor does a file's name do anything."""
    path = tmp_path / "a\x1b[2J\nb.log"
    path.write_text(HOSTILE)
    for arguments, typed in (([str(path)], b""), ([], HOSTILE.encode())):
        ran = run(tmp_path, "explain", *arguments, "-o", output, typed=typed)
        assert ran.returncode == 0
        assert "abcdef1234567890" not in ran.stdout
        assert "[redacted]" in ran.stdout
        assert not {character for character in ran.stdout if _is_bad(character)}


def _is_bad(character: str) -> bool:
    import unicodedata  # noqa: PLC0415 - here alone

    return character != "\n" and unicodedata.category(character) in BAD


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * 3_000_000,
        bytes(300_000) + DIED.encode(),
        *(DIED.encode(name) for name in ("utf-16", "utf-16-le", "utf-32", "shift-jis")),
        "日志：训练失败，请检查\n".encode("gbk") * 50,
    ],
)
def test_whatever_it_is_there_is_an_answer(tmp_path: Path, data: bytes) -> None:
    """Nothing, an endless line, a hole before the first line, other encodings: status 0, and one object."""
    ran = run(tmp_path, "explain", "-o", "json", typed=data)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(told(ran.stdout)) == 1


NO_TEXT = {
    "is not text: name a log": [random.Random(1).randbytes(100_000), Path(sys.executable).read_bytes()[:300_000]],
    "holds zeros and no text": [bytes(300_000)],
}


@pytest.mark.parametrize(("why", "data"), [(why, data) for why, them in NO_TEXT.items() for data in them])
def test_what_is_no_text_is_said_and_nothing_is_found_in_it(tmp_path: Path, why: str, data: bytes) -> None:
    """A program, noise and zeros hold neither a failure nor the lack of one: a line, and status 3."""
    files = logs(tmp_path, program=data)
    for arguments, typed, name in ((files, b"", files[0]), ([], data, "standard input")):
        ran = run(tmp_path, "explain", *arguments, typed=typed)
        assert (ran.returncode, ran.stderr) == (3, f"monitor: {name}: {why}\n")
        assert "✓" not in ran.stdout
        assert "✗" not in ran.stdout


MEASURED = """
import resource, subprocess, sys
with open(sys.argv[2]) as log:
    subprocess.run([sys.argv[1], "explain", "-o", "json"], stdin=log, check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Prints the most memory that the program had, KiB."""


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """Of 30 MB it keeps at most a few, with failures and a line of megabytes among them."""
    big = tmp_path / "big.log"
    with big.open("w") as log:
        for number in range(10):
            log.write("".join(f"INFO step {number}{line} loss=0.5\n" for line in range(100_000)))
            log.write(DIED)
        log.write("x" * 5_000_000)
    (small,) = logs(tmp_path, small=DIED)
    most = []
    for path in (small, str(big)):
        script = [sys.executable, "-c", MEASURED, MONITOR, path]
        ran = subprocess.run(script, check=True, capture_output=True, text=True, env=bare(tmp_path), timeout=100)
        most.append(int(ran.stdout))
    assert big.stat().st_size > 25_000_000
    assert most[1] - most[0] < 16_000, most


# --- a pipe that never ends ----------------------------------------------------------------------------------------


def test_ctrl_c_ends_a_pipe_that_never_ends_and_what_was_found_is_told(tmp_path: Path) -> None:
    """The program that writes goes on; the status is that of Ctrl+C, and nothing is on standard error."""
    (tmp_path / "pipe").mkdir()
    fifo = tmp_path / "pipe" / "fifo"
    os.mkfifo(fifo)
    command = [MONITOR, "explain", "-o", "json", str(fifo)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=bare(tmp_path)) as process,
        fifo.open("wb", buffering=0) as writer,  # opens once it is read from
    ):
        writer.write(DIED.encode())
        while _unread(writer.fileno()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (130, b"")
    (found,) = told(stdout.decode())
    assert found["rule"] == "machine_type_unsupported"


def test_ctrl_c_ends_the_unpacking_of_an_archive(tmp_path: Path) -> None:
    """Megabytes that come of a few bytes already read are not waited for."""
    packed = tmp_path / "log.gz"
    packed.write_bytes(gzip.compress(bytes(8 * PIECE)))
    with opened(str(packed)) as fd:
        reading = pieces(fd, lambda: None, 1)
        assert len(next(reading)) == PIECE
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Stopped):
            next(reading)


def _unread(fd: int) -> int:
    """Bytes in the pipe that nobody has taken."""
    import array  # noqa: PLC0415 - here alone
    import fcntl  # noqa: PLC0415 - as above
    import termios  # noqa: PLC0415 - as above

    found = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, found)
    return found[0]


# --- for eyes ------------------------------------------------------------------------------------------------------


def test_a_report_fits_a_terminal_of_80_columns(tmp_path: Path) -> None:
    """What happened, the rule, where, the lines with the root marked and red, the advice with commands whole."""
    logs(tmp_path, train=DIED)
    command = [MONITOR, "explain", "train.log"]
    with Terminal(command, columns=80, environment=bare(tmp_path), directory=tmp_path) as terminal:
        assert terminal.wait_for_end() == 0
        lines = [line for line in terminal.lines if line]
    assert lines[0].startswith("✗ ")
    assert any("machine_type_unsupported · config" in line for line in lines)
    assert any("train.log:3 of 4 lines" in line for line in lines)
    assert any(re.match(r"  ▶ 3 │ google", line) for line in lines)
    assert any(re.match(r"    4 │ 2026", line) for line in lines)
    assert any(line.startswith("  → ") for line in lines)
    assert "▶ 3 │".encode() in terminal.raw.partition(b"\x1b[31m  ")[2]


def test_a_log_without_a_failure_says_how_much_was_read(tmp_path: Path) -> None:
    """And an empty one that it is empty; reports of several files are apart."""
    files = logs(tmp_path, lived=LIVED, empty="")
    ran = run(tmp_path, "explain", *files)
    assert ran.returncode == 0
    assert ran.stdout == (
        f"✓ {files[0]}: no failure found in 3 lines\n\n○ {files[1]}: empty, so there is nothing to find\n"
    )


def test_no_file_on_a_terminal_says_what_to_do(tmp_path: Path) -> None:
    """It does not wait for what nobody types."""
    with Terminal([MONITOR, "explain"], columns=200, environment=bare(tmp_path)) as terminal:
        assert terminal.wait_for_end() == 64
        assert "standard input is a terminal: name a FILE, or pipe a log into it" in terminal.text


def test_what_takes_longer_than_a_second_is_said_and_erased(tmp_path: Path) -> None:
    """How much of the pipe has been read, on a line that leaves no trace."""
    go = tmp_path / "go"
    os.mkfifo(go)
    command = ["sh", "-c", f'(cat train.log; cat {go}) | "{MONITOR}" explain', "sh"]
    logs(tmp_path, train=DIED)
    with Terminal(command, columns=80, environment=bare(tmp_path), directory=tmp_path) as terminal:
        terminal.wait_for("reading standard input · 0 MB")
        go.write_text("")
        assert terminal.wait_for_end() == 0
        assert "reading" not in terminal.text
        assert "standard input:3 of 4 lines" in terminal.text


def finding(**more: Any) -> Finding:
    """One that says little."""
    fields: dict[str, Any] = {"rule": "r", "category": "config", "origin": "gcp", "line": 12, "text": "it broke"}
    return Finding(**(fields | more))


def test_lines_around_the_root_have_their_numbers() -> None:
    """The root's is marked; a blank line is a line."""
    found = Diagnosis(finding=finding(), context=("a", "", "it broke", "it broke"), context_from=10, lines=20)
    assert [(line.number, line.root) for line in around(found)] == [(10, False), (11, False), (12, True), (13, False)]


def test_what_was_survived_is_told_as_such() -> None:
    """Nothing explains an end that there was not; that a guard would have acted is known, and on which line."""
    other = finding(rule="permission_denied", line=4, text="403 denied", fatal=True)
    found = Diagnosis(others=(other,), lines=20, fatal=True)
    told = json.loads(render_json("f", found))
    assert [*told] == KEYS
    assert (told["rule"], told["fatal"], told["others"][0]["line"]) == (None, True, 4)
    text = render_text("f", found, width=80, paint=plain)
    assert text == "✓ f: no failure found in 20 lines\n  It went on after what line 4 says: 403 denied\n"


def test_what_could_not_be_read_to_its_end_is_not_said_to_be_well(tmp_path: Path) -> None:
    """Half an archive may hold the good half."""
    packed = gzip.compress("".join(f"step {number} loss={number}\n" for number in range(9_000)).encode())
    files = logs(tmp_path, half=packed[: len(packed) // 2])
    ran = run(tmp_path, "explain", *files)
    assert ran.returncode == 3
    assert re.fullmatch(rf"○ {files[0]}: no failure found in what could be read \([\d,]+ lines\)\n", ran.stdout)


@pytest.mark.parametrize(("category", "said"), [("config", True), ("permission", True), ("service", False)])
def test_a_report_says_whether_retrying_helps(category: str, said: bool) -> None:
    """In the words that `why` has for it, and of no command that there is not."""
    text = render_text("f", Diagnosis(finding=finding(category=category), fatal=True), width=80, paint=plain)
    assert ("retrying will not help" in text) is said
    assert "guard" not in text


def test_what_stands_whole_below_is_not_told_twice() -> None:
    """The headline takes two lines at most; the line of the log keeps its indentation, as its neighbours do."""
    line = f"    {'word ' * 60}end"
    found = Diagnosis(
        finding=finding(line=2, text=" ".join(line.split())), context=("  a", line), context_from=1, lines=2
    )
    shown = render_text("f", found, width=80, paint=plain).splitlines()
    assert shown[1].endswith("…")
    assert shown[2].startswith("  r · config")
    assert [row for row in shown if row.startswith("  ▶ 2 │     word")]
    assert shown[-1].endswith("end")
    assert all(row.startswith("      │     word") for row in shown[7:])


def test_further_findings_are_told_by_rule() -> None:
    """Each once with its number and where it came first; what stands in the root's own line is not repeated."""
    others = [finding(rule="a", line=3), finding(rule="a", line=4), finding(rule="b", line=5), finding(rule="c")]
    others += [finding(rule=f"x{number}", line=30) for number in range(9)]
    found = Diagnosis(finding=finding(), others=tuple(others), lines=20)
    text = render_text("f", found, width=80, paint=plain)
    also = text.partition("Also found\n")[2].splitlines()
    assert also[:2] == ["  line 3  a × 2: it broke", "  line 5  b: it broke"]
    assert also[-1] == "  and 6 more; -o json has them all"
    assert len(also) == 6


def test_a_command_in_the_advice_is_whole_on_a_line_of_its_own() -> None:
    """However long it is, so that it can be copied; brackets around it go."""
    long = "gcloud projects add-iam-policy-binding acme-ml " + "--member=x " * 10 + "--role=roles/viewer"
    found = Diagnosis(finding=finding(advice=f"Grant it (`{long}`), or set `a = 1`."), lines=20)
    lines = render_text("f", found, width=40, paint=plain).splitlines()
    assert lines[-3:] == ["  → Grant it", f"      {long}", "    or set `a = 1`."]
