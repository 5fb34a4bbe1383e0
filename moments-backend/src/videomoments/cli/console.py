"""Where the command line writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

# A pipe has no width: tables that a script or a log reads are not folded at 80 columns.
_PIPE_WIDTH = 200


def debugging() -> bool:
    """Whether MOMENTS_DEBUG asks for tracebacks and logs."""
    return os.environ.get("MOMENTS_DEBUG", "") not in ("", "0")


def results() -> Console:
    """stdout, for what was asked for."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)


def messages() -> Console:
    """stderr, for progress and remarks."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _PIPE_WIDTH)


def say(text: str) -> None:
    """One line on stderr, as it is: no markup, no colours."""
    print(text, file=sys.stderr, flush=True)


def quiet_logs() -> None:
    """Library logs stay out of a command's output; with MOMENTS_DEBUG they go to stderr."""
    import logging

    from videomoments.core.logging import configure_logging

    if debugging():
        configure_logging("DEBUG")
    else:
        logging.getLogger().handlers[:] = [logging.NullHandler()]


def clock(seconds: float) -> str:
    """Media time or a length as h:mm:ss: `0:01:15`."""
    whole = int(max(0.0, seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def short_clock(seconds: float) -> str:
    """A waiting time: `0:42`, or `1:02:03` from an hour on."""
    whole = round(max(0.0, seconds))
    return clock(whole) if whole >= 3600 else f"{whole // 60}:{whole % 60:02d}"


def megabytes(size: float) -> str:
    """A size in decimal units: `133 MB`."""
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
