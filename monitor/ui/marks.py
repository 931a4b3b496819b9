"""Which rows of a table have changed since somebody looked. Pure.

A row is marked when it is new where everything was known before, or when its state or its reason is another; time that
passes and steps that are made are no change. A mark stands for some seconds from when it could first be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from fetchers.records import Record
from monitor.ui.words import View

MARKED_FOR = timedelta(seconds=6)
"""How long a change is shown."""

UNSEEN_FOR = timedelta(hours=1)
"""How long a change waits to be seen."""


class Marks:
    """Row keys that have changed, with the times of it."""

    def __init__(self) -> None:
        self._changed: dict[str, datetime] = {}
        self._seen: dict[str, datetime] = {}
        self._answered: frozenset[str] = frozenset()
        """Scopes whose rows were all known before: what is new there is new in the world."""

    def __contains__(self, key: str | None) -> bool:
        return key in self._changed

    def note(self, before: Mapping[str, Record], upserts: Mapping[str, Record], now: datetime) -> None:
        """Mark what is about to change."""
        for key, record in upserts.items():
            old = before.get(key)
            if (record.scope in self._answered) if old is None else _differ(old, record):
                self._changed[key] = now
                self._seen.pop(key, None)

    def learn(self, view: View) -> None:
        """What is known from now on: called after what the same message brought has been noted."""
        if view.status is not None:
            self._answered = frozenset(name for name, scope in view.status.scopes.items() if scope.live)

    def see(self, keys: Iterable[str], now: datetime) -> set[str]:
        """Somebody looks at these rows; return the keys whose mark has been seen long enough, and is gone."""
        for key in keys:
            if key in self._changed:
                self._seen.setdefault(key, now)
        old = {key for key, at in self._seen.items() if now - at > MARKED_FOR}
        old |= {key for key, at in self._changed.items() if now - at > UNSEEN_FOR}
        for key in old:
            self._changed.pop(key, None)
            self._seen.pop(key, None)
        return old


def _differ(old: Record, new: Record) -> bool:
    return old.state is not new.state or _why(old) != _why(new)


def _why(record: Record) -> str:
    return "" if record.reason is None else record.reason.text
