"""Records that hold hostile text wherever a source can put text."""

from __future__ import annotations

from datetime import datetime, timedelta

from fetchers.records import Reason, Record, State

WHY = "why: "
"""How every reason begins, so that one sees where the column does."""

TOOK = timedelta(minutes=5)
AGO = timedelta(days=40)
"""Long enough ago that what the rows say of time stays the same while a test runs."""

_STATES = (State.FAILED, State.SUCCEEDED, State.CANCELLED)


def hostile_record(table: str, scope: str, number: int, text: str, began: datetime) -> Record:
    """A record that says nothing else; its id tells it from those of the other tables."""
    return Record(
        table=table,
        id=f"{text}{number}",
        name=text,
        state=_STATES[number % len(_STATES)],
        raw_state=text,
        scope=scope,
        created=began,
        started=began,
        finished=began + TOOK,
        reason=Reason(text=f"{WHY}{text}", rule=text, category=text, origin=text, advice=text),
        url=f"https://x.example/{text}" if number % 2 else text,
        links={text: text, "image": text, "wandb_run": text},
        detail={text: text, "machine": text, "created_by": text, "step": number, "log_url": text},
    )
