"""What a log is searched for: words, or a regular expression between slashes. Pure.

As in a filter: lower case finds either case, an upper-case letter is meant; expressions take linear time.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

from fetchers.errors import FilterError
from monitor.filter_values import searching
from monitor.text import TYPED, clean
from monitor.ui.log_text import NO_SEVERITY, LogLine

Span = tuple[int, int]
"""Characters of a line, from and to."""

_MOST = 50
"""Places of one line that are marked."""

_SEVERITIES = 64
"""Severities of which it is remembered whether they have it."""


class Search:
    """Something to look for in lines."""

    def __init__(self, text: str) -> None:
        """Understand what was typed. Raises `FilterError`, also for what is too long or empty."""
        if not text.strip() or len(text) > TYPED:
            raise FilterError(f"type what to look for, at most {TYPED:,} characters", 0, unfinished=True)
        self.text = text
        """As it was typed."""
        self._regex = _regex_in(text)
        self._words = _literal(_unquoted(text))
        self.found_in: Callable[[str], bool] = self._has_words if self._regex is None else searching(self._regex, 0)
        """Whether a clean line has it."""
        self._severity_has = functools.lru_cache(_SEVERITIES)(self.found_in)
        """The same, for the few words that stand before very many lines."""

    def found_in_line(self, line: LogLine) -> bool:
        """Whether a line of a log has it, the severity that stands before it included."""
        return self.found_in(line.text) or self.found_in_severity(line)

    def found_in_severity(self, line: LogLine) -> bool:
        """Whether the severity of a line has it, where it is shown."""
        return line.first and line.severity not in NO_SEVERITY and self._severity_has(line.severity)

    def spans(self, line: str) -> list[Span]:
        """Where a line has it, from left to right."""
        found = _places(self._regex, line) if self._regex is not None else self._words.finditer(line)
        return [
            (one.start(), one.end()) for one, _ in zip(found, range(_MOST), strict=False) if one.end() > one.start()
        ]

    def _has_words(self, line: str) -> bool:
        return self._words.search(line) is not None


def _regex_in(text: str) -> str | None:
    """The expression between slashes; null where words are meant."""
    if not text.startswith("/"):
        return None
    if len(text) < 3 or not text.endswith("/"):  # noqa: PLR2004 - two slashes and something between
        raise FilterError(
            "the regular expression is not closed: end it with /, or put text in quotes", 0, unfinished=True
        )
    return text[1:-1]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else text  # noqa: PLR2004 - two and something


def _literal(text: str) -> re.Pattern[str]:
    exact = any(character.isupper() for character in text)
    return re.compile(re.escape(clean(text)), re.NOFLAG if exact else re.IGNORECASE)


def _places(pattern: str, line: str) -> Iterator[Any]:
    """Only of lines in view; `searching` has found that it can be used."""
    import re2  # noqa: PLC0415 - only a regular expression needs it

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = any(character.isupper() for character in re.sub(r"\\.", "", pattern))
    return iter(re2.compile(f"(?m){pattern}", options).finditer(line))
