"""Text from outside made safe for one line of a terminal, and cut to an exact number of cells.

Knows no screen: what it returns is plain text without markup, and every function costs the same for huge input.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from datetime import UTC, datetime, timedelta

from rich.cells import cell_len, get_character_cell_size

LIMIT = 4096
"""Characters of one text that are looked at; what is longer ends in an ellipsis."""

TYPED = 1_000
"""Characters of a line that a person types, a filter for one."""

ELLIPSIS = "…"
STRANGE = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character that has no safe picture."""

_MARKS = 2
"""Combining marks kept on one letter: enough for every living script, too few to paint over other lines."""

_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}[mK]")
"""Colours and erasures of a log line: noise, where every other sequence stays visible."""

_PICTURES = 0x2400
_DELETE = 0x7F
_LETTER_A = 0x1F1E6
_LETTERS = range(_LETTER_A, _LETTER_A + 26)
"""Regional indicators: some terminals draw a pair of them as a flag of two cells, others as two letters of two."""

_SPACES = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_DISPUTED = frozenset(
    chr(code)
    for block in (
        range(0x115F, 0x1200),  # conjoining vowels and finals that did not compose
        range(0xD7B0, 0xD800),
        range(0x2630, 0x2638),  # narrow until Unicode 16
        range(0x268A, 0x2690),
        range(0x1D300, 0x1D357),
        range(0x1D360, 0x1D379),
        range(0x4DC0, 0x4E00),
        range(0x3248, 0x3250),  # wide only where the terminal follows East Asian custom
        range(0x31BB, 0x31C0),  # younger than many terminals
        range(0x18AF3, 0x18D00),
    )
    for code in block
)
"""Characters whose width depends on the terminal's Unicode version, or on its neighbours."""
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_VARIATIONS = re.compile(r"[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")
"""Variation selectors and skin tones: terminals disagree about the width of what they follow."""


def clean(text: str) -> str:
    """One safe line: no controls, no direction or zero-width characters, nothing that terminals measure differently.

    White space of any kind becomes a space, colour sequences vanish, other escape sequences show as text behind a
    visible `␛`; unassigned and private characters show as `�`. At most `LIMIT` characters.
    """
    if len(text) > LIMIT:
        text = text[: LIMIT - 1] + ELLIPSIS
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    # Composed first, because composing takes some characters apart into marks that are dropped.
    return _composed("".join(map(_safe, _composed(_COLOUR.sub("", text)))))


def one_line(text: str) -> str:
    """As `clean`, with every run of spaces made one: for prose that was wrapped or indented."""
    return " ".join(clean(text).split())


@functools.lru_cache(maxsize=8192)
def _safe(character: str) -> str:
    """What stands for one character."""
    if character in _SPACES:
        return " "
    if character in _INVISIBLE or _VARIATIONS.match(character):
        return ""
    if ord(character) in _LETTERS:
        return chr(ord("A") + ord(character) - _LETTER_A)
    return _by_category(character, unicodedata.category(character))


def _by_category(character: str, category: str) -> str:
    match category:
        case "Cc":
            return _picture(ord(character))
        case "Cf" | "Mc" | "Me":
            return ""
        case "Cs" | "Co" | "Cn":
            return STRANGE
        case "Zs" | "Zl" | "Zp":
            return " "
        case _:
            return character


def _picture(code: int) -> str:
    """A control as one visible cell."""
    if code < ord(" "):
        return chr(_PICTURES + code)
    return chr(_PICTURES + 0x21) if code == _DELETE else STRANGE


def _composed(text: str) -> str:
    """Letters and marks put together where Unicode can; what is left over and disputed is replaced."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", "".join(_few_marks(text)))
    return "".join(STRANGE if character in _DISPUTED else character for character in text)


def _few_marks(text: str) -> list[str]:
    kept: list[str] = []
    marks = _MARKS  # a mark needs a letter to sit on
    for character in text:
        if get_character_cell_size(character):
            marks = 0
        elif unicodedata.category(character) == "Mn":
            marks += 1
        if marks <= _MARKS:
            kept.append(character)
    return kept


def cell_width(text: str) -> int:
    """Cells that a clean text takes on the screen."""
    return cell_len(text)


def fit(text: str, width: int) -> str:
    """A clean text in exactly `width` cells: padded on the right, or cut with an ellipsis."""
    cut = _shortened(text, width)
    return cut + " " * (width - cell_len(cut))


def fit_right(text: str, width: int) -> str:
    """As `fit`, padded on the left."""
    cut = _shortened(text, width)
    return " " * (width - cell_len(cut)) + cut


def cut_middle(text: str, width: int) -> str:
    """A clean text in at most `width` cells: what is too long loses its middle, for names that differ at their ends."""
    if width <= 0:
        return ""
    if not _too_long(text, width):
        return text
    tail = _tail(text, (width - 1) // 2)
    return _head(text, width - 1 - cell_len(tail)) + ELLIPSIS + tail


def _shortened(text: str, width: int) -> str:
    if width <= 0:
        return ""
    return _head(text, width - 1) + ELLIPSIS if _too_long(text, width) else text


def _too_long(text: str, width: int) -> bool:
    return len(text) > width * (1 + _MARKS) or cell_len(text) > width


def _head(text: str, width: int) -> str:
    """The longest beginning of at most `width` cells."""
    cells = 0
    for index, character in enumerate(text):
        cells += get_character_cell_size(character)
        if cells > width:
            return text[:index]
    return text


def _tail(text: str, width: int) -> str:
    """The longest end of at most `width` cells that does not begin with a mark."""
    cells, start = 0, len(text)
    for index in range(len(text) - 1, -1, -1):
        size = get_character_cell_size(text[index])
        cells += size
        if cells > width:
            break
        if size:
            start = index
    return text[start:]


def wrap(text: str, width: int, *, first: int | None = None, most: int = 4) -> list[str]:
    """A clean text in at most `most` lines of at most `width` cells, the first of at most `first`.

    Broken between words where it can be; what is left over is cut with an ellipsis. At least one line.
    """
    lines, words = [""], text.split()
    for index, word in enumerate(words):
        room = width if len(lines) > 1 or first is None else max(0, first)
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_width(longer) <= room:
            lines[-1] = longer
        elif len(lines) < most:
            lines += pieces(word, width)[: most - len(lines)] if cell_width(word) > width else [word]
        else:
            lines[-1] = _shortened(" ".join([lines[-1], *words[index:]]).strip(), room)
            break
    return lines


def pieces(word: str, width: int) -> list[str]:
    """A clean text in pieces of at most `width` cells, with every character; for what must not be broken by words."""
    found: list[str] = []
    while word and width > 0:
        piece = _head(word, width) or word[:1]
        found.append(piece)
        word = word[len(piece) :]
    return found


_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MANY_DAYS = 100


def duration(seconds: float) -> str:
    """How long, in the two largest units: `42s`, `4m 12s`, `2h 05m`, `3d 04h`; days alone from 100 on."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02}m"
    if whole < _MANY_DAYS * _DAY:
        return f"{whole // _DAY}d {whole % _DAY // _HOUR:02}h"
    return f"{whole // _DAY}d"


def age(seconds: float) -> str:
    """How long ago, in steps of 10 seconds, a minute, an hour and a day, so that an idle screen stays still."""
    whole = max(0, int(seconds))
    if whole < 10:  # noqa: PLR2004 - the first step
        return "just now"
    if whole < _MINUTE:
        return f"{whole // 10 * 10} s ago"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min ago"
    if whole < _DAY:
        return f"{whole // _HOUR} h ago"
    return f"{whole // _DAY} d ago"


def clock(moment: datetime, *, utc: bool) -> str:
    """A time of day with its zone: `14:03 UTC`, or in the zone of this machine."""
    shown = moment.astimezone(UTC) if utc else moment.astimezone()
    return f"{shown:%H:%M} {clean(shown.tzname() or '')}".rstrip()


_LATELY = timedelta(hours=6)
_SAME_YEAR = timedelta(days=300)


def stamp(moment: datetime, now: datetime) -> str:
    """When, in the zone of `now` and at most 7 cells: `14:03` today or lately, else `Nov 20`, or `2024-11` long ago."""
    try:
        shown = moment.astimezone(now.tzinfo)
    except OverflowError:  # the first or the last day of the calendar, in another zone
        return f"{moment:%Y}"
    distance = abs(now - shown)
    if distance < _LATELY or (shown.date() == now.date()):
        return f"{shown:%H:%M}"
    if distance > _SAME_YEAR:
        return f"{shown:%Y-%m}"
    return f"{_MONTHS[shown.month - 1]} {shown.day:2}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Not `%b`: a locale must not change a column's width."""


def counted(number: int, thing: str) -> str:
    """So many of a thing whose plural is regular, e.g. `1 log`, `12 logs`."""
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"
