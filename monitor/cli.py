"""The way into the program, and the border where every error becomes one line and a status.

Start-up time is part of the product: nothing heavier than msgspec is imported before a command needs it, and the
dashboard needs no command-line library.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import os
import sys
from collections.abc import Mapping, Sequence

from fetchers.errors import ConfigError, MonitorError
from monitor import exit_codes
from monitor.endings import ToldToEnd
from monitor.global_options import alone
from monitor.invocation import Invocation
from monitor.output import complain


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    invocation = Invocation()
    _hold_standard_files()
    _tolerate_encodings()
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(args, invocation)
    except BrokenPipeError:
        return _unheard()
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except ToldToEnd as told:
        return told.status
    except Exception as error:  # noqa: BLE001 - the border: every error becomes one line and a status
        return _failed(error, invocation)


def _run(args: list[str], invocation: Invocation) -> int:
    options = alone(args)
    if options is not None and _screen():
        status = _dashboard(invocation, options)
    else:
        gc.enable()
        from monitor import command_line  # noqa: PLC0415 - click, which the first frame does not wait for

        status = command_line.run(args, invocation)
    if sys.stdout is not None:
        sys.stdout.flush()
    return status


def _screen() -> bool:
    from monitor import screenless  # noqa: PLC0415 - commands need it not

    return screenless.lack() is None


def _dashboard(invocation: Invocation, options: Mapping[str, str | bool]) -> int:
    from monitor.commands import dashboard  # noqa: PLC0415 - as above

    for name, value in options.items():
        setattr(invocation, name, value)
    return dashboard.run(invocation)


def _hold_standard_files() -> None:
    """Fill what the caller has closed, so that no log or socket becomes standard output."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


def _tolerate_encodings() -> None:
    """A character that the output's encoding lacks becomes a question mark and not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _unheard() -> int:
    """Nobody reads standard output any more: what is still buffered goes nowhere, also at the interpreter's exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_codes.BROKEN_PIPE


def _failed(error: Exception, invocation: Invocation) -> int:
    match error:
        case ConfigError():
            return complain(str(error), exit_codes.USAGE)
        case MonitorError():
            return complain(str(error), exit_codes.INTERNAL)
        case OSError() if error.errno in _OUTPUT_ERRORS and error.filename is None:
            _unheard()
            return complain(f"cannot write the answer: {error.strerror}", exit_codes.INTERNAL)
        case _:
            return complain(_internal(error, invocation), exit_codes.INTERNAL)


_OUTPUT_ERRORS = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.EBADF})
"""What a write to standard output fails with; a file of ours would be named in the error."""


def _internal(error: Exception, invocation: Invocation) -> str:
    """Put the traceback into the log and say where it is."""
    from monitor import session_log  # noqa: PLC0415 - logging is not loaded to say --version

    log, problem = session_log.start(invocation.log_dir, "command")
    log.say("CRITICAL", __name__, "internal error", error)
    written = log.close() and problem is None
    where = f"its traceback is in {log.directory / session_log.MONITOR_LOG}" if written else "and no log can be written"
    return f"internal error: {type(error).__name__}: {error}; {where}"
