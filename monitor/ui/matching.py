"""Which of many texts somebody means who types some letters of one. Pure.

The letters need to be there in their order, with others in between; the closer together, the better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

Rank = tuple[int, int]
"""Lower is better."""


def rank(typed: str, text: str) -> Rank | None:
    """How well a text fits what was typed; null where it does not.

    Best begins with it, then has a word that does, then holds it anywhere, then holds its letters apart.
    """
    sought, found = typed.casefold().strip(), text.casefold()
    if not sought or found.startswith(sought):
        return (0, len(found) if sought else 0)
    if (at := f" {found}".find(f" {sought}")) >= 0:
        return (1, at)
    if (at := found.find(sought)) >= 0:
        return (2, at)
    span = _shortest_span(sought.replace(" ", ""), found)
    return None if span is None else (3, span)


def _shortest_span(letters: str, text: str) -> int | None:
    """The fewest characters of the text that hold the letters in order."""
    starts = (at for at, character in enumerate(text) if character == letters[0])
    spans = [end - at for at in starts if (end := _end(letters, text, at)) is not None]
    return min(spans, default=None)


def _end(letters: str, text: str, at: int) -> int | None:
    for letter in letters:
        at = text.find(letter, at) + 1
        if not at:
            return None
    return at


def best_first(typed: str, among: Iterable[T], texts: Callable[[T], tuple[str, ...]]) -> list[T]:
    """Those that fit, best first; of those that fit as well in their given order. An earlier text counts more."""
    ranked = []
    for item in among:
        ranks = ((found, place) for place, text in enumerate(texts(item)) if (found := rank(typed, text)) is not None)
        if (least := min(((kind, place, how) for (kind, how), place in ranks), default=None)) is not None:
            ranked.append((least, item))
    ranked.sort(key=lambda pair: pair[0])
    return [item for _, item in ranked]
