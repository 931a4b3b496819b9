"""Whoever changes what a log is read as raises the version of the rules, so that kept evidence is read again."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import fetchers.diagnosis
from fetchers import redact
from fetchers.diagnosis import words
from fetchers.rules_version import RULES_VERSION
from monitor.rule_words import render

RECORDED = (1, "8c3cd27da4d85e37")
"""The version, and the fingerprint of the code that it stands for."""


def test_the_rules_are_those_of_their_version() -> None:
    """Patterns, ranks, thresholds, advice and the reader make one fingerprint, which only a version may change."""
    version, fingerprint = RECORDED
    now = fingerprint_of(sources())
    assert (RULES_VERSION, now) == (version, fingerprint), (
        "What reads logs has changed. Where a kept log may be read otherwise now (a pattern, a rank, a threshold, an "
        f"advice, the reader), raise RULES_VERSION in fetchers/rules_version.py above {version}; it must stay only "
        f"where nothing of that version was ever released. Then write RECORDED = ({RULES_VERSION}, {now!r}) here."
    )


def test_the_words_of_the_rules_are_those_of_the_rules() -> None:
    """Each worker would have to work them out again; where this fails, `make docs` writes them."""
    assert Path(words.__file__).read_text(encoding="utf-8") == render()


def test_words_for_people_who_read_the_code_change_no_fingerprint() -> None:
    """Neither comments nor docstrings nor layout read a log; a pattern does."""
    plain = 'LIMIT = 3\nWORDS = ("a",)\n'
    told = '"""What it is."""\n\n# Why three.\nLIMIT = 3\n"""Lines."""\nWORDS = (\n    "a",\n)\n'
    assert fingerprint_of([plain]) == fingerprint_of([told])
    assert fingerprint_of([plain]) != fingerprint_of([plain.replace('"a"', '"b"')])
    assert fingerprint_of([plain]) != fingerprint_of([plain.replace("3", "4")])


def sources() -> Iterator[str]:
    """All code that decides what a log is read as."""
    directory = Path(fetchers.diagnosis.__file__).parent
    for path in (*sorted(directory.glob("*.py")), Path(redact.__file__)):
        yield path.read_text(encoding="utf-8")


def fingerprint_of(texts: Iterable[str]) -> str:
    """The same for the same code, however it is laid out and explained."""
    digest = hashlib.sha256()
    for text in texts:
        for part in _parts(ast.parse(text)):
            digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


def _parts(node: ast.AST) -> Iterator[str]:
    """What a tree is made of, without docstrings."""
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                yield from () if _only_tells(one) else _parts(one)
            elif one is not None:
                yield f"{name}={one!r}"


def _only_tells(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
