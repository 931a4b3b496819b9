"""What a child prints: kept to a bound, and counted by kind, however it is cut and however much it is."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from monitor.printed import KEPT, KINDS, LINES_A_PIECE, LONGEST, Printed


def fed(*pieces: bytes) -> Printed:
    """All of it taken in."""
    printed = Printed()
    for piece in pieces:
        printed.feed(piece)
    return printed


def test_lines_that_differ_in_numbers_are_of_one_kind() -> None:
    """Times, pids and addresses make no new kind; words do."""
    printed = fed(b"pid 12 at 0xdeadbeef failed\npid 7 at 0x01 failed\npid 7 at 0x01 worked\n")
    assert printed.fresh() == ["pid 12 at 0xdeadbeef failed", "pid 7 at 0x01 worked"]
    assert printed.repeated() == ["2 × pid 12 at 0xdeadbeef failed"]


def test_a_kind_is_fresh_once() -> None:
    """What was told is not told again, but goes on being counted."""
    printed = fed(b"boom\n")
    assert printed.fresh() == ["boom"]
    printed.feed(b"boom\nbang\n")
    assert printed.fresh() == ["bang"]
    assert printed.repeated() == ["2 × boom"]


@given(st.lists(st.integers(min_value=0, max_value=40), max_size=8))
def test_where_the_output_is_cut_changes_nothing(cuts: list[int]) -> None:
    """A pipe hands over what it has, not lines."""
    text = b"one 1\ntwo\n\none 2\r\n\xff\xfe broken\nthree"
    edges = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    whole, cut = fed(text), fed(*pieces)
    assert (cut.fresh(), cut.repeated(), cut.newest()) == (whole.fresh(), whole.repeated(), whole.newest())


def test_the_newest_is_kept_and_bounded() -> None:
    """The last words are what matters."""
    printed = fed(b"x" * (3 * KEPT), b"the end")
    assert len(printed.newest()) == KEPT
    assert printed.newest().endswith("xthe end")


def test_a_line_without_an_end_is_bounded() -> None:
    """A hundred megabytes without a newline are one line, of which the beginning is shown."""
    printed = fed(*[b"y" * 1_000_000] * 100, b"\n")
    [line] = printed.fresh()
    assert line == "y" * LONGEST


def test_kinds_are_bounded() -> None:
    """Lines that are all different are counted together in the end."""
    printed = fed(*(b"kind %s\n" % bytes([97 + number % 26, 97 + number // 26 % 26, 10]) for number in range(600)))
    assert len(printed.fresh()) <= KINDS + 1
    assert "other lines" in printed.repeated()[0]


def test_a_flood_in_one_piece_is_counted_and_not_looked_at_line_by_line() -> None:
    """What lies beyond the first lines of a piece costs next to nothing, and none is lost from the count."""
    printed = fed(b"flood\n" * 10_000)
    assert printed.repeated() == [f"{10_000 - LINES_A_PIECE:,} × other lines", f"{LINES_A_PIECE} × flood"]
