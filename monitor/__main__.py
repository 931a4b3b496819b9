"""The process of the `monitor` command and of `python -m monitor`: it runs the command line, and then it is gone."""

import contextlib
import gc
import os
import sys
from typing import NoReturn

from monitor import exit_codes


def run() -> NoReturn:
    """Run the program and leave at once with its exit status: no thread, no hook and no hung disk holds that up."""
    gc.disable()  # while modules load there is nothing worth collecting
    try:
        from monitor.cli import main  # noqa: PLC0415 - Ctrl+C while this imports is an answer too

        status = main()
        _flush()
    except KeyboardInterrupt:
        status = exit_codes.INTERRUPTED
    os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # `main` has said what can be said of it
            if stream is not None:
                stream.flush()


if __name__ == "__main__":
    run()
