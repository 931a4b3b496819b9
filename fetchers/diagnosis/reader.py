"""Reads a log as it comes, in any portions, and says why its program died. Pure: no I/O and no clock; never raises.

Whole blocks are searched for lines worth reading; only those are cleaned, taken apart and matched. What is kept is
bounded: hits, and the lines around them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from fetchers.diagnosis.evidence import diagnosis_of, others_of
from fetchers.diagnosis.findings import finding_of
from fetchers.diagnosis.hits import LAST, Hit, Hits
from fetchers.diagnosis.margins import BEFORE, Margins
from fetchers.diagnosis.matcher import Match, matcher
from fetchers.diagnosis.model import NEVER, Detection, Diagnosis
from fetchers.diagnosis.prefixes import Level, Line, cleaned, read_line
from fetchers.diagnosis.root_cause import GENERAL, Ending, root_of
from fetchers.diagnosis.rules import RULES
from fetchers.diagnosis.signs import Signs
from fetchers.diagnosis.splitting import Splitter, without_escapes
from fetchers.diagnosis.structured import Entry, entry_of
from fetchers.diagnosis.tracebacks import HEAD, Inside, Raised, Tracebacks
from fetchers.diagnosis.unfolding import parts
from fetchers.diagnosis.windows import Windows
from fetchers.redact import first_of, last_of

_RUNS = re.compile(r"\bRuns: ?(\d{1,6})\b")
_INTRODUCES = re.compile(r"(?i)fail|error|exception|exc_info|could not|couldn't|cannot|unable|caught|crash|traceback")
_GOES_ON = re.compile(
    r"(?i)\bfall(?:ing|s|en)? ?back\b|\b(?:continuing|proceeding) (?:with|without|anyway)\b|\busing \S{1,80} instead\b"
    r"|\b(?:not (?:available|installed|found|supported)|unavailable|missing)[,;:.] {1,3}(?:so )?"
    r"(?:using|defaulting|disabling|skipping|falling)\b"
)
"""Said right after an exception: the program does without what it has not got."""
_OPTIONAL = ("ImportError", "ModuleNotFoundError")
"""Exceptions of what a program may do without: whether it does, the next line tells."""
_IGNORED = ("Exception ignored in", "--- Logging error ---")
"""What Python says of an exception that can end nothing: in a destructor, at exit, in a logger."""
_SAME_READ = 256
"""How often the same line is read one after another: more than any count of its failures goes."""
_SAME_LAST = BEFORE + LAST
"""How many of those that follow are read, the last: those that are kept, and the lines around them."""
_TEXT_MAX = 4_000
"""Characters of a line that are kept for its facts."""


class LogReader:
    """One log."""

    def __init__(self) -> None:
        self._matcher = matcher()
        self._splitter = Splitter()
        self._tracebacks = Tracebacks()
        self._windows = Windows()
        self._margins = Margins()
        self._hits = Hits()
        self._detected: dict[str, Detection] = {}
        self._new: list[Detection] = []
        self._number = 1
        self._same, self._times = b"", 0
        """The last segment that was read, and how often it has come one after another."""
        self._whole = True
        """Whether the line before has ended."""
        self._order = 0
        self._signs = Signs(self._matcher, self._windows)
        self._jobs: int | None = None
        self._block = self._small = b""
        self._newline = -1
        """Where the line ends in which an end was looked for last: it may be drawn over a thousand times."""
        self._at = 0
        self._raw = ""
        self._inside = False
        """Whether the line belongs to a traceback."""
        self._fallen: Raised | None = None
        """The exception after which no line has been read yet."""
        self._doubtful: list[tuple[Hit, int]] = []
        """What of it counts only if the program does not say next that it goes on, with its threshold."""

    def feed(self, data: bytes) -> list[Detection]:
        """Read on; gives the rules that have reached their threshold by now, each once."""
        for block in self._splitter.feed(data):
            self._read(block)
        new, self._new = self._new, []
        return new

    def finish(self) -> Diagnosis:
        """The log has ended: why its program died."""
        hits, root = self._end_of_log()
        detected = frozenset(self._detected)
        if root is None:
            found = Diagnosis(others=others_of(hits, None, detected))
        else:
            found = diagnosis_of(hits, root, self._margins, detected, _alone)
        return msgspec.structs.replace(found, fatal=bool(detected), lines=self._lines, jobs=self._jobs)

    @property
    def _lines(self) -> int:
        return self._number - self._whole

    def _end_of_log(self) -> tuple[list[Hit], Hit | None]:
        for block in self._splitter.finish():
            self._read(block)
        self._settle(None)
        for head in self._tracebacks.unfinished():
            self._hit(Match(RULES[GENERAL], {}, 0, NEVER), head)
        hits = list(self._hits)
        ending = Ending(self._signs.progress, self._signs.successes, self._lines)
        return hits, root_of(hits, ending, self._detected)

    # --- blocks --------------------------------------------------------------------------------------------------

    def _read(self, block: bytes) -> None:
        self._block, self._small, self._newline = block, block.lower(), -1
        at = 0
        while at < len(block):
            start = at if self._tracebacks else self._candidate(at)
            if start > at:
                self._skip(at, start)
            if start == len(block):
                break
            end = self._end(start)
            self._segment(start, end)
            self._number += block[end] == ord("\n")
            at = self._past_repeats(start, end + 1, touching=start == at)
        self._margins.passed(block)
        self._whole = block.endswith(b"\n")

    def _past_repeats(self, start: int, end: int, *, touching: bool) -> int:
        """Where to read on after the segment: one that came so often just before tells nothing new, only its last do.

        Every count that it could raise is full by then, whether it fails or not; all of a traceback's lines are read.
        """
        same = self._block[start:end]
        self._times = self._times + 1 if touching and same == self._same else 1
        self._same = same
        if self._times < _SAME_READ or self._tracebacks:
            return end
        at = end
        while self._block.startswith(same, at):
            at += len(same)
        skipped = max(0, (at - end) // len(same) - _SAME_LAST)
        self._number += skipped * same.endswith(b"\n")
        return end + skipped * len(same)

    def _candidate(self, at: int) -> int:
        """Where the next line worth reading begins; the block's end where none is left."""
        found = self._matcher.candidate(self._small, at)
        if found < 0:
            return len(self._block)
        return max(at, self._block.rfind(b"\n", at, found) + 1, self._block.rfind(b"\r", at, found) + 1)

    def _end(self, start: int) -> int:
        if not start <= self._newline:
            newline = self._block.find(b"\n", start)
            self._newline = len(self._block) - 1 if newline < 0 else newline
        end = self._newline
        drawn_over = self._block.find(b"\r", start, end)
        return end if drawn_over < 0 else drawn_over

    def _skip(self, start: int, end: int) -> None:
        """Go over lines in which nothing was found; only what they say of progress counts."""
        self._keep(start, end)
        self._signs.look(self._block, start, end)
        self._number += self._block.count(b"\n", start, end)

    def _keep(self, start: int, end: int) -> None:
        number = self._number
        while number <= self._margins.until and start < end:
            stop = self._end(start)
            self._margins.note(number, cleaned(self._block[start:stop]))
            number += self._block[stop] == ord("\n")
            start = stop + 1

    # --- lines ---------------------------------------------------------------------------------------------------

    def _segment(self, start: int, end: int) -> None:
        """Read one line, or a part of one that was drawn over."""
        self._at = start
        self._raw = text = cleaned(self._block[start:end])
        if self._number <= self._margins.until:
            self._margins.note(self._number, text)
        before = self._order
        self._inside = False
        line = read_line(self._number, text)
        entry = entry_of(line.text.strip())
        if entry is None:
            for part in parts(line):
                self._line(part)
        else:
            self._entry(entry, line)
        if self._order == before and not self._inside:
            self._signs.look(self._block, start, end)

    def _entry(self, entry: Entry, line: Line) -> None:
        if entry.rule in RULES:
            rule = RULES[entry.rule]
            self._hit(Match(rule, {}, 0, rule.threshold), line._replace(text=rule.title))
            return
        for text in entry.lines:
            inner = read_line(line.number, cleaned(without_escapes(text.encode("utf-8", "replace"))))
            level = entry.level if entry.level is not Level.UNSAID else inner.level
            self._line(inner._replace(level=level, source=line.source))

    def _line(self, line: Line) -> None:
        before, survived = self._before(line)
        place = self._tracebacks.read(line, before, survived=survived)
        self._inside = self._inside or place is not None
        if place in {Inside.FRAME, Inside.HANDLED}:
            return
        self._settle(line)
        if isinstance(place, Raised):
            self._raised(line._replace(bare=place.text), place)
            return
        if place is Inside.HEAD:
            self._margins.pin(line.number, first_of(self._raw, _TEXT_MAX))
            self._margins.forget(self._hits.numbers)
        # What is said quietly explains nothing, and most lines are.
        for match in self._matcher.matches(line) if line.level > Level.QUIET else ():
            self._hit(match, line)
        runs = _RUNS.search(line.text)
        if runs:
            self._jobs = int(runs[1])

    def _before(self, line: Line) -> tuple[Level, bool]:
        """What the line before a traceback says of it: how loud it is, and whether the program goes on.

        Only if it introduces the traceback: most programs said something ordinary before they crashed.
        """
        if HEAD not in line.text:
            return Level.UNSAID, False
        last = self._margins.last(self._block, self._at)
        if any(words in last for words in _IGNORED):
            return Level.QUIET, True
        said = read_line(0, last)
        logged = said.text != last or said.level is not Level.UNSAID or last.endswith(":")
        if not logged or not _INTRODUCES.search(last):
            return Level.UNSAID, False
        return said.level if said.text != last else min(said.level, Level.UNSAID), self._matcher.survived(last)

    def _settle(self, line: Line | None) -> None:
        """What comes right after an exception tells whether the program does without; null: nothing came."""
        fallen, self._fallen = self._fallen, None
        doubtful, self._doubtful = self._doubtful, []
        if fallen is not None and line is not None and _GOES_ON.search(line.text[:_TEXT_MAX]):
            self._hits.survive(fallen.chain)
            return
        for hit, threshold in doubtful:
            self._count(hit, threshold)

    def _raised(self, line: Line, raised: Raised) -> None:
        self._fallen = raised
        matches = self._matcher.matches(line)
        for match in matches:
            facts = {"exception": raised.exception, **dict(raised.place), **match.facts}
            self._hit(replace(match, facts=facts), line, raised)
        if not any(match.rule.id == GENERAL for match in matches):
            rule = RULES[GENERAL]
            facts = {"exception": raised.exception, **dict(raised.place)}
            self._hit(Match(rule, facts, 0, rule.threshold), line, raised)

    def _hit(self, match: Match, line: Line, raised: Raised | None = None) -> None:
        self._order += 1
        survived = self._matcher.survived(line.text)
        hit = Hit(
            rule=match.rule,
            number=line.number,
            text=_window(raised.text if raised else line.text, match.at),
            order=self._order,
            progress=self._signs.progress,
            successes=self._signs.successes,
            facts=match.facts,
            level=min(line.level, raised.level if raised else Level.UNSAID, Level.UNSAID),
            handled=survived or (raised is not None and raised.handled),
            logged=raised.logged if raised else False,
            chain=raised.chain if raised else 0,
            head=raised.head if raised else line.number,
        )
        self._hits.add(hit)
        self._note(hit)
        self._margins.forget(self._hits.numbers)
        self._signs.failed()
        if hit.level is Level.UNSAID and not hit.handled and (_uncaught(raised) or match.rule.id != GENERAL):
            if raised is not None and raised.exception in _OPTIONAL:
                self._doubtful.append((hit, match.threshold))
            else:
                self._count(hit, match.threshold)

    def _note(self, hit: Hit) -> None:
        """Keep the line as it was written, and those around it."""
        if hit.number == self._number:
            self._margins.around(hit.number, self._block, self._at)
            self._margins.pin(hit.number, self._raw if len(self._raw) <= _TEXT_MAX else hit.text)

    def _count(self, hit: Hit, threshold: int) -> None:
        count = self._windows.count(hit.rule, threshold, hit.number)
        if count is not None and hit.rule.id not in self._detected:
            detection = Detection(finding=finding_of(hit, (), fatal=True), count=count)
            self._detected[hit.rule.id] = detection
            self._new.append(detection)


def _uncaught(raised: Raised | None) -> bool:
    """Whether nobody caught the exception: who logs one goes on, or ends the program itself."""
    return raised is not None and not raised.logged


def _alone(lines: Sequence[str]) -> Hit | None:
    """The root cause of some lines by themselves."""
    reader = LogReader()
    for line in lines:
        reader.feed(line.encode("utf-8", "replace") + b"\n")
    return reader._end_of_log()[1]  # noqa: SLF001 - a reader of our own


def _window(text: str, at: int) -> str:
    """The part of a very long line in which something was found."""
    if len(text) <= _TEXT_MAX:
        return text
    before = last_of(text[max(0, at - _TEXT_MAX) : at], _TEXT_MAX // 4)
    return before + first_of(text[at:], _TEXT_MAX - len(before))
