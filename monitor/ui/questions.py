"""What is asked on one line before a key can do its work: by which column to sort, what to copy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.columns import Column
from monitor.text import one_line
from monitor.ui.sorting import Sorting
from monitor.ui.widgets.choice_line import Choice

SORT = "sort"
COPY = "copy"

USUAL = ""
"""The answer that gives the order of all tables back."""


def sort_choices(columns: Sequence[Column], present: Sorting | None) -> list[Choice]:
    """A letter for each column, and `0` for the usual order; the present one with its arrow."""
    shown = {
        column.key: f"{column.header} {present.arrow}" if present and present.column == column else column.header
        for column in columns
    }
    letters = lettered((column.key, column.header) for column in columns)
    return [*(Choice(letters[key], text, key) for key, text in shown.items()), Choice("0", "usual", USUAL)]


def sorted_by(columns: Sequence[Column], key: str, present: Sorting | None) -> Sorting | None:
    """The order that an answer asks for: the present column once more turns it round."""
    column = next((column for column in columns if column.key == key), None)
    if column is None:
        return None
    return Sorting(column, reverse=present is not None and present.column == column and not present.reverse)


def copy_choices(texts: Mapping[str, str]) -> list[Choice]:
    """A letter for each text that there is to copy, by its name."""
    letters = lettered((name, name) for name in texts)
    return [Choice(letters[name], one_line(name), name) for name in texts]


def lettered(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Key → a letter of its name that no other has: the first that is free."""
    letters: dict[str, str] = {}
    for key, name in names:
        free = (letter for letter in name.lower() + "abcdefghijklmnopqrstuvwxyz" if letter.isalpha())
        letters[key] = next(letter for letter in free if letter not in letters.values())
    return letters
