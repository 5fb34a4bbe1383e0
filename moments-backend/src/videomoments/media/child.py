"""The media child: `python -m videomoments.media.child`. One job, then it ends. Started by `sandbox.py` only."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Mapping
from typing import Any

from videomoments.core import errors
from videomoments.core.job_child import Emit, serve_job

# sched.h
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def _leave_network(_: Mapping[str, Any]) -> None:
    """A network of its own, without any interface, where the kernel grants one; the protocol whitelist holds without it.

    Root needs no user namespace for it, and keeps its access to files.
    """
    if sys.platform != "linux":
        return
    wanted = _NEW_NETWORK if os.geteuid() == 0 else _NEW_NETWORK | _NEW_USER
    ctypes.CDLL(None).unshare(wanted)


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


if __name__ == "__main__":
    serve_job(_run, _failure, _leave_network)
