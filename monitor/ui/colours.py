"""How many colours a terminal has, and what is painted where it has few or a person wants none.

Where there are sixteen, only the theme of the terminal's own colours can be trusted: greys become black there. Where
there are to be none, the same theme is sent without them: what it says by swapping letters and ground stays.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter

from monitor.ui.theme import DARK, TERMINAL, THEMES

if TYPE_CHECKING:
    from textual.color import Color


class Colours(Enum):
    """What a terminal shows."""

    NONE = "none"
    SIXTEEN = "16"
    MANY = "256"
    MILLIONS = "16 million"

    @property
    def themes(self) -> tuple[str, ...]:
        """Names of the themes that can be told apart with so many."""
        return (TERMINAL.name,) if self in {Colours.NONE, Colours.SIXTEEN} else tuple(THEMES)

    @property
    def system(self) -> ColorSystem:
        """How Rich is to name a colour."""
        return _SYSTEMS.get(self, ColorSystem.STANDARD)

    def complaints(self, theme: str) -> tuple[str, ...]:
        """What to tell somebody who has chosen a theme that needs more colours; `dark` is what there is unasked."""
        if self is not Colours.SIXTEEN or theme in {*self.themes, DARK.name}:
            return ()
        return (f"theme {theme} needs 256 colours; TERM and COLORTERM name 16, so the theme is {TERMINAL.name}",)


_SYSTEMS = {Colours.MANY: ColorSystem.EIGHT_BIT, Colours.MILLIONS: ColorSystem.TRUECOLOR}

_DIRECT = frozenset({"direct", "direct2", "direct16", "direct256"})
_KNOWN = frozenset(
    {"alacritty", "contour", "foot", "ghostty", "iterm2", "kitty", "konsole", "mlterm", "rio", "st", "wezterm"}
)
"""Parts of the names of terminals that have many colours; servers that one comes to by ssh seldom know these names."""
_FEW = frozenset({"", "ansi", "cygwin", "linux", "screen", "tmux", "vt100", "vt220", "xterm", "xterm-color"})
"""Names that say sixteen at most, and need not be looked up."""

_BITS = 24


def colours(environ: Mapping[str, str]) -> Colours:
    """What the environment says about the terminal; see also no-color.org. COLORTERM does not come along by ssh."""
    if environ.get("NO_COLOR"):
        return Colours.NONE
    term = environ.get("TERM", "").strip()
    parts = set(term.lower().split("-"))
    if environ.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"} or parts & _DIRECT:
        return Colours.MILLIONS
    if "256color" in term.lower() or parts & _KNOWN:
        return Colours.MANY
    return Colours.SIXTEEN if term.lower() in _FEW else _looked_up(term)


def _looked_up(term: str) -> Colours:
    """What the system's table of terminals says; sixteen where it says nothing."""
    import curses  # noqa: PLC0415 - few need it, and it takes a millisecond

    try:
        curses.setupterm(term, 1)
        many = curses.tigetnum("colors")
    except curses.error:
        return Colours.SIXTEEN
    if many >= 1 << _BITS:
        return Colours.MILLIONS
    return Colours.MANY if many >= 256 else Colours.SIXTEEN  # noqa: PLR2004 - what the name says


@functools.lru_cache(maxsize=1024)
def _without_colour(style: Style) -> Style:
    return style.without_color


class Colourless(LineFilter):
    """Takes every colour away; bold, dim, underlined and reversed stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same letters."""
        del background
        return [Segment(text, style and _without_colour(style), control) for text, style, control in segments]
