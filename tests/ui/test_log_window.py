"""The window over a log: whatever the lines, the size and the keys, the cursor is in view and nothing is lost."""

from __future__ import annotations

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fetchers.messages import LogEntry
from monitor.text import cell_width, clean
from monitor.ui.log_search import Search
from monitor.ui.log_text import LONGEST, LogLine, LogText, lines_of
from monitor.ui.log_window import LogWindow, Shown

TEXT = st.lists(
    st.sampled_from(["word ", "训练", "é", "x" * 30, " ", "\U0001f600", "0123456789"])
    | st.text(string.ascii_letters + "  /:", max_size=20),
    max_size=15,
).map("".join)
LINES = st.lists(TEXT.map(clean), max_size=40)
KEYS = st.lists(
    st.tuples(
        st.sampled_from(["move", "page", "scroll", "go", "end", "wrap", "sideways", "resize", "before", "after"]),
        st.integers(-30, 30),
    ),
    max_size=25,
)


def held(texts: list[str]) -> list[LogLine]:
    """Lines of one entry each."""
    return [LogLine(text, None, "", first=True, begins=True) for text in texts]


def act(window: LogWindow, text: LogText, key: str, by: int) -> None:
    """Do what a key does, or what a page that arrives does."""
    match key:
        case "move" | "page" | "scroll" | "sideways" | "go":
            getattr(window, key)(by)
        case "end":
            window.end()
        case "wrap":
            window.wrap(by > 0)
        case "resize":
            window.resize(abs(by), 2 * abs(by))
        case "before":
            text.put_before(held([f"older {n}" for n in range(abs(by))]))
            window.came_before(abs(by))
        case "after":
            at_end = window.at_end
            gone = text.put_after(held([f"newer {n}" for n in range(abs(by))]))
            window.came_after(gone, stays_at_end=at_end)


def check(window: LogWindow, shown: list[Shown]) -> None:
    """What must hold, whatever has happened."""
    if not window.lines:
        assert shown == []
        return
    assert 0 <= window.cursor < len(window.lines)
    assert window.cursor in {one.index for one in shown}
    assert len(shown) <= window.height
    full = sum(len(list(window._laid_out(index))) for index in range(len(window.lines)))
    assert len(shown) == min(window.height, full)
    places = [(one.index, one.part) for one in shown]
    assert places == sorted(set(places))
    for one in shown:
        assert window.lines[one.index].text[one.start :].startswith(one.text)


@given(LINES, st.integers(1, 20), st.integers(2, 60), KEYS)
@example(texts=[], height=3, room=7, keys=[("before", 3), ("move", -1), ("resize", 0)])
@settings(max_examples=200, deadline=None)
def test_the_cursor_is_in_view_and_the_window_full_whatever_keys_and_pages_come(
    texts: list[str], height: int, room: int, keys: list[tuple[str, int]]
) -> None:
    """Lines of any width, wrapped or not, while older and newer ones arrive and the oldest or newest go."""
    text = LogText(most_lines=60)
    text.put_after(held(texts))
    window = LogWindow(text.lines)
    window.resize(height, room)
    for key, by in keys:
        act(window, text, key, by)
        check(window, window.shown())


@given(TEXT, st.integers(2, 50))
@settings(max_examples=200, deadline=None)
def test_a_wrapped_line_has_every_character_and_fits(text: str, room: int) -> None:
    """In order, in pieces that are no wider than the room."""
    line = clean(text)
    window = LogWindow(held([line]))
    window.resize(10_000, room)
    pieces = [one.text for one in window.shown()]
    assert "".join(pieces) == line
    assert all(cell_width(piece) <= room for piece in pieces)


@given(LINES, st.integers(1, 20), st.integers(2, 60))
@settings(max_examples=100, deadline=None)
def test_going_down_line_by_line_and_up_again_sees_everything(texts: list[str], height: int, room: int) -> None:
    """No line is passed over, and both ends are reached."""
    window = LogWindow(held(texts))
    window.resize(height, room)
    seen = set[tuple[int, int]]()
    steps = sum(len(window._laid_out(index)) for index in range(len(texts))) + len(texts)
    for _ in range(steps):
        seen |= {(one.index, one.part) for one in window.shown()}
        window.move(1)
    seen |= {(one.index, one.part) for one in window.shown()}
    assert seen == {(index, part) for index in range(len(texts)) for part in range(len(window._laid_out(index)))}
    for _ in range(steps):
        window.move(-1)
    assert window.at_top
    assert window.cursor == 0


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_an_entry_of_anything_is_clean_lines(text: str) -> None:
    """None has a control in it, and none is longer than a line that is held."""
    for line in lines_of(LogEntry(text=text, severity=text)):
        assert line.text.isprintable()
        assert len(line.text) <= LONGEST


def test_a_line_without_end_is_held_in_pieces() -> None:
    """All of it, and only the first piece begins a line of the log."""
    text = "0123456789" * 5_000
    lines = list(lines_of(LogEntry(text=f"{text}\nnext")))
    assert "".join(line.text for line in lines[:-1]) == text
    assert [line.begins for line in lines] == [True, *[False] * (len(lines) - 2), True]
    assert [line.first for line in lines] == [True, *[False] * (len(lines) - 1)]


def test_bytes_are_bounded_too() -> None:
    """Few lines can be large."""
    text = LogText(most_bytes=100_000)
    text.put_after(held(["x" * 1_000] * 300))
    assert len(text) < 100
    assert text.dropped_oldest == 300 - len(text)
    text.put_before(held(["y" * 1_000] * 300))
    assert {line.text[0] for line in text.lines} == {"y"}


def test_words_expressions_and_quotes_are_searched_for() -> None:
    """Lower case finds either case; what is found is where it says."""
    line = "Error: /usr/bin/python: error 137"
    for typed, found in (
        ("error", ["Error", "error"]),
        ("Error", ["Error"]),
        ("/e\\w+r/", ["Error", "error"]),
        ("/[0-9]+$/", ["137"]),
        ('"/usr/bin"', ["/usr/bin"]),
        ("absent", []),
    ):
        search = Search(typed)
        assert [line[start:end] for start, end in search.spans(line)] == found
        assert search.found_in(line) is bool(found)
