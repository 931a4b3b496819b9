"""Names of keys: which there are, what a person may call them, and how they are written on the screen.

The names are those that the screen's toolkit gives to what a terminal sends; nothing here imports it.
"""

from __future__ import annotations

import string
import unicodedata

NAMED = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "insert": "Ins",
    "delete": "Del",
    "backspace": "Backspace",
    "tab": "Tab",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
} | {f"f{number}": f"F{number}" for number in range(1, 13)}
"""Keys that are no character, and how they are written."""

_SHORTER = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Characters that are not called what Unicode calls them."""


def _name_of(character: str) -> str:
    found = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return _SHORTER.get(found, found)


CHARACTERS = {_name_of(character): character for character in string.punctuation}
"""Punctuation by name: `slash`, `question_mark`."""

_OTHER_WORDS = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "page_up": "pageup",
    "page_down": "pagedown",
    " ": "space",
}
_SAME = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+left_square_bracket": "escape", "ctrl+h": "backspace"}
"""What a terminal cannot tell from another key."""

_MODIFIERS = ("ctrl", "alt", "shift")


def canonical(name: str) -> str | None:
    """The name of the key that a person calls `Z`, `?`, `Ctrl+N`, `esc` or `f5`; null where there is no such key."""
    *modifiers, key = _parts(name)
    modifiers = [modifier.lower() for modifier in modifiers]
    if len(set(modifiers)) < len(modifiers) or not set(modifiers) <= set(_MODIFIERS):
        return None
    found = _key(key)
    if found is None or not modifiers:
        return found
    return _modified(found, modifiers)


def _parts(name: str) -> list[str]:
    """The words between the pluses; a plus at the end is a key itself."""
    return [*name[:-2].split("+"), "+"] if name.endswith("++") else [name] if name == "+" else name.split("+")


def _key(key: str) -> str | None:
    if len(key) == 1 and key.isalnum():
        return key
    if len(key) == 1 and key in string.punctuation:
        return _name_of(key)
    word = _OTHER_WORDS.get(key.lower(), key.lower())
    return word if word in NAMED or word in CHARACTERS else None


def _modified(key: str, modifiers: list[str]) -> str | None:
    if "shift" in modifiers and key not in NAMED:
        return None  # `shift+n` is `N`
    if len(key) == 1:
        key = key.lower()
    whole = "+".join([*sorted(modifiers), key])
    return _SAME.get(whole, whole)


def character(name: str) -> str | None:
    """What a key types; null where it types nothing."""
    return " " if name == "space" else CHARACTERS.get(name, name if len(name) == 1 else None)


def every() -> list[str]:
    """Names to choose from where a wrong one was given."""
    letters = string.ascii_letters
    return [*NAMED, *CHARACTERS, *letters, *(f"ctrl+{letter}" for letter in string.ascii_lowercase), "shift+tab"]


def nearest(name: str) -> str:
    """The key that somebody probably meant by a name that is none."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong file needs it

    *modifiers, key = _parts(name)
    if [modifier.lower() for modifier in modifiers] == ["shift"] and len(key) == 1 and key.isalpha():
        return key.upper()
    by_lower = {word.lower(): word for word in every()}
    found = get_close_matches(name.lower().replace("control", "ctrl").replace("-", "+"), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else ""


def shown(name: str) -> str:
    """How a key is written: `↑`, `/`, `Ctrl+B`."""
    *modifiers, key = name.split("+")
    written = NAMED.get(key) or CHARACTERS.get(key) or key
    if modifiers:
        return "+".join([*(modifier.capitalize() for modifier in modifiers), written.capitalize()])
    return written


def shown_all(names: tuple[str, ...]) -> str:
    """How several are written: `↑ k`, `1 – 5`."""
    digits = len(names) > 1 and "".join(names) in string.digits
    return f"{names[0]} – {names[-1]}" if digits else " ".join(map(shown, names))
