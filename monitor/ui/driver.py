"""The terminal as Textual drives it, with what it leaves out: coming back from a stop that was not announced."""

from __future__ import annotations

import asyncio
import contextlib
import termios
import tty

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """A terminal that is given back as it was found, however the program was stopped in between."""

    def _sigcont_application(self, *arguments: object) -> None:
        """Come back: after Ctrl+Z as Textual does, after a bare SIGSTOP or SIGCONT without taking the terminal twice.

        Textual would take the terminal's present, raw state for the one to restore, and start a second reader.
        """
        if self._must_signal_resume:
            super()._sigcont_application(*arguments)
        elif self._auto_restart and self._key_thread is not None:
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
        self.flush()
        asyncio.run_coroutine_threadsafe(self._app._post_message(Driver.SignalResume()), self._loop)  # noqa: SLF001

    def _enable_bracketed_paste(self) -> None:
        """Leave it off: there is nothing to paste into, and a paste that never ends would swallow every key."""
