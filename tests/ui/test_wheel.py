"""The wheel moves the window of whatever scrolls, and nothing around it."""

from __future__ import annotations

import pytest
from textual import events

from monitor.ui.widgets.wheeled import WHEEL, Wheeled


class Scrolled(Wheeled):
    """Notes how far it is to move."""

    def __init__(self) -> None:
        super().__init__()
        self.moved: list[int] = []

    def wheel(self, by: int) -> None:
        """Note it."""
        self.moved.append(by)


def turned(kind: type[events.MouseEvent]) -> events.MouseEvent:
    """A step of the wheel."""
    return kind(None, 0, 0, 0, 0, 0, shift=False, meta=False, ctrl=False)


@pytest.mark.parametrize(("kind", "by"), [(events.MouseScrollDown, WHEEL), (events.MouseScrollUp, -WHEEL)])
def test_a_step_of_the_wheel_moves_some_lines_and_is_nobody_elses(kind: type[events.MouseEvent], by: int) -> None:
    """What lies around the widget would scroll too, and the screen with it."""
    widget, event = Scrolled(), turned(kind)
    getattr(widget, f"on_{kind.handler_name.removeprefix('on_')}")(event)
    assert widget.moved == [by]
    assert event._stop_propagation
    assert event._no_default_action
