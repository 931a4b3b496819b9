"""The configuration: what the file says, checked key by key, with a default for everything.

Reads one file and nothing else; what the file leaves open is found by `monitor.detect`.
"""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec

from fetchers.errors import ConfigError
from fetchers.redact import redact
from fetchers.settings import Endpoints, Gcp, Wandb
from monitor import key_names
from monitor.config_keys import HINTS, REBINDABLE, Key, key_of
from monitor.tables import TABLES, TablePlan
from monitor.ui.bindings import FIXED, clashes, rebound
from monitor.ui.theme import DARK

VARIABLE = "MONITOR_CONFIG"
"""Environment variable that names the file."""
_FILE_LIMIT = 1024 * 1024
_SHOWN = 60
"""Characters of a wrong value that an error repeats."""


S = TypeVar("S", bound=msgspec.Struct)


class Cache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[cache]`: where the caches are."""

    url: str | None = None


class Logs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[logs]`: where the session logs go."""

    dir: str | None = None


class Ui(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[ui]`: how the dashboard looks at first."""

    theme: str = DARK.name
    utc: bool = False


Keys = msgspec.defstruct(
    "Keys",
    [(name, str | tuple[str, ...], key.names if len(key.names) > 1 else key.keys) for name, key in REBINDABLE.items()],
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)
"""`[keys]`: by which keys things are done."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be configured, and where each value that is no default came from."""

    gcp: Gcp = Gcp()
    wandb: Wandb = Wandb()
    tables: dict[str, TablePlan] = msgspec.field(default_factory=lambda: {name: TablePlan() for name in TABLES})
    cache: Cache = Cache()
    logs: Logs = Logs()
    ui: Ui = Ui()
    keys: msgspec.Struct = Keys()
    path: str = ""
    """The file, whether it exists or not."""
    origins: dict[str, str] = {}
    """Dotted key → where its value came from: the file's path, or what detection says."""


SECTIONS: Mapping[str, type[msgspec.Struct]] = {
    "gcp": Gcp,
    "gcp.endpoints": Endpoints,
    "wandb": Wandb,
    **{f"tables.{name}": TablePlan for name in TABLES},
    "cache": Cache,
    "logs": Logs,
    "ui": Ui,
    "keys": Keys,
}
"""Each table of the file and the struct it becomes."""


# --- the file ----------------------------------------------------------------------------------------------------


def default_path() -> Path:
    """`config.toml` in the platform's directory for configuration."""
    import platformdirs  # noqa: PLC0415 - ten milliseconds that --config saves

    return platformdirs.user_config_path("monitor", appauthor=False) / "config.toml"


def path_in_use(given: str | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """The file that `--config`, else `$MONITOR_CONFIG`, else the platform names; true where someone named it."""
    named = given if given is not None else environ.get(VARIABLE)
    return (Path(expanded(named)), True) if named else (default_path(), False)


def load(given: str | None, environ: Mapping[str, str]) -> Config:
    """The configuration that the file in use says, nothing detected yet.

    Raises `ConfigError`, one line that names the file, the key, what was found and what is wanted.
    """
    path, named = path_in_use(given, environ)
    text = _read(path, required=named)
    return Config(path=str(path)) if text is None else parse(text, path)


def _read(path: Path, *, required: bool) -> str | None:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_LIMIT + 1)
    except FileNotFoundError:
        if not required:
            return None
        raise ConfigError(
            f"{path}: no such file; `monitor --config {shlex.quote(str(path))} config init` writes one"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}; wanted a readable file") from error
    if len(data) > _FILE_LIMIT:
        raise ConfigError(f"{path}: larger than {_FILE_LIMIT} bytes; wanted a configuration file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from error


def parse(text: str, path: Path) -> Config:
    """The configuration that `text` says; `path` is for messages and relative paths. Raises `ConfigError`."""
    import tomllib  # noqa: PLC0415 - without a file nobody needs it

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is no TOMLDecodeError
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    return _Reading(path).config(document)


class _Reading(msgspec.Struct, frozen=True):
    """One file being checked."""

    path: Path

    def config(self, document: Mapping[str, Any]) -> Config:
        """The configuration in `document`, checked in the order of the file."""
        values = dict(self._walk(document, ""))
        tables = {name: _section(TablePlan, values, f"tables.{name}") for name in TABLES}
        gcp = _section(Gcp, values, "gcp", endpoints=_section(Endpoints, values, "gcp.endpoints"))
        config = Config(
            gcp=gcp,
            wandb=_section(Wandb, values, "wandb"),
            tables=tables,
            cache=_section(Cache, values, "cache"),
            logs=_section(Logs, values, "logs"),
            ui=_section(Ui, values, "ui"),
            keys=self._without_typed(self._without_clash(_section(Keys, values, "keys"))),
            path=str(self.path),
            origins=dict.fromkeys(values, str(self.path)),
        )
        return self._with_whole_paths(config)

    def _walk(self, table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        """Every key that the file sets, dotted, with its checked value."""
        for name, value in table.items():
            dotted = f"{prefix}{name}"
            if "." not in name and any(_within(section, dotted) for section in SECTIONS):
                if not isinstance(value, dict):
                    self._wrong(dotted, value, f"a table: [{dotted}]")
                yield from self._walk(value, f"{dotted}.")
            elif "." in name or prefix[:-1] not in SECTIONS or dotted not in section_names(prefix[:-1]):
                self._unknown(dotted, prefix)
            else:
                yield dotted, self._checked(dotted, value)

    def _checked(self, dotted: str, value: Any) -> Any:
        key = key_of(dotted)
        try:
            result = msgspec.convert(value, _type(dotted))
        except (msgspec.ValidationError, OverflowError):
            self._wrong(dotted, value, key.wanted)
        self._check_items(dotted, key, result)
        return result

    def _check_items(self, dotted: str, key: Key, value: Any) -> None:
        if isinstance(value, tuple):
            items = {f"{dotted}[{index}]": item for index, item in enumerate(value)}
            if dotted == "gcp.regions" and not items:
                self._wrong(dotted, [], f"{key.wanted}; leave the key out for the default ones")
            if len(set(value)) < len(value):
                self._wrong(dotted, list(value), f"{key.wanted}; one is there twice")
        elif isinstance(value, dict):
            items = {f"{dotted}.{name}": item for name, item in value.items()}
        else:
            items = {dotted: value}
        if not key.fits(len(items)):
            self._wrong(dotted, list(value), key.wanted)
        for where, item in items.items():
            if not key.holds(item):
                self._wrong(where, item, key.wanted, key.advice(item))

    def _without_clash(self, keys: msgspec.Struct) -> msgspec.Struct:
        """Two actions that one key would do at once: which of them it did would be anybody's guess."""
        changed = rebindings(keys)
        if not changed:
            return keys
        for one, other, key in clashes(rebound(changed)):
            free, held = (one, other) if one.name in changed else (other, one)
            also = (
                f"always means {held.text}" if held.name in FIXED else f"is also that of keys.{held.name} ({held.text})"
            )
            raise ConfigError(f"{self.path}: the key {toml(key)} of keys.{free.name} {also}; give one of them another")
        return keys

    def _without_typed(self, keys: msgspec.Struct) -> msgspec.Struct:
        """Keys of a screen that is typed on, which would be letters there."""
        for name, names in rebindings(keys).items():
            if REBINDABLE[name].where == "palette" and (typed := list(filter(_is_typed, names))):
                raise ConfigError(
                    f"{self.path}: the key {toml(typed[0])} of keys.{name} is typed on the line of the palette;"
                    ' give it one such as "ctrl+n"'
                )
        return keys

    def _wrong(self, dotted: str, value: Any, wanted: str, meant: str = "") -> NoReturn:
        also = f"; {meant}" if meant else ""
        raise ConfigError(f"{self.path}: {_plain(dotted)} is {_described(value)}; wanted {wanted}{also}")

    def _unknown(self, dotted: str, prefix: str) -> NoReturn:
        raise ConfigError(f"{self.path}: unknown key {_plain(dotted)}; {_advice(dotted, prefix)}")

    def _with_whole_paths(self, config: Config) -> Config:
        """Paths that mean the same in a process started elsewhere."""
        try:
            dirs = tuple(dict.fromkeys(map(_whole, config.wandb.offline_dirs)))
        except FileNotFoundError:
            raise ConfigError("the current directory is gone; change to one that exists") from None
        logs = config.logs.dir and _whole(str(self.path.parent / expanded(config.logs.dir)))
        return msgspec.structs.replace(
            config, wandb=msgspec.structs.replace(config.wandb, offline_dirs=dirs), logs=Logs(dir=logs)
        )


def rebindings(keys: msgspec.Struct) -> dict[str, tuple[str, ...]]:
    """What `[keys]` changes, by the names that the screen has for keys."""
    said = {name: (keys_,) if isinstance(keys_, str) else keys_ for name, keys_ in msgspec.structs.asdict(keys).items()}
    canonical = {name: tuple(key_names.canonical(key) or key for key in keys_) for name, keys_ in said.items()}
    return {name: keys_ for name, keys_ in canonical.items() if keys_ != REBINDABLE[name].names}


def _is_typed(key: str) -> bool:
    """Whether a line that is typed takes a key for itself."""
    from monitor.ui.line_editor import LineEditor  # noqa: PLC0415 - only a file that changes such keys needs it

    return LineEditor("text").press(key, key_names.character(key))


def expanded(path: str) -> str:
    """The path with `~` replaced; one that names nobody's home stays as it is."""
    return os.path.expanduser(path)  # noqa: PTH111 - `Path.expanduser` raises for an unknown user


def _whole(path: str) -> str:
    # Not `Path.absolute`: `..` and `.` are to go, so that two spellings of one directory are one scope.
    return os.path.abspath(expanded(path))  # noqa: PTH100


def _section(kind: type[S], values: Mapping[str, Any], section: str, **parts: Any) -> S:
    names = {field.name: f"{section}.{field.name}" for field in msgspec.structs.fields(kind)}
    return kind(**{name: values[dotted] for name, dotted in names.items() if dotted in values}, **parts)


def _within(section: str, dotted: str) -> bool:
    return section == dotted or section.startswith(f"{dotted}.")


@functools.cache
def section_names(section: str) -> Mapping[str, Any]:
    """The keys of a table and their types, tables within it apart."""
    fields = msgspec.structs.fields(SECTIONS[section])
    return {f"{section}.{field.name}": field.type for field in fields if f"{section}.{field.name}" not in SECTIONS}


def _type(dotted: str) -> Any:
    section = dotted.rpartition(".")[0]
    return section_names(section)[dotted]


def keys() -> list[str]:
    """Every key there is, dotted, tables by their names."""
    return [dotted for section in SECTIONS for dotted in section_names(section)]


# --- errors in words ---------------------------------------------------------------------------------------------


def _advice(dotted: str, prefix: str) -> str:
    """What to write instead of an unknown key."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong file needs it

    if dotted in HINTS:
        return HINTS[dotted]
    known = [*keys(), *SECTIONS, "tables"]
    beside = [key for key in known if key.startswith(prefix) and "." not in key.removeprefix(prefix)]
    leaf = dotted.rpartition(".")[2]
    near = get_close_matches(leaf, [key.removeprefix(prefix) for key in beside], n=1, cutoff=0.5)
    same = [key for key in known if key.rpartition(".")[2] == leaf]  # the right key in the wrong table
    alike = [key for key in known if get_close_matches(leaf, [key.rpartition(".")[2]], cutoff=0.8)]
    if found := [*same, *(f"{prefix}{name}" for name in near), *alike]:
        return f"did you mean {found[0]}?"
    return f"{'here' if prefix else 'the file'} may hold {', '.join(key.removeprefix(prefix) for key in beside)}"


_WORDS: tuple[tuple[type, str], ...] = (
    (bool, "a truth value"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a table"),
)


def _described(value: Any) -> str:
    """A value from the file as an error repeats it: shown, cut, named by its type, and without secrets."""
    word = next((word for kind, word in _WORDS if isinstance(value, kind)), "a date or time")
    return f"{_plain(redact(toml(value)))} ({word})"


def _plain(text: str) -> str:
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        import json  # noqa: PLC0415 - only errors and a file that is written need it

        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{toml(name)} = {toml(item)}" for name, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return str(value)
