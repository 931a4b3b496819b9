"""Puts what a record knows of itself into the command that mends it, where its log did not say it.

A log says `403 … denied` and nothing of where; the record has a project, a region, a job, and an account that it ran
as. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from fetchers.records import Reason, Record

_COMMAND = re.compile(r"`[^`]*`")
_NAME = re.compile(r"[A-Za-z][\w.:@-]*", re.ASCII)
"""What goes into a command as it is: nothing that a shell takes for more than a letter."""

_REGIONAL = frozenset({"runner", "vertex"})
"""Tables whose scope is a region."""

PLACES: dict[str, re.Pattern[str]] = {
    "project": re.compile(r"\bPROJECT\b"),
    "region": re.compile(r"\bREGION\b"),
    "job": re.compile(r"\bJOB\b"),
    "account": re.compile(r"(?<=--member=serviceAccount:)SERVICE_ACCOUNT\b"),
}
"""What a record knows → what stands for it in a command."""


def with_own_names(reason: Reason, record: Record, project: str | None) -> Reason:
    """The reason with its commands completed by what the record of `project` knows."""
    if not reason.advice:
        return reason
    names = _names(record, project)
    advice = _COMMAND.sub(lambda command: _completed(command[0], names), reason.advice)
    return reason if advice == reason.advice else msgspec.structs.replace(reason, advice=advice)


def _names(record: Record, project: str | None) -> dict[str, str]:
    known = {
        "project": project,
        "region": record.scope if record.table in _REGIONAL else None,
        "job": record.detail.get("job") if record.table == "runner" else None,
        "account": record.detail.get("service_account"),
    }
    return {name: value for name, value in known.items() if isinstance(value, str) and _NAME.fullmatch(value)}


def _completed(command: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        command = PLACES[name].sub(value, command)
    return command
