"""The processes of a program under test: every one below it inherits its mark, in whatever session it runs."""

from __future__ import annotations

import os

import psutil

MARK = "LEFT_BEHIND_BY"
"""Environment variable of the mark; any text that no other program under test has."""


def carrying(mark: str) -> list[psutil.Process]:
    """Every process but ours that carries the mark and has not ended."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and carries(process, mark)]


def carries(process: psutil.Process, mark: str) -> bool:
    """Whether a process that has not ended inherited the mark."""
    try:
        return process.environ().get(MARK) == mark and alive(process)
    except (psutil.Error, OSError):
        return False


def alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie that nobody has reaped yet does not."""
    try:
        return process.is_running() and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False
