"""The screen's program: takes what the engine tells, once a frame, and shows it.

It imports no SDK, and touches no network and no file, but for the looks of the start screen, each in a thread of its
own: whatever hangs, hangs elsewhere.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import RenderableType
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import WorkerFailed

from fetchers.errors import MonitorError
from monitor.changes import Beat, Change, Command, Enable, EngineEnded, Hello, Notice
from monitor.link import Link
from monitor.local_time import LOCAL
from monitor.mirror import Mirror
from monitor.tables import TABLES
from monitor.text import duration, one_line
from monitor.ui.bindings import KEYS, Key, bindings, in_force, keymap
from monitor.ui.colours import Colourless, Colours
from monitor.ui.driver import TerminalDriver
from monitor.ui.frugal import FrugalApp
from monitor.ui.in_turn import InTurnApp
from monitor.ui.messages import Answered, Arrived, EngineGone, LogWanted
from monitor.ui.screens.dashboard import Dashboard
from monitor.ui.screens.present import Present
from monitor.ui.taking import CopyWanted, PlaceWanted, copy, go_to
from monitor.ui.theme import DARK, THEMES, after, textual_theme, variables
from monitor.ui.widgets.footer_line import FooterLine
from monitor.ui.widgets.header_line import Banner
from monitor.ui.words import View

if TYPE_CHECKING:
    from monitor.lineage import Row
    from monitor.survey import Opening, Setup
    from monitor.ui.offers import Offer

FRAME_S = 1 / 30
"""Seconds between two paints while changes pour in."""

TURN_S = 0.008
"""Seconds of taking changes in after which keys get their turn."""

FREEZE_AFTER = 10_000
"""Rows more than there were, after which the garbage collector need not look at any of them again."""

LATER = (
    *("monitor.browsing", "monitor.clipboard", "monitor.export", "monitor.filters"),
    *("monitor.ui.offers", "monitor.ui.pasting"),
    *(f"monitor.ui.screens.{screen}" for screen in ("address", "detail", "help", "log", "palette", "start")),
)
"""What only keys need: the first frame does not wait for it."""

SILENT_AFTER = timedelta(seconds=8)
"""Without a beat for so long, which is longer than there is between two, something is wrong with the engine."""


def _now() -> datetime:
    return datetime.now(UTC)


def _nothing(_status: int) -> None:
    pass


class MonitorApp(InTurnApp, FrugalApp):
    """The dashboard of one engine."""

    TITLE = "monitor"
    CSS_PATH = "styles.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]

    def __init__(
        self,
        link: Link,
        *,
        demo: bool = False,
        utc: bool = False,
        tables: Sequence[str] = tuple(TABLES),
        clock: Callable[[], datetime] = _now,
        notices: Sequence[str] = (),
        subject: str = "",
        known: Iterable[Change] = (),
        keys: Sequence[Key] = KEYS,
        theme: str = DARK.name,
        colours: Colours = Colours.MILLIONS,
        leaving: Callable[[int], None] = _nothing,
        setup: Setup | None = None,
    ) -> None:
        """Show what `link` tells about `tables`, and on the first frame what is `known` before it says a word.

        `subject` names project and entity, `clock` is aware and UTC, `keys` is the table of keys; `leaving` is called
        with the exit status as soon as the end is certain. `setup` is what the start screen works with, which comes
        first where nothing is set up.
        """
        super().__init__(driver_class=TerminalDriver, system=colours.system)
        for palette in THEMES.values():
            self.register_theme(textual_theme(palette))
        self.themes = colours.themes
        """Names of the themes that there are colours for."""
        self.theme = theme if theme in self.themes else self.themes[0]
        self.stylesheet.set_variables(self.get_css_variables())
        self._worn = self.theme
        """The theme whose colours the style sheet has."""
        self._line_filters: list[LineFilter] = [Colourless()] if colours is Colours.NONE else []
        self.keys = keys
        """The table of keys as the configuration has it."""
        self.set_keymap(keymap(keys))
        self.mirror = Mirror()
        """All that the engine told, and what was known before."""
        first = self._taken(known)
        self.utc = utc
        self.following: Opening | None = None
        """What the caller of `run` is to open instead, once this has ended."""
        self._setup = setup
        self._link = link
        self._leaving = leaving
        self._demo = demo
        self._clock = clock
        self._subject = one_line(subject)
        self._gone_at: datetime | None = None
        self._switched: dict[str, Enable] = {}
        """Tables that a person has switched off or on."""
        self._unopened: tuple[str, str] | None = None
        """An address that no browser opened, and why, yet to be shown."""
        self._beat_at: datetime | None = None
        self._pending = Arrived()
        self._delivery_planned = False
        self._last_delivery = 0.0
        self._frozen = 0
        """Rows that there were when the garbage collector was last told that all there is stays."""
        told = [*notices, *colours.complaints(theme)]
        self.dashboard = Dashboard(tables, self.look, self.banner, self._tell, self.open_row, notices=told, known=first)

    def get_default_screen(self) -> Dashboard:
        """The first screen is the tables."""
        return self.dashboard

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own would send greys where nobody wants colours, and look at every line where all are right."""
        return self._line_filters

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of our own, for a theme that does not name them."""
        return {**DARK.colours, **variables(DARK)}

    def refresh_css(self, animate: bool = True) -> None:
        """Called by Textual for every theme that is chosen; the first frame has its colours before it is asked for."""
        if self.theme != self._worn:
            self._worn = self.theme
            super().refresh_css(animate)

    def on_mount(self) -> None:
        """Tick, and listen once the first frame has been painted."""
        self.set_interval(1.0, self.tick)
        if self._setup is not None and self._setup.first is not None:
            self._show_setup(self._setup, first=True)
        self.call_after_refresh(self._begin)

    def _taken(self, known: Iterable[Change]) -> Arrived:
        arrived = Arrived()
        for change in known:
            self.mirror.apply(change)
            arrived.add(change)
        return arrived

    def _begin(self) -> None:
        """Listen, which starts the engine: its processes would compete with the first frame for the machine.

        What has been loaded stays for good: the garbage collector need not look through it again and again. What keys
        may open is loaded first: no key waits for a disk.
        """
        for module in LATER:
            importlib.import_module(module)
        self._keep_for_good()
        gc.enable()
        self.run_worker(self._listen(), name="listen", exit_on_error=True)

    # --- from the engine

    async def _listen(self) -> None:
        """Until the engine is gone, whatever ended it."""
        try:
            await self._take_in()
        except (MonitorError, OSError) as error:
            self._pending.add(Notice(level="error", text=f"the engine's last words could not be read: {error}"))
        self._deliver()
        self.post_message(EngineGone())

    async def _take_in(self) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.time()
        async for change in self._link.changes():
            self._hear_of_engine(change)
            self.mirror.apply(change)
            self._pending.add(change)
            self._plan_delivery(loop.time())
            if loop.time() - turn > TURN_S:
                await asyncio.sleep(0)
                turn = loop.time()

    def _hear_of_engine(self, change: Change) -> None:
        if isinstance(change, Hello):
            for command in self._switched.values():  # another engine does not know what was switched
                self._link.send(command)
        if isinstance(change, Beat | Hello):
            self._beat_at, self._gone_at = self._clock(), None
        elif isinstance(change, EngineEnded):
            self._beat_at, self._gone_at = None, self._clock()
            again = f" in {change.again_s:g} s" if change.again_s else ""
            self._pending.add(
                Notice(level="error", text=f"the engine has ended ({change.how}); starting it again{again}")
            )

    def _plan_delivery(self, now: float) -> None:
        """At once after a quiet time, once a frame in a burst."""
        if self._delivery_planned or self._pending.empty:
            return
        self._delivery_planned = True
        wait = self._last_delivery + FRAME_S - now
        if wait <= 0:
            self.call_next(self._deliver)
        else:
            self.set_timer(wait, self._deliver)

    def _deliver(self) -> None:
        self._delivery_planned = False
        self._last_delivery = asyncio.get_running_loop().time()
        if not self._pending.empty:
            arrived, self._pending = self._pending, Arrived()
            self.dashboard.post_message(arrived)
            for screen in self.screen_stack:
                for answer in arrived.answers:
                    screen.post_message(Answered(answer))
            if self._rows > self._frozen + FREEZE_AFTER:
                self._keep_for_good()
            self._judge_front()

    @property
    def _rows(self) -> int:
        return sum(map(len, self.mirror.rows.values()))

    def _keep_for_good(self) -> None:
        """Have the garbage collector pass over all there is: a look at a hundred thousand rows holds up a key."""
        gc.freeze()
        self._frozen = self._rows

    def on_engine_gone(self) -> None:
        """Say so, and keep what is known."""
        self._gone_at = self._clock()
        self._judge()

    # --- what is known, as of now

    def now(self) -> datetime:
        """The present, in the zone that times are shown in."""
        return self._clock().astimezone(UTC if self.utc else LOCAL)

    @property
    def engine_alarm(self) -> str:
        """What is wrong with the engine; empty where it lives."""
        if self._gone_at is not None:
            return f"engine ended {self._gone_at.astimezone(self.now().tzinfo):%H:%M}: rows are as last known"
        silent = self._clock() - self._beat_at if self._beat_at else timedelta()
        if silent > SILENT_AFTER:
            return f"engine silent for {duration(int(silent.total_seconds()))}"
        return ""

    def look(self, table: str) -> View:
        """What is known of a table."""
        status, alive = self.mirror.status.get(table), not self.engine_alarm
        return View(table, status, self.now(), alive=alive, log=self.mirror.log)

    def banner(self) -> Banner:
        """What the header says."""
        return Banner(self.now(), self.utc, self._demo, self._subject, self.engine_alarm)

    def tick(self) -> None:
        """A second has passed."""
        self._show_unopened()
        screen: object = self._front
        if isinstance(screen, Present):
            screen.tick()

    @property
    def _front(self) -> Screen[object] | None:
        """The screen in front; none while the program leaves, when a timer may still fire."""
        return self.screen_stack[-1] if self.screen_stack else None

    def _back_to(self, kind: type[Screen[Any]]) -> bool:
        """Leave what lies over a screen of that kind, where there is one; return whether there is."""
        found = [isinstance(screen, kind) for screen in reversed(self.screen_stack)]
        for _ in range(found.index(True) if True in found else 0):
            self.pop_screen()
        return True in found

    def _judge(self) -> None:
        self.dashboard.call_later(self.dashboard.judge)
        self._judge_front()

    def _judge_front(self) -> None:
        """Have what lies over the tables show the present."""
        screen: object = self._front
        if screen is not self.dashboard and isinstance(screen, Present):
            self.call_later(screen.judge)

    def say(self, text: str, role: str = "good") -> None:
        """Show a passing message at the bottom of the screen in front."""
        screen = self._front
        if screen is not None:
            for footer in screen.query(FooterLine):
                footer.say(text, role)

    # --- one record, and what is taken out of the screen

    def open_row(self, row: Row) -> None:
        """Show everything about it; the cursor is then where that ends."""
        from monitor.ui.screens.detail import Detail  # noqa: PLC0415 - not needed for the first frame, see `_begin`

        board = self.dashboard
        if row.key in self.mirror.rows.get(row.table, {}):
            detail = Detail(row.table, row.key, self.mirror, self.look, self.banner, tell=self._tell, order=board.order)
            self.push_screen(detail, board.show_row)

    def on_log_wanted(self, message: LogWanted) -> None:
        """Show a row's log; once, however often that is asked."""
        from monitor.ui.screens.log import Log  # noqa: PLC0415 - as above

        row = message.row
        if row.key not in self.mirror.rows.get(row.table, {}):
            self.say("this row is listed no more: its log cannot be asked for", "warn")
        elif not isinstance(self._front, Log):
            self.push_screen(Log(row, self.mirror, self._tell, self.banner))

    def on_copy_wanted(self, message: CopyWanted) -> None:
        """Put it into the clipboard."""
        self.run_worker(copy(self, message), name="copy")

    def on_place_wanted(self, message: PlaceWanted) -> None:
        """Open it in a browser, show its address, or copy it; once, while that takes its time."""
        name = f"go to {message.place}"
        if not any(worker.name == name and worker.is_running for worker in self.workers):
            self.run_worker(go_to(self, message, self._show_address), name=name)

    def _show_address(self, url: str, why: str) -> None:
        self._unopened = (url, why)
        if self._typing:
            self.say(f"not opened: {why}: {url}", "warn")
        else:
            self._show_unopened()

    def _show_unopened(self) -> None:
        """Show the address that was not opened, in place of an earlier one; not over a line that somebody types on."""
        if self._unopened is not None and not self._typing:
            from monitor.ui.screens.address import Address  # noqa: PLC0415 - as above

            address, self._unopened = Address(*self._unopened, self.banner), None
            if self._back_to(Address):
                self.switch_screen(address)
            else:
                self.push_screen(address)

    @property
    def _typing(self) -> bool:
        """Whether there is a line or a question that takes keys, also while the terminal itself has none."""
        return self._front is not None and bool(self._front.focus_chain)

    def write_out(self, text: str) -> bool:
        """Write to the terminal, between two frames, what shows nothing; return whether it will get it."""
        driver = self._driver
        if driver is None or (isinstance(driver, TerminalDriver) and driver.behind):
            return False
        driver.write(text)
        return True

    # --- leaving

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave; the engine and whoever guards the time are told at once, before the screen is taken down."""
        self._link.leave()
        self._leaving(return_code)
        super().exit(result, return_code, message)

    def go_on(self, following: Opening) -> None:
        """End this screen, not the program: something else is to be shown in the same terminal."""
        self.following = following
        self._link.leave()
        super().exit()

    def give_terminal_back(self) -> None:
        """Give the terminal back from wherever the program is, unless that has been done."""
        if self._driver is not None:
            self._driver.stop_application_mode()

    # --- what should never happen

    @property
    def failure(self) -> BaseException | None:
        """What the screen broke on; null where it ended as it was told to. For the caller of `run` to raise."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def panic(self, *renderables: RenderableType) -> None:
        """Called by Textual with an error that can draw itself: end, and print nothing."""
        del renderables
        self._link.leave()
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        """Called by Textual with any other error: it would print every local variable, and those may hold secrets."""
        self.panic()

    # --- keys

    def _tell(self, command: Command) -> None:
        if isinstance(command, Enable):
            self._switched[command.table] = command
        self._link.send(command)

    def action_toggle_utc(self) -> None:
        """Times in UTC, or in local time."""
        self.utc = not self.utc
        self._judge()

    def action_setup(self) -> None:
        """Show what is set up, and how to mend what is not."""
        if self._setup is not None:
            self._show_setup(self._setup)

    def _show_setup(self, setup: Setup, *, first: bool = False) -> None:
        from monitor.ui.screens.start import Start  # noqa: PLC0415 - as above

        if not self._back_to(Start):
            self.push_screen(Start(setup, self.banner, self.go_on, first=first))

    def action_next_theme(self) -> None:
        """Other colours, for this session."""
        self.choose_theme(after(self.theme, self.themes))

    def choose_theme(self, name: str) -> None:
        """One of `themes`, for this session."""
        self.theme = name
        only = " (this terminal has too few colours for others)" if len(self.themes) == 1 else ""
        self.say(f"theme {name}: {THEMES[name].about}{only}")

    def action_palette(self) -> None:
        """Find a command by its name."""
        from monitor.ui.screens.palette import Palette  # noqa: PLC0415 - as above

        front = self._front
        if front is not None and not self._back_to(Palette):
            self.push_screen(Palette(self.banner, self._offers(front)), self._take)

    def _offers(self, front: Screen[object]) -> list[Offer]:
        from monitor.ui.offers import choices, of_keys  # noqa: PLC0415 - as above

        found = of_keys(in_force(front), self.simulate_key)
        if isinstance(front, Dashboard):
            tables = enumerate((table.table for table in front.tables), 1)
            found += choices(
                "table", ((name, TABLES[name].blurb, partial(front.action_table, n)) for n, name in tables)
            )
            columns = front.table.columns
            found += choices("sort by", ((one.header, "", partial(front.action_sort_by, one.key)) for one in columns))
        themes = ((name, THEMES[name].about, partial(self.choose_theme, name)) for name in self.themes)
        return found + choices("theme", themes)

    def _take(self, offer: Offer | None) -> None:
        """What was chosen is done by the screen that is in front again."""
        if offer is not None:
            self.call_next(offer.run)

    def action_help(self) -> None:
        """Show every key and sign."""
        from monitor.ui.screens.help import Help  # noqa: PLC0415 - as above

        front = self._front
        where = (key.where for key in in_force(front) if key.where != "app") if front is not None else ()
        if not self._back_to(Help):
            self.push_screen(Help(self.banner, self.keys, next(iter(where), "dashboard")))
