"""The media child: `python -m videomoments.media.child`. One job, then it ends. Started by `sandbox.py` only."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import json
import os
import resource
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from videomoments.core import errors

# sched.h
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
Emit = Callable[[Mapping[str, Any]], None]


def _limit(limits: Mapping[str, Any]) -> None:
    """Applies the job's resource limits to this process. Core dumps are off: they would hold the user's media."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: limits["memory_bytes"],
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: limits["open_files"],
    }
    for which, value in wanted.items():
        _, hard = resource.getrlimit(which)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            # The hard limit of processor time is a little later: its signal kills without saying why.
            resource.setrlimit(which, (bound, bound + 5 if which == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else bound))
        except (ValueError, OSError):
            # macOS knows RLIMIT_AS but refuses to set it; the other limits still hold.
            if which != resource.RLIMIT_AS:
                raise


def _leave_network() -> None:
    """A network of its own, without any interface, where the kernel grants one; the protocol whitelist holds without it.

    Root needs no user namespace for it, and keeps its access to files.
    """
    if sys.platform != "linux":
        return
    wanted = _NEW_NETWORK if os.geteuid() == 0 else _NEW_NETWORK | _NEW_USER
    ctypes.CDLL(None).unshare(wanted)


def _end_with_parent() -> None:
    """Stdin closes when the parent is gone, however it went."""
    while os.read(0, 4096):
        pass
    os._exit(1)


def _private_stdout() -> TextIO:
    """The event stream; whatever a library prints to stdout goes to stderr instead."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return events


def _run(job: Mapping[str, Any], emit: Emit) -> None:
    from videomoments.media.jobs import JOBS

    JOBS[job["job"]](job, emit)


def _failure(error: BaseException) -> errors.MomentsError:
    """Our own error for whatever the job raised. No path, no host: FFmpeg's text is taken without the file's name."""
    if isinstance(error, errors.MomentsError):
        return error
    number = getattr(error, "errno", None)
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return errors.UnsupportedMedia(
            "The file needs more memory than one job may use.", code="media_limit", advice="Scale the picture down and try again."
        )
    if number in (errno.ENOSPC, errno.EDQUOT):
        return errors.OutOfSpace("No disk space is left for the media files.")
    if number == errno.EFBIG:
        return errors.TooLarge("The result is larger than one file may be.", code="media_limit")
    if isinstance(error, FileNotFoundError):
        return errors.NotFound("The media file is gone.")
    text = getattr(error, "strerror", None) or type(error).__name__
    return errors.MomentsError(f"The media job failed: {text}.", code="media_failed")


def main() -> int:
    faulthandler.enable()
    events = _private_stdout()
    job = json.loads(sys.stdin.buffer.readline())
    _leave_network()
    _limit(job["limits"])
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def emit(event: Mapping[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    try:
        _run(job, emit)
    except BaseException as error:
        known = _failure(error)
        if known is not error:
            import traceback

            traceback.print_exc()
        emit(
            {
                "event": "error",
                "kind": type(known).__name__,
                "code": known.code,
                "message": known.message,
                "advice": known.advice,
                "retryable": known.retryable,
            }
        )
    events.flush()
    # Decoder threads and half-open containers have nothing left to say: leave without tearing them down.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
