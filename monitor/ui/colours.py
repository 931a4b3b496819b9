"""How many colours a terminal has, and what is painted where it has few or a person wants none.

Where there are sixteen, only the theme of the terminal's own colours can be trusted: greys become black there. Where
there are to be none, the same theme is sent without them: what it says by swapping letters and ground stays.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter

from monitor.ui.theme import TERMINAL, THEMES

if TYPE_CHECKING:
    from textual.color import Color


class Colours(Enum):
    """What a terminal shows."""

    NONE = "none"
    SIXTEEN = "16"
    MANY = "256 or more"

    @property
    def themes(self) -> tuple[str, ...]:
        """Names of the themes that can be told apart with so many."""
        return tuple(THEMES) if self is Colours.MANY else (TERMINAL.name,)


def colours(environ: Mapping[str, str]) -> Colours:
    """What the environment says about the terminal, as Rich reads it; see also no-color.org."""
    if environ.get("NO_COLOR"):
        return Colours.NONE
    term = environ.get("TERM", "").strip().lower().rpartition("-")[2]
    many = environ.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"} or term in {"256color", "kitty"}
    return Colours.MANY if many else Colours.SIXTEEN


@functools.lru_cache(maxsize=1024)
def _without_colour(style: Style) -> Style:
    return style.without_color


class Colourless(LineFilter):
    """Takes every colour away; bold, dim, underlined and reversed stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same letters."""
        del background
        return [Segment(text, style and _without_colour(style), control) for text, style, control in segments]
