"""Ends a command: with one line that says what is wrong and what to do, and the exit status."""

from __future__ import annotations

import errno
import sys
import traceback

from typer.exceptions import TyperException

from videomoments.cli.console import debugging, let_go, say
from videomoments.cli.interrupts import hung_up
from videomoments.core.errors import MomentsError, OutOfSpace

DONE = 0
FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130
# The statuses with which a shell reports a command that these signals ended.
HUNG_UP = 128 + 1
UNREAD = 128 + 13

_REPORT = "Run it again with MOMENTS_DEBUG=1 to see where."


def one_line(text: str) -> str:
    """Returns `text` without line breaks."""
    return " ".join(text.split())


def as_moments_error(error: BaseException) -> MomentsError:
    """Returns any error as a MomentsError, so that code, message and advice can be shown."""
    if isinstance(error, MomentsError):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutOfSpace("No space is left on the disk.")
    if isinstance(error, OSError) and error.strerror:
        name = f": {error.filename}" if error.filename else ""
        return MomentsError(f"{error.strerror}{name}.", code="system_error")
    return MomentsError("Something broke that should not.", advice=_REPORT)


def failed(error: BaseException) -> int:
    """Prints what went wrong. Returns status 1."""
    if debugging():
        traceback.print_exception(error, file=sys.stderr)
    say(f"moments: {one_line(str(as_moments_error(error)))}")
    return FAILED


def wrong_usage(error: TyperException) -> int:
    """Prints what is wrong with the command line. Returns status 2."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "moments"
    say(f"moments: {one_line(error.format_message())} See {path} --help.")
    return WRONG_USAGE


def interrupted() -> int:
    """Returns status 130, or 129 when the terminal was closed."""
    say("moments: interrupted.")
    return HUNG_UP if hung_up() else INTERRUPTED


class Unread(Exception):
    """The reader of our output has gone before the work was done, and the work was given up."""


def unread(*, done: bool) -> int:
    """Ends a command whose output's reader has gone (`moments runs list | head`), without a message. Returns status 0 when all was `done`,
    else 141."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            let_go(stream)
    return DONE if done else UNREAD
