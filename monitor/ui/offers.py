"""What the palette lists: everything that a key of the screen in front does, and some things that no key does."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from monitor.ui.bindings import FOOTER, Key


class Offer(msgspec.Struct, frozen=True):
    """Something that can be done."""

    name: str
    """What it is called; clean."""
    about: str
    """What it does, in a few words."""
    shown: str
    """The keys that do it as well; empty where none does."""
    run: Callable[[], None]


def of_keys(keys: Iterable[Key], press: Callable[[str], None]) -> list[Offer]:
    """What keys do, those of the footer first: who knows no key looks for these."""
    found = [key for key in keys if key.action and key.name != "palette"]
    found.sort(key=lambda key: not any(key.name in names for names in FOOTER.values()))
    return [_of_key(key, press) for key in found]


def _of_key(key: Key, press: Callable[[str], None]) -> Offer:
    return Offer(key.name.replace("_", " "), key.text, key.shown, lambda: press(key.names[0]))


def choices(what: str, found: Iterable[tuple[str, str, Callable[[], None]]]) -> list[Offer]:
    """`what: NAME` for each name, with what is to be said about it, and what it does."""
    return [Offer(f"{what}: {name}", about, "", run) for name, about, run in found]
