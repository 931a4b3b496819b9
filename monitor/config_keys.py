"""Every key of the configuration file, as data: what it means, what it may hold, and an example.

The loader checks values by this table, and the reference, the commented default file and error messages are made from
it. A test holds it against the structs, so that no key is missing here or there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec

from monitor import key_names
from monitor.output import nearest
from monitor.ui.bindings import FIXED
from monitor.ui.bindings import KEYS as _BINDINGS
from monitor.ui.theme import THEMES

_NAME = re.compile(r"[^\s/\x00-\x1f\x7f-\x9f]{1,256}")
_REGION = re.compile(r"(?!global$)[a-z][a-z0-9-]{0,38}[a-z0-9]")
_ZONE = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]")
_PORTS = range(1, 65536)
_LONGEST = 256


class Key(msgspec.Struct, frozen=True):
    """One key; `*` in its name stands for any table."""

    name: str
    """Dotted, e.g. `gcp.project`."""
    wanted: str
    """What it may hold, as an error says it: `wanted …`."""
    meaning: str
    """One or two sentences for the reference."""
    example: str
    """A value, in TOML."""
    holds: Callable[[Any], bool] = lambda _value: True
    """Whether a value of the right type is one it may hold; for a list or a table, each of its values."""
    unset: str = ""
    """What stands in for it where it is not set; empty: the default itself says it."""
    advice: Callable[[Any], str] = lambda _value: ""
    """What was probably meant by a value that it may not hold; empty: nobody knows."""
    fits: Callable[[int], bool] = lambda _number: True
    """Whether a list may be as long as that; a value alone is a list of one."""


def _is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None


def _is_account(value: str) -> bool:
    return _is_name(value) and "@" in value


def _is_text(value: str) -> bool:
    return 0 < len(value.strip()) <= _LONGEST and value.isprintable()


def _is_region(value: str) -> bool:
    return _REGION.fullmatch(value) is not None and _ZONE.fullmatch(value) is None


def _is_path(value: str) -> bool:
    return bool(value.strip()) and value.isprintable()


def _is_address(value: str, *, path: bool) -> bool:
    """Whether it is `http(s)://HOST[:PORT]`, with a path behind it where one may be."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - only a file that names servers needs it

    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isprintable() and " " not in value
    plain = parts.username is None and not parts.query and not parts.fragment and (path or parts.path in {"", "/"})
    return whole and plain and (port is None or port in _PORTS)


def _is_endpoint(value: str) -> bool:
    return _is_address(value, path=False)


def _is_base_url(value: str) -> bool:
    return _is_address(value, path=True)


def _between(least: float, most: float) -> Callable[[float], bool]:
    def holds(value: float) -> bool:
        return least <= value <= most

    return holds


_ENDPOINT = '"http://HOST:PORT" (plaintext, no credentials) or "https://HOST" (TLS, with credentials), without a path'
_NAMES = "names in quotes, none of them empty"


def _endpoint(name: str, api: str) -> Key:
    return Key(
        f"gcp.endpoints.{name}",
        _ENDPOINT,
        f"Server to ask instead of Google's {api}: an emulator or a private endpoint.",
        '"http://127.0.0.1:9001"',
        _is_endpoint,
        "Google's own",
    )


def _is_key(value: str) -> bool:
    return key_names.canonical(value) is not None


def _meant(value: str) -> str:
    found = key_names.nearest(value)
    return f'did you mean "{found}"?' if found else ""


_A_KEY = 'a key such as "Z", "ctrl+n" or "f5", or a list of such'

REBINDABLE = {key.name: key for key in _BINDINGS if key.name not in FIXED}
"""What can be done by other keys, by the name that the configuration has for it."""

_REBOUND = tuple(
    Key(
        f"keys.{key.name}",
        _A_KEY if key.action else "five keys, one for each table",
        f"{key.text[0].upper()}{key.text[1:]}.",
        str(list(key.names)).replace("'", '"') if len(key.names) > 1 else f'"{key.names[0]}"',
        _is_key,
        advice=_meant,
        fits=(lambda number: number > 0) if key.action else len(key.names).__eq__,
    )
    for key in REBINDABLE.values()
)

_KEYS = (
    Key(
        "gcp.project",
        'the id of a Google Cloud project such as "acme-ml"',
        "The Google Cloud project whose builds, executions and jobs are shown.",
        '"acme-ml"',
        _is_name,
        "detected: environment, gcloud's active configuration, application default credentials",
    ),
    Key(
        "gcp.regions",
        'regions such as "us-central1" (no zones; `global` is always asked for builds), each once',
        "Where to look. Fewer regions are asked faster.",
        '["us-central1", "europe-west4"]',
        _is_region,
    ),
    Key("gcp.jobs", _NAMES, "Show only executions of these Cloud Run jobs.", '["vertex-ai-launcher"]', _is_name, "all"),
    Key(
        "gcp.labels",
        'a table of text, such as { team = "vision" }',
        "Show only what carries all of these labels.",
        '{ team = "vision" }',
        lambda value: value.isprintable() and len(value) <= _LONGEST,
        "everything",
    ),
    Key(
        "gcp.mine",
        "true or false",
        "Show only executions that your own account started, and those of which nobody knows it.",
        "true",
    ),
    Key(
        "gcp.account",
        'the e-mail address of an account such as "you@acme.example"',
        "Who you are, where your credentials do not say it themselves: marks what is yours.",
        '"you@acme.example"',
        _is_account,
        "detected: `CLOUDSDK_CORE_ACCOUNT`, application default credentials, gcloud's active configuration",
    ),
    Key(
        "gcp.log_reads_per_minute",
        "a number from 0 to 600",
        "Reads of Cloud Logging a minute that saying why may take: the service allows a project about 60, shared by"
        " everybody. 0 reads no logs.",
        "12",
        _between(0, 600),
    ),
    _endpoint("builds", "Cloud Build"),
    _endpoint("runner", "Cloud Run"),
    _endpoint("vertex", "Vertex AI"),
    _endpoint("logging", "Cloud Logging"),
    Key(
        "wandb.entity",
        'the name of a W&B team or user such as "acme"',
        "The W&B team or user whose runs and queues are shown.",
        '"acme"',
        _is_name,
        "detected: `WANDB_ENTITY`, W&B's settings files",
    ),
    Key(
        "wandb.project",
        'the name of a W&B project such as "arr" (the entity has a key of its own)',
        "The W&B project whose runs are shown.",
        '"arr"',
        _is_name,
        "detected: `WANDB_PROJECT`, W&B's settings files",
    ),
    Key("wandb.queues", _NAMES, "Launch queues whose waiting items are shown.", '["vertex"]', _is_text, "none"),
    Key(
        "wandb.users",
        _NAMES,
        "Show only the server's runs and queue items of these users, by their W&B names.",
        '["research"]',
        _is_name,
        "everyone",
    ),
    Key(
        "wandb.mine",
        "true or false",
        "Show only your own, and those of `wandb.users`; you are who the key is of.",
        "true",
    ),
    Key(
        "wandb.tags",
        _NAMES,
        "Show only the server's runs that carry any of these tags.",
        '["production"]',
        _is_text,
        "every run",
    ),
    Key(
        "wandb.base_url",
        'the address of a W&B server such as "https://api.wandb.ai", without user, query or fragment',
        "The W&B server. Where it is not set, `WANDB_BASE_URL` and W&B's settings files are looked at first.",
        '"https://wandb.acme.example"',
        _is_base_url,
    ),
    Key(
        "wandb.offline_dirs",
        "paths of directories that hold W&B run directories, each once",
        "Directories of runs to read from disk. Relative paths start where you start `monitor`.",
        '["wandb"]',
        _is_path,
        "detected: `WANDB_DIR` and `./wandb`, where they hold runs",
    ),
    Key("tables.*.enabled", "true or false", "Whether the table is shown and asked at all.", "false"),
    Key(
        "tables.*.interval_s",
        "a number of seconds from 1 to 86400",
        "Seconds from one fetch to the next while nothing runs.",
        "60",
        _between(1, 86_400),
    ),
    Key(
        "tables.*.timeout_s",
        "a number of seconds above 0 and up to 3600",
        "Seconds a fetch of the table may take, all its scopes together; what has not answered by then has failed.",
        "20",
        _between(math.nextafter(0, 1), 3600),
    ),
    Key(
        "tables.*.limit",
        "a whole number from 1 to 1000",
        "Newest records kept per scope; of what lies beyond, only what is queued or running.",
        "100",
        _between(1, 1000),
    ),
    Key(
        "cache.url",
        'an address such as "sqlite:////home/you/monitor.db"',
        "Where records that cannot change any more, and the last good answers, are kept.",
        '"sqlite:////var/tmp/monitor.db"',
        lambda value: re.fullmatch(r"sqlite:///.+", value) is not None and value.isprintable(),
        "a file in the platform's cache directory",
    ),
    Key(
        "logs.dir",
        "the path of a directory",
        "Where the session logs go. A relative path starts at the directory of this file.",
        '"~/monitor-logs"',
        _is_path,
        "`logs/` of the checkout, else the platform's directory for logs",
    ),
    Key(
        "ui.theme",
        f"one of {', '.join(THEMES)}",
        "Colours of the dashboard; `T` chooses others for the session. A terminal of 16 colours has only `terminal`.",
        '"light"',
        lambda value: value in THEMES,
        advice=lambda value: nearest(value, THEMES),
    ),
    Key("ui.utc", "true or false", "Show times in UTC instead of local time.", "true"),
    *_REBOUND,
)

KEYS: dict[str, Key] = {key.name: key for key in _KEYS}
"""By name, in the order of the reference."""

_DEPTH = 3
HINTS = {
    "wandb.api_key": "keys are not kept in this file: run `wandb login`, or set WANDB_API_KEY",
    "gcp.credentials": "credentials are not kept in this file: run `gcloud auth application-default login`",
    "gcp.region": "gcp.regions is a list",
    "wandb.queue": "wandb.queues is a list",
    "wandb.user": "wandb.users is a list",
    "wandb.tag": "wandb.tags is a list",
}
"""What to say about keys that people look for and that do not exist."""


def key_of(dotted: str) -> Key:
    """The row of a key, its table's name generalised: `tables.runner.limit` is `tables.*.limit`."""
    parts = dotted.split(".")
    if parts[0] == "tables" and len(parts) == _DEPTH:
        parts[1] = "*"
    return KEYS[".".join(parts)]
