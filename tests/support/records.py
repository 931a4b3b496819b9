"""Records to make in a line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fetchers.records import Record, State

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def record(id: str = "a", table: str = "runner", scope: str = "us-east1", **more: Any) -> Record:  # noqa: A002
    """A record that runs since noon, unless told otherwise."""
    state = more.pop("state", State.RUNNING)
    fields: dict[str, Any] = {"name": id, "raw_state": str(state), "created": NOON, "started": NOON}
    if State(state).ended:
        fields["finished"] = NOON + timedelta(minutes=5)
    return Record(table=table, id=id, scope=scope, state=State(state), **(fields | more))
