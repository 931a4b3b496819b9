"""Which rows of a table have changed of late. Pure.

A row is marked when it is new where everything was known before, or when its state or its reason is another; time that
passes and steps that are made are no change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from fetchers.records import Record
from monitor.ui.words import View

MARKED_FOR = timedelta(seconds=6)
"""How long a change is shown."""


class Marks:
    """Row keys that have changed of late."""

    def __init__(self) -> None:
        self._at: dict[str, datetime] = {}
        self._answered: frozenset[str] = frozenset()
        """Scopes whose rows were all known before: what is new there is new in the world."""
        self.held = False
        """Whether marks stay: nobody looks at the moment."""

    def __contains__(self, key: str | None) -> bool:
        return key in self._at

    def note(self, before: Mapping[str, Record], upserts: Mapping[str, Record], now: datetime) -> None:
        """Mark what is about to change."""
        for key, record in upserts.items():
            old = before.get(key)
            if (record.scope in self._answered) if old is None else _differ(old, record):
                self._at[key] = now

    def learn(self, view: View) -> None:
        """What is known from now on: called after what the same message brought has been noted."""
        if view.status is not None:
            self._answered = frozenset(name for name, scope in view.status.scopes.items() if scope.live)

    def expire(self, now: datetime) -> set[str]:
        """Forget marks that have been seen long enough; return their keys."""
        if self.held:
            return set()
        old = {key for key, at in self._at.items() if now - at > MARKED_FOR}
        for key in old:
            del self._at[key]
        return old

    def hold(self) -> None:
        """Nobody looks: keep every mark until somebody does."""
        self.held = True

    def release(self, now: datetime) -> None:
        """Somebody looks again: what is marked has been so from now on."""
        self.held = False
        self._at = dict.fromkeys(self._at, now)


def _differ(old: Record, new: Record) -> bool:
    return old.state is not new.state or (old.reason is None) != (new.reason is None)
