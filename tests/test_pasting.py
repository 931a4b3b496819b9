"""What is pasted told apart from what is typed, in whatever pieces a terminal gives it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from monitor.ui.pasting import END, FULL, MOST, START, Pastes

NAME = "aa-quiet-lake"
"""Each letter of it is a command, and `q` leaves."""

Told = list[tuple[str, str]]
"""What was said, in turn: "typed" or "pasted", and the text; neighbours that were typed are one."""


class Reader:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.pastes = Pastes(lambda text: self._note("typed", text), lambda text: self._note("pasted", text))
        self.told: Told = []

    def _note(self, kind: str, text: str) -> None:
        if kind == "typed" and self.told and self.told[-1][0] == kind:
            self.told[-1] = (kind, self.told[-1][1] + text)
        else:
            self.told.append((kind, text))

    def read(self, *pieces: str | bytes) -> Told:
        """Give it these pieces, one read each."""
        for piece in pieces:
            self.pastes.take(piece if isinstance(piece, bytes) else piece.encode())
        return self.told


def cut(data: bytes, at: list[int]) -> list[bytes]:
    """The data in pieces."""
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(
    st.lists(st.text(st.characters(exclude_characters="\x03\x1b", exclude_categories=["Cs"]), max_size=80), max_size=4),
    st.lists(st.integers(0, 10_000), max_size=40),
)
def test_a_marked_paste_is_one_text_however_it_is_cut(texts: list[str], at: list[int]) -> None:
    """Between keys, in any number, through characters and through both marks: nothing of it is ever a key."""
    data = "".join(f"j{START}{text}{END}k" for text in texts).encode()
    parser = XTermParser()
    keys: list[Message] = []
    pasted: list[str] = []

    def typed(text: str) -> None:
        keys.extend(message for message in parser.feed(text) if not isinstance(message, events.Paste))

    pastes = Pastes(typed, pasted.append)
    for piece in cut(data, at):
        pastes.take(piece)
    assert pasted == [text for text in texts if text]
    assert [key.key for key in keys if isinstance(key, events.Key)] == ["j", "k"] * len(texts)
    assert not pastes.waiting


@given(st.binary(max_size=300), st.lists(st.integers(0, 10_000), max_size=20))
def test_whatever_comes_an_end_lets_keys_through_again(data: bytes, at: list[int]) -> None:
    """Any bytes in any pieces, then a pause: the next key is one."""
    reader = Reader()
    reader.read(*cut(data, at))
    reader.pastes.end()
    reader.told.clear()
    assert reader.read(b"\x1b", b"j")[-1][1].endswith("j")
    assert reader.told[-1][0] == "typed"


def test_a_short_name_that_is_pasted_is_no_command() -> None:
    """The mark says so, however little it is."""
    assert Reader().read(f"{START}{NAME}{END}") == [("pasted", NAME)]


def test_a_paste_that_has_begun_is_given_once_it_has_ended() -> None:
    """Or once its owner says that nothing more comes; the end that comes too late is nothing to hold on to."""
    reader = Reader()
    assert reader.read(START + "some", "thing") == []
    assert reader.pastes.waiting
    reader.pastes.end()
    assert reader.told == [("pasted", "something")]
    assert not reader.pastes.waiting
    assert reader.read("q")[-1] == ("typed", "q")


@pytest.mark.parametrize("paste", [START + "j" * 100 + "\x03", "j" * 600 + "\x03" + "j" * 600], ids=["marked", "not"])
def test_ctrl_c_is_a_key_within_a_paste(paste: str) -> None:
    """At once, though the end of the paste never comes."""
    assert Reader().read(paste)[0] == ("typed", "\x03")


def test_a_paste_without_bounds_is_cut() -> None:
    """What is beyond is dropped up to the end, and the key after it is a key."""
    reader = Reader()
    for _ in range(12):
        reader.pastes.take(START.encode() if not reader.pastes.waiting else b"x" * (MOST // 10))
    assert reader.read("tail" + END + "j") == [("pasted", "x" * MOST), ("typed", "j")]


def test_much_at_once_is_a_paste_where_the_terminal_marks_none() -> None:
    """Sixty-four characters between two sequences are not typed by hand; sixty-three may be."""
    assert Reader().read("0123456789" * 7) == [("pasted", "0123456789" * 7)]
    assert Reader().read("\x1b[A" + "0123456789" * 7 + "\x1b[B") == [
        ("typed", "\x1b[A"),
        ("pasted", "0123456789" * 7),
        ("typed", "\x1b[B"),
    ]
    assert Reader().read(("0123456789" * 7)[:63]) == [("typed", ("0123456789" * 7)[:63])]


def test_a_key_that_was_held_is_keys() -> None:
    """Ten seconds of `j` that come together are still `j`."""
    assert Reader().read("j" * 300) == [("typed", "j" * 300)]


@pytest.mark.parametrize("tail", ["q", "é" * 40, "q\x1b[A", f"q{START}{NAME}{END}"])
def test_the_tail_of_a_paste_that_filled_a_read_belongs_to_it(tail: str) -> None:
    """As far as the next sequence or mark, though a character is cut between the reads."""
    data = ("né " * FULL + tail).encode()
    reader = Reader()
    reader.read(*(data[start : start + FULL] for start in range(0, len(data), FULL)))
    assert reader.told[0] == ("pasted", "né " * FULL + tail.partition("\x1b")[0])
    assert reader.told[1:] == {"A": [("typed", "\x1b[A")], "~": [("pasted", NAME)]}.get(tail[-1], [])


def test_a_read_that_was_full_by_chance_holds_no_key_for_long() -> None:
    """Its owner ends the paste, and the next key is a key."""
    reader = Reader()
    assert reader.read(("0123456789" * FULL)[:FULL]) == []
    assert reader.pastes.waiting
    reader.pastes.end()
    assert reader.read("q")[1:] == [("typed", "q")]
