"""What is sent to a terminal whose size changes under it, while keys are pressed and screens come and go."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pyte
import pytest
from textual import events
from textual.driver import Driver
from textual.geometry import Size

from monitor.tables import TABLES
from monitor.ui import app as screen_of
from monitor.ui.app import MonitorApp
from tests.ui.scripted import Clock, ScriptedLink, record, rows, status

ROUNDS = 30
"""Changes of size in a row, each with keys before and after it."""

LONG_S = 20.0
"""Seconds after which a screen that is still painted is no screen."""

SIZES = ((80, 24), (300, 2), (80, 3), (120, 40), (120, 12), (33, 9), (1, 1), (200, 60), (80, 24))

KEYS = ("j", "k", "1", "4", "z", "question_mark", "colon", "v", "escape", "s", "slash", "enter", "u", "tab", "G")


class Pane(Driver):
    """A terminal that does at once what it is told, and that says a while later what size it has."""

    screen: pyte.Screen

    def __init__(self, app: MonitorApp, **_: object) -> None:
        super().__init__(app)
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.Stream(self.screen)

    def write(self, data: str) -> None:
        """Show it."""
        self._stream.feed(data)

    def start_application_mode(self) -> None:
        """As a terminal that can wrap lines, and does not."""
        self.write("\x1b[?7l")
        self.say_size()

    def say_size(self) -> None:
        """As the signal for a change of size does."""
        size = Size(self.screen.columns, self.screen.lines)
        self._app.post_message(events.Resize(size, size))

    def disable_input(self) -> None:
        """There is none."""

    def stop_application_mode(self) -> None:
        """Nobody comes after us."""

    def shown(self) -> list[str]:
        """Its lines."""
        return [
            "".join(self.screen.buffer[y][x].data for x in range(self.screen.columns)) for y in range(self.screen.lines)
        ]


@contextlib.asynccontextmanager
async def on_a_pane(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[MonitorApp, Pane]]:
    """The program with some rows, on a terminal of which every cell is known."""
    monkeypatch.setattr(screen_of, "TerminalDriver", Pane)
    link = ScriptedLink()
    app = MonitorApp(link, utc=True, clock=Clock())
    running = asyncio.create_task(app.run_async())
    for table in TABLES:
        link.tell(rows(table, [record(table, n) for n in range(50)]), status(table))
    pane: Pane | None = None
    async with asyncio.timeout(LONG_S):
        while pane is None or "name-1" not in " ".join(pane.shown()):
            await asyncio.sleep(0.01)
            pane = app._driver if isinstance(app._driver, Pane) else None
    try:
        yield app, pane
    finally:
        app.exit()
        await running


async def settled(app: MonitorApp) -> None:
    """Until the screen in front is laid out for the terminal, and neither it nor any key waits for anything."""
    async with asyncio.timeout(LONG_S):
        quiet = 0
        while quiet < 3:
            front, size = app.screen, app._driver.screen  # type: ignore[union-attr]
            wanted = Size(size.columns, size.lines)
            busy = front._compositor.size != wanted or front._layout_required or front._repaint_required
            busy = busy or bool(front._dirty_widgets) or app._resize_event is not None
            busy = busy or not (app._message_queue.empty() and front._message_queue.empty())
            quiet = 0 if busy else quiet + 1
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("seed", [11, 12])
async def test_whatever_the_sizes_and_keys_the_terminal_shows_what_a_full_repaint_shows(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dozens of changes of size, with keys at once after them: no old line stays anywhere."""
    chance = random.Random(seed)
    async with on_a_pane(monkeypatch) as (app, pane):
        for n in range(ROUNDS):
            for _ in range(chance.choice((1, 1, 2, 3))):
                width, height = chance.choice(SIZES)
                pane.screen.resize(height, width)
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(0)
                pane.say_size()
                for key in chance.choices(KEYS, k=chance.randrange(4)):
                    app.simulate_key(key)
                await asyncio.sleep(chance.choice((0, 0, 0.005, 0.02)))
            await settled(app)
            before = pane.shown()
            app.repaint()
            await settled(app)
            assert before == pane.shown(), f"round {n}, {type(app.screen).__name__}"
