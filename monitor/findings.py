"""What there is to set up: of each thing whether it was found, where it was looked for, and the command that mends it.

Pure: the configuration and what detection noted in, words out. Never holds a secret, for detection notes none.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import msgspec

from fetchers.redact import redact
from fetchers.settings import Wandb
from monitor.config import Config
from monitor.detect import CREDENTIALS, WANDB_KEY, Detected
from monitor.text import one_line

PROJECT = "gcp.project"
DIRECTORIES = "wandb.offline_dirs"
_RUNS = ("wandb.entity", "wandb.project")
_LOGIN = "gcloud auth application-default login"
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_OF_THE_SHELL = ("export ", "unset ")
"""How commands begin that a program which runs already does not feel."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked for. All of its text is clean."""

    what: str
    """As people call it."""
    found: str | None
    """What was found, never a secret; null where nothing was."""
    where: tuple[str, ...]
    """The place it was found in; where nothing was, every place that was looked at, best first."""
    mend: str
    """The command that mends it, to be typed into a shell; empty where nothing has to be mended."""
    optional: bool = False
    """Whether everything works without it."""

    @property
    def word(self) -> str:
        """What was found, or that it is missing."""
        return self.found if self.found is not None else "none" if self.optional else "missing"

    @property
    def places(self) -> str:
        """Where it was found, or looked for, as a phrase."""
        said = ", ".join(self.where)
        if self.found is not None:
            return said
        again = "; after that command start monitor again" if self.mend.startswith(_OF_THE_SHELL) else ""
        return f"looked for in {said}{again}" if said else "nowhere to look: the current directory is gone"


def findings(config: Config, detected: Detected, *, file_exists: bool, init: str) -> tuple[Finding, ...]:
    """Everything that is looked for, in the order in which people set it up.

    `config` is the effective one, `init` the command that writes a configuration file.
    """
    seen = _Seen(config, detected)
    return (
        seen.project(),
        seen.credentials(),
        seen.wandb_key(),
        seen.runs(),
        seen.directories(),
        _finding("Configuration file", "found" if file_exists else None, [config.path], init, optional=True),
    )


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """The findings as text for a terminal that shows no screen."""
    for finding in found:
        mend = f"  →  {finding.mend}" if finding.mend else ""
        yield f"{'✓' if finding.found is not None else '○'} {finding.what}: {finding.word}{mend}"
        yield f"    {finding.places}"


class _Seen:
    """The effective configuration and what detection noted, asked for one thing after another."""

    def __init__(self, config: Config, detected: Detected) -> None:
        self._config = config
        self._detected = detected

    def project(self) -> Finding:
        """The Google Cloud project."""
        project = self._config.gcp.project
        looked = [place.partition(": ")[0] for place in self._looked(PROJECT)]  # not each name within one file
        where = self._where(PROJECT) if project else looked
        return _finding("Google Cloud project", project, where, "gcloud config set project PROJECT_ID")

    def credentials(self) -> Finding:
        """The credentials for Google."""
        best, looked = self._detected.best(CREDENTIALS), self._looked(CREDENTIALS)
        named = any(f"${_VARIABLE}" in place for place in looked)  # it would win over a login
        mend = f"unset {_VARIABLE} && {_LOGIN}" if named else _LOGIN
        found, where = (best.value, [best.where]) if best else (None, looked)
        return _finding("Google credentials", found, where, mend)

    def wandb_key(self) -> Finding:
        """The key for W&B."""
        best, server = self._detected.best(WANDB_KEY), self._config.wandb.base_url
        mend = "wandb login" if server == Wandb().base_url else f"wandb login --host {shlex.quote(server)}"
        where = [best.where] if best else self._looked(WANDB_KEY)
        return _finding("W&B key", "a key" if best else None, where, mend)

    def runs(self) -> Finding:
        """W&B's entity, and its project or queues."""
        wandb = self._config.wandb
        whole = wandb.entity and (wandb.project or wandb.queues)
        named = "/".join(name for name in (wandb.entity, wandb.project) if name)
        queues = f"queues {', '.join(wandb.queues)}" if wandb.queues else ""
        there = [key for key in (*_RUNS, "wandb.queues") if key in self._config.origins]
        where = self._where(*there) if whole else self._looked(*(key for key in _RUNS if key not in there))
        mend = f"wandb init -e {wandb.entity or 'ENTITY'} -p {wandb.project or 'PROJECT'}"
        found = " · ".join(filter(None, (named, queues))) if whole else None
        return _finding("W&B entity and project", found, where, mend)

    def directories(self) -> Finding:
        """Directories of offline runs."""
        dirs = ", ".join(self._config.wandb.offline_dirs)
        where = self._where(DIRECTORIES) if dirs else self._looked(DIRECTORIES)
        return _finding("W&B offline runs", dirs or None, where, "export WANDB_DIR=DIRECTORY", optional=True)

    def _where(self, *keys: str) -> list[str]:
        return list(dict.fromkeys(self._config.origins.get(key, "the defaults") for key in keys))

    def _looked(self, *keys: str) -> list[str]:
        origins = [self._config.path] if any(key in self._config.origins for key in keys) else []  # `offline_dirs = []`
        return [*origins, *(look.where for look in self._detected.looks if look.what in keys)]


def _finding(what: str, found: str | None, where: Sequence[str], mend: str, *, optional: bool = False) -> Finding:
    places = dict.fromkeys(one_line(redact(place)) for place in where)
    clean = None if found is None else one_line(redact(found))
    return Finding(what=what, found=clean, where=tuple(places), mend="" if found else one_line(mend), optional=optional)
