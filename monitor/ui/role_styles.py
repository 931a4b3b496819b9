"""The style of each role, worked out once for all widgets.

As component classes, Textual would work them out for every widget and at every change of a class: two dozen roles in
two dozen widgets took a fifth of the time until the first frame.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from rich.style import Style
from textual.app import App
from textual.dom import DOMNode
from textual.widget import Widget

_KNOWN: WeakKeyDictionary[App[object], dict[str, Style]] = WeakKeyDictionary()


def role_style(widget: Widget, role: str) -> Style:
    """What the class `role--…` of the style sheet says, and nothing of the widget's own."""
    known = _KNOWN.setdefault(widget.app, {})
    if role not in known:
        node = DOMNode(classes=f"role--{role}")
        node._attach(widget)  # noqa: SLF001 - as Textual does with component classes
        widget.app.stylesheet.apply(node, animate=False)
        known[role] = node.styles.partial_rich_style
    return known[role]


def forget(widget: Widget) -> None:
    """The style sheet, or its colours, may be others now."""
    _KNOWN.pop(widget.app, None)
