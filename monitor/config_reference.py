"""The configuration reference and the commented file to begin with, both made from the table of keys.

`python -m monitor.config_reference > docs/configuration.md` writes the page anew.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fetchers.settings import DEFAULT_REGIONS
from monitor.config import SECTIONS, VARIABLE, section_names, toml
from monitor.config_keys import Key, key_of
from monitor.tables import TABLES, TablePlan

_WIDTH = 100

_INTRODUCTION = f"""\
# Configuration

<!-- Made from the code: `python -m monitor.config_reference > docs/configuration.md` -->

Everything has a default, and without a file `monitor` finds its sources by itself. The file is TOML; it is the one
that `--config PATH` names, else `${VARIABLE}`, else `config.toml` in the platform's directory for configuration
(`~/.config/monitor/` on Linux).

- `monitor config init` writes a commented file to begin with.
- `monitor config path` says which file is in use.
- `monitor config show` prints what is in effect, and where each value comes from.

An unknown key, a value of the wrong type or one out of range is an error that names the key and what is wanted.
Secrets have no place in the file: Google's credentials are the application default ones, W&B's key is the one
`wandb login` keeps or `WANDB_API_KEY`.
"""

_BLURBS: Mapping[str, str] = {
    "gcp": "Google Cloud: the project, where to look in it, and what to show.",
    "gcp.endpoints": "Servers to ask instead of Google's.",
    "wandb": "W&B: whose runs and queues, on which server, and directories of runs on this machine.",
    "tables.NAME": f"One for each table: {', '.join(TABLES)}.",
    "cache": "What is remembered from one start to the next.",
    "logs": "What the program writes down about itself.",
    "ui": "How the dashboard looks when it opens.",
    "keys": "By which keys things are done. Two actions of one screen on one key are an error; Ctrl+C always quits. "
    "Those of a line that is typed and of a question are as they are.",
}

_DETECTION = """\
## Where nothing is configured

Each thing is looked for in this order; `monitor config show` says what was found where. Looking asks no network and
runs no other program.

- `gcp.project`: `GOOGLE_CLOUD_PROJECT`, `GCLOUD_PROJECT`, `CLOUDSDK_CORE_PROJECT`, gcloud's active configuration, the
  application default credentials (`project_id`, then `quota_project_id`).
- Google credentials: `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's application default credentials, the machine's own
  service account on Google Cloud. None are needed where every endpoint is `http://`.
- `wandb.entity`, `wandb.project`, `wandb.base_url`: `WANDB_ENTITY`, `WANDB_PROJECT`, `WANDB_BASE_URL`,
  `wandb/settings`, W&B's own settings (`~/.config/wandb/settings`).
- W&B key: `WANDB_API_KEY`, the netrc file's entry for the server.
- `wandb.offline_dirs`: `wandb` and `.wandb` in `WANDB_DIR`, `WANDB_DIR` itself, `./wandb`, `./.wandb`: those that hold
  runs.
"""


def _sections() -> Iterator[tuple[str, str, type[msgspec.Struct]]]:
    """Name for people, name of an instance, and struct of each section; tables once for all."""
    seen: set[type[msgspec.Struct]] = set()
    for section, kind in SECTIONS.items():
        if kind not in seen:
            seen.add(kind)
            yield ("tables.NAME" if kind is TablePlan else section), section, kind


def _default(kind: type[msgspec.Struct], name: str) -> Any:
    return getattr(kind(), name)


# --- the page ------------------------------------------------------------------------------------------------------


def reference() -> str:
    """The page `docs/configuration.md`."""
    sections = "\n".join(_section(*section) for section in _sections())
    regions = "\n".join(textwrap.wrap(", ".join(f"`{region}`" for region in DEFAULT_REGIONS), 118))
    return f"{_INTRODUCTION}\n{sections}\n## Default regions\n\n{regions}.\n\n{_DETECTION}"


def _section(title: str, section: str, kind: type[msgspec.Struct]) -> str:
    rows = "".join(_row(key_of(dotted), kind) for dotted in section_names(section))
    return f"## `[{title}]`\n\n{_BLURBS[title]}\n\n| key | default | holds | meaning |\n|---|---|---|---|\n{rows}"


def _row(key: Key, kind: type[msgspec.Struct]) -> str:
    name = key.name.rpartition(".")[2]
    default = key.unset or _shown(_default(kind, name))
    return f"| `{name}` | {default} | {key.wanted} | {key.meaning} Example: `{key.example}` |\n"


def _shown(value: Any) -> str:
    return f"{len(DEFAULT_REGIONS)} regions, below" if value == DEFAULT_REGIONS else f"`{toml(value)}`"


# --- the file ------------------------------------------------------------------------------------------------------


def beginning() -> str:
    """A file in which everything is a comment: it changes nothing until it is edited."""
    head = "# Configuration of monitor. Everything is optional: take the # away from what you want to set.\n"
    return head + "".join(_commented(title, section) for title, section, _ in _sections())


def _commented(title: str, section: str) -> str:
    lines = [line for dotted in section_names(section) for line in _key_lines(key_of(dotted))]
    return "\n".join(("", *_comment(_BLURBS[title]), f"[{section}]", *lines, ""))


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _key_lines(key: Key) -> Iterator[str]:
    unset = f" Not set: {key.unset}." if key.unset else ""
    yield ""
    yield from _comment(key.meaning + unset)
    yield f"#{key.name.rpartition('.')[2]} = {key.example}"


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - this is what it is for
