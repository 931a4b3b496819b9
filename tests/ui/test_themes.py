"""Every theme can be read: each role on each ground, with many colours and with few, by eyes of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import pytest
from rich.color import Color, ColorSystem
from rich.color_triplet import ColorTriplet
from rich.style import Style

from monitor.ui.theme import DARK, LIGHT, TERMINAL, THEMES
from monitor.ui.widgets.painted import ROLES, Painted
from tests.ui.scripted import Stage, record, rows, status

READABLE = 4.5
"""Contrast of small text, WCAG 2.1, 1.4.3."""

GROUNDS = ("cursor", "cursor-blurred", "tab")
COLOURED = [name for name, palette in THEMES.items() if not palette.ansi]

Triplet = tuple[float, float, float]


def linear(colour: ColorTriplet) -> Triplet:
    """Red, green and blue as light."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return (red, green, blue)


def luminance(colour: ColorTriplet) -> float:
    """Relative luminance, WCAG 2.1."""
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """From 1, the same, to 21, black on white."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def seen(colour: Color | None, system: ColorSystem) -> ColorTriplet:
    """What a terminal with so many colours makes of it."""
    assert colour is not None
    return colour.downgrade(system).get_truecolor()


def inks(stage: Stage) -> Iterator[tuple[str, Style]]:
    """Every role on every ground of every widget of the screen in front."""
    for widget in stage.app.screen.query(Painted):
        for role, ground in product(ROLES, ("", *GROUNDS)):
            if role not in ("cursor", "cursor-blurred"):  # which letters are never painted in
                yield f"{type(widget).__name__}: {role} on {ground or 'its own'}", widget.ink(f"{role}|{ground}")


@pytest.mark.parametrize("theme", COLOURED)
async def test_all_text_can_be_read_on_every_ground(theme: str) -> None:
    """With 16 million colours and with the 256 that they become."""
    unreadable = []
    async with Stage(theme=theme).open() as stage:
        await stage.tell(rows("builds", [record("builds", 1)]), status("builds"))
        for keys in ((), ("question_mark",), ("escape", "colon"), ("escape", "enter"), ("l",)):
            await stage.press(*keys)
            for where, style in inks(stage):
                for system in (ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT):
                    found = contrast(seen(style.color, system), seen(style.bgcolor, system))
                    if found < READABLE:
                        unreadable.append((where, system.name, round(found, 2)))
    assert unreadable == []


async def test_the_terminals_own_theme_names_no_other_colour() -> None:
    """Letters in the six that terminals keep apart from their grounds, and no ground but theirs, or both swapped."""
    async with Stage(theme=TERMINAL.name).open() as stage:
        for where, style in inks(stage):
            letters, ground = style.color or Color.default(), style.bgcolor or Color.default()
            assert letters.is_default or letters.number in range(1, 7), where
            assert ground.is_default, where
            assert not style.reverse or letters.is_default or "demo" in where or "caret" in where, where


EYES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
"""After Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency"."""

APART = 20.0
"""Distance in CIE L*a*b* that nobody overlooks."""


def lab(light: Triplet) -> Triplet:
    """CIE L*a*b* of linear sRGB, D65."""
    red, green, blue = (min(max(part, 0.0), 1.0) for part in light)
    white = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in white)
    return (116 * y - 16, 500 * (x - y), 200 * (y - z))


def through(eye: str, colour: ColorTriplet) -> Triplet:
    """A colour as such an eye sees it."""
    light = linear(colour)
    red, green, blue = (sum(k * part for k, part in zip(row, light, strict=True)) for row in EYES[eye])
    return lab((red, green, blue))


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", ["safe-dark", "safe-light"])
def test_the_safe_themes_keep_states_apart_without_red_and_green(theme: str, eye: str) -> None:
    """What failed, what runs and what went well are three colours for every eye."""
    palette = THEMES[theme].colours
    colours = {name: Color.parse(palette[name]).get_truecolor() for name in ("error", "running", "success")}
    for one, other in combinations(colours, 2):
        left, right = through(eye, colours[one]), through(eye, colours[other])
        apart = sum((a - b) ** 2 for a, b in zip(left, right, strict=True)) ** 0.5
        assert apart > APART, (one, other)


def test_every_theme_gives_every_role_a_colour() -> None:
    """None falls back to another's."""
    assert {frozenset(palette.colours) for palette in THEMES.values()} == {frozenset(DARK.colours)}


async def test_a_theme_chosen_over_other_screens_is_that_of_those_beneath() -> None:
    """Help can be looked at in other colours, and the tables then have them too."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", [record("builds", 1)]), status("builds"))
        await stage.press("question_mark", "T")
        assert stage.app.theme == LIGHT.name
        await stage.press("escape")
        strips = stage.app.screen._compositor.render_strips()
        grounds = {segment.style.bgcolor for strip in strips for segment in strip if segment.style}
        assert Color.parse(LIGHT.colours["background"]) in grounds
        assert Color.parse(DARK.colours["background"]) not in grounds


async def test_a_key_goes_through_all_themes_and_says_which() -> None:
    """Round and round; what was painted in the old colours is painted anew."""
    async with Stage().open() as stage:
        await stage.tell(rows("builds", [record("builds", 1)]), status("builds"))
        looks = []
        for name in [*list(THEMES)[1:], DARK.name]:
            await stage.press("T")
            assert stage.app.theme == name
            assert f"theme {name}: " in stage.lines()[-1]
            strips = stage.app.screen._compositor.render_strips()
            looks.append({segment.style for strip in strips for segment in strip})
        assert all(one != other for one, other in combinations(looks, 2))
