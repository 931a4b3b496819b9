"""The failures of one cause, as something that a table can be narrowed down to. Pure."""

from __future__ import annotations

import msgspec

from fetchers.records import Record, State
from monitor.same_cause import Shape, core, shape


def shape_of(record: Record) -> Shape:
    """Rule and reason without what is only the record's own, as far as nothing is known of other failures."""
    return (record.reason.rule if record.reason is not None else None, shape(record))


class OneCause(msgspec.Struct, frozen=True):
    """What some failures have in common."""

    shape: Shape
    text: str
    """The reason of one of them, as it has it."""

    def matches(self, record: Record) -> bool:
        """Whether a record has failed of it, whoever tells so."""
        if record.state is not State.FAILED or record.reason is None:
            return False
        return core(shape_of(record), {self.shape}) == self.shape
