"""`monitor explain`: say from a log alone, in files or on standard input, why the program that wrote it died."""

from __future__ import annotations

import os
import shutil
import sys
import time
from functools import partial
from typing import NamedTuple

import click

from fetchers.diagnosis.model import Diagnosis
from monitor import exit_codes
from monitor.explained import STDIN, render_json, render_text
from monitor.invocation import Invocation
from monitor.log_input import Stopped, Unreadable, opened, pieces, position, size_of
from monitor.output import answer, answer_json, complain
from monitor.paint import brush
from monitor.plain_text import text_only
from monitor.progress import SHOWN_AFTER_S, STEP_S, status_line

_WIDE = 200
"""Cells of a line where neither $COLUMNS nor a terminal says how many there are."""
_MB = 1_000_000


@click.command(
    epilog="""\b
Examples:
  monitor explain train.log
  kubectl logs trainer-0 | monitor explain
  monitor explain logs/*.gz -o json | jq -r 'select(.rule) | .file'

\b
-o json prints an object for each file, one a line:
  file      as it was named; - for standard input
  rule      what explains best why the program died; null: nothing does
  fatal     whether it is reason enough to end a program that still runs;
            false where rule only explains an end that came by itself
  category  config, permission, quota, service, not-found, exception,
            repeated, wandb, image or resources
  origin    who says so: agent, gcp, wandb, python, container or user
  line      number of the root cause's line, from 1
  text      what happened, one line
  advice    what to do about it
  facts     what the log names: machine_type, region, principal, image, …
  context   lines around the root cause
  others    further findings, each with the keys from rule to facts

\b
Exit status: 0 every log was read, whether it holds a failure or not; 3 some
could not be read, or not to its end, or are no text: a line on standard error
says why.
"""
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path())
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", help="Format.")
@click.pass_obj
def command(invocation: Invocation, *, files: tuple[str, ...], output: str) -> int:
    """Say why a program died, from its log: what happened, where, and what to do.

    Reads FILEs, or standard input where there is none or FILE is -; gzip is unpacked. A log of any size takes the
    same memory; Ctrl+C ends a pipe that never does, and says what has been found until then.
    """
    if not files and os.isatty(0):
        raise click.UsageError(
            "standard input is a terminal: name a FILE, or pipe a log into it", click.get_current_context()
        )
    status, printed = exit_codes.OK, 0
    for file in files or (STDIN,):
        read = _explained(file)
        if read.found is not None:
            _print(invocation, read, output, apart=printed > 0)
            printed += 1
        status = status if read.problem is None else read.problem
        if read.problem == exit_codes.INTERRUPTED:
            break
    return status


class _Read(NamedTuple):
    """What one log says."""

    file: str
    found: Diagnosis | None
    """As far as it could be read; null where nothing could."""
    problem: int | None = None
    """The exit status where it was not read to its end."""


def _explained(file: str) -> _Read:
    """Read one log, and say on standard error why it could not be read to its end."""
    from fetchers.diagnosis import LogReader  # noqa: PLC0415 - --help and wrong command lines need no rules

    reader, progress = LogReader(), _Progress(file)
    try:
        with opened(None if file == STDIN else file) as fd:
            for piece in text_only(pieces(fd, partial(progress.show, fd), STEP_S)):
                reader.feed(piece)
                progress.read += len(piece)
                progress.show(fd)
        return _Read(file, reader.finish())
    except Stopped:
        return _Read(file, reader.finish(), exit_codes.INTERRUPTED)
    except Unreadable as error:
        progress.line.erase()
        status = complain(f"{_name(file)}: {error}", exit_codes.NOT_WHOLE)
        return _Read(file, reader.finish() if progress.read else None, status)
    finally:
        progress.line.erase()


class _Progress:
    """How far the reading of one log is, on the status line once it takes long."""

    def __init__(self, file: str) -> None:
        self.line = status_line()
        self.read = 0
        """Bytes, unpacked."""
        self._name = _name(file)
        self._began = time.monotonic()

    def show(self, fd: int) -> None:
        """Say it, of the file that is read by this descriptor."""
        if (taken := time.monotonic() - self._began) >= SHOWN_AFTER_S:
            size = size_of(fd)
            done = (
                f"{self.read / _MB:,.0f} MB"
                if size is None
                else f"{100 * position(fd) // size} % of {size / _MB:,.0f} MB"
            )
            self.line.show(f"reading {self._name} · {done} · {taken:.0f} s")


def _name(file: str) -> str:
    return "standard input" if file == STDIN else file


def _print(invocation: Invocation, read: _Read, output: str, *, apart: bool) -> None:
    assert read.found is not None  # noqa: S101 - who calls has seen to it
    if output == "json":
        answer_json(render_json(os.fsencode(read.file).decode("utf-8", "backslashreplace"), read.found))
    else:
        width, paint = shutil.get_terminal_size((_WIDE, 24)).columns, brush(colour=invocation.colourful())
        text = render_text(read.file, read.found, width=width, paint=paint, whole=read.problem is None)
        answer(f"\n{text}" if apart else text)
    if sys.stdout is not None:
        sys.stdout.flush()  # the next log may take long
