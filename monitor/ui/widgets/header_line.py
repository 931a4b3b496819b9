"""The top line, the same on every screen: which program, about what, how its engine does, what time it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from monitor.text import clock
from monitor.ui.widgets.line import Line
from monitor.ui.widgets.painted import Part, compose


class Banner(msgspec.Struct, frozen=True):
    """What the header says, the same on every screen."""

    now: datetime
    utc: bool
    demo: bool
    subject: str = ""
    """Project and entity, where known; clean."""
    alarm: str = ""
    """What is wrong with the engine."""


class HeaderLine(Line):
    """Which program this is, about what, how the engine does, and the time."""

    def __init__(self, banner: Banner) -> None:
        super().__init__()
        self._banner = banner

    def show(self, banner: Banner) -> None:
        """Say something else."""
        self._banner = banner
        self.repaint()

    def parts(self, y: int, width: int) -> Sequence[Part]:  # noqa: ARG002 - it has one line
        """Name, mark and subject on the left, clock on the right."""
        said = self._banner
        left: list[Part] = [(" monitor ", "app")]
        if said.demo:
            left += [(" DEMO ", "demo"), (" ", "")]
        if said.alarm:
            left.append((f" ✗ {said.alarm} ", "alarm"))
        if said.subject:
            left.append((f" {said.subject}", "dim"))
        return compose(left, [(f" {clock(said.now, utc=said.utc)} ", "dim")], width)
