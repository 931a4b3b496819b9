"""What a screen that lies over the tables is told, so that it shows the present: it need not be loaded to be known."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Present(Protocol):
    """A screen that shows the present."""

    def tick(self) -> None:
        """A second has passed."""
        ...

    def judge(self) -> None:
        """Rows, a status, the engine, or the zone that times are shown in may be others now."""
        ...
