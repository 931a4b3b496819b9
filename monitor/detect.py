"""Finding the sources where the configuration file says nothing: environment, gcloud's, Google's and W&B's own files.

Asks no network, starts no process and imports no SDK. Files are read up to a bound, never waited for, and may hold any
garbage. Of a secret it notes that it is there, never what it is.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec

from monitor.config import Config, expanded
from monitor.config_keys import key_of

_FILE_LIMIT = 256 * 1024
_ENTRIES = 10_000
"""Directory entries looked at to tell whether a directory holds runs."""
_GCLOUD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_RUN_DIRECTORY = re.compile(r"(?:offline-)?run-\d{8}_\d{6}-.+")
_MACHINE = Path("/sys/class/dmi/id/product_name")
"""Where Google's auth library, too, looks whether this is one of Google's machines."""
_THERE = "found"
"""Stands for a secret."""
_KINDS = {
    "authorized_user": "a user's login",
    "service_account": "a service account's key",
    "impersonated_service_account": "another service account's name",
    "external_account": "a workload's identity",
    "external_account_authorized_user": "a workforce's login",
}
"""What a file of Google credentials says of itself as its `type`, in words."""

CREDENTIALS = "gcp credentials"
ACCOUNT = "gcp account"
WANDB_KEY = "wandb key"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One place that was looked at."""

    what: str
    """A dotted key of the configuration, or `gcp credentials`, `gcp account`, `wandb key`."""
    where: str
    """The place, as people call it."""
    value: str | None
    """What was found; null where nothing was, `found` where it is a secret, and of credentials what kind they are."""


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """Every place looked at, best first for each thing looked for."""

    looks: tuple[Look, ...] = ()

    def best(self, what: str) -> Look | None:
        """The find that counts; null where there is none."""
        return next((look for look in self.looks if look.what == what and look.value is not None), None)

    def all(self, what: str) -> tuple[str, ...]:
        """Every find, best first, each once."""
        return tuple(dict.fromkeys(look.value for look in self.looks if look.what == what and look.value is not None))


def detect(config: Config, environ: Mapping[str, str], cwd: Path | None, machine: Path = _MACHINE) -> Detected:
    """Look everywhere. `cwd` is null where the current directory is gone; `machine` names the hardware."""
    places = _Places(environ, cwd, machine)
    looks = (*places.google(config), *places.wandb(config), *places.offline())
    return Detected(looks=tuple(look for look in looks if _usable(look)))


def here() -> Path | None:
    """The current directory, unless somebody has removed it."""
    try:
        return Path.cwd()
    except OSError:
        return None


_FILLED = {
    "gcp.project": "gcp.project",
    "gcp.account": ACCOUNT,
    "wandb.entity": "wandb.entity",
    "wandb.project": "wandb.project",
    "wandb.base_url": "wandb.base_url",
}
"""Each key that is filled, and what it is looked for as."""


def fill(config: Config, detected: Detected) -> Config:
    """The configuration with what was detected where the file says nothing; `origins` says where from."""
    finds = {
        key: look
        for key, what in _FILLED.items()
        if key not in config.origins and (look := detected.best(what)) is not None
    }
    dirs = "wandb.offline_dirs"
    found_dirs = () if dirs in config.origins else detected.all(dirs)
    values = {key: look.value for key, look in finds.items()} | ({dirs: found_dirs} if found_dirs else {})
    origins = {key: look.where for key, look in finds.items()}
    if found_dirs:
        origins[dirs] = ", ".join(look.where for look in detected.looks if look.what == dirs and look.value)
    return msgspec.structs.replace(
        config,
        gcp=msgspec.structs.replace(config.gcp, **_part("gcp", values)),
        wandb=msgspec.structs.replace(config.wandb, **_part("wandb", values)),
        origins={**config.origins, **origins},
    )


def _part(section: str, values: Mapping[str, object]) -> dict[str, object]:
    return {key.rpartition(".")[2]: value for key, value in values.items() if key.startswith(f"{section}.")}


def _usable(look: Look) -> bool:
    """Whether the find is one that the configuration could hold; a file's garbage is no project."""
    if look.value is None or look.what in {CREDENTIALS, WANDB_KEY}:
        return True
    return key_of("gcp.account" if look.what == ACCOUNT else look.what).holds(look.value)


class _Places:
    """Where things are on this machine, for this user."""

    def __init__(self, environ: Mapping[str, str], cwd: Path | None, machine: Path) -> None:
        self._environ = environ
        self._cwd = cwd
        self._machine = machine
        self._home = Path(environ.get("HOME") or expanded("~"))
        self._gcloud = Path(environ.get("CLOUDSDK_CONFIG") or self._home / ".config" / "gcloud")

    # --- Google --------------------------------------------------------------------------------------------------

    def google(self, config: Config) -> Iterator[Look]:
        """Project, credentials and account."""
        variable = partial(self._variable, what="gcp.project")
        yield from map(variable, ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"))
        path, where = self._gcloud_configuration()
        core = _ini(path).get("core", {})
        yield Look(what="gcp.project", where=where, value=core.get("project"))
        adc, adc_where = self._adc()
        held = _json(adc)
        for name in ("project_id", "quota_project_id"):
            yield Look(what="gcp.project", where=f"{adc_where}: {name}", value=_text(held, name))
        yield from self._credentials(config, adc, adc_where, held)
        yield self._variable("CLOUDSDK_CORE_ACCOUNT", what=ACCOUNT)
        for name in ("client_email", "account"):
            yield Look(what=ACCOUNT, where=f"{adc_where}: {name}", value=_text(held, name))
        yield Look(what=ACCOUNT, where=where, value=core.get("account"))

    def _credentials(self, config: Config, adc: Path, adc_where: str, held: Mapping[str, object]) -> Iterator[Look]:
        endpoints = msgspec.structs.asdict(config.gcp.endpoints).values()
        plaintext = all(str(endpoint).startswith("http://") for endpoint in endpoints)
        if plaintext:
            where = "gcp.endpoints (plaintext servers need none)"
            yield Look(what=CREDENTIALS, where=where, value="none needed")
        kind = _KINDS.get(_text(held, "type") or "", _THERE) if held else None
        yield Look(what=CREDENTIALS, where=adc_where if held else f"{adc_where}: {_lack(adc)}", value=kind)
        google = "Google" in _head(self._machine)
        where = "the machine's own service account (metadata server)"
        yield Look(what=CREDENTIALS, where=where, value="the machine's service account" if google else None)

    def _gcloud_configuration(self) -> tuple[Path, str]:
        name = self._environ.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or _head(self._gcloud / "active_config").strip()
        if _GCLOUD_NAME.fullmatch(name) is None:
            name = "default"
        path = self._gcloud / "configurations" / f"config_{name}"
        return path, f"gcloud's configuration {name} ({self._short(path)})"

    def _adc(self) -> tuple[Path, str]:
        named = self._environ.get("GOOGLE_APPLICATION_CREDENTIALS")
        if named:
            return Path(named), f"$GOOGLE_APPLICATION_CREDENTIALS ({self._short(Path(named))})"
        path = self._gcloud / "application_default_credentials.json"
        return path, f"application default credentials ({self._short(path)})"

    # --- W&B -----------------------------------------------------------------------------------------------------

    def wandb(self, config: Config) -> Iterator[Look]:
        """Server, entity, project, and whether there is a key for the server."""
        looks = [look for key in ("base_url", "entity", "project") for look in self._wandb_setting(key)]
        yield from looks
        found = next((look.value for look in looks if look.what == "wandb.base_url" and look.value), None)
        given = "wandb.base_url" in config.origins
        yield from self._wandb_key(config.wandb.base_url if given or found is None else found)

    def _wandb_setting(self, name: str) -> Iterator[Look]:
        what = f"wandb.{name}"
        yield self._variable(f"WANDB_{name.upper()}", what=what)
        folder = self._environ.get("WANDB_CONFIG_DIR") or self._home / ".config" / "wandb"
        for path in (*(root / "settings" for root in self._wandb_dirs()), Path(folder) / "settings"):
            yield Look(what=what, where=self._short(path), value=_ini(path).get("default", {}).get(name))

    def _wandb_key(self, base_url: str) -> Iterator[Look]:
        from urllib.parse import urlsplit  # noqa: PLC0415 - the standard library's, and only here

        key = self._environ.get("WANDB_API_KEY")
        yield Look(what=WANDB_KEY, where="$WANDB_API_KEY", value=_THERE if key else None)
        named = self._environ.get("NETRC")
        netrc = [Path(expanded(named))] if named else [self._home / ".netrc", self._home / "_netrc"]
        try:
            host = urlsplit(base_url).netloc
        except ValueError:
            return
        for path in netrc:
            held = _in_netrc(_head(path), host)
            yield Look(what=WANDB_KEY, where=f"{self._short(path)} for {host}", value=_THERE if held else None)

    def _wandb_dirs(self) -> list[Path]:
        """Where the W&B SDK, started here, would put its runs."""
        named = self._environ.get("WANDB_DIR")
        root = Path(expanded(named)) if named else self._cwd
        return [] if root is None else [root / "wandb", root / ".wandb"]

    def offline(self) -> Iterator[Look]:
        """Directories that hold run directories."""
        named = self._environ.get("WANDB_DIR")
        here = [] if self._cwd is None else [self._cwd / "wandb", self._cwd / ".wandb"]
        for path in dict.fromkeys((*self._wandb_dirs(), *([Path(expanded(named))] if named else []), *here)):
            whole = path if self._cwd is None else self._cwd / path
            found = str(whole) if _holds_runs(whole) else None
            yield Look(what="wandb.offline_dirs", where=self._short(path), value=found)

    # --- names ---------------------------------------------------------------------------------------------------

    def _variable(self, name: str, what: str) -> Look:
        return Look(what=what, where=f"${name}", value=self._environ.get(name) or None)

    def _short(self, path: Path) -> str:
        for folder, sign in ((self._cwd, "."), (self._home, "~")):
            if folder is not None and folder != Path("/") and path.is_relative_to(folder):
                return str(sign / path.relative_to(folder)) if sign == "~" else f"./{path.relative_to(folder)}"
        return str(path)


# --- files that may hold anything ----------------------------------------------------------------------------------


def _head(path: Path) -> str:
    """The text at the beginning of a regular file; empty for anything that is none or cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        return os.read(fd, _FILE_LIMIT).decode("utf-8-sig", "replace") if _is_file(fd) else ""
    except OSError:
        return ""
    finally:
        os.close(fd)


def _is_file(fd: int) -> bool:
    return stat.S_ISREG(os.fstat(fd).st_mode)


def _lack(path: Path) -> str:
    """Why nothing could be taken from a file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "no such file"
    except (OSError, ValueError):
        return "cannot be read"
    if stat.S_ISREG(mode) and os.access(path, os.R_OK):
        return "holds no credentials"
    return "cannot be read" if stat.S_ISREG(mode) else "is no file"


def _ini(path: Path) -> dict[str, dict[str, str]]:
    """Sections and their keys; lines that are neither are left out. No interpolation, no continuation lines."""
    sections: dict[str, dict[str, str]] = {}
    section = ""
    for line in map(str.strip, _head(path).splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            if value.strip():
                sections.setdefault(section, {})[name.strip()] = value.strip()
    return sections


def _json(path: Path) -> dict[str, object]:
    try:
        found = msgspec.json.decode(_head(path))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(held: Mapping[str, object], name: str) -> str | None:
    value = held.get(name)
    return value if isinstance(value, str) and value else None


def _in_netrc(text: str, host: str) -> bool:
    """Whether a netrc has a password for the host."""
    words = [word for line in text.splitlines() if not line.lstrip().startswith("#") for word in line.split()]
    machine = ""
    for word, following in itertools.pairwise([*words, ""]):
        if word == "machine":
            machine = following.strip("\"'")
        elif word == "default":
            machine = host
        elif word == "password" and machine == host and following:
            return True
    return False


def _holds_runs(path: Path) -> bool:
    """Whether a directory has run directories in it, as far as its first entries tell."""
    try:
        str(path).encode()
        with os.scandir(path) as entries:
            return any(_RUN_DIRECTORY.fullmatch(entry.name) for _, entry in zip(range(_ENTRIES), entries, strict=False))
    except (OSError, ValueError):
        return False
