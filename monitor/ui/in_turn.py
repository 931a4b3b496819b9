"""Keys that come in one piece act in turn: each on what the one before it has made of the screen.

Textual sends every key at once to whoever has the keys by then. Over a slow connection several arrive together, and
what was typed into the line that the first one opens would be taken for commands.
"""

from __future__ import annotations

import asyncio
import contextlib

from textual import events
from textual.app import App

OPENING_S = 0.5
"""Seconds that a key waits at most for the screen that the one before it opens."""


class InTurnApp(App[None]):
    """Acts on a key before it looks at the next."""

    async def on_event(self, event: events.Event) -> None:
        """Called by Textual with everything that happens."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.screen._mounted_event.wait(), OPENING_S)  # noqa: SLF001 - the only sign of it
        if self.focused is not None or not self.screen.is_mounted:
            await super().on_event(event)
        elif not await self._check_bindings(event.key, priority=True):
            await self._check_bindings(event.key)
