"""Handles Ctrl-C, SIGTERM and SIGHUP: a command that any of them ends does so in order."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

from videomoments.cli.console import let_go_of_terminal

HANG_UP = getattr(signal, "SIGHUP", None)
_heard: list[int] = []


def end_like_ctrl_c() -> None:
    """Makes SIGTERM and SIGHUP do what SIGINT does. A signal that our parent chose to ignore (nohup) stays ignored."""
    for number in (signal.SIGTERM, *([HANG_UP] if HANG_UP else [])):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _as_interrupt)


_signalled = threading.Event()


def end_well_on_sigterm() -> None:
    """Makes SIGTERM, or a closed terminal, end a service in order with status 0, because a service that was asked to stop has succeeded."""
    signal.signal(signal.SIGTERM, _exit)
    sys.unraisablehook = _quietly
    if HANG_UP and signal.getsignal(HANG_UP) is not signal.SIG_IGN:
        signal.signal(HANG_UP, _as_sigterm)


def hung_up() -> bool:
    """Returns whether the terminal was closed under this command."""
    return HANG_UP in _heard


def note_hang_up() -> None:
    """Notes a SIGHUP; every handler of it calls this first. Writing to the closed terminal would fail. The kernel and the shell both send
    the signal, so, unlike a second Ctrl-C, a second SIGHUP is ignored."""
    assert HANG_UP is not None
    _heard.append(HANG_UP)
    signal.signal(HANG_UP, signal.SIG_IGN)
    let_go_of_terminal()


def end_if_signalled() -> None:
    """Ends the process if a signal asked for it. Called when everything is imported: Python ignores an exit in a callback of its import
    locks."""
    if _signalled.is_set():
        raise SystemExit(0)


def _quietly(ignored: sys.UnraisableHookArgs) -> None:
    """Hides the error of an exit in a callback, which Python can only ignore: `end_if_signalled` or the next signal ends the process."""
    if not (_signalled.is_set() and isinstance(ignored.exc_value, SystemExit)):
        sys.__unraisablehook__(ignored)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    _signalled.set()
    raise SystemExit(0)


def _as_sigterm(number: int, frame: FrameType | None) -> None:
    del number, frame
    note_hang_up()
    # A running server has its own handler by now.
    signal.raise_signal(signal.SIGTERM)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    del frame
    if number == HANG_UP:
        note_hang_up()
    if signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, signal.SIG_DFL):
        raise KeyboardInterrupt
    # asyncio's own handler, when a loop runs, cancels the main task first and raises only the second time.
    signal.raise_signal(signal.SIGINT)
