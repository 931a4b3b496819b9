"""The themes, as data: which colour each role of the style sheet has in each.

Text has a contrast of at least 4.5 to 1 (WCAG 2.1, 1.4.3) on every ground it stands on, with 16 million colours and
with 256. Grounds are nearly neutral greys, because a terminal of 256 colours turns a tinted dark grey into black.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from textual.theme import Theme


class Palette(msgspec.Struct, frozen=True):
    """One theme."""

    name: str
    about: str
    """For whom it is, in a few words."""
    dark: bool
    colours: Mapping[str, str]
    """By variable of the style sheet; more than Textual's own names."""
    styles: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Attributes of letters, where they say what a ground would."""
    ansi: bool = False
    """Whether its colours are the terminal's own sixteen."""


_PLAIN = {
    "cursor-style": "none",
    "tab-style": "bold",
    "title-style": "none",
    "faint-style": "none",
}
"""What grounds and greys say where there are any."""

_DARK = {
    "background": "#131417",
    "surface": "#1c1e21",
    "panel": "#242629",
    "cursor": "#2f333a",
    "cursor-blurred": "#282b30",
    "foreground": "#d9dbdf",
    "muted": "#a9aeb5",
    "faint": "#8f949b",
}

DARK = Palette(
    "dark",
    "for dark rooms",
    dark=True,
    colours={
        **_DARK,
        "accent": "#87afd7",
        "running": "#5fd7d7",
        "queued": "#afafd7",
        "success": "#87af87",
        "warning": "#d7af5f",
        "error": "#ff7474",
    },
)

_LIGHT = {
    "background": "#fbfbfb",
    "surface": "#f3f4f5",
    "panel": "#e6e8ea",
    "cursor": "#dadde1",
    "cursor-blurred": "#e6e8ea",
    "foreground": "#1d2024",
    "muted": "#4b5058",
    "faint": "#5a5f66",
}

LIGHT = Palette(
    "light",
    "for bright rooms",
    dark=False,
    colours={
        **_LIGHT,
        "accent": "#1c5a9e",
        "running": "#00616b",
        "queued": "#5a2d91",
        "success": "#1f6a1f",
        "warning": "#6e4a00",
        "error": "#b3141c",
    },
)

SAFE_DARK = Palette(
    "safe-dark",
    "blue and orange, no red beside green",
    dark=True,
    colours={
        **_DARK,
        "accent": "#87afd7",
        "running": "#56b4e9",
        "queued": "#d39abf",
        "success": "#a9b7c4",
        "warning": "#f0e442",
        "error": "#ff9a1f",
    },
)
"""After Okabe and Ito, "Color Universal Design" (2008): sky blue, orange, yellow and reddish purple, made lighter."""

SAFE_LIGHT = Palette(
    "safe-light",
    "blue and orange on white",
    dark=False,
    colours={
        **_LIGHT,
        "accent": "#1c5a9e",
        "running": "#005c94",
        "queued": "#7d2a62",
        "success": "#55606b",
        "warning": "#655c00",
        "error": "#982e00",
    },
)
"""The same, made darker: blue, vermillion, yellow and reddish purple."""

TERMINAL = Palette(
    "terminal",
    "the terminal's own colours",
    dark=True,
    ansi=True,
    colours={
        **dict.fromkeys(("background", "surface", "panel", "cursor", "cursor-blurred"), "ansi_default"),
        **dict.fromkeys(("foreground", "muted", "faint"), "ansi_default"),
        "accent": "ansi_blue",
        "running": "ansi_cyan",
        "queued": "ansi_magenta",
        "success": "ansi_green",
        "warning": "ansi_yellow",
        "error": "ansi_red",
    },
    styles={
        "cursor-style": "reverse",
        "tab-style": "bold reverse",
        "title-style": "underline",
        "faint-style": "dim",
        "ansi-background": "ansi_default",  # Textual's own sheet asks for these two
        "ansi-foreground": "ansi_default",
    },
)
"""Where a ground would be, letters and ground change places: that shows on any terminal."""

THEMES = {palette.name: palette for palette in (DARK, LIGHT, SAFE_DARK, SAFE_LIGHT, TERMINAL)}
"""By name, in the order in which a key goes through them."""


def textual_theme(palette: Palette) -> Theme:
    """The theme as Textual takes it."""
    from textual.theme import Theme  # noqa: PLC0415 - the configuration checks names without Textual

    return Theme(
        name=palette.name,
        primary=palette.colours["accent"],
        dark=palette.dark,
        ansi=palette.ansi,
        variables={**palette.colours, **variables(palette)},
    )


def variables(palette: Palette) -> dict[str, str]:
    """What of a theme is no colour."""
    return {**_PLAIN, **palette.styles}


def after(name: str, among: Sequence[str]) -> str:
    """The next theme, round and round."""
    return among[(among.index(name) + 1) % len(among)]
