"""The command line: global options, the table of commands, and the border where every error becomes one line.

Start-up time is part of the product: nothing heavier than click and msgspec is imported before a command needs it.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from fetchers.errors import ConfigError, MonitorError
from monitor import __version__, exit_codes
from monitor.invocation import Invocation
from monitor.output import complain, nearest

COMMANDS: dict[str, tuple[str, str]] = {
    "ls": ("monitor.commands.ls", "Print the tables once."),
    "config": ("monitor.commands.config", "Show, locate or begin the configuration."),
}
"""Each command's module, which holds it as `command`, and its line in the help."""

_EXAMPLES = """\b
Examples:
  monitor                          the dashboard
  monitor --demo                   the dashboard on fixture data
  monitor ls runner vertex -o json two tables, for a script
"""


class Commands(click.Group):
    """The commands of `COMMANDS`, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return _command(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, naming the nearest command where there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}; {nearest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, so that help imports nothing."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, blurb) for name, (_, blurb) in COMMANDS.items()])


def _command(name: str) -> click.Command:
    found = importlib.import_module(COMMANDS[name][0]).command
    assert isinstance(found, click.Command)  # noqa: S101 - what the table promises
    return found


@click.command(
    cls=Commands,
    invoke_without_command=True,
    epilog=_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--config", "config_path", metavar="PATH", help="Configuration file to use.")
@click.option("--demo", is_flag=True, help="Play fixture data: no network, no credentials, read-only.")
@click.option("--utc", is_flag=True, help="Show times in UTC instead of local time.")
@click.option("--no-color", is_flag=True, help="Use no colours (as does NO_COLOR in the environment).")
@click.version_option(__version__, prog_name="monitor", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context, /, **options: Any) -> int | None:
    """One screen for W&B Launch on Google Cloud: what runs, what failed, why, and how old each answer is.

    Without a command it opens the dashboard; where no screen can be shown it prints the tables once.
    """
    invocation = ctx.ensure_object(Invocation)
    for name, value in options.items():
        setattr(invocation, name, value)
    return None if ctx.invoked_subcommand else _without_command(ctx, invocation)


def _without_command(ctx: click.Context, invocation: Invocation) -> int:
    from monitor import screenless  # noqa: PLC0415 - commands need it not

    if (why := screenless.lack()) is not None:
        return screenless.print_instead(invocation, why, lambda: int(ctx.invoke(_command("ls"))))
    return _dashboard(invocation)


def _dashboard(invocation: Invocation) -> int:
    if invocation.no_color:
        os.environ["NO_COLOR"] = "1"  # what Textual and everything below it goes by
    dashboard = importlib.import_module("monitor.commands.dashboard")
    return int(dashboard.run(invocation))


# --- the border --------------------------------------------------------------------------------------------------


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
    except (KeyboardInterrupt, click.Abort):
        return exit_codes.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the border: every error becomes one line and a status
        return _failed(error, args, invocation)


def _run(args: list[str], invocation: Invocation) -> int:
    # Not `program.main`: it would exit by itself, with statuses of its own.
    try:
        with program.make_context("monitor", args, obj=invocation) as ctx:
            status = program.invoke(ctx)
    except click.exceptions.Exit as end:  # --help and --version
        status = end.exit_code
    if sys.stdout is not None:
        sys.stdout.flush()
    return status if isinstance(status, int) else exit_codes.OK


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


def _failed(error: Exception, args: Sequence[str], invocation: Invocation) -> int:
    match error:
        case click.ClickException():
            return complain(_usage(error, args), exit_codes.USAGE)
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


def _usage(error: click.ClickException, args: Sequence[str]) -> str:
    text = error.format_message().rstrip(".")
    text = text[:1].lower() + text[1:]
    if isinstance(error, click.NoSuchOption) and error.option_name in _GLOBAL:
        return f"{text}; it goes before the command: monitor {error.option_name} …"
    context = getattr(error, "ctx", None)
    return f"{text}; see `{context.command_path if context is not None else _named(args)} --help`"


def _named(args: Sequence[str]) -> str:
    """The command that a command line names, e.g. `monitor config show`: not every error of click's knows it."""
    context = click.Context(program, info_name="monitor")
    for word in args:
        if isinstance(context.command, click.Group) and word in context.command.list_commands(context):
            found = context.command.get_command(context, word)
            assert found is not None  # noqa: S101 - it has just been listed
            context = click.Context(found, context, word)
    return context.command_path


_GLOBAL = frozenset(option for parameter in program.params for option in parameter.opts)


def _internal(error: Exception, invocation: Invocation) -> str:
    """Put the traceback into the log and say where it is."""
    from monitor import session_log  # noqa: PLC0415 - logging is not loaded to say --version

    log, problem = session_log.start(invocation.log_dir, "command")
    log.say("CRITICAL", __name__, "internal error", error)
    written = log.close() and problem is None
    where = f"its traceback is in {log.directory / session_log.MONITOR_LOG}" if written else "and no log can be written"
    return f"internal error: {type(error).__name__}: {error}; {where}"
