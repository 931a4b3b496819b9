"""The terminal as Textual drives it, but for what it leaves out: nothing here ever waits for the terminal.

Textual reads and writes in threads, and waits for them: a terminal that is not read stops the program, one that is gone
ends it with a traceback. Here the loop does both, and what the terminal does not take is painted once it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import termios
import time
import tty
from typing import TYPE_CHECKING

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from monitor import exit_codes

if TYPE_CHECKING:
    from monitor.ui.pasting import Pastes

BEHIND = 32 * 1024
"""Bytes that may wait for the terminal; beyond these nothing is written, and all is painted anew once they are gone."""

GIVE_BACK_S = 0.05
"""Seconds that a terminal which is given back has to take what waits for it, and again to take the last words."""

PASTE_S = 0.5
"""Seconds after its last byte in which a paste ends that nobody says the end of."""

_READ = 4096
_ESCAPE_S = constants.ESCAPE_DELAY + 0.01
"""Seconds after which an escape is a key, and no beginning of a sequence."""

_PLAIN = "\x1b[m"
"""No colour and no attribute: we leave the last ones on between two writes."""

_CANCEL = b"\x18"
"""Ends whatever sequence was cut off, see ECMA-48."""


class TerminalDriver(LinuxDriver):
    """A terminal that never holds up the loop, and is given back as it was found however the program was stopped."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._terminal = _opened_again(self.fileno)
        self._encoding = self._file.encoding if self._file is not None else "utf-8"
        self._unsent = b""
        self._behind = False
        self._taken = False
        """Whether the terminal is ours: to be given back."""
        self._parser = XTermParser(debug)
        self._escape: asyncio.TimerHandle | None = None
        self._pastes: Pastes | None = None
        self._paste_over: asyncio.TimerHandle | None = None
        for number, act in ((signal.SIGTSTP, self._sigtstp_application), (signal.SIGCONT, self._sigcont_application)):
            self._loop.add_signal_handler(number, act)  # between two writes, and not within one

    # --- taking the terminal, and giving it back

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._taken = True
        self._pastes = None
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._parser = XTermParser(self._debug)
        self._loop.add_reader(self._terminal, self._readable)

    def disable_input(self) -> None:
        """Read no more keys."""
        if self._taken:
            self._loop.remove_reader(self._terminal)
            self._await_end_of_paste(None)
            super().disable_input()

    def stop_application_mode(self) -> None:
        """Give the terminal back, unless that has been done; takes a tenth of a second where nobody reads it."""
        if not self._taken:
            return
        if not self._in_front():
            self.attrs_before = None  # its mode is a shell's by now
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # which would stop us where we are not in front
        self._make_room()
        self.write(_PLAIN)
        super().stop_application_mode()
        self._flush_for(GIVE_BACK_S)
        signal.signal(signal.SIGTTOU, before)
        self._taken = False

    def _in_front(self) -> bool:
        """Whether the terminal belongs to us, and not to the shell that we were stopped under."""
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:
            return False

    # --- writing

    @property
    def behind(self) -> bool:
        """Whether what is written now is left out, since too much waits for the terminal."""
        return self._behind

    def write(self, data: str) -> None:
        """Write, or leave it for when the terminal reads again."""
        if self._behind:
            return
        self._unsent += data.encode(self._encoding, "replace")
        self._send()
        if len(self._unsent) > BEHIND:
            self._behind = True

    def _send(self) -> None:
        """Write what the terminal takes now."""
        self._loop.remove_writer(self._terminal)
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self._terminal, self._unsent) :]
        except BlockingIOError:
            self._loop.add_writer(self._terminal, self._writable)
        except OSError:
            self._unsent = b""  # it is gone, which the reader says

    def _writable(self) -> None:
        self._send()
        if self._behind and not self._unsent:
            self._behind = False
            self._repaint()

    def _flush_for(self, limit_s: float) -> None:
        """Wait until all is written, so long at most."""
        end = time.monotonic() + limit_s
        poll = select.poll()
        poll.register(self._terminal, select.POLLOUT)
        while self._unsent and (left := end - time.monotonic()) > 0:
            poll.poll(left * 1000)
            self._send()
        self._loop.remove_writer(self._terminal)

    def _make_room(self) -> None:
        """Let the terminal take what waits; where it does not, throw that away, so that the last words get through."""
        self._flush_for(GIVE_BACK_S)
        if self._unsent:
            with contextlib.suppress(termios.error):
                termios.tcflush(self._terminal, termios.TCOFLUSH)
            self._unsent = _CANCEL
        self._behind = False

    # --- reading

    def _run_input_thread(self) -> None:
        """Textual's thread for keys has nothing to do."""

    def _readable(self) -> None:
        try:
            data = os.read(self._terminal, _READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._terminal)
            self._app.exit(return_code=exit_codes.HUNG_UP)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        """Take keys one by one, and a paste as one: each of its characters would be a command, or hold up the next."""
        if self._pastes is None:
            from monitor.ui.pasting import Pastes  # noqa: PLC0415 - the first frame does not wait for it

            self._pastes = Pastes(self._typed, self._pasted)
        self._pastes.take(data)
        self._await_end_of_paste(self._pastes if self._pastes.waiting else None)

    def _await_end_of_paste(self, pastes: Pastes | None) -> None:
        """Have a paste end in a while; null forgets about one that was to."""
        if self._paste_over is not None:
            self._paste_over.cancel()
        self._paste_over = None if pastes is None else self._loop.call_later(PASTE_S, pastes.end)

    def _pasted(self, text: str) -> None:
        """Give it to whoever has the focus."""
        self.process_message(events.Paste(text))

    def _typed(self, text: str) -> None:
        try:
            for message in self._parser.feed(text):
                if not isinstance(message, events.Paste):  # it is empty: we have read both marks and what is between
                    self.process_message(message)
        except Exception:  # noqa: BLE001 - the root of a callback: a parser that broke takes no further key
            self._parser = XTermParser(self._debug)
        if self._escape is not None:
            self._escape.cancel()
        self._escape = self._loop.call_later(_ESCAPE_S, self._nothing_followed)

    def _nothing_followed(self) -> None:
        for message in self._parser.tick():
            self.process_message(message)

    # --- coming back from a stop

    def _sigcont_application(self, *arguments: object) -> None:
        """Come back: after Ctrl+Z as Textual does, after a bare SIGSTOP or SIGCONT without taking the terminal twice.

        Textual would take the terminal's present, raw state for the one to restore.
        """
        if self._app._exit:  # noqa: SLF001 - told to end while it was stopped
            return
        if self._must_signal_resume:
            super()._sigcont_application(*arguments)
        elif self._auto_restart and self._taken:
            self._take_back()

    def _take_back(self) -> None:
        """Put the terminal into our mode again, whatever a shell has made of it meanwhile, and repaint."""
        with contextlib.suppress(termios.error):
            mode = termios.tcgetattr(self.fileno)
            mode[tty.LFLAG] = self._patch_lflag(mode[tty.LFLAG])
            mode[tty.IFLAG] = self._patch_iflag(mode[tty.IFLAG])
            termios.tcsetattr(self.fileno, termios.TCSANOW, mode)
        self.write("\x1b[?1049h\x1b[?25l")
        self._enable_mouse_support()
        self._enable_bracketed_paste()
        self.flush()
        self._repaint()

    def _repaint(self) -> None:
        asyncio.run_coroutine_threadsafe(self._app._post_message(Driver.SignalResume()), self._loop)  # noqa: SLF001


def _opened_again(fileno: int) -> int:
    """Open the terminal again, to read and write without waiting: what we were given is shared with the shell."""
    flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        return os.open(os.ttyname(fileno), flags)
    with contextlib.suppress(OSError):  # another user's, or one of outside of our container
        return os.open("/dev/tty", flags)
    return os.dup(fileno)
