"""The parent's side of a media child: its limits, and the errors for the ways in which it can fail."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from videomoments.core import errors, job_process
from videomoments.core.job_process import ChildProgram
from videomoments.media.types import SandboxLimits

_RAISED_BY_THE_FILE = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)


class _MediaProgram(ChildProgram):
    def stalled(self, seconds: float) -> errors.MomentsError:
        return errors.MomentsError(
            f"Reading the file made no progress for {seconds:.0f} s.",
            code="media_stalled",
            advice="Check that the storage answers; if it does, the file is damaged.",
            retryable=True,
        )

    def ended(self, status: int) -> errors.MomentsError:
        number = -status
        if number == getattr(signal, "SIGXCPU", None):
            return errors.UnsupportedMedia("The file takes more processor time than one job may use.", code="media_limit")
        if number in _RAISED_BY_THE_FILE:
            return errors.UnsupportedMedia(
                "The decoder broke down on this file.", code="media_crash", advice="Convert the file to H.264 MP4 and try again."
            )
        return errors.MomentsError("The media process was ended from outside.", code="media_killed", retryable=True)


_PROGRAM = _MediaProgram("media process", "videomoments.media.child", "media_failed")


def run_job(job: Mapping[str, Any], limits: SandboxLimits) -> AsyncGenerator[dict[str, Any], None]:
    """Runs one job in its own child process and yields its events; the last one is the `result`.

    Leaving the generator in any way, cancellation included, kills the child's whole process group and waits for it. Raises the child's own
    error, or one that says how the child ended (`media_limit`, `media_crash`, `media_stalled`, `media_killed`).
    """
    return job_process.run_job(_PROGRAM, job, limits.to_dict(), stall_seconds=limits.stall_seconds)
