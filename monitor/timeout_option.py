"""`--timeout S`, of every command that promises its answer within so many seconds of being started."""

from __future__ import annotations

from typing import Any

import click

_LONGEST_S = 3600.0


class _Seconds(click.ParamType[float]):
    """How long the whole may take."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds, if they are some and not too many."""
        del param
        try:
            seconds = float(value)
        except ValueError:
            raise click.UsageError(f"--timeout: {value!r} is no number of seconds", ctx) from None
        if not 0 < seconds <= _LONGEST_S:
            raise click.UsageError(f"--timeout: wanted more than 0 and at most {_LONGEST_S:g} seconds", ctx)
        return seconds


timeout_option = click.option(
    "--timeout",
    "timeout_s",
    metavar="S",
    type=_Seconds(),
    default=30.0,
    show_default=True,
    help="Seconds until the answer is printed, counted from the start.",
)
