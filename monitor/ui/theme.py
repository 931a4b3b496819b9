"""The colours: a calm dark theme in which failures and what runs stand out.

Greys are kept nearly neutral, because a terminal of 256 colours turns a tinted dark grey into black.
"""

from __future__ import annotations

from textual.theme import Theme

THEME = Theme(
    name="monitor-dark",
    dark=True,
    primary="#87afd7",
    secondary="#8a94a6",
    accent="#87afd7",
    foreground="#d4d6da",
    background="#131417",
    surface="#1b1d20",
    panel="#26292d",
    success="#87af87",
    warning="#d7af5f",
    error="#ff6b6b",
    variables={
        "muted": "#8b9096",
        "faint": "#5f646b",
        "running": "#5fd7d7",
        "queued": "#afafd7",
        "cursor": "#3a3f47",
        "cursor-blurred": "#2b2e33",
    },
)
