"""A person at a dashboard who presses keys all the time, and how long each waits for its answer on the screen."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping

from fetchers.records import State
from monitor.tables import TABLES
from tests.support.run_queue import waited_s, waits
from tests.support.terminal import Terminal

ANSWER_S = 1.0
"""Seconds within which a key must be answered, less those in which the screen, or we who look, waited for a processor.

So it is the program that is judged, and not a machine that others keep busy.
"""

PATIENCE_S = 10.0
"""Seconds that are waited for an answer at all."""

ASK_S = 1.0
"""Seconds after which somebody who waits for an answer asks again: a key that comes during a fetch asks nothing."""

HELP = "next table"
"""Words that only help has."""

ZONE = "XYZ-9"
"""A time zone for `TZ` that is not UTC, so that `u` can be seen."""

GLYPHS = "✗●○✓⊘"
STATES = {*State}
COUNT = re.compile(rf"[{GLYPHS}] ?\d+")


class Person:
    """Looks at a dashboard on a terminal and presses keys."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.waits: list[float] = []
        """Seconds that each key waited for its answer; those of a busy machine are taken off."""
        keys = (self._next_row, self._help, self._next_table, self._zone)
        self._keys, self._round = itertools.cycle(keys), len(keys)

    # --- what there is to see

    def title(self, table: str) -> str:
        """The title line of a table; empty where it is not on the screen."""
        number = f"{list(TABLES).index(table) + 1} {table}"
        return next((line for line in self.terminal.lines if line[1:].startswith(number)), "")

    def is_live(self, table: str) -> bool:
        """Whether its title says so."""
        return self.title(table).endswith(("live", "idle"))

    def has_rows(self, table: str) -> bool:
        """Whether its title counts any."""
        return bool(COUNT.search(self.title(table)))

    def sees_rows(self) -> None:
        """Look at every table: a frame may arrive in pieces, but one that is without rows stays so."""
        self.terminal.wait(lambda: all(map(self.has_rows, TABLES)), "rows in every table", PATIENCE_S)

    def reads(self, words: Iterable[str]) -> bool:
        """Whether all of them are on the screen, wherever its lines break."""
        text = "".join("".join(line.lstrip("▌").split()) for line in self.terminal.lines)
        return all("".join(word.split()) in text for word in words)

    def current(self) -> str:
        """The table that has the keys."""
        return next((table for table in TABLES if self.title(table).startswith("▌")), "")

    def _focused(self) -> str:
        """The same, once a frame that arrives in pieces shows it."""
        self.terminal.wait(lambda: self.current() != "", "a table that has the keys", PATIENCE_S)
        return self.current()

    # --- what there is to press

    def press(self, key: str, answered: Callable[[], bool]) -> None:
        """Press a key and wait for its answer; an error that shows the screen where that takes too long."""
        began, before = time.monotonic(), self._machine()
        self.terminal.send(key)
        self.terminal.wait(answered, f"an answer to {key!r}", PATIENCE_S)
        took = time.monotonic() - began - waited_s(before, self._machine())
        assert took < ANSWER_S, f"{took:.2f} s until {key!r} was answered\n{self.terminal.text}"
        self.waits.append(took)

    def _machine(self) -> Mapping[str, float]:
        """How long others have kept the processors from the screen, and from us who look at it."""
        return waits(self.terminal.foreground, os.getpid())

    def choose(self, table: str) -> None:
        """Give a table the keys."""
        self.press(str(list(TABLES).index(table) + 1), lambda: self.current() == table)

    def go_on(self) -> None:
        """Press the next key of the round."""
        next(self._keys)()

    def ask_until(self, holds: Callable[[], bool], what: str, limit_s: float = 30) -> None:
        """Press one key after another, `r` among them, until something is on the screen; an error where it is late."""
        end, asked = time.monotonic() + limit_s, 0.0
        while not holds():
            now = time.monotonic()
            assert now < end, f"not in {limit_s:g} s: {what}\n{self.terminal.text}"
            if now - asked > ASK_S:
                asked = now
                self.terminal.send("r")
            self.go_on()

    def go_round(self) -> None:
        """Press every key of the round once."""
        for _ in range(self._round):
            self.go_on()

    def go_on_for(self, seconds: float) -> None:
        """Press one key after another for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.go_on()

    def _help(self) -> None:
        self.press("?", lambda: HELP in self.terminal.text)
        self.press("?", lambda: HELP not in self.terminal.text and all(map(self.title, TABLES)))

    def _next_table(self) -> None:
        names = [*TABLES]
        after = names[(names.index(self._focused()) + 1) % len(names)]
        self.press("\t", lambda: self.current() == after)

    def _next_row(self) -> None:
        """Down and up again, where there is a row to go to; meanwhile another row may have come between the two."""
        if len(COUNT.findall(self.title(self._focused()))) > 1:
            self.terminal.wait(self._shows_selected, "the row under the cursor in full", PATIENCE_S)
            first = self._selected()
            self.press("j", lambda: self._selected() not in ("", first))
            self.terminal.wait(self._shows_selected, "the next row in full", PATIENCE_S)
            second = self._selected()
            self.press("k", lambda: self._selected() not in ("", second))

    def _shows_selected(self) -> bool:
        """Whether the row above the footer is one of the table that has the keys, and no longer one of the last."""
        name, titles = self._selected(), [self.title(table) for table in TABLES]
        begin = next((n for n, line in enumerate(self.terminal.lines) if line.startswith("▌")), 0) + 1
        rows = itertools.takewhile(lambda line: line not in titles and not _is_full(line), self.terminal.lines[begin:])
        return name != "" and any(name in line.split() for line in rows)  # half a name is half a frame

    def _selected(self) -> str:
        """The name of the row under the cursor, as the lines above the footer have it in full."""
        return next(filter(_is_full, reversed(self.terminal.lines)), "  ").split(" ")[2]

    def _zone(self) -> None:
        utc = " UTC" in self.terminal.lines[0]
        self.press("u", lambda: (" UTC" in self.terminal.lines[0]) is not utc)
        self.press("u", lambda: (" UTC" in self.terminal.lines[0]) is utc)


def _is_full(line: str) -> bool:
    """Whether it begins a row in full: its name stands behind its glyph, where a table has its state."""
    return line[1:2] != "" and line[1:2] in GLYPHS and line[3:].partition(" ")[0] not in STATES
