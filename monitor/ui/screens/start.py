"""The start screen: what was looked for, what was found, how to mend what was not, and what can be done meanwhile.

Files are read and written in threads that nobody waits for: a dead disk holds up neither keys nor the exit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, ClassVar

from msgspec.structs import replace
from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from fetchers.errors import ConfigError
from monitor.off_loop import off_loop
from monitor.survey import Opening, Setup, Survey
from monitor.text import duration, one_line
from monitor.ui.bindings import Key, bindings, in_force
from monitor.ui.screens.over import Over
from monitor.ui.setup_page import Page, Row, laid_out
from monitor.ui.taking import CopyWanted
from monitor.ui.widgets.header_line import Banner
from monitor.ui.widgets.painted import Painted, Part

LOOK_S = 20.0
"""Seconds that a look may take: it reads a dozen small files."""

WRITE_S = 20.0

SHOWN_AFTER_S = 1.0
"""Seconds after which a look says how long it has been going on."""

OFFERS = ("start_demo", "start_write", "start_again", "start_tables", "start_own")

IN_DEMO = {"start_tables": "back to the demo"}
"""What some of them do for somebody who comes from the demo."""

NOT_IN_DEMO = frozenset({"demo", "write"})
ONLY_IN_DEMO = frozenset({"leave_demo"})
"""Actions: the demo writes nothing, and is left only by who says so."""


class SetupText(Painted):
    """The findings and the offers."""

    class Picked(Message):
        """Somebody has clicked on a row."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    def __init__(self) -> None:
        super().__init__()
        self._page = Page()
        self._rows: list[Row] = []

    def show(self, page: Page) -> None:
        """Say something else."""
        if page != self._page:
            self._page, self._rows = page, []
            self.repaint()

    def on_resize(self) -> None:
        """Another size is another layout."""
        self._rows = []
        super().on_resize()

    def line(self, y: int) -> Strip:
        """One row."""
        width, height = self.size
        if len(self._rows) != height:
            self._rows = laid_out(self._page, width, height)
        return self.strip(self._rows[y].parts)

    def on_click(self, event: Click) -> None:
        """A click selects a finding, or takes an offer."""
        if 0 <= event.y < len(self._rows):
            self.post_message(self.Picked(self._rows[event.y]))


class Start(Over[None]):
    """What is set up."""

    WHERE = "start"

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("start")]

    def __init__(
        self, setup: Setup, banner: Callable[[], Banner], go_on: Callable[[Opening], None], *, first: bool = False
    ) -> None:
        """`go_on` ends this program's screen and has another opened; `first` comes before any other is seen."""
        demo = setup.present.demo
        super().__init__((lambda: replace(banner(), subject="")) if demo else banner)  # it is not what is shown here
        self._withheld = (NOT_IN_DEMO if demo else ONLY_IN_DEMO).union(["back"] if first else [])
        self._setup = setup
        self._go_on = go_on
        self._survey: Survey | None = setup.first
        self._looked_at = banner().now if setup.first is not None else None
        self._looking_since: float | None = None
        self._problem = ""
        self._cursor: int | None = None
        self._text = SetupText()

    def content(self) -> Iterable[Widget]:
        """The findings and the offers."""
        return [self._text]

    def on_mount(self) -> None:
        """Look, unless that has been done."""
        self._say()
        if self._survey is None:
            self.action_look_again()

    def tick(self) -> None:
        """A look that is being taken has gone on for longer."""
        super().tick()
        self._say()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Called by Textual: what is of no use where one is, is neither done nor offered."""
        return action not in self._withheld and super().check_action(action, parameters)

    # --- what is said

    def _say(self) -> None:
        findings = self._survey.findings() if self._survey is not None else ()
        if self._cursor is None and findings:
            self._cursor = next((n for n, finding in enumerate(findings) if finding.mend), 0)
        self._text.show(
            Page(
                findings=findings,
                ready=self._survey.ready if self._survey is not None else (),
                bare=self._survey is None or self._survey.bare,
                cursor=self._cursor or 0,
                status=self._status(),
                problem=self._problem,
                offers=tuple(self._offers()),
                demo=self._setup.present.demo,
            )
        )

    def _offers(self) -> Iterator[Key]:
        """What can be done here, in words that are true where one is."""
        by_name = {key.name: key for key in in_force(self.screen)}
        told = IN_DEMO if self._setup.present.demo else {}
        for name in OFFERS:
            if name in by_name:
                yield replace(by_name[name], text=told.get(name, by_name[name].text))

    def _status(self) -> Part:
        """How the look goes that is being taken, or when the last one was."""
        if self._looking_since is not None:
            taken = asyncio.get_running_loop().time() - self._looking_since
            return (f"looking{f' · {duration(int(taken))}' if taken >= SHOWN_AFTER_S else ''} …", "queued")
        return ("", "") if self._looked_at is None else (f"looked at {self._looked_at:%H:%M:%S}", "dim")

    # --- looking and writing

    def _do(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.run_worker(work, name=name, group=name, exclusive=True)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._looking_since = loop.time()
        self._say()
        try:
            self._survey = await off_loop(self._setup.look, LOOK_S, "look")
            self._looked_at, self._problem = self._banner().now, ""
        except TimeoutError:
            self._problem = f"no answer in {LOOK_S:g} s: a disk with your home or this directory on it does not answer"
        except (ConfigError, OSError, RuntimeError) as error:
            self._problem = one_line(str(error))
        finally:
            self._looking_since = None
        self._say()

    async def _write(self) -> None:
        try:
            path = await off_loop(self._setup.write, WRITE_S, "write")
        except TimeoutError:
            self._tell(f"nothing was written in {WRITE_S:g} s: the disk does not answer", "alarm")
        except (ConfigError, OSError, RuntimeError) as error:
            self._tell(str(error), "alarm")
        else:
            self._tell(f"wrote {path}: edit it, and look again", "good")
            self.action_look_again()

    # --- keys

    def action_look_again(self) -> None:
        """Look, unless somebody does already."""
        if self._looking_since is None:
            self._looking_since = asyncio.get_running_loop().time()
            self._do(self._look(), "look")

    def action_write(self) -> None:
        """Write a configuration file, where there is none."""
        self._do(self._write(), "write")

    def action_copy(self) -> None:
        """Copy the command that mends what is selected."""
        findings = self._survey.findings() if self._survey is not None else ()
        if findings and (command := findings[self._cursor or 0].mend):
            self.post_message(CopyWanted("command", command))
        else:
            self._tell("nothing has to be mended here", "good")

    def action_move(self, by: int) -> None:
        """To the next finding."""
        last = len(self._survey.findings()) - 1 if self._survey is not None else 0
        self._cursor = max(0, min(last, (self._cursor or 0) + by))
        self._say()

    def action_demo(self) -> None:
        """Go to the demo."""
        self._go_on(Opening(self._setup.present.config, None, demo=True))

    def action_tables(self) -> None:
        """Go to the tables of what was found last; in the demo back to its own."""
        present, found = self._setup.present, self._survey
        same = found is not None and present.survey is not None and present.survey.start == found.start
        if present.demo or same:
            self.dismiss()
        else:
            self._go_to_own()

    def action_leave_demo(self) -> None:
        """Go to one's own tables, which ask real services."""
        self._go_to_own()

    def _go_to_own(self) -> None:
        if (found := self._survey) is None:
            self._tell("nothing is known yet: still looking", "warn")
        else:
            self._go_on(Opening(found.config, found, demo=False))

    def action_back(self) -> None:
        """Go where one came from."""
        self.dismiss()

    async def on_setup_text_picked(self, message: SetupText.Picked) -> None:
        """A click selects a finding, or takes an offer."""
        if message.row.finding is not None:
            self._cursor = message.row.finding
            self._say()
        elif message.row.action:
            await self.run_action(message.row.action)

    def _tell(self, text: str, role: str) -> None:
        self._footer.say(text, role)
