"""Counts what a guard would act on: so many detections of a rule within so many lines. Pure and bounded."""

from __future__ import annotations

from collections import deque

from fetchers.diagnosis.model import Category, Rule

_MOST = 200
"""Detections of a rule that are counted; no threshold but the one that is never reached lies higher."""


class Windows:
    """Lines of the latest detections of each rule that are still within its window."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[int]] = {}
        self._open: set[str] = set()
        """Rules whose count a success would reset."""

    @property
    def resettable(self) -> bool:
        """Whether a success would change anything."""
        return bool(self._open)

    def count(self, rule: Rule, threshold: int, number: int) -> int | None:
        """Note a detection; gives how many there are within the window where that reaches the threshold."""
        lines = self._lines.setdefault(rule.id, deque(maxlen=_MOST))
        if not lines or lines[-1] != number:
            lines.append(number)
        while number - lines[0] >= rule.window:
            lines.popleft()
        if rule.category is Category.SERVICE:
            self._open.add(rule.id)
        return len(lines) if len(lines) >= threshold else None

    def succeeded(self) -> None:
        """A call has succeeded: failures of a service before it were passing ones."""
        for rule in self._open:
            self._lines[rule].clear()
        self._open.clear()
