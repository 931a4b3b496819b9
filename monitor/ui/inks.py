"""Colours and attributes of a terminal, and the shortest sequence that turns one into another.

Codes are those of SGR in ECMA-48, with the colours of ISO 8613-6.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.style import Style


class Ink(NamedTuple):
    """How a terminal paints a character."""

    attributes: tuple[str, ...] = ()
    """Bold, underlined, … as codes."""
    colour: str = ""
    """Codes of the letter's colour; none: the terminal's own."""
    ground: str = ""
    """The same of what is behind it."""

    @property
    def shows_blanks(self) -> bool:
        """Whether a blank looks other than its ground."""
        return not _UNSEEN.issuperset(self.attributes)


PLAIN = Ink()

_UNSEEN = frozenset({"1", "2", "3"})
"""What nobody sees on a blank: bold, dim and italic."""

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29"}
"""The code that ends each attribute."""


@functools.lru_cache(maxsize=1024)
def ink(style: Style | None, system: ColorSystem) -> Ink:
    """What a style is on a terminal with so many colours; what else the style says, links for one, is left out."""
    if style is None:
        return PLAIN
    attributes = style.without_color._make_ansi_codes(system)  # noqa: SLF001 - the only way to them
    return Ink(
        tuple(attributes.split(";")) if attributes else (),
        _codes(style.color, system, foreground=True),
        _codes(style.bgcolor, system, foreground=False),
    )


def _codes(color: Color | None, system: ColorSystem, *, foreground: bool) -> str:
    return "" if color is None else ";".join(color.downgrade(system).get_ansi_codes(foreground=foreground))


@functools.lru_cache(maxsize=4096)
def turn(before: Ink | None, after: Ink) -> str:
    """The sequence after which a terminal paints in another ink; null is a terminal of which nothing is known."""
    lost = () if before is None else tuple(code for code in before.attributes if code not in after.attributes)
    if before is None or not _OFF.keys() >= set(lost):
        before, codes = PLAIN, ["0"]
    else:
        codes = list(dict.fromkeys(_OFF[code] for code in lost))
    # what ends one attribute may end another with it: bold and dim have one end
    kept = () if codes else before.attributes
    codes += [code for code in after.attributes if code not in kept]
    if after.colour != before.colour:
        codes.append(after.colour or "39")
    if after.ground != before.ground:
        codes.append(after.ground or "49")
    return f"\x1b[{';'.join(codes)}m" if codes else ""
