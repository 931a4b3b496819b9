"""`monitor config`: where the configuration is, what it comes to, and a file to begin with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from fetchers.errors import ConfigError
from fetchers.redact import redact
from monitor import exit_codes
from monitor.config import SECTIONS, Config, keys, path_in_use, section_names, toml
from monitor.config_file import create, replace
from monitor.detect import ACCOUNT, CREDENTIALS, WANDB_KEY, Detected
from monitor.invocation import Invocation
from monitor.output import answer, complain
from monitor.progress import patiently


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  monitor config init              write a commented file to begin with
  monitor config show              what is in effect, and where it comes from
  monitor --config a.toml config show -o json
""",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show, locate or begin the configuration."""
    if ctx.invoked_subcommand is None:
        *names, last = command.list_commands(ctx)
        raise click.UsageError(f"wanted {', '.join(names)} or {last}", ctx)


@command.command("path", epilog='Example: $EDITOR "$(monitor config path)"')
@click.pass_obj
def path_command(invocation: Invocation) -> int:
    """Print the path of the file in use, whether it exists or not."""
    path, _ = path_in_use(invocation.config_path, os.environ)
    answer(f"{path}\n")
    if path.exists():
        return exit_codes.OK
    return complain(f"no such file yet; `{invocation.line('config init')}` writes one", exit_codes.OK)


@command.command("show", epilog="Example: monitor config show -o json")
@click.option("-o", "output", type=click.Choice(["toml", "json"]), default="toml", help="Format; toml is the default.")
@click.pass_obj
def show_command(invocation: Invocation, output: str) -> int:
    """Print what is in effect, detected values included, and where each comes from. Secrets are never shown."""
    config, detected = patiently("reading the configuration", invocation.config)
    text = show_json(config, detected) if output == "json" else show_toml(config, detected)
    answer(redact(text))
    return exit_codes.OK


@command.command("init", epilog='Example: monitor config init && $EDITOR "$(monitor config path)"')
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def init_command(invocation: Invocation, force: bool) -> int:
    """Write a commented file that changes nothing until you edit it."""
    path, _ = path_in_use(invocation.config_path, os.environ)
    patiently(f"writing {path}", partial(_over if force else _new, path, invocation))
    return complain(f"wrote {path}", exit_codes.OK)


def _new(path: Path, invocation: Invocation) -> None:
    if path.exists():
        raise ConfigError(f"{path}: is there already; `{invocation.line('config init --force')}` replaces it")
    create(path)


def _over(path: Path, _invocation: Invocation) -> None:
    replace(path)


# --- what is in effect ---------------------------------------------------------------------------------------------


def value_of(config: Config, dotted: str) -> Any:
    """The value in effect."""
    value: Any = config
    for name in dotted.split("."):
        value = value[name] if isinstance(value, dict) else getattr(value, name)
    return value


def show_toml(config: Config, detected: Detected) -> str:
    """A file that would give the same configuration anywhere; comments say where each value comes from."""
    return "\n".join((*_head(config), *_body(config), *_finds(detected), ""))


def _head(config: Config) -> Iterator[str]:
    yield f"# {config.path}{'' if Path(config.path).exists() else ' (does not exist)'}"


def _body(config: Config) -> Iterator[str]:
    for section in SECTIONS:
        yield ""
        yield f"[{section}]"
        for dotted in section_names(section):
            yield _line(dotted, value_of(config, dotted), config.origins.get(dotted, "default"))


def _line(dotted: str, value: Any, origin: str) -> str:
    name = dotted.rpartition(".")[2]
    return f"# {name} is not set" if value is None else f"{name} = {toml(value)}  # {_comment(origin)}"


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _finds(detected: Detected) -> Iterator[str]:
    yield ""
    for what in (CREDENTIALS, ACCOUNT, WANDB_KEY):
        best = detected.best(what)
        places = ", ".join(look.where for look in detected.looks if look.what == what)
        yield f"# {what}: " + _comment(f"{best.value}: {best.where}" if best else f"none; looked at {places}")


def show_json(config: Config, detected: Detected) -> str:
    """The same for programs, with every place that was looked at."""
    values = {
        dotted: {"value": value_of(config, dotted), "origin": config.origins.get(dotted, "default")}
        for dotted in keys()
    }
    shown = {"path": config.path, "exists": Path(config.path).exists(), "values": values, "looked": detected.looks}
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode() + "\n"
