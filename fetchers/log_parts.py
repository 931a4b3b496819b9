"""What is shown of a part of a log: its entries' text, safe and without secrets, and as much of it as a frame takes.

Megabytes of text take seconds to clean: no work for an event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fetchers.log_entries import moment_of, severity_of, text_of
from fetchers.messages import LogEntry
from fetchers.plain import safe_lines

PAGE_BYTES = 4 * 1024 * 1024
"""Of the text of one part of a log, so that it fits into a frame however long its lines are."""
_BEYOND = 1_000
"""Characters behind its share within which a text is cut at a blank: a word cut in half may be half a secret."""


def shown(entries: Sequence[Any]) -> tuple[LogEntry, ...]:
    """The entries as they are shown, in the order given; long ones are cut where all do not fit into a frame."""
    texts = [text_of(entry).rstrip("\n") for entry in entries]
    share = _share(texts)
    begun = [_begun(text, share) for text in texts]
    cleaned = _cleaned(begun)
    return tuple(
        LogEntry(
            text=_cut(cleaned[place], share, more=len(texts[place]) - len(begun[place])),
            at=moment_of(entry),
            severity=severity_of(entry),
            id=entry.insert_id,
        )
        for place, entry in enumerate(entries)
    )


def _share(texts: Sequence[str]) -> int:
    """Bytes that each text may take; all of them, where they are not too many together."""
    fits = sum(map(len, texts)) <= PAGE_BYTES // 4 or sum(len(text.encode()) for text in texts) <= PAGE_BYTES
    return PAGE_BYTES if fits else PAGE_BYTES // len(texts)


def _begun(text: str, share: int) -> str:
    """What of a text is worth cleaning: its share, up to a blank."""
    if len(text) <= share:
        return text
    kept = text[: share + _BEYOND]
    blank = max(kept.rfind(" "), kept.rfind("\n"))
    return kept[:blank] if blank >= share else kept


def _cleaned(texts: Sequence[str]) -> list[str]:
    """The texts cleaned together: a private key may be spread over many entries."""
    lines = [text.split("\n") for text in texts]
    safe = iter(safe_lines(line for each in lines for line in each))
    return ["\n".join(next(safe) for _ in each) for each in lines]


def _cut(cleaned: str, share: int, *, more: int) -> str:
    """The text within its share; `more` characters of it are missing already."""
    if len(cleaned) > share // 4:  # no character takes more than four bytes
        kept = cleaned.encode()[:share].decode(errors="ignore")
        cleaned, more = kept, more + len(cleaned) - len(kept)
    return f"{cleaned}… [{more:,} more characters]" if more else cleaned
