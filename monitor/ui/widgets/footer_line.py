"""The keys that matter, on one line."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.ui.bindings import Key, footer_keys
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.painted import Part, compose, cut, width_of


class FooterLine(Line):
    """The keys that matter."""

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """As many as there is room for; help and quit stay longest."""
        keys = footer_keys()
        while len(keys) > 1 and width_of(_footer(keys)) > width:
            keys = keys[1:]
        return compose(cut(_footer(keys), width), [], width)


def _footer(keys: Sequence[Key]) -> list[Part]:
    return [part for key in keys for part in ((f" {key.shown} ", "key"), (f"{key.label}  ", "dim"))]
