"""The command line as click reads it: the global options, the table of commands, and the words for a wrong one."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import click

from monitor import __version__, exit_codes
from monitor.invocation import Invocation
from monitor.output import complain, nearest

COMMANDS: dict[str, tuple[str, str]] = {
    "ls": ("monitor.commands.ls", "Print the tables once."),
    "why": ("monitor.commands.why", "Say why a record ended as it did."),
    "explain": ("monitor.commands.explain", "Say why a program died, from its log."),
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
    return int(importlib.import_module("monitor.commands.dashboard").run(invocation))


def run(args: list[str], invocation: Invocation) -> int:
    """Do what the command line says and return the exit status; a command line that is wrong is complained of."""
    try:
        return _run(args, invocation)
    except click.Abort:
        return exit_codes.INTERRUPTED
    except click.ClickException as error:
        return complain(_usage(error, args), exit_codes.USAGE)


def _run(args: list[str], invocation: Invocation) -> int:
    # Not `program.main`: it would exit by itself, with statuses of its own.
    try:
        with program.make_context("monitor", args, obj=invocation) as ctx:
            status = program.invoke(ctx)
    except click.exceptions.Exit as end:  # --help and --version
        status = end.exit_code
    return status if isinstance(status, int) else exit_codes.OK


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
