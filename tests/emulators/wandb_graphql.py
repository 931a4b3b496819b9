"""As much of GraphQL as the W&B clients write: a document is parsed and answered from nested mappings.

A field that the answer does not hold is refused in the server's own words, so that clients which probe for fields
can be tested too. What is callable in the answer is called with the field's arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class GraphQLError(Exception):
    """The document cannot be answered; the text is what the client is told."""


@dataclass(frozen=True)
class Variable:
    """`$name` in a document."""

    name: str


@dataclass(frozen=True)
class Selection:
    """A field, a fragment's spread (`spread`) or an inline fragment (`on`)."""

    name: str = ""
    key: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[tuple[str, Any], ...] = ()
    fields: tuple[Selection, ...] | None = None
    spread: str | None = None
    on: str | None = None


@dataclass(frozen=True)
class Document:
    """One operation and the fragments it uses."""

    kind: str
    name: str
    defaults: Mapping[str, Any]
    fields: tuple[Selection, ...]
    fragments: Mapping[str, tuple[Selection, ...]]


_TOKEN = re.compile(
    r'(?P<skip>[\s,]+|\#[^\n]*)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)'
    r"|(?P<word>[A-Za-z_]\w*)|(?P<mark>\.\.\.|[{}()\[\]:$=!@|])"
)
_WORDS = {"true": True, "false": False, "null": None}


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise GraphQLError(f"Syntax Error: unexpected character {text[at]!r}")
        at = found.end()
        if found.lastgroup != "skip":
            yield str(found.lastgroup), found.group()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), ("end", "")]
        self._at = 0

    @property
    def _next(self) -> str:
        return self._tokens[self._at][1]

    def _take(self, expected: str | None = None) -> str:
        token = self._tokens[self._at][1]
        if expected is not None and token != expected:
            raise GraphQLError(f"Syntax Error: expected {expected!r}, found {token!r}")
        self._at += 1
        return token

    def _took(self, token: str) -> bool:
        if self._next != token:
            return False
        self._at += 1
        return True

    def document(self) -> Document:
        kind, name, defaults, fields = "query", "", {}, ()  # type: tuple[str, str, dict[str, Any], tuple[Selection, ...]]
        fragments: dict[str, tuple[Selection, ...]] = {}
        while self._tokens[self._at][0] != "end":
            if self._next == "fragment":
                self._take()
                key = self._take()
                self._take("on")
                self._take()
                fragments[key] = self._selections()
                continue
            if self._next != "{":
                kind = self._take()
                name = self._take() if self._next not in "({@" else ""
                defaults = self._definitions()
            fields = self._selections()
        return Document(kind, name, defaults, fields, fragments)

    def _definitions(self) -> dict[str, Any]:
        defaults: dict[str, Any] = {}
        if not self._took("("):
            return defaults
        while not self._took(")"):
            self._take("$")
            name = self._take()
            self._take(":")
            while self._next not in ("$", ")", "="):
                self._take()
            if self._took("="):
                defaults[name] = self._value()
        return defaults

    def _selections(self) -> tuple[Selection, ...]:
        self._take("{")
        found = []
        while not self._took("}"):
            found.append(self._fragment() if self._took("...") else self._field())
        return tuple(found)

    def _fragment(self) -> Selection:
        if self._next not in ("on", "{", "@"):
            spread = self._take()
            return Selection(spread=spread, conditions=self._conditions())
        on = None
        if self._took("on"):
            on = self._take()
        conditions = self._conditions()
        return Selection(on=on, conditions=conditions, fields=self._selections())

    def _field(self) -> Selection:
        key = name = self._take()
        if self._took(":"):
            name = self._take()
        arguments = self._arguments()
        conditions = self._conditions()
        fields = self._selections() if self._next == "{" else None
        return Selection(name=name, key=key, arguments=arguments, conditions=conditions, fields=fields)

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._took("("):
            while not self._took(")"):
                name = self._take()
                self._take(":")
                found[name] = self._value()
        return found

    def _conditions(self) -> tuple[tuple[str, Any], ...]:
        found = []
        while self._took("@"):
            found.append((self._take(), self._arguments().get("if")))
        return tuple(found)

    def _value(self) -> Any:
        kind, text = self._tokens[self._at]
        self._at += 1
        if text == "$":
            return Variable(self._take())
        if text == "[":
            return self._list()
        if text == "{":
            return self._object()
        if kind in ("string", "number"):
            return json.loads(text)
        return _WORDS.get(text, text)

    def _list(self) -> list[Any]:
        found = []
        while not self._took("]"):
            found.append(self._value())
        return found

    def _object(self) -> dict[str, Any]:
        found = {}
        while not self._took("}"):
            name = self._take()
            self._take(":")
            found[name] = self._value()
        return found


def parse(text: str) -> Document:
    """The document's operation. Raises `GraphQLError` where it cannot be read."""
    return _Parser(text).document()


def execute(document: Document, variables: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` that answers the document from `root`. Raises `GraphQLError` for a field that is not there."""
    return _Execution(document, {**document.defaults, **variables}).select(document.fields, root)


class _Execution:
    def __init__(self, document: Document, variables: Mapping[str, Any]) -> None:
        self._document = document
        self._variables = variables

    def select(self, fields: Sequence[Selection], value: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for selection in fields:
            if not all(bool(self._resolve(wanted)) == (kind == "include") for kind, wanted in selection.conditions):
                continue
            if selection.spread is not None:
                _merge(found, self.select(self._document.fragments[selection.spread], value))
            elif selection.name:
                _merge(found, {selection.key: self._answer(selection, value)})
            elif selection.on in (None, value.get("__typename")):
                _merge(found, self.select(selection.fields or (), value))
        return found

    def _answer(self, selection: Selection, value: Mapping[str, Any]) -> Any:
        if selection.name not in value:
            kind = value.get("__typename", "Query")
            raise GraphQLError(f'Cannot query field "{selection.name}" on type "{kind}".')
        answer = value[selection.name]
        if callable(answer):
            answer = answer(**{name: self._resolve(argument) for name, argument in selection.arguments.items()})
        return self._complete(selection, answer)

    def _complete(self, selection: Selection, answer: Any) -> Any:
        if selection.fields is None or answer is None:
            return answer
        if isinstance(answer, Mapping):
            return self.select(selection.fields, answer)
        if isinstance(answer, list):
            return [self._complete(selection, item) for item in answer]
        return answer

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return self._variables.get(value.name)
        if isinstance(value, list):
            return [self._resolve(item) for item in value]
        if isinstance(value, dict):
            return {name: self._resolve(item) for name, item in value.items()}
        return value


def _merge(into: dict[str, Any], new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
