"""What a log's screen says about what it has read and why there is nothing more. Pure: clean text out."""

from __future__ import annotations

from datetime import datetime

from fetchers.errors import Failure
from fetchers.records import Record
from monitor.text import ELLIPSIS, duration, one_line
from monitor.ui.log_questions import Part, Reading
from monitor.ui.log_text import LogText
from monitor.ui.words import Said, ago

BY_KIND = {
    "permission": "The log may not be read",
    "unauthenticated": "Nobody is logged in who may read the log",
    "rejected": "There is no such log",
    "timeout": "The log was not given in time",
    "unreachable": "The log cannot be reached",
    "throttled": "Too many logs are being read",
}
"""What a failure to read comes down to, by its kind."""


def counted(lines: int) -> str:
    """So many lines."""
    return f"{lines:,} line{'' if lines == 1 else 's'}"


def nothing(reading: Reading, record: Record, now: datetime, again: str) -> Said:
    """Why there are no lines; `again` is the key that reads it once more."""
    if reading.failure is not None:
        return _unread(reading.failure, again)
    if reading.asked is not None or not reading.read:
        return Said("Reading the log", _patience(reading, now), "queued")
    if not record.state.ended:
        return Said("The log is empty so far", "`f` follows what will be written", "good")
    written = "nothing was written, it has not arrived yet, or it is older than logs are kept"
    return Said(
        "The log is empty",
        written if record.started is not None else "its source knows of no start, and so nothing may have been written",
        "warn",
        more=(f"`{again}` reads it again; `L` opens it in a browser",),
    )


def _unread(failure: Failure, again: str) -> Said:
    head = BY_KIND.get(failure.kind, "The log cannot be read")
    wait = f" in {duration(failure.retry_after_s)}" if failure.retry_after_s else ""
    return Said(
        head, one_line(failure.text), "alarm", more=(f"`{again}` tries again{wait}; `L` opens it in a browser",)
    )


def _patience(reading: Reading, now: datetime) -> str:
    if reading.waits_s is not None:
        return f"it waits for its turn among the log reads of the minute: {duration(reading.waits_s)} at most"
    since = (now - reading.asked_at).total_seconds() if reading.asked_at is not None else 0.0
    return f"its end first; asked {duration(since)} ago" if since >= 1 else "its end first"


def progress(reading: Reading, text: LogText, now: datetime, older: str) -> str:
    """How much has been read, back to when, and what is next; `older` is the key that reads on."""
    oldest = text.oldest.astimezone(now.tzinfo) if text.oldest is not None else None
    back = f", back to {oldest:{_form(oldest, now)}}" if oldest is not None and has_more(reading, text) else ""
    said = [f"{counted(len(text))}{back}", *_dropped(reading, text), _next(reading, text, older)]
    return " · ".join(filter(None, said))


def has_more(reading: Reading, text: LogText) -> bool:
    """Whether older lines can be read: what follows a gap is not gone back beyond."""
    return reading.more and not text.dropped_oldest


def _form(moment: datetime, now: datetime) -> str:
    return "%H:%M:%S" if moment.date() == now.date() else "%m-%d %H:%M"


def _dropped(reading: Reading, text: LogText) -> list[str]:
    said = [
        f"{counted(number)} {which} dropped"
        for number, which in ((text.dropped_oldest, "before"), (text.dropped_newest, "after"))
        if number
    ]
    return [*said, *(["some between left out"] if reading.gap else [])]


def _next(reading: Reading, text: LogText, older: str) -> str:
    if reading.failure is not None:
        return f"{reading.part.value} not read: {one_line(reading.failure.text)}"
    if reading.asked is not None and reading.part is not Part.NEWER:
        waits = f", waits {duration(reading.waits_s)} at most" if reading.waits_s is not None else ""
        return f"reading {reading.part.value}{waits}{ELLIPSIS}"
    if has_more(reading, text):
        return f"older: {older}"
    return "" if text.dropped_oldest or text.dropped_newest or reading.gap else "all of it"


def followed(reading: Reading, now: datetime) -> str:
    """How far following is."""
    if reading.heard_at is None:
        return "following"
    return f"following, as of {ago(reading.heard_at, now)}"
