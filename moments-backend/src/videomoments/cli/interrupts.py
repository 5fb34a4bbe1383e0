"""Ctrl-C and its relatives: a command that is told to end by any of them ends in order."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


def end_like_ctrl_c() -> None:
    """SIGTERM and SIGHUP then do what SIGINT does. A signal that our parent chose to ignore (nohup) stays ignored."""
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _as_interrupt)


def end_well_on_sigterm() -> None:
    """A service that is told to stop has done its job: SIGTERM then ends the process in order, with status 0."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise SystemExit(0)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    if signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, signal.SIG_DFL):
        raise KeyboardInterrupt
    # asyncio's own handler, when a loop runs: it cancels the main task first and raises only the second time.
    signal.raise_signal(signal.SIGINT)
