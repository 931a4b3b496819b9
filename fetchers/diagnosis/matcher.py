"""Finds the rules that a line speaks of: words are looked for in whole blocks, patterns only in lines that hold one.

Linear in its input whatever the input, because RE2 is; compiled once, for the first log that is read.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from fetchers.diagnosis import words
from fetchers.diagnosis.healthy import HARMLESS, PROGRESS, SUCCESS, SURVIVED
from fetchers.diagnosis.literals import shortest, words_of
from fetchers.diagnosis.model import Pattern, Rule
from fetchers.diagnosis.prefixes import Line
from fetchers.diagnosis.rules import RULES

STRUCTURE = (
    r"Traceback \(most recent call last",
    r"\bRuns: ?\d",
    r'"diagnosis"',
)
"""What else makes a line worth reading."""

_MEMORY = 64 << 20
"""Bytes that RE2 may take for the states of one automaton; with fewer it would fall back to a slower way."""
_KNOWN = 256
_KNOWN_TEXT = 500
_NAMED_GROUP = re.compile(r"\(\?P<\w+>")
_ANCHOR = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<anchor>[\^$])", re.DOTALL)


@dataclass(frozen=True)
class Match:
    """A pattern of a rule, found in a line."""

    rule: Rule
    facts: dict[str, str]
    at: int
    """Where in the line's text it begins."""
    threshold: int
    """How many of it a guard wants within the rule's window."""


@dataclass(frozen=True)
class _Compiled:
    rule: Rule
    threshold: int
    regex: Any
    unless: Any
    plain: bool
    """Whether it has neither facts nor exceptions: it fits as soon as it is found."""


class Matcher:
    """The rules, compiled."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        patterns = [(rule, pattern) for rule in rules for pattern in rule.patterns]
        self._patterns = [_compiled(rule, pattern) for rule, pattern in patterns]
        self._word = _word_of([*(pattern.regex for _, pattern in patterns), *STRUCTURE])
        self._set = _set_of([pattern.regex for _, pattern in patterns])
        self._harmless = _set_of(HARMLESS)
        self._survived = _set_of(SURVIVED)
        self._progress = _any_of(PROGRESS)
        self._success = _any_of(SUCCESS)
        self._known: dict[tuple[str, str], list[Match]] = {}
        """What the last lines said: a line that fails comes again and again."""
        self._asked, self._lives = "", False
        """The last line that was asked about, and whether it was survived: each of its rules asks."""

    def candidate(self, small: bytes, at: int) -> int:
        """Where in a block in small letters, from `at` on, the next word of a pattern stands; -1 where none does."""
        return _search(self._word, small, at, len(small))

    def progress(self, block: bytes, at: int, end: int) -> int:
        """Where between `at` and `end` the program says that it works; -1 where it does not."""
        return _search(self._progress, block, at, end)

    def success(self, block: bytes, at: int, end: int) -> int:
        """Where between `at` and `end` something has succeeded; -1 where nothing has."""
        return _search(self._success, block, at, end)

    def survived(self, text: str) -> bool:
        """Whether the line says that the program goes on in spite of what it tells."""
        if text != self._asked:
            self._asked, self._lives = text, self._survived.Match(_encoded(text)) is not None
        return self._lives

    def matches(self, line: Line) -> list[Match]:
        """What the line says, the best first; of each rule the first pattern that fits."""
        key = (line.text, line.bare)
        known = self._known.get(key)
        if known is None:
            known = self._look(line)
            if len(line.text) <= _KNOWN_TEXT:
                if len(self._known) >= _KNOWN:
                    self._known.clear()
                self._known[key] = known
        return known

    def _look(self, line: Line) -> list[Match]:
        found: dict[str, Match] = {}
        for text in (line.text, line.bare) if line.bare != line.text else (line.text,):
            encoded = _encoded(text)
            indexes = self._set.Match(encoded)
            if not indexes or self._harmless.Match(encoded):
                continue
            for index in sorted(indexes):
                compiled = self._patterns[index]
                if compiled.rule.id not in found:
                    match = _exactly(compiled, text)
                    if match is not None:
                        found[compiled.rule.id] = match
        return sorted(found.values(), key=lambda match: -match.rule.rank)


@functools.cache
def matcher() -> Matcher:
    """All our rules."""
    return Matcher(RULES.values())


def _exactly(compiled: _Compiled, text: str) -> Match | None:
    if compiled.plain and len(text) <= _KNOWN_TEXT:
        return Match(compiled.rule, {}, 0, compiled.threshold)
    found = compiled.regex.search(text)
    if found is None or (compiled.unless is not None and compiled.unless.search(text)):
        return None
    facts = {name: value for name, value in found.groupdict().items() if value}
    return Match(compiled.rule, facts, found.start(), compiled.threshold)


def _compiled(rule: Rule, pattern: Pattern) -> _Compiled:
    unless = re2.compile(pattern.unless, _options()) if pattern.unless else None
    threshold = max(rule.threshold, pattern.threshold)
    plain = not pattern.unless and _NAMED_GROUP.search(pattern.regex) is None
    return _Compiled(rule, threshold, re2.compile(pattern.regex, _options()), unless, plain)


def _options(**changed: Any) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    for name, value in changed.items():
        setattr(options, name, value)
    return options


def _set_of(patterns: Sequence[str]) -> Any:
    found = re2.Set.SearchSet(_options())
    for pattern in patterns:
        found.Add(_NAMED_GROUP.sub("(?:", pattern))
    found.Compile()
    return found


def _any_of(patterns: Sequence[str]) -> Any:
    """One automaton for whole blocks: without anchors, because a line's head is still there, and within a line."""
    together = "|".join(f"(?:{_loose(pattern)})" for pattern in patterns)
    return re2.compile(together, _options(never_nl=True, never_capture=True))


def _word_of(patterns: Sequence[str]) -> Any:
    known = words.EXPRESSION if fingerprint(patterns) == words.FINGERPRINT else expression(patterns)
    return re2.compile(known, _options(never_nl=True, never_capture=True))


def searched() -> list[str]:
    """All that makes a line worth reading: the patterns of our rules, and what else is looked for."""
    return [*(pattern.regex for rule in RULES.values() for pattern in rule.patterns), *STRUCTURE]


def fingerprint(patterns: Sequence[str]) -> str:
    """The same for the same patterns."""
    return hashlib.sha256("\0".join(patterns).encode()).hexdigest()


def expression(patterns: Sequence[str]) -> str:
    """One expression for the words that the patterns need, and for the patterns that need none.

    It takes a tenth of a second to work out, which every worker would pay: `words` has it for the rules as they are.
    """
    found: set[str] = set()
    wordless = []
    for pattern in patterns:
        needed = words_of(pattern)
        if needed is None:
            wordless.append(f"(?i:{_loose(pattern)})")
        else:
            found |= needed
    literal = [re2.escape(word) for word in shortest(sorted(found))]
    return "|".join([*literal, *wordless])


def _loose(pattern: str) -> str:
    return _ANCHOR.sub(_without_anchor, _NAMED_GROUP.sub("(?:", pattern))


def _without_anchor(match: re.Match[str]) -> str:
    return "(?:)" if match["anchor"] else match[0]


def _search(regex: Any, block: bytes, at: int, end: int) -> int:
    found = regex.search(block, at, end)
    return -1 if found is None else int(found.start())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
